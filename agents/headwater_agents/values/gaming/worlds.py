"""Worlds in which somebody lies about its values: value clusters, one of whose cooperatives is worth belonging to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from headwater.values import (
    Formation,
    FormationConfig,
    Norm,
    Population,
    PopulationBounds,
    SocialGraph,
    complete,
    form,
    pair_distances,
    utilities,
)
from headwater_agents.values.synthetic import make_synthetic

CLUSTERS: Final = 3
_REACH: Final = 0.3  # quantile of pairwise distance at which bounds stand: about the width of a cluster
_SPREAD: Final = (0.7, 1.3)


@dataclass(frozen=True, eq=False, kw_only=True)
class LyingWorld:
    """Agents who know each other, what they sign if nobody lies, and two of whom each may lie.

    Attributes:
        population: n agents as they truly are, with their true bounds.
        graph: who knows whom.
        formation: what they sign when everybody tells the truth.
        utility: (n,), of what each signs then.
        rich: (n,), who is of the cluster whose cooperative earns.
        insider: an agent of that cluster and that cooperative.
        outsider: an agent of neither.
        config: how agreements form.
    """

    population: Population
    graph: SocialGraph
    formation: Formation
    utility: npt.NDArray[np.float64]
    rich: npt.NDArray[np.bool_]
    insider: int
    outsider: int
    config: FormationConfig


def lying_world(seed: int, n: int = 45, config: FormationConfig | None = None) -> LyingWorld:
    """A world drawn from a seed: three value clusters of agents of equal size, the largest of which is the rich one.

    Bounds differ between agents: 0.7 to 1.3 times the 30% quantile of pairwise distance (l_1), so that groups are
    about the clusters. Everybody knows everybody, which is when a lie reaches farthest. Draws in which nobody stands
    outside the rich cooperative or nobody in it are drawn anew.
    """
    rng = np.random.default_rng([seed, n, 5])
    settings = config or FormationConfig()
    while True:
        society = make_synthetic(n, clusters=CLUSTERS, spread=0.12, seed=int(rng.integers(2**31)))
        kinds = np.array(society.kinds)
        names, counts = np.unique(kinds, return_counts=True)
        rich = kinds == names[counts.argmax()]
        free = replace(society.population, sizes=np.ones(n))
        weights, judgements = (np.quantile(part, _REACH) for part in pair_distances(free, Norm.L1))
        bounds = PopulationBounds(
            weights=weights * rng.uniform(*_SPREAD, n), judgements=judgements * rng.uniform(*_SPREAD, n), norm=Norm.L1
        )
        population, graph = free.with_bounds(bounds), complete(n)
        formation = form(population, graph, settings)
        signed = formation.home == cooperative(formation, rich)
        insiders, outsiders = np.flatnonzero(rich & signed), np.flatnonzero(~rich & ~signed)
        if len(insiders) > 1 and len(outsiders):
            break
    return LyingWorld(
        population=population,
        graph=graph,
        formation=formation,
        utility=utilities(population, formation.vectors[formation.home]),
        rich=rich,
        insider=int(rng.choice(insiders)),
        outsider=int(rng.choice(outsiders)),
        config=settings,
    )


def cooperative(formation: Formation, rich: npt.NDArray[np.bool_]) -> int:
    """The agreement that most of the rich cluster signed; the lowest number on ties. `rich`: shape (n,)."""
    return int(np.bincount(formation.home[: len(rich)][rich], minlength=len(formation.agreements)).argmax())
