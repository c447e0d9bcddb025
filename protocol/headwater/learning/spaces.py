"""Constraints at a round's model: half-spaces, a box and a ball, whose intersection is what updates may be.

With θ the round's model,

    protected-loss      ∇L_g(θ) · u ≤ tolerance          the first order of L_g(θ + u) − L_g(θ)
    reference-accuracy  ∇L_r(θ) · u ≤ tolerance          a surrogate: loss for accuracy, which has no slope
    frozen-features     |u_j| ≤ tolerance                exact, a box
    norm linf           |u_j| ≤ bound                    exact, a box
    norm l2             ‖u‖_2 ≤ bound                    exact, a second-order cone

All are convex, so a mean of updates that keep them keeps them. With tolerances of at least 0 they hold u = 0.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from headwater.learning.batch import Floats
from headwater.learning.context import Context
from headwater.learning.errors import UpdateError
from headwater.learning.profile import (
    Constraint,
    FrozenFeatures,
    NormBound,
    Order,
    Profile,
    ProtectedLoss,
    ReferenceAccuracy,
    label,
)

Named = tuple[str, Constraint]


@dataclass(frozen=True, kw_only=True, eq=False)
class HalfSpaces:
    """A convex set of updates: a · u ≤ b, |u_j| ≤ box_j, ‖u‖_2 ≤ ball.

    Attributes:
        a: (c, d), one row for each protected loss and reference, in the order of the profiles.
        b: (c,), their bounds.
        names: (c,), "profile: constraint" for each row.
        box: (d,), at least 0, infinite where nothing is said.
        box_names: (d,), who sets each, empty where nobody does.
        ball: the smallest radius, infinite when there is none.
        ball_name: who sets it.
        frozen: entries that frozen features name, whoever sets their box.
    """

    a: Floats
    b: Floats
    names: tuple[str, ...]
    box: Floats
    box_names: tuple[str, ...]
    ball: float = float("inf")
    ball_name: str = ""
    frozen: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        a, b = np.array(self.a, dtype=np.float64), np.array(self.b, dtype=np.float64)
        box = np.array(self.box, dtype=np.float64)
        if a.ndim != 2 or b.shape != (len(a),) or box.shape != (a.shape[1],) or len(self.names) != len(a):
            raise UpdateError(f"half-spaces have rows (c, d), bounds (c,) and a box (d,); got {a.shape}, {b.shape}")
        if not (np.isfinite(a).all() and np.isfinite(b).all() and (box >= 0).all() and self.ball >= 0):
            raise UpdateError("half-spaces are finite, and a box and a ball are at least 0")
        for name, array in (("a", a), ("b", b), ("box", box)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def dimension(self) -> int:
        """d, how many entries an update has."""
        return int(self.a.shape[1])

    def rows(self) -> tuple[Floats, Floats]:
        """All but the ball as half-spaces: a, then box entries above and below; shapes (c', d) and (c',)."""
        bounded = np.flatnonzero(np.isfinite(self.box))
        unit = np.eye(self.dimension)[bounded]
        return np.vstack([self.a, unit, -unit]), np.concatenate([self.b, self.box[bounded], self.box[bounded]])

    def holds(self, update: Floats, slack: float = 1e-9) -> bool:
        """Whether an update is in the set, up to `slack` in the unit of each bound."""
        return bool(
            (self.a @ update <= self.b + slack).all()
            and (np.abs(update) <= self.box + slack).all()
            and np.linalg.norm(update) <= self.ball + slack
        )

    def normals(self, active: Collection[str] | None = None) -> Floats:
        """Directions that the set gives away, (k, d): the rows, and the axes of frozen features.

        With the names of the constraints that held a projection back: theirs only, which is what its answer tells.
        """
        if active is None:
            return np.vstack([self.a, np.eye(self.dimension)[list(self.frozen)]])
        rows = [index for index, name in enumerate(self.names) if name in active]
        axes = [index for index in self.frozen if self.box_names[index] in active]
        return np.vstack([self.a[rows], np.eye(self.dimension)[axes]])

    def cut(self, a: Sequence[Floats], b: Sequence[float], names: Sequence[str]) -> HalfSpaces:
        """The set with further half-spaces."""
        return HalfSpaces(
            a=np.vstack([self.a, *a]),
            b=np.concatenate([self.b, b]),
            names=(*self.names, *names),
            box=self.box,
            box_names=self.box_names,
            ball=self.ball,
            ball_name=self.ball_name,
            frozen=self.frozen,
        )


def named(profiles: Iterable[Profile]) -> tuple[Named, ...]:
    """Every constraint of every profile with its name, "profile: constraint"."""
    return tuple((f"{profile.name}: {label(c)}", c) for profile in profiles for c in profile.constraints)


def half_spaces(profiles: Iterable[Profile], context: Context) -> HalfSpaces:
    """The set that all profiles together leave, to first order at the round's model (see the module).

    Args:
        profiles: any number; of none, everything is admissible.
        context: the round.

    Raises:
        UpdateError: a profile names a group, a reference or a feature that the context does not have.
    """
    task, d = context.task, context.task.dimension
    rows: list[Floats] = []
    bounds: list[float] = []
    names: list[str] = []
    box, box_names = np.full(d, np.inf), [""] * d
    ball, ball_name = float("inf"), ""
    frozen: set[int] = set()
    for name, constraint in named(profiles):
        match constraint:
            case ProtectedLoss():
                rows.append(task.gradient(context.theta, context.group(constraint.group)))
                bounds.append(float(constraint.tolerance))
                names.append(name)
            case ReferenceAccuracy():
                rows.append(task.gradient(context.theta, context.reference(constraint.reference)))
                bounds.append(float(constraint.tolerance))
                names.append(name)
            case FrozenFeatures():
                frozen.update(frozen_indices(constraint, context))
                for j in frozen_indices(constraint, context):
                    if constraint.tolerance < box[j]:
                        box[j], box_names[j] = constraint.tolerance, name
            case NormBound(order=Order.LINF):
                tighter = box > constraint.bound
                box[tighter] = constraint.bound
                box_names = [name if tighter[j] else old for j, old in enumerate(box_names)]
            case NormBound():
                if constraint.bound < ball:
                    ball, ball_name = float(constraint.bound), name
    return HalfSpaces(
        a=np.array(rows).reshape(-1, d),
        b=np.array(bounds),
        names=tuple(names),
        box=box,
        box_names=tuple(box_names),
        ball=ball,
        ball_name=ball_name,
        frozen=tuple(sorted(frozen)),
    )


def frozen_indices(constraint: FrozenFeatures, context: Context) -> list[int]:
    """The parameters that read the features, ascending. Raises UpdateError for a feature that is not there."""
    found = {int(j) for feature in constraint.features for j in context.task.indices(context.feature(feature))}
    return sorted(found)
