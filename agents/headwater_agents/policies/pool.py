"""Pooling: one forecast from several suppliers' signals, with weights learned from resolved questions.

    log p_o = log q_o + s · Σ_i w_i · (log s_i,o − log q_o)

q are the public odds, s_i a supplier's signal. With Σ w_i = 1 this is the log-linear pool of the signals; a sum above
one extremises, which independent signals deserve and copies do not. The weights are the posterior mode under a Gaussian
prior: weak on their sum (prior mean `prior_total`), strong on their differences, so that equal weights are left only
for evidence. s = T / (T + shrink) draws the pool towards the public odds while only T questions are resolved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from headwater_agents.policies import logit
from headwater_agents.policies.base import PolicyError
from headwater_agents.policies.forecast import Floats, Forecast, Ints, to_floats, to_wad
from headwater_agents.policies.views import BuyerLesson, Question

MAX_SUPPLIERS: Final = 20
"""Suppliers whose exact Shapley values still take about a second; below the 32 leaves of a list that stands whole."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolConfig:
    """Settings of a pool.

    outcomes: k. suppliers: how many signals it takes. prior_total: prior mean of Σ w. total_precision,
    spread_precision: of the sum's and the differences' priors, per unit of weight. shrink: resolved questions at which
    half of the pool's departure from the public odds is believed. refit_every: resolved questions between two fits.
    """

    outcomes: int = 2
    suppliers: int = 1
    prior_total: float = 1.2
    total_precision: float = 5.0
    spread_precision: float = 100.0
    shrink: float = 20.0
    refit_every: int = 5

    def __post_init__(self) -> None:
        if not 2 <= self.outcomes <= 8:
            raise PolicyError(f"outcomes is {self.outcomes}; it must be 2 to 8")
        if not 1 <= self.suppliers <= MAX_SUPPLIERS:
            raise PolicyError(f"suppliers is {self.suppliers}; it must be 1 to {MAX_SUPPLIERS}")
        if self.total_precision <= 0 or self.spread_precision <= 0 or self.shrink < 0 or self.refit_every < 1:
            raise PolicyError(
                "the precisions must be above 0, shrink at least 0 and refit_every at least 1; "
                f"got {self.total_precision}, {self.spread_precision}, {self.shrink}, {self.refit_every}"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolMemory:
    """Resolved questions in order: odds (T, k), signals (T, n, k), outcomes (T,), and the last fitted weights (n,)."""

    odds: Floats
    signals: Floats
    outcomes: Ints
    weights: Floats

    @property
    def resolved(self) -> int:
        """Questions learnt from."""
        return len(self.outcomes)


class Pool:
    """Learns how to pool a fixed row of suppliers, and pools. Learner of BuyerLesson."""

    def __init__(self, config: PoolConfig) -> None:
        self.config = config
        n = config.suppliers
        level = np.full((n, n), 1.0 / n)
        self._prior = np.full(n, config.prior_total / n)
        # Level: the sum of the weights has variance 1 / total_precision. Spread: each difference from their mean.
        self._precision = n * config.total_precision * level + config.spread_precision * (np.eye(n) - level)

    def start(self) -> PoolMemory:
        """No question resolved; the pool is the public odds when `shrink` is above 0."""
        n, k = self.config.suppliers, self.config.outcomes
        return PoolMemory(
            odds=np.empty((0, k)),
            signals=np.empty((0, n, k)),
            outcomes=np.empty(0, dtype=np.int64),
            weights=self._prior,
        )

    def learn(self, memory: PoolMemory, lesson: BuyerLesson, /) -> PoolMemory:
        """Remember the question, and fit anew every `refit_every` of them."""
        k = self.config.outcomes
        if len(lesson.odds) != k or not 0 <= lesson.outcome < k:
            raise PolicyError(f"lesson {lesson} does not fit a question with {k} outcomes")
        odds = np.concatenate([memory.odds, to_floats(lesson.odds)[None]])
        signals = np.concatenate([memory.signals, self._stack(lesson.odds, lesson.signals)[None]])
        outcomes = np.append(memory.outcomes, np.int64(lesson.outcome))
        weights = memory.weights
        if len(outcomes) % self.config.refit_every == 0:
            log_odds = np.log(odds)
            weights = logit.fit(
                (np.log(signals) - log_odds[:, None, :]).transpose(0, 2, 1),
                log_odds,
                outcomes,
                prior_mean=self._prior,
                prior_precision=self._precision,
                start=weights,
            )
        return PoolMemory(odds=odds, signals=signals, outcomes=outcomes, weights=weights)

    def forecast(self, memory: PoolMemory, question: Question, signals: Sequence[Forecast | None]) -> Forecast:
        """Pool these signals (None: not received, counts as the public odds) into a WAD forecast of the question."""
        log_odds = np.log(to_floats(question.odds))
        departures = np.log(self._stack(question.odds, signals)) - log_odds
        believed = memory.resolved / (memory.resolved + self.config.shrink) if memory.resolved else 0.0
        if self.config.shrink == 0:
            believed = 1.0
        p = logit.probabilities(departures.T, log_odds, believed * memory.weights)
        return to_wad(p, question.p_min)

    def _stack(self, odds: Forecast, signals: Sequence[Forecast | None]) -> Floats:
        if len(signals) != self.config.suppliers:
            raise PolicyError(f"{len(signals)} signals for a pool of {self.config.suppliers} suppliers")
        stacked = np.array([to_floats(odds if signal is None else signal) for signal in signals])
        if stacked.shape[1] != self.config.outcomes:
            raise PolicyError(f"signals of {stacked.shape[1]} outcomes for a pool of {self.config.outcomes}")
        return stacked
