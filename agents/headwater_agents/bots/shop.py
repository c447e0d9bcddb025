"""What a seller's process offers: a signal for every question, put up once, sold until commits are about to end."""

from __future__ import annotations

from typing import Final, Protocol

from headwater_agents.bots.logs import Log
from headwater_agents.bots.vitals import Vitals
from headwater_agents.bots.watch import Asked, SeriesWatch
from headwater_agents.market.shelf import Shelf
from headwater_agents.policies import Forecast

_LAST_SALE_BPS: Final = 8_500
"""Share of the commit window after which nothing is sold: its buyer could not commit any more."""


class Shop(Protocol):
    """Where signals are put up."""

    def has(self, question: int) -> bool:
        """Whether there is a signal for the question."""
        ...

    def expect(self, asked: Asked) -> None:
        """Make an open question known, so that buyers are told to come back."""
        ...

    def publish(self, asked: Asked, forecast: Forecast, now: int) -> None:
        """Sign a forecast (WAD) of a question that is expected, at a chain time (seconds), keep it, and offer it."""
        ...

    def income(self, question: int) -> int:
        """Wei that came in for a question's signal."""
        ...

    def resolved(self, watch: SeriesWatch) -> None:
        """Let what was resolved into the record that newcomers learn from."""
        ...


class ShelfShop:
    """A shop with a shelf on disk."""

    def __init__(self, shelf: Shelf, price: int, vitals: Vitals, log: Log) -> None:
        """`price` is of a signal, wei."""
        self._shelf, self._price, self._vitals, self._log = shelf, price, vitals, log
        self._sold = 0
        self._expected: set[int] = set()
        self._recorded = 0

    def has(self, question: int) -> bool:
        """Whether there is a signal for the question."""
        return self._shelf.signal(question) is not None

    def expect(self, asked: Asked) -> None:
        """Make an open question known."""
        if asked.id not in self._expected and asked.odds is not None:
            start, end = asked.times.commit_start, asked.times.commit_end
            closes = start + (end - start) * _LAST_SALE_BPS // 10_000
            self._shelf.expect(asked.id, outcomes=len(asked.odds), closes=closes)
            self._expected.add(asked.id)

    def publish(self, asked: Asked, forecast: Forecast, now: int) -> None:
        """Sign, keep, offer. Raises ShelfError, SignalError."""
        self._shelf.put(asked.id, forecast, now)
        self._vitals.signals_published.inc()

    def income(self, question: int) -> int:
        """Wei that came in for a question's signal."""
        return self._shelf.income(question)

    def resolved(self, watch: SeriesWatch) -> None:
        """Enter what was resolved since the last time."""
        if self._recorded > len(watch.resolved):
            self._recorded = self._sold = 0  # the chain took some back
        for number in watch.resolved[self._recorded :]:
            outcome = watch.questions[number].outcome
            if outcome is not None:
                self._shelf.resolve(number, outcome)
            income = self._shelf.income(number)
            self._log.info("sold", question=number, signals=income // self._price, wei=income)
            self._sold += income
            self._vitals.sales.set(self._sold // self._price)
            self._vitals.earned.set(self._sold)
        self._recorded = len(watch.resolved)
