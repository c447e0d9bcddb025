"""The choices that a rule makes: odd amounts, bounds hit exactly, mostly sound and seldom not."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

from headwater.units import WAD

T = TypeVar("T")


class Pick:
    """Choices made from one source."""

    def __init__(self, source: Random) -> None:
        self._source = source

    def number(self, low: int, high: int) -> int:
        """An integer from low to high."""
        return low if low == high else self._source.randint(low, high)

    def one(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.number(0, len(options) - 1)]

    def often(self, times: int = 7, of: int = 8) -> bool:
        """True in `times` of `of` cases."""
        return self.number(1, of) <= times

    def some(self, options: Sequence[T]) -> list[T]:
        """Any of the options, in any order."""
        left, chosen = list(options), []
        for _ in range(self.number(0, len(left))):
            chosen.append(left.pop(self.number(0, len(left) - 1)))
        return chosen

    def size(self, high: int) -> int:
        """1 to high, every order of magnitude alike: odd amounts, a single wei, or everything."""
        if high <= 1:
            return 1
        bits = self.number(0, high.bit_length())
        return high if bits == high.bit_length() else min(high, self.number(1 << bits, (2 << bits) - 1))

    def amount(self, high: int) -> int:
        """As `size`, now and then 0 or one more than there is."""
        chance = self.number(0, 31)
        if chance >= 30:
            return 0 if chance == 30 else high + 1
        return self.size(high)

    def simplex(self, outcomes: int, p_min: int) -> tuple[int, ...]:
        """Probabilities (WAD, sum exactly 1) of at least p_min each, sometimes all but one at p_min."""
        weights = [self.number(0, 9) for _ in range(outcomes)]
        total = sum(weights) or 1
        parts = [p_min + (WAD - outcomes * p_min) * weight // total for weight in weights]
        parts[parts.index(max(parts))] += WAD - sum(parts)
        return tuple(parts)
