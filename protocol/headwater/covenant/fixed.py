"""Value systems in fixed point, and distances exactly as the ValueRegistry works them out. Integers; floats only enter.

SCALE = 10**9;  a weight in [0, SCALE], all m of them summing to SCALE;  a judgement in [−SCALE, SCALE]
entries: weights, then judgements row by row (action by action), each 8 bytes, signed, big-endian

l1:         Σ |x − y|        at SCALE
squared-l2: Σ (x − y)²       at SCALE²
linf:       max |x − y|      at SCALE
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike

from headwater.covenant.errors import CovenantError

SCALE: Final = 10**9
"""One, in fixed point."""
MAX_VALUES: Final = 16
MAX_ACTIONS: Final = 16
ENTRY: Final = 8
"""Bytes of an entry."""
MAX_ENTRIES_BYTES: Final = ENTRY * (MAX_VALUES + MAX_VALUES * MAX_ACTIONS)
MAX_BOUND: Final = 2**96 - 1
"""The largest bound the registry holds; no distance comes near it, so it accepts everything."""
NORMS: Final[dict[str, int]] = {"l1": 1, "squared-l2": 2, "linf": 3}
"""The contract's number of each norm."""


@dataclass(frozen=True, slots=True)
class FixedSystem:
    """A value system in fixed point: m weights, a rows of m judgements. Raises CovenantError for anything else."""

    weights: tuple[int, ...]
    judgements: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", tuple(self.weights))
        object.__setattr__(self, "judgements", tuple(tuple(row) for row in self.judgements))
        _check_shape(self.m, self.a)
        if any(len(row) != self.m for row in self.judgements):
            raise CovenantError(f"every row of judgements has {self.m} entries, one a value")
        if any(type(entry) is not int for entry in self._entries()):
            raise CovenantError("fixed-point entries are integers; for floats, FixedSystem.of")
        if not all(0 <= weight <= SCALE for weight in self.weights):
            raise CovenantError(f"a weight lies in [0, {SCALE}]")
        if sum(self.weights) != SCALE:
            raise CovenantError(f"weights sum to {SCALE}, these to {sum(self.weights)}")
        if not all(-SCALE <= entry <= SCALE for row in self.judgements for entry in row):
            raise CovenantError(f"a judgement lies in [-{SCALE}, {SCALE}]")

    @property
    def m(self) -> int:
        """Number of values."""
        return len(self.weights)

    @property
    def a(self) -> int:
        """Number of actions."""
        return len(self.judgements)

    @classmethod
    def of(cls, weights: ArrayLike, judgements: ArrayLike) -> Self:
        """The nearest fixed-point system of weights (m,) and judgements (a, m), real numbers.

        Weights are rounded by largest remainder (the lowest index on ties), so that they sum to SCALE exactly: each
        moves by less than 1 / SCALE. Judgements are rounded to the nearest, halves to even. Raises CovenantError.
        """
        w, j = _finite("weights", weights, 1), _finite("judgements", judgements, 2)
        _check_shape(len(w), len(j))
        total = sum((Fraction(x) for x in w), Fraction(0))
        if min(w) < 0 or abs(total - 1) > Fraction(1, 10**6):
            raise CovenantError(f"weights are not negative and sum to 1; these sum to {float(total):.9g}")
        shares = [Fraction(x) * SCALE / total for x in w]
        rounded = [math.floor(share) for share in shares]
        by_remainder = sorted(range(len(w)), key=lambda i: (rounded[i] - shares[i], i))
        for i in by_remainder[: SCALE - sum(rounded)]:
            rounded[i] += 1
        return cls(tuple(rounded), tuple(tuple(round(Fraction(x) * SCALE) for x in row) for row in j))

    def reals(self) -> tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.float64]]]:
        """Weights (m,) and judgements (a, m) as floats, for analysis."""
        return np.array(self.weights, dtype=np.float64) / SCALE, np.array(self.judgements, dtype=np.float64) / SCALE

    def encode(self) -> bytes:
        """The entries as the contracts take them, 8·(m + a·m) bytes."""
        return b"".join(entry.to_bytes(ENTRY, "big", signed=True) for entry in self._entries())

    @classmethod
    def decode(cls, entries: bytes, m: int, a: int) -> Self:
        """The system of packed entries. Raises CovenantError, as the contract refuses: wrong length, entries or sum."""
        _check_shape(m, a)
        if len(entries) != ENTRY * m * (1 + a):
            raise CovenantError(f"{m} values and {a} actions take {ENTRY * m * (1 + a)} bytes, got {len(entries)}")
        flat = [int.from_bytes(entries[i : i + ENTRY], "big", signed=True) for i in range(0, len(entries), ENTRY)]
        return cls(tuple(flat[:m]), tuple(tuple(flat[i : i + m]) for i in range(m, len(flat), m)))

    def _entries(self) -> Iterable[int]:
        yield from self.weights
        for row in self.judgements:
            yield from row


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedBounds:
    """How far an agreement may be, in weights and in judgements: at SCALE, under squared-l2 at SCALE². Closed."""

    weights: int
    judgements: int
    norm: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "norm", str(self.norm))
        norm_code(self.norm)
        for name in ("weights", "judgements"):
            bound = getattr(self, name)
            if type(bound) is not int or not 0 <= bound <= MAX_BOUND:
                raise CovenantError(f"the bound on {name} is {bound!r}; accepted: an integer from 0 to 2**96 - 1")

    @classmethod
    def of(cls, weights: float, judgements: float, norm: str) -> Self:
        """Bounds of real numbers, rounded down, so that nothing is accepted that these would refuse. Infinity is all.

        Systems are rounded too, each entry by less than 1 / SCALE: an agreement exactly at a bound may so fall
        outside. Whoever wants it in widens the bound by `slack`. Raises CovenantError.
        """
        return cls(weights=_bound(weights, norm), judgements=_bound(judgements, norm), norm=norm)

    def capped(self, threshold: int) -> FixedBounds:
        """These bounds, neither above a threshold (at SCALE), as the contract caps them."""
        cap = threshold * _unit(self.norm)
        return FixedBounds(weights=min(self.weights, cap), judgements=min(self.judgements, cap), norm=self.norm)

    def accept(self, own: FixedSystem, other: FixedSystem) -> bool:
        """Whether the contract accepts `other` for whoever declared `own` with these bounds."""
        weights, judgements = distances(self.norm, own, other)
        return weights <= self.weights and judgements <= self.judgements


