"""What a seller's process shows the market: signals by question, put up once and never changed."""

from __future__ import annotations

from typing import Protocol

from headwater_agents.bots.watch import Asked
from headwater_agents.policies import Forecast


class Shop(Protocol):
    """Signals for sale."""

    def has(self, question: int) -> bool:
        """Whether there is a signal for the question."""
        ...

    def publish(self, asked: Asked, forecast: Forecast, now: int) -> None:
        """Sign a forecast (WAD) of a question at a chain time (seconds), keep it, and offer it."""
        ...
