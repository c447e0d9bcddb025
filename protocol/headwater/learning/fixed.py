"""Updates as the chain reads them: integers at 1e9, rounded towards zero, so that no norm grows by rounding.

What they are held to on-chain, and why rounding convicts nobody, is `headwater.covenant.policy`'s.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from headwater.learning.errors import UpdateError
from headwater.learning.profile import SCALE

MAX_DIMENSION: Final = 1_024
_LIMIT: Final = 2**63


def fixed_update(update: npt.ArrayLike) -> tuple[int, ...]:
    """An update (d,) in fixed point, towards zero. Raises UpdateError: not finite, too large, or over 1,024 entries."""
    entries = np.asarray(update, dtype=np.float64)
    if entries.ndim != 1 or not 1 <= entries.size <= MAX_DIMENSION:
        raise UpdateError(f"the chain takes updates of 1 to {MAX_DIMENSION} entries; got shape {entries.shape}")
    return tuple(_whole(float(value)) for value in entries)


def pack_update(entries: Iterable[int]) -> bytes:
    """Entries as the court hashes them: 8 bytes each, signed, big-endian. Raises UpdateError for one too big."""
    try:
        return b"".join(entry.to_bytes(8, "big", signed=True) for entry in entries)
    except OverflowError:
        raise UpdateError("an entry does not fit 8 bytes") from None


def _whole(value: float) -> int:
    if not np.isfinite(value):
        raise UpdateError("fixed point takes finite numbers")
    whole = int(Fraction(value) * SCALE)
    if not -_LIMIT < whole < _LIMIT:
        raise UpdateError(f"{value:g} is beyond {_LIMIT / SCALE:.3g}, the largest number of the chain's fixed point")
    return whole
