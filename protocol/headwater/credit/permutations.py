"""Shapley values from orders of arrival, each drawn order with its reverse."""

from __future__ import annotations

from typing import Final

import numpy as np

from headwater.credit.coalitions import Floats
from headwater.credit.game import Game

BLOCK: Final = 1 << 22
"""Membership flags held at a time: 4 MB, whatever the number of players."""


class Permutations:
    """Contributions on arrival, averaged over drawn orders (Castro, Gómez & Tejada 2009), in antithetic pairs.

    An order and its reverse (Lomeli, Rowland, Gretton & Ghahramani 2019) put everybody early once and late once, which
    cancels whatever falls or rises evenly with the size of the coalition met. A pair is one independent observation of
    everybody's value: its sum is v(N) − v(∅), and the spread of pairs gives the standard error, with no assumption but
    their finite variance. A pair asks 2 (n − 1) values.
    """

    def __init__(self, game: Game, rng: np.random.Generator) -> None:
        n = game.n_players
        self._game, self._rng = game, rng
        self._cost = 2 * (n - 1)
        self.evaluations = 0
        self.ends = (0.0, 0.0)
        self._pairs = 0
        self._mean = np.zeros(n)
        self._squares = np.zeros(n)

    @property
    def least(self) -> int:
        """Two pairs, or an only player's two values."""
        return 2 + 2 * self._cost

    @property
    def exhausted(self) -> bool:
        """Whether there is only one order."""
        return self._game.n_players == 1

    def extend(self, evaluations: int) -> None:
        """Draw further pairs, as many as fit."""
        n = self._game.n_players
        if not self.evaluations:
            empty, grand = self._game.values(np.array([[False] * n, [True] * n])).tolist()
            self.ends, self.evaluations = (empty, grand), 2
        if n == 1:
            self._mean[0] = self.ends[1] - self.ends[0]
            return
        pairs = (evaluations - self.evaluations) // self._cost
        block = max(1, BLOCK // (2 * n * n))
        for start in range(0, pairs, block):
            for gains in self._pairs_of(min(block, pairs - start)):
                # Welford's update: no cancellation, however small the spread is beside the mean.
                self._pairs += 1
                step = gains - self._mean
                self._mean += step / self._pairs
                self._squares += step * (gains - self._mean)
        self.evaluations += pairs * self._cost

    def estimate(self) -> tuple[Floats, Floats]:
        """Mean over pairs, and the standard error of that mean."""
        if self.exhausted:
            return self._mean.copy(), np.zeros_like(self._mean)
        variance = self._squares / (self._pairs * (self._pairs - 1))
        # A player whom a few orders never found decisive varied by nothing: a pair's share of the others' variance.
        return self._mean.copy(), np.sqrt(variance + variance.mean() / self._pairs)

    def _pairs_of(self, count: int) -> Floats:
        """Contributions averaged over an order and its reverse, (count, n)."""
        n = self._game.n_players
        forth = self._rng.permuted(np.tile(np.arange(n), (count, 1)), axis=1)
        orders = np.stack([forth, forth[:, ::-1]], axis=1).reshape(2 * count, n)
        place = np.argsort(orders, axis=1)
        sizes = np.arange(1, n)
        members = place[:, None, :] < sizes[None, :, None]
        met = self._game.values(members.reshape(-1, n)).reshape(2 * count, n - 1)
        empty, grand = self.ends
        worth = np.concatenate([np.full((2 * count, 1), empty), met, np.full((2 * count, 1), grand)], axis=1)
        gains = np.take_along_axis(np.diff(worth, axis=1), place, axis=1)
        averaged = gains.reshape(count, 2, n).mean(axis=1)
        return np.asarray(averaged, dtype=np.float64)