def norm_code(norm: str) -> int:
    """The contract's number of a norm. Raises CovenantError."""
    try:
        return NORMS[str(norm)]
    except KeyError:
        raise CovenantError(f"there is no norm {norm!r}; there are {', '.join(NORMS)}") from None


def norm_name(code: int) -> str:
    """The norm of a contract's number. Raises CovenantError."""
    for name, number in NORMS.items():
        if number == code:
            return name
    raise CovenantError(f"no norm has the number {code}; they have {', '.join(map(str, NORMS.values()))}")


def distance(norm: str, one: Sequence[int], other: Sequence[int]) -> int:
    """Distance of two rows of entries: at SCALE, under squared-l2 at SCALE². Raises CovenantError."""
    norm_code(norm)
    if len(one) != len(other):
        raise CovenantError(f"rows of {len(one)} and of {len(other)} entries have no distance")
    gaps = [abs(x - y) for x, y in zip(one, other, strict=True)]
    if norm == "l1":
        return sum(gaps)
    if norm == "squared-l2":
        return sum(gap * gap for gap in gaps)
    return max(gaps, default=0)


def distances(norm: str, one: FixedSystem, other: FixedSystem) -> tuple[int, int]:
    """Distances of the (weights, judgements) of two systems, in the unit of `distance`. Raises CovenantError."""
    if (one.m, one.a) != (other.m, other.a):
        raise CovenantError(
            f"systems of {one.m} values and {one.a} actions and of {other.m} and {other.a} have no distance"
        )
    rows = ([entry for row in system.judgements for entry in row] for system in (one, other))
    return distance(norm, one.weights, other.weights), distance(norm, *rows)


def slack(norm: str, m: int, a: int) -> float:
    """By how much rounding both systems may raise a distance, at most, as a real number; for widening a bound."""
    step, entries = 2 / SCALE, m * max(1, a)  # each entry of each system moves by less than 1 / SCALE
    if norm_code(norm) == NORMS["l1"]:
        return entries * step
    # (g + s)² ≤ g² + s·(2g + s), and no gap is above 2.
    return entries * step * (4 + step) if norm == "squared-l2" else step


def _unit(norm: str) -> int:
    """What a threshold at SCALE is multiplied with to be in the unit of a norm's distances."""
    return SCALE if norm == "squared-l2" else 1


def _bound(bound: float, norm: str) -> int:
    norm_code(norm)
    if math.isnan(bound) or bound < 0:
        raise CovenantError(f"a bound is a number from 0 up, not {bound!r}")
    if math.isinf(bound):
        return MAX_BOUND
    return min(MAX_BOUND, math.floor(Fraction(bound) * SCALE * _unit(norm)))


def _check_shape(m: int, a: int) -> None:
    if not 1 <= m <= MAX_VALUES or not 1 <= a <= MAX_ACTIONS:
        raise CovenantError(
            f"{m} values and {a} actions; the registry takes 1 to {MAX_VALUES} values and 1 to {MAX_ACTIONS} actions"
        )


def _finite(name: str, given: ArrayLike, axes: int) -> Any:
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise CovenantError(f"{name} are an array of real numbers: {error}") from error
    if array.ndim != axes or not np.isfinite(array).all():
        raise CovenantError(f"{name} are finite real numbers in {axes} dimensions; got shape {array.shape}")
    return array.tolist()
