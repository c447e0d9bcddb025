"""Constraints as they are meant, not to first order: the value of each on an update, beside its bound."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from headwater.learning.batch import Floats
from headwater.learning.context import Context
from headwater.learning.profile import FrozenFeatures, NormBound, Order, Profile, ProtectedLoss, ReferenceAccuracy
from headwater.learning.spaces import HalfSpaces, frozen_indices, half_spaces, named
from headwater.learning.tasks import accuracy

SLACK: Final = 1e-9
"""What rounding may add to a value before it counts as broken: one unit of the chain's fixed point."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One constraint on one update.

    name: "profile: constraint". form: "exact", or "first-order" for the half-space of a loss. value and bound in the
    constraint's unit. kept: value ≤ bound + 1e-9.
    """

    name: str
    form: str
    value: float
    bound: float

    @property
    def kept(self) -> bool:
        """Whether the constraint is met, up to rounding."""
        return self.value <= self.bound + SLACK


def check(
    update: Floats, profiles: Iterable[Profile], context: Context, spaces: HalfSpaces | None = None
) -> tuple[Check, ...]:
    """Every constraint of every profile on an update: the half-spaces first, then the functions themselves.

    Args:
        update: (d,), finite.
        profiles: any number.
        context: the round.
        spaces: `half_spaces(profiles, context)`, when it is known already.

    Raises:
        UpdateError: a profile names a group, a reference or a feature that the context does not have.
    """
    profiles = tuple(profiles)
    known = half_spaces(profiles, context) if spaces is None else spaces
    found = [
        Check(name=name, form="first-order", value=float(a @ update), bound=float(b))
        for name, a, b in zip(known.names, known.a, known.b, strict=True)
    ]
    for name, constraint in named(profiles):
        value, bound = measure(constraint, update, context)
        found.append(Check(name=name, form="exact", value=value, bound=bound))
    return tuple(found)


def measure(
    constraint: ProtectedLoss | ReferenceAccuracy | FrozenFeatures | NormBound, update: Floats, context: Context
) -> tuple[float, float]:
    """A constraint's own function on an update, and its bound. Raises UpdateError as `check` does."""
    task, theta = context.task, context.theta
    match constraint:
        case ProtectedLoss():
            group = context.group(constraint.group)
            return task.loss(theta + update, group) - task.loss(theta, group), float(constraint.tolerance)
        case ReferenceAccuracy():
            seen = context.reference(constraint.reference)
            return accuracy(task, theta, seen) - accuracy(task, theta + update, seen), float(constraint.tolerance)
        case FrozenFeatures():
            return float(np.abs(update[frozen_indices(constraint, context)]).max()), float(constraint.tolerance)
        case NormBound(order=Order.LINF):
            return float(np.abs(update).max()), float(constraint.bound)
        case NormBound():
            return float(np.linalg.norm(update)), float(constraint.bound)
