"""Populations, graphs and bounds that the tests of values share."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from headwater.values import (
    Bounds,
    Norm,
    Population,
    PopulationBounds,
    SocialGraph,
    complete,
    small_world,
)


def population(
    n: int,
    m: int = 3,
    a: int = 2,
    *,
    seed: int = 0,
    norm: Norm = Norm.L1,
    bounds: tuple[float, float] = (0.5, 2.0),
    camps: int = 3,
    spread: float = 0.2,
    one_size: bool = False,
    coarse: bool = False,
    own_bounds: bool = False,
) -> Population:
    """n agents scattered around a few camps; coarse ones share few different systems, with ties everywhere."""
    rng = np.random.default_rng(seed)
    camp = rng.integers(0, camps, n)
    weights = rng.gamma(rng.dirichlet(np.ones(m), camps)[camp] / spread + 0.05)
    weights /= weights.sum(axis=1, keepdims=True)
    judgements = np.clip(rng.uniform(-0.8, 0.8, (camps, a, m))[camp] + rng.normal(0, spread, (n, a, m)), -1, 1)
    if coarse:
        weights = np.floor(weights * 4) / 4
        weights[:, 0] += 1 - weights.sum(axis=1)
        judgements = np.round(judgements * 2) / 2
    factor = rng.uniform(0, 2, (2, n)) if own_bounds else np.ones((2, n))
    return Population(
        names=tuple(f"agent {i}" for i in range(n)),
        values=tuple(f"value {i}" for i in range(m)),
        actions=tuple(f"action {i}" for i in range(a)),
        weights=weights,
        judgements=judgements,
        sizes=np.ones(n) if one_size else rng.integers(1, 50, n).astype(float),
        bounds=PopulationBounds(weights=bounds[0] * factor[0], judgements=bounds[1] * factor[1], norm=norm),
    )


def alike(n: int, bounds: Bounds, sizes: list[float] | None = None) -> Population:
    """n agents with one system whose entries no binary fraction hits."""
    return Population(
        names=tuple(f"agent {i}" for i in range(n)),
        values=("a", "b", "c"),
        actions=("x",),
        weights=np.tile([0.1, 0.2, 0.7], (n, 1)),
        judgements=np.tile([[0.3, -1 / 3, 0.7]], (n, 1, 1)),
        sizes=np.array(sizes) if sizes else np.ones(n),
        bounds=PopulationBounds.uniform(n, bounds),
    )


@st.composite
def populations(draw: st.DrawFn) -> Population:
    """Small populations of every norm, coarse or fine, with bounds from nothing to everything."""
    bound = st.one_of(st.just(0.0), st.floats(0.01, 3.0), st.just(float("inf")))
    return population(
        draw(st.integers(1, 24)),
        draw(st.integers(1, 4)),
        draw(st.integers(0, 3)),
        seed=draw(st.integers(0, 2**32 - 1)),
        norm=draw(st.sampled_from(list(Norm))),
        bounds=(draw(bound), draw(bound)),
        camps=draw(st.integers(1, 4)),
        spread=draw(st.sampled_from([0.02, 0.2, 0.6])),
        one_size=draw(st.booleans()),
        coarse=draw(st.booleans()),
        own_bounds=False,
    )


@st.composite
def graphs(draw: st.DrawFn, n: int) -> SocialGraph:
    """Any graph on n agents: complete, a small world, random and perhaps not connected, or without an edge."""
    kind = draw(st.sampled_from(["complete", "small world", "random", "empty"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if kind == "complete":
        return complete(n)
    if kind == "small world" and n > 4:
        return small_world(n, 4, 0.3, rng)
    if kind == "random":
        return SocialGraph.joining(n, rng.integers(0, n, (2 * n, 2)))
    return SocialGraph(n, np.empty((0, 2), dtype=np.int64))
