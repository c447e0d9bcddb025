"""From an agreement to its profile: what each action's score makes of the constraint that stands for it.

s_a = Σ_v w_v · M[a, v] < 0    the constraint of action a, its tolerance or bound times 1 + s_a
s_a ≥ 0                        none
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from headwater.learning import Constraint, FrozenFeatures, NormBound, Profile, ProtectedLoss, ReferenceAccuracy
from headwater.values import Agreement, Population
from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.profiles import ASKED, DECIMALS, REFERENCE
from headwater_agents.cooperative.society import FAR, HARM, LOWER, USE

TABLE: Final[Mapping[str, Constraint]] = {
    HARM: ProtectedLoss(group="summer", tolerance=ASKED["rain"].loss),
    USE: FrozenFeatures(features=ASKED["rain"].features, tolerance=ASKED["rain"].drift),
    FAR: NormBound(bound=ASKED["rain"].widest),
    LOWER: ReferenceAccuracy(reference=REFERENCE, tolerance=ASKED["rain"].accuracy),
}
"""The charter for rain: each action with the loosest constraint that stands for it."""


def charter_of(name: str, agreement: Agreement, population: Population) -> Profile:
    """The profile of an agreement. Raises CooperativeError for an action that the charter does not know."""
    if unknown := [action for action in population.actions if action not in TABLE]:
        raise CooperativeError(f"the charter has no constraint for the action {unknown[0]!r}")
    scores = zip(population.actions, agreement.system.scores().tolist(), strict=True)
    return Profile(name, tuple(_tightened(TABLE[action], score) for action, score in scores if score < 0))


def _tightened(constraint: Constraint, score: float) -> Constraint:
    left = 1 + score
    if isinstance(constraint, NormBound):
        return replace(constraint, bound=max(10.0**-DECIMALS, round(constraint.bound * left, DECIMALS)))
    return replace(constraint, tolerance=round(constraint.tolerance * left, DECIMALS))
