"""Agreements without a centre: agents in processes of their own, which exchange messages with their neighbours only."""
