"""What a buyer's process gets from the market: its suppliers' signals for a question, each paid for once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from headwater.chain import HeadwaterError
from headwater.identity import Registries
from headwater.signals import SignedSignal, signal_from_json
from headwater_agents.bots.config import BotConfigError
from headwater_agents.bots.logs import Log
from headwater_agents.bots.vitals import Vitals
from headwater_agents.bots.watch import Asked
from headwater_agents.market.books import Books
from headwater_agents.market.buyer import Buyer, NotForSale, Offer
from headwater_agents.market.choice import Candidate, ChoiceConfig, choose
from headwater_agents.policies import Forecast

_PATIENCE_S: Final = 4.0
"""Longest that one look waits for sellers; what is unfinished then goes on at the next."""

_CLAIM_S: Final = 3_600
_CLAIM_PATIENCE_S: Final = 2.0
_OFFER_AGE_S: Final = 60.0
_CHOICE: Final = ChoiceConfig()
_EARLY: Final = (404, 425)  # a seller may hear of a question later than its buyer
_OVER: Final = 410

Discover = Callable[[int], Offer]
"""What an agent offers on this series, by its id. Raises HeadwaterError."""


class Pantry:
    """Bought signals of a fixed row of suppliers, in the order in which the pool takes them.

    Where the cascade pays a supplier is its wallet at the start, as the registry has it.
    """

    def __init__(
        self,
        suppliers: Sequence[int],
        registries: Registries | None,
        discover: Discover | None,
        buyer: Buyer | None,
        books: Books | None,
        budget: int,
        log: Log,
        vitals: Vitals,
    ) -> None:
        """`budget` is the most spent on a question, wei."""
        self.suppliers = tuple(suppliers)
        self._discover, self._buyer, self._log, self._vitals = discover, buyer, log, vitals
        self._budget = budget
        self.books = books
        self._chosen: dict[int, frozenset[int]] = {}
        self.addresses = tuple(_wallet(registries, agent) for agent in suppliers)
        self._offers: dict[int, tuple[float, Offer]] = {}
        self._known: dict[tuple[int, int], Forecast] = {}
        self._given_up: set[tuple[int, int]] = set()
        self._told: set[tuple[int, int, str]] = set()

    def signals(self, question: int) -> tuple[Forecast | None, ...]:
        """What was bought for a question so far, by supplier; None for what was not."""
        return tuple(self._signal(question, place) for place in range(len(self.suppliers)))

    def fill(self, asked: Asked, now: int) -> None:
        """Buy what is missing for a question, as far as limits and sellers allow, before its commits end."""
        buyer = self._buyer
        missing = [
            place
            for place in range(len(self.suppliers))
            if self._signal(asked.id, place) is None and (asked.id, place) not in self._given_up
        ]
        if buyer is None or not missing or asked.odds is None:
            return
        places, offers = self._offered([place for place in missing if place in self._choice(asked.id)], asked.id)
        deadline = min(_PATIENCE_S, float(asked.times.commit_end - now))
        if not offers or deadline <= 0:
            return
        answers = buyer.buy_all(offers, asked.id, outcomes=len(asked.odds), deadline=deadline)
        for place, offer, answer in zip(places, offers, answers, strict=True):
            if isinstance(answer, SignedSignal):
                self._known[asked.id, place] = answer.signal.forecast
                self._vitals.signals_bought.inc()
                self._log.info("bought", question=asked.id, agent=offer.agent_id, wei=offer.wei)
            else:
                self._failed(asked.id, place, answer)

    def finish(self, now: int) -> None:
        """Ask again for what was paid for, or may have been, and never came: a seller owes it when all is over too.

        `now` is chain time, seconds. Asks for an hour, then the payment counts against its seller.
        """
        if self._buyer is None:
            return
        self._buyer.reconcile()
        cut: dict[int, list[int]] = {}
        for purchase in self._buyer.purchases.cut_off(now - _CLAIM_S):
            if purchase.seller in self.addresses:
                cut.setdefault(purchase.question, []).append(self.addresses.index(purchase.seller))
        until = time.monotonic() + _PATIENCE_S
        for question, wanted in cut.items():
            places, offers = self._offered(wanted, question)
            left = until - time.monotonic()
            if left <= 0:
                return
            for place, answer in zip(
                places, self._buyer.buy_all(offers, question, deadline=min(left, _CLAIM_PATIENCE_S)), strict=True
            ):
                if isinstance(answer, SignedSignal):
                    self._vitals.signals_bought.inc()
                    self._log.info("bought_late", question=question, agent=self.suppliers[place])

    def _offered(self, places: Sequence[int], question: int) -> tuple[list[int], list[Offer]]:
        found: list[tuple[int, Offer]] = []
        for place in places:
            try:
                found.append((place, self._offer(self.suppliers[place])))
            except HeadwaterError as error:
                self._tell(question, place, error)
        return [place for place, _ in found], [offer for _, offer in found]

    def _choice(self, question: int) -> frozenset[int]:
        """Places of the suppliers to buy from: by measured value for money, decided once for a question."""
        chosen = self._chosen.get(question)
        if chosen is None and self._buyer is not None and self.books is not None:
            credits, faults = self.books.credits(), self._buyer.purchases.faults()
            places, offers = self._offered(range(len(self.suppliers)), question)
            known = [
                Candidate(
                    name=str(place),
                    price=offer.wei,
                    bought=credits.get(self.addresses[place], (0, 0))[0],
                    credit=credits.get(self.addresses[place], (0, 0))[1],
                    claimed=_claim(offer),
                    faults=faults.get(self.addresses[place], 0),
                )
                for place, offer in zip(places, offers, strict=True)
            ]
            # Seeded by the question, so that a bot that was killed chooses as it did before.
            names = choose(_CHOICE, known, self._budget, np.random.default_rng(question))
            chosen = frozenset(int(name) for name in names)
            if len(places) == len(self.suppliers):
                self._chosen[question] = chosen
            if left := [self.suppliers[place] for place in places if place not in chosen]:
                self._log.info("not_chosen", question=question, agents=left)
        return chosen or frozenset()

    def _offer(self, agent: int) -> Offer:
        kept = self._offers.get(agent)
        if kept is not None and time.monotonic() - kept[0] < _OFFER_AGE_S:
            return kept[1]
        if self._discover is None:
            raise BotConfigError("[market] facilitator is missing: signals are paid by it")
        offer = self._discover(agent)
        self._offers[agent] = (time.monotonic(), offer)
        return offer

    def _failed(self, question: int, place: int, error: HeadwaterError) -> None:
        if isinstance(error, NotForSale):
            if error.status in _EARLY:
                return
            if error.status == _OVER:
                self._given_up.add((question, place))
        else:
            # It may have moved: ask the registry again before the next try.
            self._offers.pop(self.suppliers[place], None)
        self._tell(question, place, error)

    def _tell(self, question: int, place: int, error: HeadwaterError) -> None:
        said = (question, place, type(error).__name__)
        if said not in self._told:
            self._told.add(said)
            self._log.warning(
                "not_bought", question=question, agent=self.suppliers[place], kind=said[2], why=str(error)
            )

    def _signal(self, question: int, place: int) -> Forecast | None:
        known = self._known.get((question, place))
        if known is None and self._buyer is not None:
            kept = self._buyer.purchases.find(question, self.addresses[place])
            if kept is not None and kept.state == "bought":
                known = signal_from_json(self._buyer.purchases.answer(kept)).signal.forecast
                self._known[question, place] = known
        return known


def _claim(offer: Offer) -> int | None:
    """What a seller says a signal is worth, wei."""
    said = (offer.past or {}).get("value_wei")
    return said if type(said) is int else None


def _wallet(registries: Registries | None, agent: int) -> str:
    if registries is None:
        raise BotConfigError("[market] suppliers are named by agent ids; this deployment has no registries")
    wallet = registries.agent(agent).wallet
    if wallet is None:
        raise BotConfigError(f"[market] suppliers: agent {agent} has no wallet, so it cannot be paid")
    return wallet
