"""What an update adds to what was known: its part outside the span of everything public when it was committed.

With K the span of what was known, u = p + r splits into p in K, which anybody could have sent, and r at right angles to
K. Only r can earn. Known to a member are the model itself and its last change, the directions that the profiles give
away (gradients of protected and reference losses, axes of frozen features, the cuts of its own projection), the updates
committed in earlier slots of this round, and all that were revealed in the rounds of the window, its own among them:
what a member knows is paid once, or a lucky draw could be sold again and again, and damage be repaired by who did it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from headwater.learning.batch import Floats

TOLERANCE: Final = 1e-6
"""Novelty below this part of an update's length is rounding (the chain's fixed point, for one), and is none."""


@dataclass(frozen=True, eq=False)
class Revealed:
    """An update that everybody has seen: in which round, by whom, and its entries (d,)."""

    round: int
    agent: str
    update: Floats


def basis(vectors: Iterable[Floats], first: Floats, most: int | None = None) -> Floats:
    """Orthonormal rows `first`, (q, d), and further ones that span the vectors too, in order until there are `most`."""
    found = first
    for vector in vectors:
        if most is not None and len(found) >= most:
            break
        length = float(np.linalg.norm(vector))
        if not 0 < length < np.inf:
            continue
        rest = outside(vector / length, found)
        left = float(np.linalg.norm(rest))
        if left > TOLERANCE:
            found = np.vstack([found, rest / left])
    return found


def outside(vector: Floats, rows: Floats) -> Floats:
    """The part of a vector at right angles to orthonormal rows, worked out twice, since once leaves rounding."""
    once = vector - rows.T @ (rows @ vector)
    answer: Floats = once - rows.T @ (rows @ once)
    return answer


def novel_part(
    update: Floats,
    public: Sequence[Floats],
    earlier: Sequence[Floats],
    past: Sequence[Revealed],
    room: int,
    still: Floats,
) -> tuple[Floats, Floats]:
    """The part of an update that can earn, and what was known.

    Args:
        update: (d,), an admissible update.
        public: directions that are everybody's.
        earlier: what was committed in earlier slots of this round.
        past: what was revealed in earlier rounds, the latest first. The latest round counts whole; older ones are taken
            while the rank is below `room`, or a long past would fill the space and leave nobody anything to add.
        room: how many directions may be known, `still` among them, before older rounds are cut.
        still: (q, d), orthonormal rows that change no prediction: known to all.

    Returns:
        (d,), exactly zero where there is nothing new, and orthonormal rows (rank, d).
    """
    latest = max((item.round for item in past), default=0)
    last = [item.update for item in past if item.round == latest]
    known = basis([*public, *earlier, *last], still)
    older = [item.update for item in past if item.round < latest]
    if older and len(known) < room:
        known = basis(older, known, room)
    rest = outside(update, known)
    if float(np.linalg.norm(rest)) <= TOLERANCE * float(np.linalg.norm(update)):
        return np.zeros_like(update), known
    return rest, known
