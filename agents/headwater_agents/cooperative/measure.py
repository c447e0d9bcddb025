"""How good a model is, for everybody and for a group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np

from headwater.learning import Task
from headwater.report import Interval, mean_interval
from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.problem import Sample
from headwater_agents.cooperative.tables import Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """A model on rows that it never saw.

    accuracy, loss: share of right answers, mean logarithmic loss (nats), of everybody. group_accuracy, group_loss,
    others_loss: of the protected group and of the rest. gap: group_loss − others_loss, nats. rate_gap: how much more
    often the model predicts the last class (the event) for the group than for the rest, a share.
    """

    accuracy: float
    loss: float
    group_accuracy: float
    group_loss: float
    others_loss: float
    gap: float
    rate_gap: float

    def to_dict(self) -> dict[str, float]:
        """By name."""
        return asdict(self)


def measure(task: Task, theta: Floats, sample: Sample, group: str) -> Quality:
    """Quality of a model on a sample.

    Raises CooperativeError where nobody, or everybody, of the sample is in the group.
    """
    if len(sample.group(group)) == len(sample):
        raise CooperativeError(f"everybody in this part of the data is of group {group!r}: there is no gap to measure")
    mask = sample.groups[group]
    losses = task.losses(theta, sample.batch)
    said = task.predict(theta, sample.features).argmax(axis=1)
    right = said == sample.labels
    event = said == task.classes - 1
    return Quality(
        accuracy=float(right.mean()),
        loss=float(losses.mean()),
        group_accuracy=float(right[mask].mean()),
        group_loss=float(losses[mask].mean()),
        others_loss=float(losses[~mask].mean()),
        gap=float(losses[mask].mean() - losses[~mask].mean()),
        rate_gap=float(event[mask].mean() - event[~mask].mean()),
    )


def group_losses(task: Task, theta: Floats, sample: Sample) -> dict[str, float]:
    """Mean loss (nats) of every group that has somebody in the sample."""
    losses = task.losses(theta, sample.batch)
    return {name: float(losses[mask].mean()) for name, mask in sample.groups.items() if mask.any()}


def over_seeds(values: Iterable[float]) -> Interval:
    """Mean over seeds with its 95% normal interval; infinite bounds for a single seed."""
    return mean_interval(np.asarray(list(values), dtype=np.float64))
