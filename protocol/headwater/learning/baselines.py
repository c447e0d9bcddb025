"""What others would pay: by data volume, by plain leave-one-out and by the plain Shapley value of the weighted mean.

The plain game is v(S) = L(θ) − L(θ + Σ_{i∈S} s_i u_i / Σ_{i∈S} s_i), nats of mean validation loss, v(∅) = 0: everybody
is in, whatever the update does. It pays copies.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from headwater.credit import Credit, FunctionGame, leave_one_out, shapley
from headwater.learning.aggregate import fedavg
from headwater.learning.batch import Batch, Floats
from headwater.learning.errors import RoundError
from headwater.learning.tasks import Task


def mean_game(
    task: Task, theta: Floats, updates: npt.ArrayLike, sizes: npt.ArrayLike, validation: Batch
) -> FunctionGame:
    """The plain game. Raises RoundError for updates (n, d) and sizes (n,) that do not fit, or TaskError."""
    rows, weights = np.asarray(updates, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    fedavg(rows, weights)
    before = task.loss(theta, validation)

    def value(members: npt.NDArray[np.bool_]) -> list[float]:
        return [
            before - task.loss(theta + fedavg(rows[inside], weights[inside]), validation) if inside.any() else 0.0
            for inside in members
        ]

    return FunctionGame(len(rows), value)


def plain_shapley(task: Task, theta: Floats, updates: npt.ArrayLike, sizes: npt.ArrayLike, validation: Batch) -> Credit:
    """The exact Shapley value of the plain game, at most 24 members; raises what `mean_game` and `shapley` do."""
    return shapley(mean_game(task, theta, updates, sizes, validation))


def plain_leave_one_out(
    task: Task, theta: Floats, updates: npt.ArrayLike, sizes: npt.ArrayLike, validation: Batch
) -> Credit:
    """v(N) − v(N without i) of the plain game; raises what `mean_game` does."""
    return leave_one_out(mean_game(task, theta, updates, sizes, validation))


def volume_shares(sizes: npt.ArrayLike) -> Floats:
    """Shares (n,) in proportion to sizes. Raises RoundError unless those are finite, at least 0 and not all 0."""
    volumes = np.asarray(sizes, dtype=np.float64)
    if volumes.ndim != 1 or not (volumes >= 0).all() or not 0 < float(volumes.sum()) < np.inf:
        raise RoundError("sizes are finite, at least 0 and not all 0")
    answer: Floats = volumes / volumes.sum()
    return answer
