"""Examples to learn from and to measure on, and how they are shared out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headwater.learning.errors import TaskError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Batch:
    """Labelled examples, at least one.

    Attributes:
        features: (n, f), finite.
        labels: (n,), classes counted from 0.

    Raises:
        TaskError: no example, numbers that are not finite, labels that are no classes, or lengths that differ.
    """

    features: Floats
    labels: Ints

    def __post_init__(self) -> None:
        features = np.array(self.features, dtype=np.float64)
        given = np.asarray(self.labels)
        if features.ndim != 2 or given.ndim != 1 or len(features) != len(given):
            raise TaskError(
                f"a batch has features (n, f) and labels (n,); got shapes {features.shape} and {given.shape}"
            )
        if not len(features):
            raise TaskError("a batch holds at least one example; got none")
        if not bool(np.isfinite(features).all()):
            raise TaskError("features are finite numbers; got NaN or an infinity")
        labels = given.astype(np.int64)
        if not np.array_equal(labels, given) or int(labels.min()) < 0:
            raise TaskError("labels are whole numbers from 0")
        features.flags.writeable = labels.flags.writeable = False
        object.__setattr__(self, "features", features)
        object.__setattr__(self, "labels", labels)

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: npt.ArrayLike) -> Batch:
        """The examples at `indices`, in that order. Raises TaskError when there is none."""
        at = np.asarray(indices)
        return Batch(self.features[at], self.labels[at])


def join(batches: Sequence[Batch]) -> Batch:
    """All examples in one batch, in the order given. Raises TaskError for none, or for unlike features."""
    if not batches or len({batch.features.shape[1] for batch in batches}) != 1:
        raise TaskError("batches to join have the same number of features, and there is at least one")
    return Batch(np.vstack([b.features for b in batches]), np.concatenate([b.labels for b in batches]))


def split(batch: Batch, shares: Sequence[float], rng: np.random.Generator) -> tuple[Batch, ...]:
    """Shuffles and cuts a batch in parts of about `shares` of it.

    Args:
        batch: n examples, at least as many as parts.
        shares: positive, their sum 1; every part gets at least one example.
        rng: decides who goes where.

    Raises:
        TaskError: other shares, or too few examples.
    """
    portions = np.asarray(shares, dtype=np.float64)
    if portions.ndim != 1 or not portions.size or not bool((portions > 0).all()) or abs(portions.sum() - 1) > 1e-9:
        raise TaskError(f"shares are positive with sum 1; got {list(shares)}")
    if len(batch) < portions.size:
        raise TaskError(f"{len(batch)} examples cannot be cut in {portions.size} parts")
    spare = len(batch) - portions.size
    ends = np.round(np.cumsum(portions) * spare).astype(int) + np.arange(1, portions.size + 1)
    return tuple(batch.take(part) for part in np.split(rng.permutation(len(batch)), ends[:-1]))


def split_skewed(batch: Batch, parts: int, concentration: float, rng: np.random.Generator) -> tuple[Batch, ...]:
    """Cuts a batch in parts with unlike mixes of labels: each label is dealt by a Dirichlet draw of its own.

    Args:
        batch: n examples, at least as many as parts.
        parts: how many; every part gets at least one example.
        concentration: above 0; small is skewed, large is even (Hsu, Qi and Brown, arXiv 1909.06335).
        rng: decides who goes where.

    Raises:
        TaskError: a setting outside its range, or too few examples.
    """
    if parts < 1 or len(batch) < parts or not 0 < concentration < np.inf:
        raise TaskError(f"1 to {len(batch)} parts and a concentration above 0; got {parts} and {concentration}")
    order = rng.permutation(len(batch))
    # One example each first, so that nobody is left with none.
    owner = np.full(len(batch), -1)
    owner[order[:parts]] = np.arange(parts)
    for label in np.unique(batch.labels):
        free = order[(batch.labels[order] == label) & (owner[order] < 0)]
        owner[free] = rng.choice(parts, size=len(free), p=rng.dirichlet(np.full(parts, concentration)))
    return tuple(batch.take(np.flatnonzero(owner == part)) for part in range(parts))
