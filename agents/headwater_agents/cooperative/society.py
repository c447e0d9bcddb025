"""A small society of members with values of their own, from which cooperatives form.

Values: fairness, privacy, accuracy. Actions are what an update may do to the shared model; a judgement says how far an
action promotes a value. An agreement's score of an action, Σ_v w_v · M[a, v], then decides by the charter which
constraints its cooperative has, and how tight they are.

Members come from three camps that weigh values unlike each other and judge actions alike but for noise. The camps are
made up, to show the chain of steps at work; nothing here measures what people hold.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from headwater.values import Bounds, Norm, Population, ValueSystem
from headwater_agents.cooperative.errors import CooperativeError

VALUES: Final = ("fairness", "privacy", "accuracy")
HARM: Final = "raise the protected group's loss"
USE: Final = "use the protected feature"
FAR: Final = "move the model far"
LOWER: Final = "lower accuracy"
ACTIONS: Final = (HARM, USE, FAR, LOWER)

CAMPS: Final = {"fair": (0.6, 0.2, 0.2), "private": (0.15, 0.65, 0.2), "exact": (0.1, 0.1, 0.8)}
"""Weights of the camps over VALUES."""

JUDGEMENTS: Final = ((-1.0, 0.0, 0.2), (-0.9, -0.4, 0.3), (0.0, -1.0, 0.4), (-0.1, 0.0, -1.0))
"""How far each of ACTIONS promotes each of VALUES, in every camp."""


def society(names: tuple[str, ...], rng: np.random.Generator, *, noise: float = 0.05, bound: float = 0.4) -> Population:
    """Members of the camps in turn, with noise, who sign what is within `bound` (l1) of their own weights.

    Args:
        names: one to many.
        rng: draws the noise.
        noise: standard deviation of each weight and judgement before weights are put back on the simplex.
        bound: on the l1 distance of weights, 0 or more; that on judgements is five times as wide, there being more.

    Raises CooperativeError without a name, ValuesError for a bound below 0.
    """
    if not names:
        raise CooperativeError("a society has at least one member")
    if not (np.isfinite(noise) and noise >= 0):
        raise CooperativeError(f"noise is {noise}; it must be a finite number, 0 or more")
    camps = list(CAMPS.values())
    systems = []
    for index in range(len(names)):
        weights = np.abs(np.asarray(camps[index % len(camps)]) + noise * rng.standard_normal(len(VALUES)))
        judgements = np.clip(np.asarray(JUDGEMENTS) + noise * rng.standard_normal((len(ACTIONS), len(VALUES))), -1, 1)
        systems.append(ValueSystem(weights / weights.sum(), judgements))
    return Population.of(
        systems,
        Bounds(weights=bound, judgements=5 * bound, norm=Norm.L1),
        names=names,
        values=VALUES,
        actions=ACTIONS,
    )
