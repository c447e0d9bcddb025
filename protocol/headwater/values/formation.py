"""Agreements form: an exchange of estimates on a social graph, then each group's optimum, put to its members to sign.

Signing makes the one promise: every agent's own bounds hold for the agreement it signs, since it signs nothing else.
The optimum of each component of the surviving graph is put to its members. Where all accept, it stands. Where some
refuse, the ties between those who accept and those who refuse part, and each side's components propose anew; where all
refuse, they part between the two poles (the member farthest from the proposal, and the one farthest from that), each
member going with the nearer pole. Groups only shrink, and whoever is alone signs its own system, so signing ends; an
agreement once signed is never touched again. The agreements partition the agents.

A graph that is not connected forms agreements in each of its components apart: nothing reaches from one to another.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from headwater.values.agreement import Agreement, Formation, FormationConfig, Utility
from headwater.values.errors import FormationError
from headwater.values.exchange import Exchange
from headwater.values.graph import SocialGraph, components_of
from headwater.values.norms import Bools, Floats, Ints, Norm, distances
from headwater.values.optimum import group_means, optimum
from headwater.values.population import Population
from headwater.values.system import ValueSystem


def form(
    population: Population,
    graph: SocialGraph,
    config: FormationConfig | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Formation:
    """The agreements of a population on a social graph (the module says how).

    Args:
        population: of n agents.
        graph: on as many agents; connected or not.
        config: defaults unless given.
        progress: called as `progress(rounds done, most rounds)` after every round of exchange.

    Raises:
        FormationError: a graph on another number of agents.
    """
    if graph.n != population.n:
        raise FormationError(f"a graph on {graph.n} agents cannot carry a population of {population.n}")
    settings = config or FormationConfig()
    exchange = Exchange(population, graph.edges, settings)
    exchange.run(progress)
    labels = components_of(population.n, exchange.edges)
    goals = group_optima(population.vectors, population.m, population.sizes, labels, settings.utility)
    gap = float(np.abs(exchange.estimates - goals[labels]).max())
    agreements, home, signing_rounds = sign(population, exchange.edges, settings)
    return Formation(
        agreements=agreements,
        home=home,
        estimates=exchange.estimates,
        edges=exchange.edges,
        rounds=len(exchange.history),
        converged=exchange.converged,
        gap=gap,
        signing_rounds=signing_rounds,
        connected=graph.is_connected,
        history=tuple(exchange.history),
    )


def sign(population: Population, edges: Ints, config: FormationConfig) -> tuple[tuple[Agreement, ...], Ints, int]:
    """The signing stage alone, on the ties that the exchange left.

    Args:
        population: of n agents.
        edges: (e, 2), surviving ties.
        config: its threshold and utility.

    Returns:
        the agreements by their lowest member; (n,) each agent's; and how many rounds of proposals it took.
    """
    vectors, m = population.vectors, population.m
    bounds = population.bounds.capped(config.threshold)
    systems = vectors.copy()  # what each signs, in the end
    group = np.arange(population.n)  # the lowest member of its group
    agents, ties, rounds = np.arange(population.n), edges, 0
    while len(agents):
        rounds += 1
        labels = components_of(len(agents), ties)
        goals = group_optima(vectors[agents], m, population.sizes[agents], labels, config.utility)
        own, put = vectors[agents], goals[labels]
        accepts = distances(bounds.norm, own[:, :m], put[:, :m]) <= bounds.weights[agents]
        accepts &= distances(bounds.norm, own[:, m:], put[:, m:]) <= bounds.judgements[agents]
        refusals = np.bincount(labels, ~accepts)
        signed = (refusals == 0)[labels]
        systems[agents[signed]] = put[signed]
        lowest = np.zeros(len(goals), dtype=np.int64)
        np.maximum.at(lowest, labels, population.n - agents)
        group[agents[signed]] = population.n - lowest[labels[signed]]
        sides = accepts.copy()
        for label in np.flatnonzero(refusals == np.bincount(labels)).tolist():
            members = np.flatnonzero(labels == label)
            sides[members] = poles(own[members], goals[label])
        goes_on = ~signed
        number = np.cumsum(goes_on) - 1
        stays = goes_on[ties[:, 0]] & (sides[ties[:, 0]] == sides[ties[:, 1]])
        agents, ties = agents[goes_on], number[ties[stays]]
    founders, home = np.unique(group, return_inverse=True)
    order = np.argsort(home, kind="stable")
    groups = np.split(order, np.cumsum(np.bincount(home))[:-1])
    agreements = tuple(
        Agreement(ValueSystem.from_vector(systems[founder], m), _read_only(each))
        for founder, each in zip(founders.tolist(), groups, strict=True)
    )
    return agreements, home.astype(np.int64), rounds


def poles(own: Floats, proposal: Floats) -> Bools:
    """How a group parts all of whom refuse a proposal: who is nearer (linf) to the first pole than to the second.

    Args:
        own: (k, d), the members' systems, not all equal.
        proposal: (d,).

    Returns:
        (k,): True with the member farthest from the proposal, False with the one farthest from that member; the lowest
        index on ties of poles, the first pole on ties of members.
    """
    # In linf two different systems are never 0 apart; squares of tiny gaps vanish, and signing would go round for ever.
    first = own[int(distances(Norm.LINF, own, proposal).argmax())]
    apart = distances(Norm.LINF, own, first)
    second = own[int(apart.argmax())]
    return np.asarray(apart <= distances(Norm.LINF, own, second), dtype=np.bool_)


def group_optima(vectors: Floats, m: int, sizes: Floats, labels: Ints, utility: Utility) -> Floats:
    """(groups, d), the optimum of each group's summed utility: its consensus at the utility's p.

    Args:
        vectors: (n, d), weights then judgements row by row.
        m: number of values.
        sizes: (n,), above zero.
        labels: (n,), from 0, each at least once.
        utility: whose optimum.
    """
    groups = int(labels.max()) + 1
    if utility is Utility.SQUARED:
        return group_means(vectors, m, sizes, labels, groups)
    order = np.argsort(labels, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(labels))[:-1])
    return np.array([optimum(vectors[each], m, sizes[each], utility.p) for each in members])


def _read_only(indices: Ints) -> Ints:
    column = indices.astype(np.int64)
    column.setflags(write=False)
    return column
