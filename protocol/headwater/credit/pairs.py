"""A designed sample of coalitions, each with its complement: which sizes, how many of each, and their weights.

A unit is an unordered pair (S, N ∖ S) with s = |S| ≤ n / 2 and difference d(S) = v(S) − v(N ∖ S). With

    c_i(S) = n / s for i ∈ S, −n / (n − s) otherwise;        ω_s = 1 for s < n / 2, 1/2 for s = n / 2

the Shapley value is a sum of means over all units of a size (`mean_s`), and nothing but differences is needed:

    φ_i = (v(N) − v(∅)) / n  +  Σ_{s = 1}^{⌊n/2⌋}  mean_s[ ω_s / n · d(S) · c_i(S) ],        Σ_i c_i(S) = 0

Whatever is added to each d of a size changes no mean but its own chance: the c of a size have mean zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from headwater.credit.coalitions import Bools, Floats

Ints: TypeAlias = npt.NDArray[np.int64]

LISTED: Final = 1 << 16
"""Sizes with at most this many pairs are listed and shuffled; of larger ones repeats are drawn again."""

GROUP: Final = 2
"""Units that a stratum expects in the first round, at least."""


class PairSample:
    """Strata of one size, drawn without replacement, and strata of several sizes, drawn with it where units are few.

    Sizes are shared out in proportion to ω_s / √(s (n − s)), which is best (Neyman 1934) when differences of all sizes
    spread alike, a unit's c having length n √(n / (s (n − s))); or, with `leverage`, to ω_s, as often as their leverage
    in the regression for Shapley values asks (Musco & Witter 2024).
    """

    def __init__(self, n_players: int, rng: np.random.Generator, *, leverage: bool = False) -> None:
        n = self.n = n_players
        self._rng = rng
        sizes = np.arange(1, n // 2 + 1)
        self.omega = np.where(2 * sizes == n, 0.5, 1.0)
        self._share = self.omega / (1.0 if leverage else np.sqrt(sizes * (n - sizes)))
        self._count = [comb(n, int(s)) // (2 if 2 * s == n else 1) for s in sizes]
        self.units = sum(self._count)
        """Pairs there are."""
        self.strata: list[tuple[int, ...]] = []
        """Sizes in each stratum."""
        self.drawn: Ints = np.zeros(0, dtype=np.int64)
        """Units drawn from each."""
        self.population: Floats = np.zeros(0)
        """Units in each; infinite where they are drawn with replacement."""

    def more(self, units: int) -> tuple[Bools, Ints]:
        """Draw until there are `units` in all: the new ones' members, (m, n), and the stratum of each, (m,).

        The first call makes the strata, so that each expects at least two of its units.
        """
        units = min(units, self.units)
        if not self.strata:
            self.strata = list(self._group(units))
            single = [len(sizes) == 1 for sizes in self.strata]
            self._totals = np.array([self._share[np.array(sizes) - 1].sum() for sizes in self.strata])
            whole = [self._count[sizes[0] - 1] for sizes in self.strata]
            self._limits = [count if one else 1 << 62 for count, one in zip(whole, single, strict=True)]
            self.population = np.where(single, np.array(whole, dtype=np.float64), np.inf)
            self.drawn = np.zeros(len(self.strata), dtype=np.int64)
            self._streams = [self._stream(sizes) for sizes in self.strata]
        wanted = self._allocate(units)
        rows, strata = [np.zeros((0, self.n), dtype=np.bool_)], [np.zeros(0, dtype=np.int64)]
        for index, fresh in enumerate((wanted - self.drawn).tolist()):
            if fresh:
                rows.append(self._streams[index].take(fresh))
                strata.append(np.full(fresh, index))
        self.drawn = wanted
        return np.concatenate(rows), np.concatenate(strata)

    def chance(self, sizes: Ints, strata: Ints) -> Floats:
        """The probability of a unit's size within its stratum, (m,)."""
        return np.asarray(self._share[sizes - 1] / self._totals[strata], dtype=np.float64)

    def _group(self, first: int) -> Iterator[tuple[int, ...]]:
        expected = fill(self._share, [float(count) for count in self._count], first)
        group: list[int] = []
        held = 0.0
        for s, units in enumerate(expected.tolist(), start=1):
            group.append(s)
            held += units
            if held >= GROUP - 1e-9 or (len(group) == 1 and held >= self._count[s - 1] - 1e-9):
                yield tuple(group)
                group, held = [], 0.0
        if group:
            yield tuple(group)

    def _allocate(self, units: int) -> Ints:
        real = fill(self._totals, [float(limit) for limit in self._limits], units)
        wanted = [
            max(had, min(limit, int(r + 1e-9)))
            for had, limit, r in zip(self.drawn.tolist(), self._limits, real.tolist(), strict=True)
        ]
        order = sorted(range(len(wanted)), key=lambda index: wanted[index] - real[index])
        left = units - sum(wanted)
        while left > 0:
            room = [index for index in order if wanted[index] < self._limits[index]][:left]
            for index in room:
                wanted[index] += 1
            left -= len(room)
        return np.array(wanted, dtype=np.int64)

    def _stream(self, sizes: tuple[int, ...]) -> _Stream:
        if len(sizes) > 1:
            share = self._share[np.array(sizes) - 1]
            return _Mixed(self.n, self._rng, np.array(sizes), share / share.sum())
        if self._count[sizes[0] - 1] <= LISTED:
            return _Listed(self.n, self._rng, sizes[0])
        return _Distinct(self.n, self._rng, sizes[0])


