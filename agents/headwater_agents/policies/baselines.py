"""Forecasters to compare with: one says nothing, one copies the public odds, one goes by the last outcome."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from headwater_agents.policies.actions import Action
from headwater_agents.policies.base import PolicyError
from headwater_agents.policies.forecast import Forecast, to_floats, to_wad
from headwater_agents.policies.forecaster import commit, reveal
from headwater_agents.policies.views import ForecasterView, OutcomeLesson, Phase, Question
from headwater_agents.policies.wager import WagerConfig, bounded_wager, size_wager


class Climatology:
    """Knows no more than the public odds and says nothing: it neither gains nor pays rent."""

    def start(self) -> None:
        """It has no memory."""

    def learn(self, memory: None, lesson: OutcomeLesson, /) -> None:
        """It learns nothing."""

    def act(self, view: ForecasterView[None], /) -> list[Action]:
        """Never anything."""
        return []


@dataclass(frozen=True, kw_only=True, slots=True)
class OddsCopierConfig:
    """Settings of the copier: the seed of its salts, the share of its stake it always wagers (bps), the bounds."""

    seed: int
    share_bps: int = 1_000
    wager: WagerConfig = field(default_factory=WagerConfig)

    def __post_init__(self) -> None:
        if not 0 < self.share_bps <= self.wager.max_stake_bps:
            raise PolicyError(f"share_bps is {self.share_bps}; it must be 1 to {self.wager.max_stake_bps}")


class OddsCopier:
    """Reports the public odds to the wei, and so earns exactly minus its rents."""

    def __init__(self, config: OddsCopierConfig) -> None:
        self.config = config

    def start(self) -> None:
        """It has no memory."""

    def learn(self, memory: None, lesson: OutcomeLesson, /) -> None:
        """It learns nothing."""

    def act(self, view: ForecasterView[None], /) -> list[Action]:
        """Commit the public odds, then reveal them."""
        question = view.question
        if question is None:
            return []
        if question.phase is Phase.REVEAL:
            return reveal(view)
        if question.phase is not Phase.COMMIT or view.position is not None:
            return []
        wager = bounded_wager(
            self.config.wager,
            self.config.share_bps,
            question,
            bonded=view.bonded,
            free=view.free,
            min_wager=view.min_wager,
        )
        return commit(view, self.config.seed, question.odds, wager)


@dataclass(frozen=True, kw_only=True, slots=True)
class LastOutcomeConfig:
    """Settings of the last-outcome bot: the seed of its salts, k, how many questions' weight the public odds have
    against its counts, the resolved questions before it wagers, the bounds."""

    seed: int
    outcomes: int = 2
    prior: float = 20.0
    min_resolved: int = 20
    wager: WagerConfig = field(default_factory=WagerConfig)

    def __post_init__(self) -> None:
        if not 2 <= self.outcomes <= 8 or self.prior <= 0 or self.min_resolved < 0:
            raise PolicyError("outcomes must be 2 to 8, prior above 0 and min_resolved 0 or more")


@dataclass(frozen=True, kw_only=True, slots=True)
class Transitions:
    """How often each outcome followed each: counts[before][after], and the last outcome."""

    counts: tuple[tuple[int, ...], ...]
    last: int | None
    resolved: int


class LastOutcome:
    """Forecasts by what followed the last outcome so far: the frequencies of its successors, shrunk to the odds."""

    def __init__(self, config: LastOutcomeConfig) -> None:
        self.config = config

    def start(self) -> Transitions:
        """Nothing counted."""
        k = self.config.outcomes
        return Transitions(counts=((0,) * k,) * k, last=None, resolved=0)

    def learn(self, memory: Transitions, lesson: OutcomeLesson, /) -> Transitions:
        """Count one more transition."""
        if not 0 <= lesson.outcome < self.config.outcomes:
            raise PolicyError(f"outcome {lesson.outcome} of a question with {self.config.outcomes}")
        counts = [list(row) for row in memory.counts]
        if memory.last is not None:
            counts[memory.last][lesson.outcome] += 1
        return Transitions(
            counts=tuple(tuple(row) for row in counts), last=lesson.outcome, resolved=memory.resolved + 1
        )

    def belief(self, memory: Transitions, question: Question) -> Forecast:
        """Its forecast; the public odds before the first outcome."""
        if memory.last is None:
            return question.odds
        followed = np.array(memory.counts[memory.last], dtype=np.float64)
        weight = followed + self.config.prior * to_floats(question.odds)
        return to_wad(weight / weight.sum(), question.p_min)

    def act(self, view: ForecasterView[Transitions], /) -> list[Action]:
        """Commit what it believes, sized like any forecaster, then reveal."""
        question = view.question
        if question is None:
            return []
        if question.phase is Phase.REVEAL:
            return reveal(view)
        if question.phase is not Phase.COMMIT or view.position is not None:
            return []
        if view.memory.resolved < self.config.min_resolved:
            return []
        belief = self.belief(view.memory, question)
        wager = size_wager(
            self.config.wager,
            belief,
            question,
            bonded=view.bonded,
            free=view.free,
            min_wager=view.min_wager,
        )
        return commit(view, self.config.seed, belief, wager)
