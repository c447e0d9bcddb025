"""What this room refuses."""

from __future__ import annotations

from headwater.values import ValuesError


class AccordError(ValuesError):
    """Settings, agents or faults with which agreements cannot form between processes."""


class PacketError(AccordError):
    """Bytes that are no packet or record of this run; whoever receives them counts them and goes on."""
