"""A forecaster that buys signals, under one of several ways to pay for them; the season sees it as a Collective.

Its version's leaves are its sellers and a purse of its own. What a way to pay decides at a checkpoint is announced
before the next question opens, so the cascade holds it to it: no later announcement changes what that question pays.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from headwater.credit import pooled_growth_game
from headwater.twin.scoring import Scale, growth, net
from headwater.units import BPS, MAX_WEI, WAD
from headwater_agents.bargaining.studies.signals_market import Market
from headwater_agents.bargaining.studies.signals_value import contributions, measured
from headwater_agents.bargaining.studies.signals_ways import (
    Books,
    Negotiated,
    Paid,
    Skimming,
    Way,
    agreed_share,
)
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

Floats = npt.NDArray[np.float64]

WINDOW: Final = 250
"""Resolved questions that a valuation looks back, as policies do by default."""
PURSE: Final = "purse"


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
        return Books(period=len(self.paid), values=values, errors=errors, income=income, kept=self.kept())

    def kept(self) -> tuple[bool, ...]:
        """Whether each seller delivered to every question since the last checkpoint."""
        played = self._played - self.config.every * (len(self.paid) - 1)
        since = self._came[max(len(self._came) - played, 0) :]
        return tuple(all(came[place] for came in since) for place in range(len(self.market.names)))

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
