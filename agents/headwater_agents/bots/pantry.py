"""What a buyer's process gets from the market: its suppliers' signals for a question, paid for once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from headwater_agents.bots.watch import Asked
from headwater_agents.policies import Forecast


class Pantry(Protocol):
    """Bought signals. Suppliers stand in the order in which the pool takes them."""

    @property
    def suppliers(self) -> tuple[int, ...]:
        """Their agent ids."""
        ...

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where the cascade pays them."""
        ...

    def signals(self, question: int) -> tuple[Forecast | None, ...]:
        """What was bought for a question so far, by supplier."""
        ...

    def shop(self, asked: Asked, now: int) -> None:
        """Buy what is missing and wanted for a question, as far as limits and sellers allow."""
        ...

    def settle(self, question: int, worth: Mapping[int, float]) -> None:
        """Take in what each supplier's signal turned out to be worth."""
        ...
