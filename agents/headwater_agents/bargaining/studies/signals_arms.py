"""A forecaster that buys signals, under one of several ways to pay for them; the season sees it as a Collective.

Its version's leaves are its sellers and a purse of its own. What a way to pay decides at a checkpoint is announced
before the next question opens, so the cascade holds it to it: no later announcement changes what that question pays.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from typing import Final, Protocol, Self

import numpy as np
import numpy.typing as npt

from headwater.chain.accounts import Account
from headwater.credit import NoCreditError, pooled_growth_game, weights_from_credit
from headwater.deals import Negotiation, Status
from headwater.twin.scoring import Scale, growth, net
from headwater.typed_data import Domain
from headwater.units import BPS, MAX_WEI, WAD
from headwater_agents.bargaining.studies.signals_bargain import Quotes, Table, bargain
from headwater_agents.bargaining.studies.signals_market import Market
from headwater_agents.bargaining.studies.signals_value import contributions, measured
from headwater_agents.lab.rain import RainDay
from headwater_agents.policies import (
    BuyerLesson,
    Forecast,
    Pool,
    PoolConfig,
    PoolMemory,
    Question,
    WagerConfig,
    size_wager,
    to_floats,
)
from headwater_deploy import DAY

Floats = npt.NDArray[np.float64]

WINDOW: Final = 250
"""Resolved questions that a valuation looks back, as policies do by default."""
QUESTION_TIME: Final = 3 * DAY
PURSE: Final = "purse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What a forecaster knows at a checkpoint.

    Attributes:
        period: number of the checkpoint, from 0.
        values: (n,) exact Shapley growth of each seller over the window, nats for each question it delivered to.
        errors: (n,) their standard errors over questions, nats; infinite below two deliveries.
        income: wei that a question passed on would have brought on average, on paper, at the stake it began with.
    """

    period: int
    values: Floats
    errors: Floats
    income: float

    def fractions(self, caution: float = 0.0) -> tuple[int, ...]:
        """Each seller's part of all growth, WAD, summing to at most 1; all zero where nobody added any.

        With `caution`, a value counts less that many of its standard errors; the whole stays what it is.
        """
        try:
            whole = weights_from_credit(self.values, WAD)
        except NoCreditError:
            return (0,) * len(self.values)
        sure = np.divide(
            self.values - caution * self.errors if caution else self.values,
            self.values,
            out=np.zeros(len(self.values)),
            where=self.values > 0,
        )
        return tuple(share * int(max(part, 0.0) * BPS) // BPS for share, part in zip(whole, sure, strict=True))


@dataclass(frozen=True, slots=True)
class Paid:
    """What a checkpoint decided: a share (WAD) for each seller, and who is to deliver."""

    shares: tuple[int, ...]
    delivers: tuple[bool, ...]


class Way(Protocol):
    """A way to pay for signals."""

    def settle(self, books: Books) -> Paid:
        """Shares for the period that begins, of what the version passes on; they sum to at most WAD."""
        ...


@dataclass(frozen=True, slots=True)
class EqualShares:
    """Everything is passed on, to everybody alike."""

    def settle(self, books: Books) -> Paid:
        """1/n each."""
        n = len(books.values)
        return Paid(tuple(weights_from_credit(np.ones(n), WAD)), (True,) * n)


@dataclass(frozen=True, slots=True)
class CreditShares:
    """Everything is passed on, by Shapley value; alike where nobody has any."""

    def settle(self, books: Books) -> Paid:
        """In proportion to what is above 0."""
        shares = books.fractions()
        return Paid(shares, (True,) * len(shares)) if any(shares) else EqualShares().settle(books)


@dataclass(frozen=True, slots=True)
class Seller:
    """A seller's side: its account, what a signal costs it (wei), and how it asks.

    `ask` and `floor` are shares (WAD): the first it asks for, and the least it takes whatever its cost.
    """

    account: Account
    cost: int
    ask: int
    floor: int = 0

    def quotes(self, income: float, steps: int) -> Quotes:
        """From its ask down to what covers its cost at this income (wei a question)."""
        needed = min(int(self.cost / income * BPS) + 1, BPS) * (WAD // BPS) if self.cost and income > 0 else 0
        limit = max(needed, self.floor)
        return Quotes(max(self.ask, limit), limit, steps)


@dataclass(slots=True)
class Negotiated:
    """Every seller is bargained with alone, for one period; no deal, no signal and no share.

    The forecaster's limit is the seller's part of all growth, less `caution` standard errors against guessers who were
    lucky. Together the shares never exceed what there is.
    """

    account: Account
    sellers: tuple[Seller, ...]
    domain: Domain
    clock: Callable[[], int]
    every: int
    steps: int = 5
    caution: float = 0.0
    held: list[tuple[Negotiation, ...]] = field(default_factory=list)
    limits: list[tuple[tuple[int, int], ...]] = field(default_factory=list)

    def settle(self, books: Books) -> Paid:
        """Bargain with everybody; what is agreed is in the negotiations' deals, kept in `held`.

        `limits` keeps each pair's limits (forecaster's, seller's) for the analysis; neither saw the other's.
        """
        now = self.clock()
        table = Table(domain=self.domain, task=books.period, now=now, expires=now + (self.every + 1) * QUESTION_TIME)
        worth = books.fractions(self.caution) if books.income > 0 else (0,) * len(self.sellers)
        asks = [seller.quotes(books.income, self.steps) for seller in self.sellers]
        self.limits.append(tuple((most, quotes.limit) for most, quotes in zip(worth, asks, strict=True)))
        self.held.append(
            tuple(
                bargain(self.account, seller.account, Quotes(0, most, self.steps), quotes, table)
                for seller, most, quotes in zip(self.sellers, worth, asks, strict=True)
            )
        )
        shares = tuple(agreed_share(negotiation) for negotiation in self.held[-1])
        return Paid(shares, tuple(negotiation.status is Status.AGREED for negotiation in self.held[-1]))


@dataclass(frozen=True, slots=True)
class Skimming:
    """Negotiates, and then announces a part (bps) of what it agreed to."""

    honest: Negotiated
    part_bps: int

    def settle(self, books: Books) -> Paid:
        """The shares that it announces; a seller compares them with its deal, and so delivers nothing."""
        agreed = self.honest.settle(books)
        return Paid(tuple(share * self.part_bps // BPS for share in agreed.shares), agreed.delivers)


def agreed_share(negotiation: Negotiation) -> int:
    """The share (WAD) of an agreed negotiation; 0 of any other."""
    return 0 if negotiation.deal is None else negotiation.deal.terms.price.at(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyerSettings:
    """A forecaster's own: questions from one checkpoint to the next, how it sizes wagers, its stake (wei), bps kept."""

    every: int
    wager: WagerConfig
    stake: int
    keep_bps: int


def _leaves(name: str, market: Market) -> tuple[str, ...]:
    return (*(f"{name}/{seller}" for seller in market.names), f"{name}/{PURSE}")


class SignalBuyer:
    """A forecaster with a pool of its own: a Collective of a season.

    A seller delivers to a question if it is to by the way of paying, and if the version announced before that question
    gives it at least the share that it holds a signed deal for.
    """

    def __init__(self, name: str, market: Market, way: Way, config: BuyerSettings) -> None:
        """`market` has learnt nothing; `members` are its leaves: the sellers, in the market's order, and its purse."""
        self.name, self.members = name, _leaves(name, market)
        self.market, self.way, self.config = market, way, config
        self._scale = Scale.of(market.rule.p_min, market.rent_bps)
        self.pool = Pool(PoolConfig(outcomes=len(market.counts), suppliers=len(market.names)))
        self.memory: PoolMemory = self.pool.start()
        self._came: list[tuple[bool, ...]] = []
        self._paper: list[int] = []
        self._asked: tuple[Question, tuple[Forecast | None, ...], Forecast] | None = None
        self._played = 0
        self.paid: list[Paid] = []
        self.delivered = [0] * len(market.names)

    # before the season

    def like(self, name: str, way: Way) -> Self:
        """Another forecaster that knows what this one knows, before the season."""
        other = copy(self)
        other.name, other.members, other.way = name, _leaves(name, self.market), way
        other._came, other._paper = list(self._came), list(self._paper)
        other.paid, other.delivered = [], [0] * len(self.delivered)
        return other

    def rehearse(self, archive: tuple[RainDay, ...]) -> None:
        """Learn from resolved questions, to which everybody delivers a sample for nothing."""
        for day in archive:
            self.forecast(day)
            self.learn(day)
        self.market = self.market.reopened()
        self._played = 0
        self.delivered = [0] * len(self.market.names)

    # as a Collective

    def weights(self) -> tuple[int, ...]:
        """Shares of the sellers and of the purse in WAD, together exactly 1; decided anew at every checkpoint."""
        if self._played // self.config.every == len(self.paid):
            self.paid.append(self.way.settle(self.books()))
        shares = self.paid[-1].shares
        return (*shares, WAD - sum(shares))

    def forecast(self, day: RainDay) -> Floats:
        """The pool of what was delivered, shape (k,); of the day nobody reads more than the ensemble."""
        question = self.market.question(self._played)
        all_signals = self.market.signals(question, day)
        came = tuple(self._delivers(index) for index in range(len(all_signals)))
        signals = tuple(signal if there else None for signal, there in zip(all_signals, came, strict=True))
        belief = self.pool.forecast(self.memory, question, signals)
        self._came.append(came)
        self._asked = question, signals, belief
        return to_floats(belief)

    def learn(self, day: RainDay) -> None:
        """What fell is known."""
        if self._asked is None:
            raise AssertionError("a question is learnt from after it was forecast")
        question, signals, belief = self._asked
        self._paper.append(self._paper_net(question, belief, day.outcome))
        self.memory = self.pool.learn(
            self.memory, BuyerLesson(odds=question.odds, signals=signals, outcome=day.outcome)
        )
        self.market = self.market.learnt(question.odds, day)
        self.delivered = [count + there for count, there in zip(self.delivered, self._came[-1], strict=True)]
        self._played += 1
        self._asked = None

    # what it knows

    @property
    def odds(self) -> Forecast:
        """The public odds of the next question, by the series' rule."""
        return self.market.question(self._played).odds

    def books(self) -> Books:
        """What it knows now."""
        n = len(self.market.names)
        seen = min(self.memory.resolved, WINDOW)
        if seen == 0:
            return Books(period=len(self.paid), values=np.zeros(n), errors=np.full(n, np.inf), income=0.0)
        recent = slice(-WINDOW, None)
        game = pooled_growth_game(
            self.memory.signals[recent],
            self.memory.odds[recent],
            self.memory.outcomes[recent],
            pool="evidence",
            weights=np.maximum(self.memory.weights, 0.0),
            p_min=self.market.rule.p_min / WAD,
        )
        values, errors = measured(contributions(game), np.array(self._came[recent]).T)
        income = float(np.mean(self._paper[recent])) * (BPS - self.config.keep_bps) / BPS
        return Books(period=len(self.paid), values=values, errors=errors, income=income)

    def _delivers(self, index: int) -> bool:
        if not self.paid:
            return True  # a sample, before there are deals
        if not self.paid[-1].delivers[index]:
            return False
        return self.paid[-1].shares[index] >= self.owed(index)

    def owed(self, index: int) -> int:
        """The share (WAD) that a seller holds a signed deal for in this period; 0 if there is none."""
        way = self.way.honest if isinstance(self.way, Skimming) else self.way
        return agreed_share(way.held[-1][index]) if isinstance(way, Negotiated) else 0

    def _paper_net(self, question: Question, belief: Forecast, outcome: int) -> int:
        stake = self.config.stake
        wager = size_wager(self.config.wager, belief, question, bonded=stake, free=stake, min_wager=1)
        if wager == 0:
            return 0
        return net(wager, growth(belief[outcome], question.odds[outcome]), MAX_WEI, wager, self._scale)
