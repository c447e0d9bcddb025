"""How groups merge and split while the threshold moves: strata at every threshold, and who goes from where to where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

FEW: Final = 60
"""Up to so many agents each one is a ribbon of its own, and who is alone a stratum of its own."""

SHOWN: Final = 8
"""Of more agents: the largest agreements of a threshold that get a stratum of their own."""

COLOURED: Final = 10
"""Of more agents: the largest agreements at the reference that get a colour; the others are grey, as those alone."""

ALONE, SMALLER = -1, -2

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """A group at one threshold; `weight` is how many agents it holds, `groups` how many agreements it stands for."""

    weight: int
    groups: int
    words: str


@dataclass(frozen=True, kw_only=True)
class Ribbon:
    """Agents that stay together from one threshold to the next.

    Attributes:
        left, right: their strata before and after, by place in the column.
        weight: how many they are.
        colour: the place of their agreement at the reference threshold in the order of sizes; None for those alone.
        order: ribbons of a stratum stand in this order on the left side and on the right.
    """

    left: int
    right: int
    weight: int
    colour: int | None
    order: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Columns of strata, one for each threshold, with ribbons between neighbours.

    Attributes:
        thresholds: of the columns, increasing.
        agreements: how many agreements there are at each, those of one member included.
        columns: strata from the top down.
        gaps: ribbons from each column to the next.
        reference: the column whose agreements give the colours.
        labels: names at the first column's strata where every agent has a ribbon of its own; empty otherwise.
        letters: at the reference column, each stratum's place in the order of sizes, None for those alone.
    """

    thresholds: tuple[float, ...]
    agreements: tuple[int, ...]
    columns: tuple[tuple[Stratum, ...], ...]
    gaps: tuple[tuple[Ribbon, ...], ...]
    reference: int
    labels: tuple[str, ...]
    letters: tuple[int | None, ...]

    def to_dict(self) -> dict[str, Any]:
        """As a summary keeps it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Flow:
        """From a summary."""
        return cls(
            thresholds=tuple(record["thresholds"]),
            agreements=tuple(record["agreements"]),
            columns=tuple(tuple(Stratum(**each) for each in column) for column in record["columns"]),
            gaps=tuple(
                tuple(Ribbon(**{**each, "order": tuple(each["order"])}) for each in gap) for gap in record["gaps"]
            ),
            reference=record["reference"],
            labels=tuple(record["labels"]),
            letters=tuple(record["letters"]),
        )


def make_flow(
    thresholds: Sequence[float],
    homes: Sequence[Labels],
    groups: Sequence[int | None],
    reference: int,
    names: Sequence[str],
    along: npt.NDArray[np.float64],
) -> Flow:
    """The flow of agents between the agreements of several thresholds.

    Args:
        thresholds: increasing, one a column.
        homes: for each threshold the agreement of every agent, shape (n,).
        groups: (n,), the place of each one's agreement at the reference in the order of sizes; None for those alone.
        reference: the column that gives the colours.
        names: of agents.
        along: (n,), a number by which groups are put in order, such as a score: alike ones come to stand together.
    """
    n = len(names)
    few = n <= FEW
    keys = [_strata(home, few) for home in homes]
    order = _order(keys, along)
    ranks = [_ranks(key, order) for key in keys]
    columns = tuple(
        tuple(_stratum(key, rank, place, home) for place in range(int(rank.max()) + 1))
        for key, rank, home in zip(keys, ranks, homes, strict=True)
    )
    most = n if few else COLOURED
    shade = np.array([-1 if group is None or group >= most else group for group in groups], dtype=np.int64)
    gaps = []
    for left, right in pairwise(ranks):
        if few:
            found = [
                Ribbon(left=int(a), right=int(b), weight=1, colour=_colour(int(c)), order=(int(o), int(o)))
                for a, b, c, o in zip(left, right, shade, order, strict=True)
            ]
        else:
            pairs = Counter(zip(left.tolist(), right.tolist(), shade.tolist(), strict=True))
            found = [
                Ribbon(left=a, right=b, weight=weight, colour=_colour(c), order=(b * 100 + c % 100, a * 100 + c % 100))
                for (a, b, c), weight in sorted(pairs.items())
            ]
        gaps.append(tuple(found))
    first = np.argsort(order)
    alone_first = int(ranks[0].max()) + 1 == n
    return Flow(
        thresholds=tuple(map(float, thresholds)),
        agreements=tuple(np.unique(home).size for home in homes),
        columns=columns,
        gaps=tuple(gaps),
        reference=reference,
        labels=tuple(names[i] for i in first.tolist()) if few and alone_first else (),
        letters=_letters(keys[reference], ranks[reference], shade),
    )


def _strata(home: Labels, few: bool) -> Labels:
    """The key of each agent's stratum: its agreement, or a collective one for the many small ones."""
    if few:
        return home.astype(np.int64)
    groups, inverse, count = np.unique(home, return_inverse=True, return_counts=True)
    key = np.where(count == 1, ALONE, SMALLER)
    largest = np.argsort(-count, kind="stable")[:SHOWN]
    largest = largest[count[largest] > 1]
    key[largest] = groups[largest]
    return key[inverse].astype(np.int64)


def _order(keys: Sequence[Labels], along: npt.NDArray[np.float64]) -> Labels:
    """Places of agents in one order from the top down that keeps every column's strata together as far as they nest.

    Agents are sorted by their stratum in the last column, then in the one before, and so on; strata by the mean of
    `along`, high first. Collective strata come last.
    """
    sort_keys: list[npt.NDArray[np.float64]] = [-along]
    for key in keys:
        _, inverse = np.unique(key, return_inverse=True)
        mean = np.bincount(inverse, along) / np.bincount(inverse)
        sort_keys.append(np.where(key < 0, 1e6 - key, -mean[inverse]))
    order = np.empty(along.size, dtype=np.int64)
    order[np.lexsort(sort_keys)] = np.arange(along.size)
    return order


def _ranks(key: Labels, order: Labels) -> Labels:
    """The place of each agent's stratum in its column, from the top down."""
    _, inverse = np.unique(key, return_inverse=True)
    mean = np.bincount(inverse, order) / np.bincount(inverse)
    low = np.bincount(inverse, key) / np.bincount(inverse) < 0
    rank = np.empty(mean.size, dtype=np.int64)
    rank[np.lexsort((mean, low))] = np.arange(mean.size)
    return rank[inverse].astype(np.int64)


def _stratum(key: Labels, rank: Labels, place: int, home: Labels) -> Stratum:
    inside = rank == place
    weight, kind = int(inside.sum()), int(key[inside][0])
    words = "alone" if kind == ALONE else "smaller" if kind == SMALLER else ""
    return Stratum(weight=weight, groups=np.unique(home[inside]).size, words=words)


def _letters(key: Labels, rank: Labels, shade: Labels) -> tuple[int | None, ...]:
    found: list[int | None] = []
    for place in range(int(rank.max()) + 1):
        inside = rank == place
        found.append(None if key[inside][0] < 0 else _colour(int(shade[inside][0])))
    return tuple(found)


def _colour(group: int) -> int | None:
    return None if group < 0 else group
