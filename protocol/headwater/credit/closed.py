"""Games whose Shapley value is known in closed form: what any method can be checked against."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import comb

import numpy as np
import numpy.typing as npt

from headwater.credit.coalitions import Bools, Floats
from headwater.credit.errors import GameError
from headwater.credit.game import Game


class SolvedGame(Game):
    """A game that knows its own Shapley value."""

    @abstractmethod
    def solution(self) -> Floats:
        """The Shapley value from the closed form, shape (n,), without visiting coalitions."""


class AdditiveGame(SolvedGame):
    """v(S) = Σ_{i ∈ S} a_i; everybody's value is their own a_i. `amounts` has shape (n,)."""

    def __init__(self, amounts: npt.ArrayLike) -> None:
        self._amounts = _row(amounts, "amounts")
        super().__init__(len(self._amounts))

    def _evaluate(self, members: Bools) -> Floats:
        return np.asarray(members @ self._amounts, dtype=np.float64)

    def solution(self) -> Floats:
        """φ_i = a_i."""
        return self._amounts.copy()


class SymmetricGame(SolvedGame):
    """v(S) = f(|S|); `by_size` is f(0) to f(n), shape (n + 1,)."""

    def __init__(self, by_size: npt.ArrayLike) -> None:
        self._by_size = _row(by_size, "by_size")
        if len(self._by_size) < 2:
            raise GameError("by_size holds f(0) to f(n), at least two values")
        super().__init__(len(self._by_size) - 1)

    def _evaluate(self, members: Bools) -> Floats:
        return np.asarray(self._by_size[members.sum(axis=1)], dtype=np.float64)

    def solution(self) -> Floats:
        """φ_i = (f(n) − f(0)) / n."""
        return np.full(self.n_players, float(self._by_size[-1] - self._by_size[0]) / self.n_players)


class UnanimityGame(SolvedGame):
    """v(S) = 1 when S holds the whole `carrier`, else 0 (Shapley 1953)."""

    def __init__(self, n_players: int, carrier: Iterable[int]) -> None:
        super().__init__(n_players)
        self._carrier = sorted(set(carrier))
        if not self._carrier or not 0 <= self._carrier[0] <= self._carrier[-1] < self.n_players:
            raise GameError(f"a carrier holds players 0 to {self.n_players - 1}, at least one; got {self._carrier}")

    def _evaluate(self, members: Bools) -> Floats:
        return np.asarray(members[:, self._carrier].all(axis=1), dtype=np.float64)

    def solution(self) -> Floats:
        """φ_i = 1 / |T| for i in the carrier T, else 0."""
        values = np.zeros(self.n_players)
        values[self._carrier] = 1.0 / len(self._carrier)
        return values


class GloveGame(SolvedGame):
    """v(S) = pairs of gloves in S; players 0 to `left` - 1 hold a left glove, the next `right` a right one."""

    def __init__(self, left: int, right: int) -> None:
        if left < 0 or right < 0:
            raise GameError(f"numbers of gloves must not be negative; got {left} left and {right} right")
        super().__init__(left + right)
        self._left = left

    def _evaluate(self, members: Bools) -> Floats:
        left = members[:, : self._left].sum(axis=1)
        return np.asarray(np.minimum(left, members.sum(axis=1) - left), dtype=np.float64)

    def solution(self) -> Floats:
        """φ of a holder is the chance that, on arrival, the other side outnumbers its own (Shapley & Shubik 1969)."""
        left, right = self._left, self.n_players - self._left
        return np.array([self._pivotal(left, right)] * left + [self._pivotal(right, left)] * right)

    def _pivotal(self, own: int, other: int) -> float:
        n = self.n_players
        chance = sum(
            (
                Fraction(comb(own - 1, a) * comb(other, b), n * comb(n - 1, a + b))
                for a in range(own)
                for b in range(a + 1, other + 1)
            ),
            Fraction(0),
        )
        return float(chance)


class AirportGame(SolvedGame):
    """v(S) = the largest cost in S: one runway serves everybody who needs it shorter (Littlechild & Owen 1973)."""

    def __init__(self, costs: npt.ArrayLike) -> None:
        self._costs = _row(costs, "costs")
        if bool((self._costs < 0).any()):
            raise GameError(f"costs must not be negative; got {self._costs.tolist()}")
        super().__init__(len(self._costs))

    def _evaluate(self, members: Bools) -> Floats:
        return np.asarray(np.where(members, self._costs, 0.0).max(axis=1), dtype=np.float64)

    def solution(self) -> Floats:
        """With c_(1) ≤ … ≤ c_(n): φ_(i) = Σ_{j ≤ i} (c_(j) − c_(j−1)) / (n − j + 1)."""
        order = np.argsort(self._costs, kind="stable")
        steps = np.diff(self._costs[order], prepend=0.0)
        values = np.empty(self.n_players)
        values[order] = np.cumsum(steps / np.arange(self.n_players, 0, -1))
        return values


class VotingGame(SolvedGame):
    """v(S) = 1 when the votes in S reach the quota, else 0. Votes are non-negative ints, the quota a positive one."""

    def __init__(self, votes: Sequence[int], quota: int) -> None:
        super().__init__(len(votes))
        if any(vote != int(vote) or vote < 0 for vote in votes):
            raise GameError(f"votes are whole numbers, not negative; got {list(votes)}")
        if quota != int(quota) or quota < 1:
            raise GameError(f"the quota is a whole number of at least 1; got {quota}")
        self._votes = [int(vote) for vote in votes]
        self._quota = int(quota)

    def _evaluate(self, members: Bools) -> Floats:
        return (members @ np.array(self._votes, dtype=np.int64) >= self._quota).astype(np.float64)

    def solution(self) -> Floats:
        """The index of Shapley & Shubik by counting coalitions of each size and weight (Mann & Shapley 1962).

        Players of equal votes are counted together: many players are fast as long as few different votes are.
        """
        counts = Counter(self._votes)
        worth = {vote: self._pivotal(vote, counts) for vote in counts}
        return np.array([worth[vote] for vote in self._votes])

    def _pivotal(self, vote: int, counts: Counter[int]) -> float:
        n = self.n_players
        # Coalitions of the others, a class of equal votes at a time: how many there are of each (size, votes).
        found = {(0, 0): 1}
        for other, count in counts.items():
            ways = [comb(count - (other == vote), k) for k in range(count + (other != vote))]
            grown: dict[tuple[int, int], int] = {}
            for (size, votes), held in found.items():
                for k, way in enumerate(ways):
                    key = (size + k, votes + k * other)
                    grown[key] = grown.get(key, 0) + held * way
            found = grown
        pivotal = range(self._quota - vote, self._quota)
        by_size: dict[int, int] = {}
        for (size, votes), count in found.items():
            if votes in pivotal:
                by_size[size] = by_size.get(size, 0) + count
        return float(sum((Fraction(count, n * comb(n - 1, size)) for size, count in by_size.items()), Fraction(0)))


def _row(numbers: npt.ArrayLike, name: str) -> Floats:
    row = np.array(numbers, dtype=np.float64)
    if row.ndim != 1 or not row.size or not bool(np.isfinite(row).all()):
        raise GameError(f"{name} is one row of finite numbers, at least one; got {row.tolist()}")
    return row
