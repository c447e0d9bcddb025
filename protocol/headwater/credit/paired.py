"""Shapley values from a stratified sample of pairs of coalitions."""

from __future__ import annotations

from typing import Final

import numpy as np

from headwater.credit.coalitions import Bools, Floats
from headwater.credit.game import Game
from headwater.credit.pairs import Ints, PairSample

POOLED: Final = 8
"""Units that share one estimate of their variance, at least; strata with fewer are pooled with their neighbours."""

LEAST: Final = 16
"""Units for which an error is stated."""


class Paired:
    """Differences of complementary coalitions, stratified by size, without replacement (the sum in `pairs`).

    The variance is that within strata, with the correction for what is not drawn, 1 − m_s / M_s. To it comes its mean
    over players, over the number of units: a player on whom no drawn unit hinged has varied by nothing, and is not
    known exactly for that.
    """

    leverage = False

    def __init__(self, game: Game, rng: np.random.Generator) -> None:
        self.n = game.n_players
        self._game, self._rng = game, rng
        self.evaluations = 0
        self.ends = (0.0, 0.0)
        self._largest = 0.0
        self._sample = PairSample(self.n, rng, leverage=self.leverage)
        self._members: Bools = np.zeros((0, self.n), dtype=np.bool_)
        self._strata: Ints = np.zeros(0, dtype=np.int64)
        self._differences = np.zeros(0)

    @property
    def least(self) -> int:
        """Evaluations of the smallest first round."""
        return 2 + 2 * min(LEAST, self._sample.units)

    @property
    def exhausted(self) -> bool:
        """Whether every coalition was valued."""
        return len(self._differences) >= self._sample.units

    def extend(self, evaluations: int) -> None:
        """Draw further pairs, as many as fit."""
        n = self.n
        if not self.evaluations:
            empty, grand = self._game.values(np.array([[False] * n, [True] * n])).tolist()
            self.ends, self.evaluations = (empty, grand), 2
        members, strata = self._sample.more((evaluations - 2) // 2)
        if not len(strata):
            return
        values = self._game.values(np.concatenate([members, ~members]))
        self._largest = max(self._largest, float(np.abs(values).max()))
        self.evaluations += len(values)
        self._members = np.concatenate([self._members, members])
        self._strata = np.concatenate([self._strata, strata])
        self._differences = np.concatenate([self._differences, values[: len(members)] - values[len(members) :]])

    def estimate(self) -> tuple[Floats, Floats]:
        """Values and standard errors, (n,) each."""
        return self._from(self._centred())

    def _centred(self) -> Floats:
        """Differences less those of an equal division: this moves no mean, and takes most of the spread."""
        sizes = self._members.sum(axis=1)
        equal = (self.ends[1] - self.ends[0]) * (2.0 * sizes / self.n - 1.0)
        return np.asarray(self._differences - equal, dtype=np.float64)

    def _weights(self) -> Floats:
        """What a unit's difference times 1 / s, or −1 / (n − s), counts in the sum."""
        sizes = self._members.sum(axis=1)
        omega = self._sample.omega[sizes - 1]
        return np.asarray(omega / self._sample.chance(sizes, self._strata) / self._sample.drawn[self._strata])

    def _lengths(self) -> Floats:
        """How far a unit difference moves all values together."""
        sizes = self._members.sum(axis=1)
        return np.asarray(self._weights() * np.sqrt(self.n / (sizes * (self.n - sizes))))

    def _from(self, differences: Floats) -> tuple[Floats, Floats]:
        n, m = self.n, len(differences)
        values = np.full(n, (self.ends[1] - self.ends[0]) / n)
        if not m:
            return values, np.zeros(n)
        sizes = self._members.sum(axis=1)
        parts = np.where(self._members, (1.0 / sizes)[:, None], (-1.0 / (n - sizes))[:, None])
        parts *= (self._weights() * differences)[:, None]
        values = values + parts.sum(axis=0)
        population = self._sample.population[self._strata]
        parts *= np.sqrt(1.0 - self._sample.drawn[self._strata] / population)[:, None]
        return values, np.sqrt(self._variance(parts))

    def _variance(self, parts: Floats) -> Floats:
        """Of the sum of these parts, (m, n), by blocks of whole strata in the order of their sizes."""
        order = np.argsort(self._strata, kind="stable")
        ends = np.flatnonzero(np.diff(self._strata[order], append=-1)) + 1
        variance, start = np.zeros(self.n), 0
        for stop in ends.tolist():
            last = stop == len(order)
            if (stop - start < POOLED and not last) or (not last and len(order) - stop < POOLED):
                continue
            block = parts[order[start:stop]]
            k = len(block)
            variance += ((block - block.mean(axis=0)) ** 2).sum(axis=0) * (k / max(1, k - 1))
            start = stop
        return np.asarray(variance + variance.mean() / len(order), dtype=np.float64)
