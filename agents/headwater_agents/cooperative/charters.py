"""The charter of the rain cooperatives: which constraint stands for which action that an agreement disapproves of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headwater.learning import FrozenFeatures, NormBound, Profile, ProtectedLoss, ReferenceAccuracy
from headwater.learning.charter import Template, profile_from_agreement
from headwater.values import Agreement, Population
from headwater_agents.cooperative.profiles import ASKED, REFERENCE
from headwater_agents.cooperative.society import FAR, HARM, LOWER, USE

TABLE: Final[Mapping[str, Template]] = {
    HARM: Template(constraint=ProtectedLoss(group="summer", tolerance=ASKED["rain"].loss)),
    USE: Template(constraint=FrozenFeatures(features=ASKED["rain"].features, tolerance=ASKED["rain"].drift)),
    FAR: Template(constraint=NormBound(bound=ASKED["rain"].widest)),
    LOWER: Template(constraint=ReferenceAccuracy(reference=REFERENCE, tolerance=ASKED["rain"].accuracy)),
}
"""Each action with the constraint that indifference would allow."""


def charter_of(name: str, agreement: Agreement, population: Population) -> Profile:
    """The profile of an agreement. Raises ProfileError where the charter and the population's actions do not fit."""
    return profile_from_agreement(agreement.system, TABLE, population.actions, name)
