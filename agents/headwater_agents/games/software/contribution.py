"""Credit afterwards: the task replayed without somebody's artefacts, the program built again, its tests really run."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from math import factorial

import numpy as np

from headwater.credit import Game, divide
from headwater.credit.coalitions import Bools, Floats
from headwater_agents.games.software.artefacts import ROLES
from headwater_agents.games.software.build import Built, build
from headwater_agents.games.software.errors import SoftwareError
from headwater_agents.games.software.judge import Judge, Score, judge_of
from headwater_agents.games.software.log import Log
from headwater_agents.games.software.specification import POINT


class ContributionGame(Game):
    """v(S) = floor(pot · part of the tests that the program built from the artefacts of S alone passes), in wei.

    Player i is ROLES[i]; bit i of a coalition's mask stands for it. All 64 programs run in one batch when the first
    value is asked for; equal sources run once. Without code no test passes, so v(∅) = 0.

    Args:
        log: the finished task.
        pot: wei for all tests, at least 0.
        judge: of the log's specification; the shared one where it is left out.

    Raises:
        SoftwareError: the log's specification is not the judge's, or said something else when the log was written.
    """

    def __init__(self, log: Log, pot: int = 100 * POINT, judge: Judge | None = None) -> None:
        super().__init__(len(ROLES))
        self.judge = judge or judge_of(log.specification)
        specification = self.judge.specification
        if (log.specification, log.digest) != (specification.name, specification.digest):
            raise SoftwareError(f"the log is about another version of {log.specification} than the tests at hand")
        if type(pot) is not int or pot < 0:
            raise SoftwareError(f"a pot is a whole number of wei, at least 0; got {pot!r}")
        self.log = log
        self.pot = pot

    @cached_property
    def programs(self) -> tuple[Built, ...]:
        """The program of each coalition, by mask. Raises SoftwareError: a decision that is not open."""
        roles = ([role for bit, role in enumerate(ROLES) if mask >> bit & 1] for mask in range(1 << len(ROLES)))
        return tuple(build(self.judge.specification, self.log.of(each)) for each in roles)

    @cached_property
    def scores(self) -> tuple[Score, ...]:
        """What the tests say of each coalition's program, by mask."""
        return tuple(self.judge.scores(built.source for built in self.programs))

    @cached_property
    def wei(self) -> tuple[int, ...]:
        """v by mask, exactly."""
        parts = (score.fraction for score in self.scores)
        return tuple(self.pot * part.numerator // part.denominator for part in parts)

    @property
    def reward(self) -> int:
        """v of everybody: what the team earned, wei."""
        return self.wei[-1]

    @cached_property
    def shapley(self) -> tuple[Fraction, ...]:
        """The Shapley value as exact fractions of wei, which `headwater.credit.shapley` has as floats.

        φ_i = Σ_{S ∌ i} |S|! (5 − |S|)! / 6! · (v(S ∪ i) − v(S)).
        """
        n = len(ROLES)
        values = [Fraction(0)] * n
        for mask, worth in enumerate(self.wei):
            size = mask.bit_count()
            for player in range(n):
                if not mask >> player & 1:
                    gain = self.wei[mask | 1 << player] - worth
                    values[player] += Fraction(factorial(size) * factorial(n - size - 1) * gain, factorial(n))
        return tuple(values)

    @property
    def shares(self) -> tuple[int, ...]:
        """The reward divided by the Shapley value, in whole wei that sum to it; below zero where somebody did harm."""
        return tuple(divide(self.reward, self.shapley, signed=True)) if self.reward else (0,) * len(ROLES)

    def _evaluate(self, members: Bools) -> Floats:
        masks = members @ (1 << np.arange(len(ROLES)))
        return np.array([float(self.wei[mask]) for mask in masks], dtype=np.float64)
