"""Where the contract of the deals is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

DEALS: Final = ("DealEscrow",)
"""The contract of the deals: deployed after all the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DealAddresses:
    """Where it is; checksummed."""

    escrow: str

    def by_name(self) -> dict[str, str]:
        """Contract name to address."""
        return dict(zip(DEALS, asdict(self).values(), strict=True))
