"""Cooperatives at work: real data, members who lie, value-constrained credit beside its rivals, and pay on-chain."""
