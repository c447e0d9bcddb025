"""A run of processes held against the same in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from headwater.values import Bounds, Population, SocialGraph, form, sign
from headwater_agents.accord.brief import Rules
from headwater_agents.accord.reference import Replay, drops_of, kept_by_both, replay
from headwater_agents.accord.report import LEFT, Report
from headwater_agents.accord.stream import Drop
from headwater_agents.accord.terms import accepts


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Comparison:
    """How far the processes and the memory are apart.

    Attributes:
        estimates: the largest difference of an entry of an agent's last estimate, among agents that ended.
        systems: the same of the systems they signed, among those who signed with the same members.
        edges: whether the same edges survived.
        displaced: numbers of agents that ended with other members than in memory; ascending.
        broken: numbers of agents whose own bound does not hold for what they signed; never any.
        margin: how near to a bound the nearest estimate was that was judged in memory. An edge whose margin is below
            the difference of estimates may fall here and stand there.
        replayed: whether agents left, were killed or were given up, so that memory was told when: estimates and edges
            in memory are then those of `reference.replay`, otherwise those of `form`.
    """

    estimates: float
    systems: float
    edges: bool
    displaced: tuple[int, ...]
    broken: tuple[int, ...]
    margin: float
    replayed: bool

    @property
    def same(self) -> bool:
        """Whether everybody ended in the same agreement, by members and by system (within 1e-9)."""
        return not self.displaced and self.systems <= 1e-9


def compare(
    population: Population,
    graph: SocialGraph,
    rules: Rules,
    reports: Mapping[int, Report],
    killed: Collection[int] = (),
    drops: Mapping[tuple[int, int], Drop] | None = None,
) -> Comparison:
    """Hold what agents reported against the same in memory: `form`, or, where somebody left, its steps with the same
    edges cut in the same rounds, and `sign`.

    Args:
        population: of n agents.
        graph: on as many.
        rules: of the run.
        reports: of the agents that ended, by number.
        killed: who did not. Whoever signed with others before counts as a member.
        drops: what those told of who were killed, as `State.drops` has it.
    """
    config = replace(rules.formation, tolerance=0.0)
    ended = [report for report in reports.values() if report.status != LEFT]
    cut = drops_of(reports.values()) | dict(drops or {})
    replayed = bool(cut or killed) or len(ended) < population.n
    signed = {member for report in ended for member in report.members}
    present = {report.number for report in ended} | (set(killed) & signed)
    played = replay(population, graph, config, cut)
    if replayed:
        estimates = played.estimates
        edges = np.array([pair for pair in sorted(played.edges) if present.issuperset(pair)], dtype=np.int64)
        agreements, home, _ = sign(population, edges.reshape(-1, 2), config)
    else:
        formed = form(population, graph, config)
        estimates, agreements, home = formed.estimates, formed.agreements, formed.home
    systems, displaced = 0.0, []
    for report in ended:
        agreement = agreements[int(home[report.number])]
        if tuple(agreement.members.tolist()) != report.members:
            displaced.append(report.number)
        else:
            systems = max(systems, float(np.abs(agreement.system.vector - report.system).max()))
    differences = [float(np.abs(estimates[report.number] - report.estimate).max()) for report in ended]
    return Comparison(
        estimates=max(differences, default=0.0),
        systems=systems,
        edges=_same_edges(graph, played, ended),
        displaced=tuple(sorted(displaced)),
        broken=tuple(sorted(report.number for report in ended if not _holds(population, rules, report))),
        margin=played.margin,
        replayed=replayed,
    )


def _same_edges(graph: SocialGraph, played: Replay, ended: list[Report]) -> bool:
    telling = {report.number for report in ended}
    there = {pair for pair in played.edges if telling.issuperset(pair)}
    return there == kept_by_both(graph, ended)


def _holds(population: Population, rules: Rules, report: Report) -> bool:
    bounds, number = population.bounds, report.number
    own = Bounds(
        weights=float(bounds.weights[number]), judgements=float(bounds.judgements[number]), norm=bounds.norm
    ).capped(rules.formation.threshold)
    return accepts(own, population.vectors[number], np.array(report.system), population.m)
