"""The market for signals: sellers ask for payment by x402, buyers pay from limited purses, and both keep books."""
