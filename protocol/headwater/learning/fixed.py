"""Updates, profiles and half-spaces as the UpdateCourt reads them: integers, rounded in favour of the accused.

    entries   û_j = u_j · 1e9, rounded towards zero, so that no norm and no frozen entry grows by rounding
    records   (kind, start, stop, bound): 1 for the Euclidean norm, 2 for the largest entry, over start ≤ j < stop
    rows      â_j = a_j · 1e9 rounded to the nearest, and the bound b̂ at 1e18 rounded up with a slack

        b̂ = ⌈b · 1e18⌉ + ⌈Σ_j |â_j − a_j · 1e9| · reach · 1e9⌉ + ⌈Σ_j |â_j|⌉

so that whoever keeps a · u ≤ b and |u_j| ≤ reach before rounding is never convicted by â · û ≤ b̂. (First the bound,
then what rounding a can add, then what rounding u can add, each û_j being off by less than 1.) A breach by more than
twice the slack / 1e18 can always be shown. Profile numbers have at most nine decimals, so their bounds are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

import numpy as np
import numpy.typing as npt

from headwater.learning.batch import Floats
from headwater.learning.context import Context
from headwater.learning.errors import UpdateError
from headwater.learning.profile import SCALE, FrozenFeatures, NormBound, Order, Profile, units
from headwater.learning.spaces import HalfSpaces, frozen_indices

MAX_DIMENSION: Final = 1_024
MAX_ROWS: Final = 64
NORM_L2, NORM_LINF = 1, 2
_LIMIT: Final = 2**63


@dataclass(frozen=True)
class StaticRecord:
    """A constraint that does not change from round to round: kind 1 or 2, entries from start to before stop, bound at
    1e9.
    """

    kind: int
    start: int
    stop: int
    bound: int


@dataclass(frozen=True)
class FixedRow:
    """A half-space of a round: Σ a_j · û_j ≤ b, a at 1e9, û at 1e9, b at 1e18. name says whose constraint it is."""

    b: int
    a: tuple[int, ...]
    name: str

    def kept(self, entries: Iterable[int]) -> bool:
        """Whether an update in fixed point keeps it, exactly."""
        return sum(a * u for a, u in zip(self.a, entries, strict=True)) <= self.b


def fixed_update(update: npt.ArrayLike) -> tuple[int, ...]:
    """An update (d,) in fixed point, towards zero. Raises UpdateError: not finite, too large, or over 1,024 entries."""
    entries = np.asarray(update, dtype=np.float64)
    if entries.ndim != 1 or not 1 <= entries.size <= MAX_DIMENSION:
        raise UpdateError(f"the chain takes updates of 1 to {MAX_DIMENSION} entries; got shape {entries.shape}")
    return tuple(_whole(float(value), int) for value in entries)


def static_records(profile: Profile, context: Context) -> tuple[StaticRecord, ...]:
    """A profile's norms and frozen features as the court's records; neighbouring entries of one bound share a record.

    Raises:
        UpdateError: a task beyond 1,024 parameters, or a feature that is not there.
    """
    d = context.task.dimension
    if d > MAX_DIMENSION:
        raise UpdateError(f"the chain takes updates of at most {MAX_DIMENSION} entries; the task has {d}")
    found = []
    for constraint in profile.constraints:
        match constraint:
            case NormBound():
                kind = NORM_L2 if constraint.order is Order.L2 else NORM_LINF
                found.append(StaticRecord(kind, 0, d, units(constraint.bound, "a bound", least=0)))
            case FrozenFeatures():
                bound = units(constraint.tolerance, "a tolerance", least=0)
                indices = np.array(frozen_indices(constraint, context))
                for run in np.split(indices, np.flatnonzero(np.diff(indices) > 1) + 1):
                    found.append(StaticRecord(NORM_LINF, int(run[0]), int(run[-1]) + 1, bound))
            case _:
                continue
    return tuple(found)


def charter_rows(spaces: HalfSpaces, reach: float | None = None) -> tuple[FixedRow, ...]:
    """A round's half-spaces as the court's rows (see the module).

    Args:
        spaces: of the round; box and ball are the profile's business, not the charter's.
        reach: largest entry that an update may have; the ball's radius when None.

    Raises:
        UpdateError: no reach and no ball, more than 1,024 entries or 64 rows, or a gradient too large for fixed point.
    """
    limit = spaces.ball if reach is None else reach
    if not 0 < limit < np.inf:
        raise UpdateError(
            "rows are rounded for updates of a known size: a profile bounds the norm, or a reach is given"
        )
    if spaces.dimension > MAX_DIMENSION or len(spaces.names) > MAX_ROWS:
        raise UpdateError(f"the chain takes {MAX_DIMENSION} entries and {MAX_ROWS} half-spaces; got {spaces.a.shape}")
    return tuple(_row(a, float(b), limit, name) for a, b, name in zip(spaces.a, spaces.b, spaces.names, strict=True))


def _row(a: Floats, b: float, reach: float, name: str) -> FixedRow:
    entries = tuple(_whole(float(value), round) for value in a)
    off = sum((abs(Fraction(float(v)) * SCALE - whole) for v, whole in zip(a, entries, strict=True)), Fraction(0))
    slack = ceil(off * Fraction(reach) * SCALE) + sum(abs(whole) for whole in entries)
    return FixedRow(ceil(Fraction(b) * SCALE**2) + slack, entries, name)


def _whole(value: float, rounding: Callable[[Fraction], int]) -> int:
    if not np.isfinite(value):
        raise UpdateError("fixed point takes finite numbers")
    whole = rounding(Fraction(value) * SCALE)
    if not -_LIMIT < whole < _LIMIT:
        raise UpdateError(f"{value:g} is beyond {_LIMIT / SCALE:.3g}, the largest number of the chain's fixed point")
    return whole


def pack_update(entries: Iterable[int]) -> bytes:
    """Entries as the court hashes them: 8 bytes each, signed, big-endian. Raises UpdateError for one too big."""
    try:
        return b"".join(entry.to_bytes(8, "big", signed=True) for entry in entries)
    except OverflowError:
        raise UpdateError("an entry does not fit 8 bytes") from None
