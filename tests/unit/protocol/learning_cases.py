"""Small rounds that the tests of learning share."""

from __future__ import annotations

import numpy as np

from headwater.learning import (
    Batch,
    Context,
    FrozenFeatures,
    NormBound,
    Profile,
    ProtectedLoss,
    ReferenceAccuracy,
    SoftmaxRegression,
    Task,
)

FEATURES = ("height", "slope", "wind", "cloud")


def draw(n: int, seed: int, shift: float = 0.0, features: int = 4, classes: int = 3) -> Batch:
    """Examples of one fixed law: labels drawn from a softmax of the features; `shift` moves the features."""
    law = np.random.default_rng(99).normal(size=(features, classes)) * 1.5
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(n, features)) + shift
    scores = table @ law + rng.gumbel(size=(n, classes))
    return Batch(table, scores.argmax(axis=1))


def context(task: Task | None = None, seed: int = 0, scale: float = 0.3) -> Context:
    task = SoftmaxRegression(4, 3) if task is None else task
    theta = np.random.default_rng(seed).normal(size=task.dimension) * scale
    return Context(
        task=task,
        theta=theta,
        groups={"women": draw(60, 1, 0.5), "old": draw(40, 2, -0.7)},
        references={"plain": draw(80, 3)},
        feature_names=FEATURES,
    )


def profiles(tolerance: float = 0.0) -> tuple[Profile, ...]:
    return (
        Profile("care", (ProtectedLoss(group="women", tolerance=tolerance), NormBound(bound=0.5))),
        Profile(
            "calm",
            (
                ProtectedLoss(group="old", tolerance=tolerance),
                FrozenFeatures(features=("wind",), tolerance=0.01),
                ReferenceAccuracy(reference="plain", tolerance=0.02),
                NormBound(order="linf", bound=0.3),  # type: ignore[arg-type]
            ),
        ),
    )