class _Stream:
    """Units of one stratum in random order."""

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        self._n, self._rng = n, rng

    def take(self, count: int) -> Bools:
        raise NotImplementedError

    def _subsets(self, sizes: Ints) -> Bools:
        place = self._rng.random((len(sizes), self._n)).argsort(axis=1).argsort(axis=1)
        rows = place < sizes[:, None]
        # Of two halves the one with player 0 stands for the pair.
        half = (2 * sizes == self._n) & ~rows[:, 0]
        rows[half] = ~rows[half]
        return rows


class _Mixed(_Stream):
    def __init__(self, n: int, rng: np.random.Generator, sizes: Ints, chances: Floats) -> None:
        super().__init__(n, rng)
        self._sizes, self._chances = sizes, chances

    def take(self, count: int) -> Bools:
        return self._subsets(self._rng.choice(self._sizes, size=count, p=self._chances))


class _Distinct(_Stream):
    def __init__(self, n: int, rng: np.random.Generator, size: int) -> None:
        super().__init__(n, rng)
        self._size = size
        self._seen: set[bytes] = set()

    def take(self, count: int) -> Bools:
        rows: list[Bools] = []
        while len(rows) < count:
            drawn = self._subsets(np.full(count - len(rows), self._size))
            for row, key in zip(drawn, np.packbits(drawn, axis=1), strict=True):
                if (seen := key.tobytes()) not in self._seen:
                    self._seen.add(seen)
                    rows.append(row)
        return np.array(rows)


class _Listed(_Stream):
    def __init__(self, n: int, rng: np.random.Generator, size: int) -> None:
        super().__init__(n, rng)
        chosen = np.array(list(combinations(range(n), size)))
        if 2 * size == n:
            chosen = chosen[chosen[:, 0] == 0]
        rng.shuffle(chosen)
        self._chosen, self._next = chosen, 0

    def take(self, count: int) -> Bools:
        rows = np.zeros((count, self._n), dtype=np.bool_)
        chosen = self._chosen[self._next : self._next + count]
        rows[np.arange(count)[:, None], chosen] = True
        self._next += count
        return rows


def fill(share: Floats, limits: list[float], total: float) -> Floats:
    """Share out `total` in proportion, nobody beyond its limit: r_j = min(limit_j, λ share_j) with Σ r = total."""
    most = np.array(limits)
    if total >= most.sum():
        return most
    full = np.zeros(len(share), dtype=np.bool_)
    while True:
        rest = total - most[full].sum()
        real = np.where(full, most, share * rest / share[~full].sum())
        over = ~full & (real > most)
        if not over.any():
            return np.asarray(real, dtype=np.float64)
        full |= over
