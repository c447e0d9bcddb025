"""Made-up populations: a mixture of value clusters with heavy-tailed sizes, up to 100,000 agents and beyond.

    cluster k of K has a share proportional to 1/k (Zipf) and a centre: weights from a flat Dirichlet distribution,
    judgements uniform in [−0.8, 0.8]
    an agent's weights ~ Dirichlet(c · centre), c = 1/spread²; its judgements ~ N(centre, spread²), cut to [−1, 1]
    its size ~ Pareto(α) from 1 on, α = 1.5: a finite mean, an infinite variance
    its place in the unit square: with probability `sorting` around its cluster's home, else anywhere

All draws come from one seed, so a population is named by its parameters.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from headwater.values import Population
from headwater_agents.values.society import Society, SocietyError, unbounded

SOURCE: Final = "made up: a mixture of value clusters with heavy-tailed sizes"
TAIL: Final = 1.5
"""Exponent of the sizes' Pareto distribution."""

MOST: Final = 1_000_000
"""Most agents that are made."""

REACH: Final = 0.12
"""Standard deviation of places around a cluster's home."""


def make_synthetic(
    n: int,
    *,
    clusters: int = 6,
    values: int = 3,
    actions: int = 3,
    spread: float = 0.12,
    sorting: float = 0.7,
    seed: int = 1,
) -> Society:
    """A population of n agents, `values` weights and an `actions` × `values` matrix each.

    Raises SocietyError for numbers outside what is accepted.
    """
    for name, number, low, high in (
        ("agents", n, 1, MOST),
        ("clusters", clusters, 1, 1_000),
        ("values", values, 1, 16),
        ("actions", actions, 1, 16),
    ):
        if not low <= number <= high:
            raise SocietyError(f"{name}: {number}; expected {low} to {high:,}")
    if not 0 < spread <= 1:
        raise SocietyError(f"spread: {spread}; expected a number above 0, up to 1")
    if not 0 <= sorting <= 1:
        raise SocietyError(f"sorting: {sorting}; expected 0 (places say nothing of values) to 1")
    rng = np.random.default_rng(seed)
    centres = rng.dirichlet(np.ones(values), size=clusters)
    views = rng.uniform(-0.8, 0.8, size=(clusters, actions, values))
    homes = rng.uniform(0.1, 0.9, size=(clusters, 2))
    shares = 1 / np.arange(1, clusters + 1)
    kind = rng.choice(clusters, size=n, p=shares / shares.sum())
    # Gamma draws over their sum are a Dirichlet draw, with another centre for every agent.
    raw = rng.standard_gamma(np.maximum(centres[kind] / spread**2, 1e-3)) + 1e-12
    weights = raw / raw.sum(axis=1, keepdims=True)
    judgements = np.clip(views[kind] + rng.normal(0, spread, size=(n, actions, values)), -1, 1)
    sizes = 1 + rng.pareto(TAIL, size=n)
    sorted_in = rng.random(n) < sorting
    places = np.where(sorted_in[:, None], np.clip(rng.normal(homes[kind], REACH), 0, 1), rng.uniform(0, 1, size=(n, 2)))
    return Society(
        name="synthetic",
        title=f"{n:,} made-up agents of {clusters} value clusters",
        source=SOURCE,
        population=Population(
            names=tuple(f"a{index + 1}" for index in range(n)),
            values=tuple(f"value {index + 1}" for index in range(values)),
            actions=tuple(f"action {index + 1}" for index in range(actions)),
            weights=weights,
            judgements=judgements,
            sizes=sizes,
            bounds=unbounded(n),
        ),
        places=places,
        kinds=tuple(f"cluster {index + 1}" for index in kind.tolist()),
    )
