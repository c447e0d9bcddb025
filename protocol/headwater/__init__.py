"""Headwater: Kelly-scored emission and its cascade. The library; it holds no policy and sends nothing by itself."""

__version__ = "0.1.0"
