"""Federated averaging: every member trains, and the model moves by the weighted mean of their updates.

McMahan et al., "Communication-Efficient Learning of Deep Networks from Decentralized Data", AISTATS 2017.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from headwater.learning.batch import Floats
from headwater.learning.errors import RoundError

NUMBER: Final = 8
"""Bytes of a parameter or of a value on the way: double precision."""


def fedavg(updates: npt.ArrayLike, sizes: npt.ArrayLike) -> Floats:
    """The mean of updates (n, d) by sizes (n,): (d,).

    Raises:
        RoundError: no update, other shapes, numbers that are not finite, sizes below 0 or all 0.
    """
    rows, weights = np.asarray(updates, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    if rows.ndim != 2 or not len(rows) or weights.shape != (len(rows),) or not bool(np.isfinite(rows).all()):
        raise RoundError(f"updates (n, d) are finite and sizes (n,) one each; got {rows.shape} and {weights.shape}")
    if not bool((weights >= 0).all()) or not 0 < float(weights.sum()) < np.inf:
        raise RoundError("sizes are finite, at least 0 and not all 0")
    answer: Floats = weights @ rows / weights.sum()
    return answer


def fedavg_bytes(members: int, dimension: int) -> tuple[int, int]:
    """Bytes of a round, down and up: the model to each member, and an update back. Headers are not counted."""
    return NUMBER * members * dimension, NUMBER * members * dimension
