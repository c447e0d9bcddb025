"""What a round's constraints are measured on: the task, the round's model, and the examples that profiles name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from headwater.learning.batch import Batch, Floats
from headwater.learning.errors import UpdateError
from headwater.learning.tasks import Task


@dataclass(frozen=True, kw_only=True, eq=False)
class Context:
    """A round, as a filter sees it. The groups and references are the cooperative's, not a member's.

    Attributes:
        task: what is learnt.
        theta: (d,), the round's model, finite.
        groups: examples by the name that protected-loss gives; a group that is not here, or empty, is refused when a
            profile names it.
        references: examples by the name that reference-accuracy gives.
        feature_names: the features' names in order, or none when profiles give numbers.

    Raises:
        UpdateError: parameters of another shape or not finite, or names that are not one a feature.
    """

    task: Task
    theta: Floats
    groups: Mapping[str, Batch] = field(default_factory=dict)
    references: Mapping[str, Batch] = field(default_factory=dict)
    feature_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        theta = np.array(self.theta, dtype=np.float64)
        if theta.shape != (self.task.dimension,) or not bool(np.isfinite(theta).all()):
            raise UpdateError(f"the round's model has shape ({self.task.dimension},) and is finite; got {theta.shape}")
        names = tuple(self.feature_names)
        if names and (len(names) != self.task.features or len(set(names)) != len(names)):
            raise UpdateError(f"there is one name for each of the {self.task.features} features, no two the same")
        theta.flags.writeable = False
        object.__setattr__(self, "theta", theta)
        object.__setattr__(self, "feature_names", names)
        object.__setattr__(self, "groups", MappingProxyType(dict(self.groups)))
        object.__setattr__(self, "references", MappingProxyType(dict(self.references)))

    def group(self, name: str) -> Batch:
        """The examples of a group. Raises UpdateError when there is none of that name."""
        return _find(self.groups, name, "group")

    def reference(self, name: str) -> Batch:
        """The examples of a reference task. Raises UpdateError when there is none of that name."""
        return _find(self.references, name, "reference")

    def feature(self, feature: str | int) -> int:
        """A feature's number. Raises UpdateError for one that the task does not have."""
        if isinstance(feature, str):
            if feature not in self.feature_names:
                raise UpdateError(f"no feature {feature!r}; there are: {', '.join(self.feature_names) or 'no names'}")
            return self.feature_names.index(feature)
        if not 0 <= feature < self.task.features:
            raise UpdateError(f"no feature {feature}; there are 0 to {self.task.features - 1}")
        return feature


def _find(batches: Mapping[str, Batch], name: str, what: str) -> Batch:
    if name not in batches:
        raise UpdateError(
            f"a profile names the {what} {name!r}, which has no examples; there are: {', '.join(batches)}"
        )
    return batches[name]
