"""Which of a buyer's suppliers are established, and which are newcomers on trial, for credit by precedence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from headwater.credit import Standing, trial_growths
from headwater_agents.lab.population.pool import Pool, sigmoid
from headwater_agents.lab.worlds.script import Floats

CAP: Final = 1.0
"""Log-odds by which a newcomer on trial may move the forecast."""


class Seniority:
    """Suppliers 0 to n − 1: those heard at the first question are established, later ones have to pass their test.

    A newcomer is tested against a pool of the established alone, to which is added what it adds in the buyer's own.
    """

    def __init__(self, suppliers: int, alpha: float) -> None:
        self._alpha = alpha
        self._trusted = Pool(suppliers)
        self._standing: Standing | None = None

    def meet(self) -> None:
        """Take in one more supplier."""
        self._trusted.meet()

    def learn(self, base: float, heard: Floats, present: Sequence[int], weights: Floats, outcome: int) -> None:
        """Take in a resolved question: what was heard, (n,); who said something; the buyer's own weights, (n,)."""
        standing = self._entered(present)
        established = np.zeros_like(heard)
        trusted = list(standing.established)
        established[trusted] = heard[trusted]
        before = self._trusted.forecast(base, established)
        sign = 1 if outcome == 1 else -1
        growths = {
            each: float(self._growth(sign * before, sign * (before + float(weights[each] * heard[each]))))
            for each in standing.tests
        }
        self._standing = standing.observe(growths)
        self._trusted.learn(base, established, outcome)

    def _entered(self, present: Sequence[int]) -> Standing:
        if self._standing is None:
            return Standing.of(tuple(present), (), alpha=self._alpha, bound=CAP)
        known = {*self._standing.established, *self._standing.tests}
        return self._standing.enter(tuple(each for each in present if each not in known))

    @staticmethod
    def _growth(before: float, after: float) -> float:
        """By log-odds of what happened."""
        established, joined = (np.clip(np.array([sigmoid(x)]), 1e-12, 1 - 1e-12) for x in (before, after))
        return float(trial_growths(established, joined, CAP)[0])

    def ranks(self) -> tuple[int, ...]:
        """Rank of each supplier: 0 established, 1 on trial or never heard."""
        established = set() if self._standing is None else set(self._standing.established)
        return tuple(0 if each in established else 1 for each in range(len(self._trusted.weights) - 1))
