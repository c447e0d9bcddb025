"""The provider: turns its own raw reading into a calibrated forecast and sells it.

It fits log p_o = c·log q_o + a_o + b_o·z, where q are the public odds and z = log(1 + reading), scaled. The prior is
"the public odds, and the reading says nothing", so the first signals are the public odds and depart from them as
evidence comes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from headwater_agents.policies import logit
from headwater_agents.policies.actions import Action, Signal
from headwater_agents.policies.base import PolicyError
from headwater_agents.policies.forecast import Floats, Ints, to_floats, to_wad
from headwater_agents.policies.views import Phase, ProviderLesson, ProviderView


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderConfig:
    """Settings of a provider.

    outcomes: k. centre, spread: z = (log(1 + reading) − centre) / spread. prior_precision: of each coefficient (1 /
    variance). refit_every: resolved questions between two fits.
    """

    outcomes: int = 2
    centre: float = 2.0
    spread: float = 1.0
    prior_precision: float = 1.0
    refit_every: int = 5

    def __post_init__(self) -> None:
        if not 2 <= self.outcomes <= 8:
            raise PolicyError(f"outcomes is {self.outcomes}; it must be 2 to 8")
        if self.spread <= 0 or self.prior_precision <= 0 or self.refit_every < 1:
            raise PolicyError("spread and prior_precision must be above 0 and refit_every at least 1")


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderMemory:
    """Resolved questions in order: log-odds (T, k), scaled readings (T,), outcomes (T,), and the last fit (2k − 1,)."""

    log_odds: Floats
    readings: Floats
    outcomes: Ints
    coefficients: Floats

    @property
    def resolved(self) -> int:
        """Questions learnt from."""
        return len(self.outcomes)


class Provider:
    """Sells one calibrated forecast a question. Learner of ProviderLesson, policy over ProviderView."""

    def __init__(self, config: ProviderConfig) -> None:
        self.config = config
        free = config.outcomes - 1
        self._prior = np.array([1.0] + [0.0] * (2 * free))
        self._precision = np.eye(1 + 2 * free) * config.prior_precision

    def start(self) -> ProviderMemory:
        """No question resolved; the forecast is the public odds."""
        k = self.config.outcomes
        return ProviderMemory(
            log_odds=np.empty((0, k)),
            readings=np.empty(0),
            outcomes=np.empty(0, dtype=np.int64),
            coefficients=self._prior,
        )

    def learn(self, memory: ProviderMemory, lesson: ProviderLesson, /) -> ProviderMemory:
        """Remember the question, and fit anew every `refit_every` of them."""
        k = self.config.outcomes
        if len(lesson.odds) != k or not 0 <= lesson.outcome < k:
            raise PolicyError(f"lesson {lesson} does not fit a question with {k} outcomes")
        log_odds = np.concatenate([memory.log_odds, np.log(to_floats(lesson.odds))[None]])
        readings = np.append(memory.readings, self._scaled(lesson.reading))
        outcomes = np.append(memory.outcomes, np.int64(lesson.outcome))
        coefficients = memory.coefficients
        if len(outcomes) % self.config.refit_every == 0:
            coefficients = logit.fit(
                self._features(log_odds, readings),
                np.zeros_like(log_odds),
                outcomes,
                prior_mean=self._prior,
                prior_precision=self._precision,
                start=coefficients,
            )
        return ProviderMemory(log_odds=log_odds, readings=readings, outcomes=outcomes, coefficients=coefficients)

    def act(self, view: ProviderView[ProviderMemory], /) -> list[Action]:
        """Signal once, while commits are open."""
        question = view.question
        if question is None or question.phase is not Phase.COMMIT or view.sold or view.reading is None:
            return []
        if len(question.odds) != self.config.outcomes:
            raise PolicyError(
                f"the question has {len(question.odds)} outcomes, the provider is set up for {self.config.outcomes}"
            )
        log_odds = np.log(to_floats(question.odds))[None]
        features = self._features(log_odds, np.array([self._scaled(view.reading)]))
        p = logit.probabilities(features, np.zeros_like(log_odds), view.memory.coefficients)[0]
        return [Signal(question=question.id, forecast=to_wad(p, question.p_min))]

    def _scaled(self, reading: float) -> float:
        if not (math.isfinite(reading) and reading >= 0):
            raise PolicyError(f"reading is {reading}; it must be a finite amount of 0 or more")
        return (math.log1p(reading) - self.config.centre) / self.config.spread

    def _features(self, log_odds: Floats, readings: Floats) -> Floats:
        """(T, k, 2k − 1): the public log-odds, then a constant and the reading for every outcome but the first."""
        count, k = log_odds.shape
        features = np.zeros((count, k, 2 * k - 1))
        features[:, :, 0] = log_odds
        for outcome in range(1, k):
            features[:, outcome, outcome] = 1.0
            features[:, outcome, k - 1 + outcome] = readings
        return features
