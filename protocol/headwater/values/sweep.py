"""Agreements over bounds at the quantiles of pairwise distance, and over a sweep of the governed threshold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from headwater.values.agreement import Formation, FormationConfig
from headwater.values.consensus import consensus
from headwater.values.errors import ValuesError
from headwater.values.formation import form
from headwater.values.graph import SocialGraph
from headwater.values.measures import Measures, measures, utilities
from headwater.values.norms import Floats, Norm, distances
from headwater.values.population import Population
from headwater.values.system import Bounds

QUARTILES: Final = (0.25, 0.5, 0.75)
MAX_PAIRS: Final = 2_000_000
_CHUNK: Final = 1 << 17

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class SweepPoint:
    """What formed at one setting.

    Attributes:
        bounds: the bounds everybody had; None where each kept its own.
        threshold: the cap on all bounds, if any.
        formation: all of it.
        measures: under the home agreements.
    """

    bounds: Bounds | None
    threshold: float | None
    formation: Formation
    measures: Measures


def pair_distances(
    population: Population, norm: Norm, rng: np.random.Generator | None = None, most: int = MAX_PAIRS
) -> tuple[Floats, Floats]:
    """Distances of pairs of agents, over the weights and over the judgements.

    Args:
        population: of n agents.
        norm: which.
        rng: draws `most` pairs with replacement where there are more than that.
        most: pairs to take at most.

    Returns:
        (pairs,), (pairs,); empty for one agent.

    Raises:
        ValuesError: more pairs than `most` and no rng.
    """
    n = population.n
    total = n * (n - 1) // 2
    if total <= most:
        first, second = np.triu_indices(n, 1)
    elif rng is None:
        raise ValuesError(f"{n:,} agents make {total:,} pairs; to draw {most:,} of them takes a random generator")
    else:
        first = rng.integers(0, n, most)
        second = (first + rng.integers(1, n, most)) % n
    flat = population.judgements.reshape(n, -1)
    columns = []
    for part in (population.weights, flat):
        column = np.empty(len(first))
        for start in range(0, len(first), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            column[chunk] = distances(norm, part[first[chunk]], part[second[chunk]])
        columns.append(column)
    return columns[0], columns[1]


def quantile_bounds(
    population: Population,
    norm: Norm,
    quantiles: Sequence[float] = QUARTILES,
    rng: np.random.Generator | None = None,
) -> tuple[Bounds, ...]:
    """Bounds at these quantiles of pairwise distance, each part its own; 0 for one agent, who has no pair.

    Raises:
        ValuesError: a quantile outside [0, 1], or too many pairs to take all and no rng.
    """
    if not all(0 <= quantile <= 1 for quantile in quantiles):
        raise ValuesError(f"quantiles lie in [0, 1]; got {list(quantiles)}")
    weights, judgements = pair_distances(population, norm, rng)
    if not len(weights):
        return tuple(Bounds(weights=0.0, judgements=0.0, norm=norm) for _ in quantiles)
    cuts = zip(np.quantile(weights, quantiles), np.quantile(judgements, quantiles), strict=True)
    return tuple(Bounds(weights=float(one), judgements=float(two), norm=norm) for one, two in cuts)


def baseline(population: Population, p: float, norm: Norm = Norm.L1) -> Measures:
    """What the single consensus at p is worth to individuals."""
    vector = consensus(population, p).system.vector
    return measures(population, utilities(population, vector, norm))


def sweep_bounds(
    population: Population,
    graph: SocialGraph,
    bounds: Sequence[Bounds],
    config: FormationConfig | None = None,
    *,
    norm: Norm = Norm.L1,
    progress: Progress | None = None,
) -> tuple[SweepPoint, ...]:
    """Agreements with everybody under each of these bounds in turn.

    Args:
        population: of n agents; its own bounds do not matter.
        graph: whom they meet.
        bounds: for instance `quantile_bounds`.
        config: as for `form`.
        norm: the yardstick of utilities.
        progress: called as `progress(rounds done, most rounds)` over all points.
    """
    settings = config or FormationConfig()
    points = []
    for index, bound in enumerate(bounds):
        tell = _part(progress, index, len(bounds))
        points.append(_point(population.with_bounds(bound), graph, bound, settings, norm, tell))
    return tuple(points)


def sweep_threshold(
    population: Population,
    graph: SocialGraph,
    thresholds: Sequence[float],
    config: FormationConfig | None = None,
    *,
    norm: Norm = Norm.L1,
    progress: Progress | None = None,
) -> tuple[SweepPoint, ...]:
    """Agreements with everybody's own bounds capped at each of these thresholds in turn; else as `sweep_bounds`."""
    settings = config or FormationConfig()
    points = []
    for index, threshold in enumerate(thresholds):
        tell = _part(progress, index, len(thresholds))
        points.append(_point(population, graph, None, replace(settings, threshold=threshold), norm, tell))
    return tuple(points)


def _point(
    population: Population,
    graph: SocialGraph,
    bounds: Bounds | None,
    config: FormationConfig,
    norm: Norm,
    progress: Progress | None,
) -> SweepPoint:
    formation = form(population, graph, config, progress=progress)
    worth = utilities(population, formation.vectors[formation.home], norm)
    return SweepPoint(bounds, config.threshold, formation, measures(population, worth, formation.home))


def _part(progress: Progress | None, index: int, count: int) -> Progress | None:
    if progress is None:
        return None

    def tell(done: int, most: int) -> None:
        progress(index * most + done, count * most)

    return tell
