"""The same in memory: all agents in step, by the same `step`, with edges that went as the agents saw them go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headwater.values import Bounds, FormationConfig, Population, SocialGraph
from headwater.values.exchange import accepts_estimate, relative_sizes, step
from headwater.values.norms import Floats, distances
from headwater_agents.accord.report import Report
from headwater_agents.accord.stream import Drop, Ending


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """An exchange in step.

    Attributes:
        estimates: (n, d), as the exchange left them; who is left alone is back at its own.
        edges: the pairs (i, j), i < j, that both ends kept.
        margin: the least distance from a bound at which an estimate was judged after a step; inf if none was.
    """

    estimates: Floats
    edges: frozenset[tuple[int, int]]
    margin: float


def replay(
    population: Population,
    graph: SocialGraph,
    config: FormationConfig,
    drops: Mapping[tuple[int, int], Drop] | None = None,
) -> Replay:
    """The exchange of a whole population by the agents' own `step`, one agent after another.

    Args:
        population: of n agents.
        graph: their edges.
        config: its tolerance is not used: all rounds are run.
        drops: by (judge, other), edges that the judge drops in that round whatever it thinks of the estimate.
    """
    n, m = population.n, population.m
    own, sizes = population.vectors, relative_sizes(population)
    bounds = [_bounds(population, i).capped(config.threshold) for i in range(n)]
    never = config.rounds + 1
    counts = {pair: drop.degree for pair, drop in (drops or {}).items()}
    mixes = {pair: drop.mix for pair, drop in (drops or {}).items()}
    neighbours: list[list[int]] = [[] for _ in range(n)]
    for i, j in graph.edges.tolist():
        neighbours[i].append(j)
        neighbours[j].append(i)
    standing = [sorted(each) for each in neighbours]
    estimates = own.copy()
    margin = np.inf
    for t in range(config.rounds + 1):
        accepted = {(i, j): accepts_estimate(bounds[i], own[i], estimates[j], m) for i in range(n) for j in standing[i]}
        if t:  # before the first step there is nothing that could differ
            margin = min([margin, *(_margin(bounds[i], own[i], estimates[j], m) for i, j in accepted)])
        counted = [
            [j for j in standing[i] if accepted[i, j] and accepted.get((j, i), True) and t < counts.get((i, j), never)]
            for i in range(n)
        ]
        if t == config.rounds:
            standing = counted
            break
        degrees = [len(each) for each in counted]
        following = np.empty_like(estimates)
        for i in range(n):
            mixed = [j for j in counted[i] if t < mixes.get((i, j), never)]
            weights = np.array([1.0 / (1.0 + max(degrees[i], degrees[j])) for j in mixed])
            following[i] = step(
                own[i],
                estimates[i],
                estimates[mixed],
                weights,
                config.alpha(t),
                m,
                size=float(sizes[i]),
                utility=config.utility,
            )
        estimates, standing = following, counted
    both = {(i, j) for i in range(n) for j in standing[i] if i < j and i in standing[j]}
    for i in range(n):
        if not standing[i]:
            estimates[i] = own[i]
    return Replay(estimates, frozenset(both), float(margin))


def drops_of(reports: Iterable[Report]) -> dict[tuple[int, int], Drop]:
    """Edges that did not go by a refused estimate, by (who tells of it, neighbour)."""
    return {
        (report.number, other): drop
        for report in reports
        for other, drop in report.drops.items()
        if drop.reason is not Ending.REFUSED
    }


def kept_by_both(graph: SocialGraph, reports: Sequence[Report]) -> frozenset[tuple[int, int]]:
    """The edges that neither end dropped, and whose ends both told so."""
    by_number = {report.number: report for report in reports}
    return frozenset(
        (i, j)
        for i, j in graph.edges.tolist()
        if i in by_number and j in by_number and j not in by_number[i].drops and i not in by_number[j].drops
    )


def _bounds(population: Population, agent: int) -> Bounds:
    bounds = population.bounds
    return Bounds(weights=float(bounds.weights[agent]), judgements=float(bounds.judgements[agent]), norm=bounds.norm)


def _margin(bounds: Bounds, own: Floats, estimate: Floats, m: int) -> float:
    weights = float(distances(bounds.norm, own[:m], estimate[:m])) - bounds.weights
    judgements = float(distances(bounds.norm, own[m:], estimate[m:])) - bounds.judgements
    # Refused as soon as one part is beyond its bound, so the larger excess decides.
    return abs(max(weights, judgements))
