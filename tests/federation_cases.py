"""A small federation that its tests share: three honest members, and one whose labels are all wrong."""

from __future__ import annotations

import numpy as np

from headwater.learning import (
    Batch,
    Ground,
    Mode,
    NormBound,
    Profile,
    ProtectedLoss,
    ReferenceAccuracy,
    Settings,
    SoftmaxRegression,
)
from headwater_agents.cooperative.behaviour import Local
from headwater_agents.cooperative.flower import Federation

NAMES = ("ada", "bea", "cyd", "mal")
LIAR = "mal"
WIDE = 12
"""Features: more than the directions that members get to know of each other, so that everybody can earn again."""

_LAW = np.random.default_rng(5).normal(size=(WIDE, 2)) * 1.5


def draw(n: int, seed: int, shift: float = 0.0) -> Batch:
    """Examples of one fixed law."""
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(n, WIDE)) + shift
    return Batch(table, (table @ _LAW + rng.gumbel(size=(n, 2))).argmax(axis=1))


def private() -> dict[str, Batch]:
    """Each member's examples; of different number."""
    data = {name: draw(40 + 25 * index, 10 + index, 0.2 * index) for index, name in enumerate(NAMES)}
    data[LIAR] = Batch(data[LIAR].features, 1 - data[LIAR].labels)
    return data


def federation(mode: Mode = Mode.REJECT, rounds: int = 3) -> Federation:
    """Two rules: a group's loss and the accuracy are not to get worse, and nobody moves far."""
    task = SoftmaxRegression(WIDE, 2, l2=0.01)
    return Federation(
        ground=Ground(task=task, groups={"few": draw(60, 2, 0.5)}, references={"plain": draw(80, 3)}),
        theta=task.start(np.random.default_rng(0)),
        members=NAMES,
        profiles=(
            Profile("care", (ProtectedLoss(group="few", tolerance=0.0), NormBound(bound=1.0))),
            Profile("calm", (ReferenceAccuracy(reference="plain", tolerance=0.1),)),
        ),
        validation=draw(120, 1),
        settings=Settings(mode=mode),
        local=Local(rate=0.5, steps=3, size=24),
        rounds=rounds,
        seed=7,
        patience=240.0,
    )
