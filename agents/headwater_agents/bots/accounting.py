"""What each bought signal was worth to a bot, and what its suppliers have cost it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from headwater.chain import Event
from headwater.units import WAD
from headwater_agents.bots.kit import Kit
from headwater_agents.bots.pantry import Pantry
from headwater_agents.bots.watch import Asked
from headwater_agents.market.books import cascade_paid
from headwater_agents.policies import Forecast

Believe = Callable[[Sequence[Forecast | None]], Forecast]
"""A bot's forecast from these signals, WAD."""

_REVISED: Final = 20
"""Newest questions that an aggregator values anew as its income becomes known."""


class Accountant:
    """Credits suppliers question by question, by what the bot's own forecast would have lost without each.

        g_i = ln p_o − ln p_o without i's signal,   o the outcome

    For a forecaster, value_i = w · g_i / L in wei of emission, w its effective wager m · min(C, W) / W and L =
    ln(1 / P_MIN): the Kelly score's own terms. An aggregator has no wager: value_i = income · g_i / Σ |g|, its income
    being what it was paid for its own signal by x402, and a question's part of what it got from the cascade. Signals
    that do the same work are worth little one by one, for that is what one more of them is worth.

    `income` is what a question brought by x402 (wei), for who does not wager.
    """

    def __init__(self, kit: Kit, pantry: Pantry, income: Callable[[int], int] | None) -> None:
        self._kit, self._pantry, self._income = kit, pantry, income
        self._recent: deque[tuple[int, dict[int, float]]] = deque(maxlen=_REVISED)
        self._valued = 0

    def credit(self, asked: Asked, believe: Believe) -> None:
        """Value the signals of a resolved question."""
        signals = self._pantry.signals(asked.id)
        bought = [place for place, signal in enumerate(signals) if signal is not None]
        if self._pantry.books is None or asked.outcome is None or not bought:
            return
        outcome = asked.outcome
        whole = math.log(believe(signals)[outcome])
        growths = {
            place: whole - math.log(believe([*signals[:place], None, *signals[place + 1 :]])[outcome])
            for place in bought
        }
        self._valued += 1
        if self._income is not None:
            self._recent.append((asked.id, growths))
        elif (wager := self._effective(asked)) > 0:
            self._note(asked.id, growths, wager / math.log(WAD / self._kit.params.p_min))

    def publish(self) -> None:
        """Bring the books that the bot shows up to date with its purchases, credits and the cascade."""
        books, me = self._pantry.books, bytes.fromhex(self._kit.address[2:]).rjust(32, b"\0")
        if books is None:
            return
        if self._income is not None:
            cascade = sum(int(event["amount"]) for event in self._pulled([None, me])) // max(1, self._valued)
            for question, growths in self._recent:
                total = sum(abs(growth) for growth in growths.values()) or 1.0
                self._note(question, growths, (self._income(question) + cascade) / total)
        edges = books.edges(cascade_paid(self._pulled([me])))
        self._kit.vitals.keep_books([edge.as_dict() for edge in edges])

    def _note(self, question: int, growths: Mapping[int, float], scale: float) -> None:
        books = self._pantry.books
        if books is not None:
            for place, growth in growths.items():
                books.credit(question, self._pantry.addresses[place], round(scale * growth))

    def _pulled(self, topics: Sequence[bytes | None]) -> tuple[Event, ...]:
        cascade = self._kit.system.cascade
        wanted = [cascade.interface.event("Pulled").topic, *topics]
        found = self._kit.backend.get_logs(cascade.address, wanted, self._kit.born)
        return cascade.decode(found)

    def _effective(self, asked: Asked) -> int:
        mine = asked.committed.get(self._kit.address)
        total = sum(each.wager for each in asked.committed.values())
        return 0 if mine is None else mine.wager * min(asked.capacity, total) // total
