"""Where the contracts about values are."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

COVENANTS: Final = ("ValueRegistry", "HomophilyVote", "UpdateCourt")
"""The contracts about values, in the order in which they are deployed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CovenantAddresses:
    """Where the three contracts are; checksummed."""

    registry: str
    vote: str
    court: str

    def by_name(self) -> dict[str, str]:
        """Contract name to address."""
        return dict(zip(COVENANTS, asdict(self).values(), strict=True))
