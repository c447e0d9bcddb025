"""Value profiles: what an agent lets an update do to the shared model, as constraints with tolerances.

With θ the round's model and u an update, each constraint is a function of u with a bound,

    protected-loss      L_g(θ + u) − L_g(θ) ≤ tolerance      L_g the mean loss over a group's examples, nats
    reference-accuracy  A_r(θ) − A_r(θ + u) ≤ tolerance      A_r the share of right answers on a reference task
    frozen-features     |u_j| ≤ tolerance                    for every parameter j that reads one of the features
    norm                ‖u‖_2 ≤ bound, or ‖u‖_∞ ≤ bound      the privacy budget

A negative tolerance of the first two says that an update must improve by as much. Numbers have at most nine decimals,
so that a profile has one canonical form, the same on every machine and on-chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import ClassVar, Final

from headwater.learning.errors import ProfileError

SCALE: Final = 10**9
"""Units to one: numbers of a profile count in billionths, as everything of the covenant does."""

MAX_CONSTRAINTS: Final = 64


class Kind(StrEnum):
    """The kinds of constraint, as they stand in a profile file."""

    PROTECTED_LOSS = "protected-loss"
    REFERENCE_ACCURACY = "reference-accuracy"
    FROZEN_FEATURES = "frozen-features"
    NORM = "norm"


class Order(StrEnum):
    """Which norm: the Euclidean one (a cone), or the largest entry (half-spaces)."""

    L2 = "l2"
    LINF = "linf"


def units(value: float, what: str, *, least: float) -> int:
    """A number in billionths. Raises ProfileError: more than nine decimals, below `least`, or 2**63 units and more."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ProfileError(f"{what} is a number; got {value!r}")
    try:
        scaled = Decimal(repr(value)) * SCALE
        whole = int(scaled)
    except (InvalidOperation, OverflowError, ValueError):
        raise ProfileError(f"{what} is a finite number; got {value!r}") from None
    if whole != scaled:
        raise ProfileError(f"{what} has at most nine decimals; got {value!r}")
    if value < least or abs(whole) >= 2**63:
        raise ProfileError(f"{what} is from {least:g} to {2**63 / SCALE:.0f}; got {value!r}")
    return whole


def _named(value: object, what: str) -> None:
    if not isinstance(value, str) or not value or len(value) > 64 or value != value.strip() or not value.isprintable():
        raise ProfileError(f"{what} is a name of 1 to 64 printable characters; got {value!r}")


@dataclass(frozen=True, kw_only=True)
class ProtectedLoss:
    """Do not raise the mean loss of a group by more than `tolerance`, nats. Raises ProfileError for a bad field."""

    kind: ClassVar[Kind] = Kind.PROTECTED_LOSS
    group: str
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        _named(self.group, "a group")
        units(self.tolerance, "the tolerance of protected-loss", least=-1e6)


@dataclass(frozen=True, kw_only=True)
class ReferenceAccuracy:
    """Do not lower accuracy on a reference task by more than `tolerance`, a share. ProfileError for a bad field."""

    kind: ClassVar[Kind] = Kind.REFERENCE_ACCURACY
    reference: str
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        _named(self.reference, "a reference")
        units(self.tolerance, "the tolerance of reference-accuracy", least=-1)
        if self.tolerance > 1:
            raise ProfileError(f"the tolerance of reference-accuracy is a share of at most 1; got {self.tolerance}")


@dataclass(frozen=True, kw_only=True)
class FrozenFeatures:
    """Leave the parameters of these features alone, up to `tolerance` each. Raises ProfileError for a bad field.

    features: names (which a context resolves) or numbers from 0, no two the same.
    """

    kind: ClassVar[Kind] = Kind.FROZEN_FEATURES
    features: tuple[str | int, ...]
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        features = tuple(self.features)
        for feature in features:
            if isinstance(feature, bool) or not isinstance(feature, int | str) or feature == "":
                raise ProfileError(f"a feature is a name or a number from 0; got {feature!r}")
            if isinstance(feature, int) and feature < 0:
                raise ProfileError(f"a feature is a name or a number from 0; got {feature}")
        if not features or len(set(features)) != len(features):
            raise ProfileError(f"frozen features are one or more, no two the same; got {list(features)}")
        object.__setattr__(self, "features", features)
        units(self.tolerance, "the tolerance of frozen-features", least=0)


@dataclass(frozen=True, kw_only=True)
class NormBound:
    """Stay within a norm. Raises ProfileError for a bad field. bound: above 0, in the unit of the parameters."""

    kind: ClassVar[Kind] = Kind.NORM
    order: Order = Order.L2
    bound: float

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "order", Order(self.order))
        except ValueError:
            raise ProfileError(f"the order of a norm is l2 or linf; got {self.order!r}") from None
        if units(self.bound, "the bound of a norm", least=0) == 0:
            raise ProfileError("the bound of a norm is above 0")


Constraint = ProtectedLoss | ReferenceAccuracy | FrozenFeatures | NormBound


@dataclass(frozen=True)
class Profile:
    """A named list of constraints, all of which an update has to meet; an empty list admits everything.

    Raises:
        ProfileError: a bad name, something else than constraints, one twice, or more than 64.
    """

    name: str
    constraints: tuple[Constraint, ...] = ()

    def __post_init__(self) -> None:
        _named(self.name, "a profile's name")
        constraints = tuple(self.constraints)
        if any(not isinstance(c, Constraint) for c in constraints):
            raise ProfileError("a profile holds constraints: protected loss, reference accuracy, frozen features, norm")
        if len(set(constraints)) != len(constraints) or len(constraints) > MAX_CONSTRAINTS:
            raise ProfileError(f"a profile holds at most {MAX_CONSTRAINTS} constraints, none of them twice")
        object.__setattr__(self, "constraints", constraints)


def label(constraint: Constraint) -> str:
    """A constraint in words, such as "protected-loss(women) ≤ 0.01"."""
    match constraint:
        case ProtectedLoss():
            return f"{constraint.kind}({constraint.group}) ≤ {constraint.tolerance:g}"
        case ReferenceAccuracy():
            return f"{constraint.kind}({constraint.reference}) ≤ {constraint.tolerance:g}"
        case FrozenFeatures():
            return f"{constraint.kind}({_listed(constraint.features)}) ≤ {constraint.tolerance:g}"
        case NormBound():
            return f"{constraint.kind}({constraint.order}) ≤ {constraint.bound:g}"


def _listed(features: Sequence[str | int]) -> str:
    return ", ".join(str(feature) for feature in features)
