"""From an agreement on values to a profile: what the members disapprove of is constrained, the more the less it may be.

An agreement is a value system: weights w over values, and judgements M[a, v] of actions by values. An action scores
s_a = Σ_v w_v · M[a, v], in [−1, 1]. A table says which constraint stands for which action, with the tolerance that
indifference would allow. s_a ≥ 0 constrains nothing; below, the tolerance is most · (1 + s_a), so that it falls to zero
as disapproval becomes whole. A norm's bound is scaled in the same way and kept above zero by `least`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from headwater.learning.batch import Floats
from headwater.learning.errors import ProfileError
from headwater.learning.profile import SCALE, Constraint, NormBound, Profile
from headwater.values import ValueSystem

LEAST_BOUND: Final = 1 / SCALE
"""A norm's bound cannot be zero; this is the smallest."""


@dataclass(frozen=True, kw_only=True)
class Template:
    """Which constraint stands for an action.

    constraint: its tolerance (or a norm's bound) is what indifference would allow: `most`, at least 0.
    """

    constraint: Constraint

    def __post_init__(self) -> None:
        if self.most < 0:
            raise ProfileError("a template's tolerance is what indifference allows, at least 0")

    @property
    def most(self) -> float:
        """The tolerance, or the bound of a norm."""
        constraint = self.constraint
        return float(constraint.bound if isinstance(constraint, NormBound) else constraint.tolerance)

    def at(self, score: float) -> Constraint | None:
        """The constraint for a score below 0; None otherwise. Numbers are cut to nine decimals, downwards."""
        if score >= 0:
            return None
        most = int(np.floor(self.most * (1 + score) * SCALE)) / SCALE
        if isinstance(self.constraint, NormBound):
            return replace(self.constraint, bound=max(most, LEAST_BOUND))
        return replace(self.constraint, tolerance=most)


def action_scores(system: ValueSystem) -> Floats:
    """s_a = Σ_v w_v · M[a, v] of every action, (a,), in [−1, 1]."""
    scores: Floats = np.asarray(system.judgements) @ np.asarray(system.weights)
    return np.clip(scores, -1.0, 1.0)


def profile_from_agreement(
    system: ValueSystem, table: Mapping[str, Template], actions: Sequence[str], name: str
) -> Profile:
    """The profile that an agreement stands for.

    Args:
        system: the agreement's weights (m,) and judgements (a, m).
        table: a template for each action that constrains something; actions that are not there constrain nothing.
        actions: (a,), the actions' names, in the order of the judgements.
        name: of the profile.

    Raises:
        ProfileError: not one name an action, a name twice, or a table that names another action.
    """
    scores = action_scores(system)
    if len(actions) != len(scores) or len(set(actions)) != len(actions):
        raise ProfileError(f"there is one name for each of {len(scores)} actions, no two the same; got {list(actions)}")
    unknown = sorted(set(table) - set(actions))
    if unknown:
        raise ProfileError(f"the table names {unknown[0]!r}, which is no action; there are: {', '.join(actions)}")
    found = [table[action].at(float(score)) for action, score in zip(actions, scores, strict=True) if action in table]
    return Profile(name, tuple(dict.fromkeys(constraint for constraint in found if constraint is not None)))
