"""What members of the studies ask of an update: four templates, dealt in turn, and one knob for how strict they are.

At strictness s in [0, 1] a tolerance is `loosest · (1 − s)`; a norm's bound falls from `loosest` to `tightest`. At
s = 0 nothing is asked at all. The loosest tolerances are about what a usual first update reaches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from headwater.learning import (
    Context,
    FrozenFeatures,
    NormBound,
    Profile,
    ProtectedLoss,
    ReferenceAccuracy,
    Task,
)
from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.problem import Problem
from headwater_agents.cooperative.tables import Floats

REFERENCE: Final = "reference"
"""Name of the reference rows in profiles."""

DECIMALS: Final = 9


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """The templates' ranges for a data set.

    features: what `blind` leaves alone. loss (nats), drift (of a parameter), accuracy (a share): loosest tolerances.
    widest, tightest: l2 bounds at strictness 0 and 1, in the unit of the parameters.
    """

    features: tuple[str, ...]
    loss: float = 0.02
    drift: float = 0.05
    accuracy: float = 0.02
    widest: float = 0.6
    tightest: float = 0.15


ASKED: Final = {
    "hmda": Asked(features=("afam",)),
    "arrests": Asked(features=("colour",)),
    "rain": Asked(features=("year-sin", "year-cos"), loss=0.01, drift=0.02, widest=0.15, tightest=0.05),
}

TEMPLATES: Final = ("guardian", "blind", "private", "steady")
"""guardian: do not raise the protected group's loss. blind: leave its feature alone. private: stay within a norm.
steady: do not lower accuracy on the reference rows."""


def template(name: str, problem: Problem, strictness: float) -> Profile:
    """One template at a strictness; without constraints at 0. CooperativeError for another name or strictness."""
    if not (np.isfinite(strictness) and 0 <= strictness <= 1):
        raise CooperativeError(f"strictness is {strictness}; accepted: 0 to 1")
    if name not in TEMPLATES:
        raise CooperativeError(f"no template {name!r}; accepted: {', '.join(TEMPLATES)}")
    if strictness == 0:
        return Profile(name)
    asked, left = ASKED[problem.name], 1 - strictness
    match name:
        case "guardian":
            return Profile(name, (ProtectedLoss(group=problem.protected, tolerance=_round(asked.loss * left)),))
        case "blind":
            return Profile(name, (FrozenFeatures(features=asked.features, tolerance=_round(asked.drift * left)),))
        case "private":
            bound = asked.tightest + (asked.widest - asked.tightest) * left
            return Profile(name, (NormBound(bound=_round(bound)),))
        case _:
            return Profile(name, (ReferenceAccuracy(reference=REFERENCE, tolerance=_round(asked.accuracy * left)),))


def deal(problem: Problem, strictness: float) -> dict[str, Profile]:
    """A profile for every member, the templates in turn."""
    return {
        name: template(TEMPLATES[index % len(TEMPLATES)], problem, strictness)
        for index, name in enumerate(problem.members)
    }


def context_of(problem: Problem, task: Task, theta: Floats) -> Context:
    """A round at this model: groups and reference task are those of the problem's reference rows."""
    reference = problem.reference
    return Context(
        task=task,
        theta=theta,
        groups={name: reference.take(mask).batch for name, mask in reference.groups.items() if mask.any()},
        references={REFERENCE: reference.batch},
        feature_names=problem.features,
    )


def _round(value: float) -> float:
    return round(value, DECIMALS)
