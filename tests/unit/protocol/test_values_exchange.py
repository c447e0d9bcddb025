"""The exchange: one formula for one agent and for all, edges that end for good, and where estimates tend to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from values_cases import alike, graphs, population, populations

from headwater.values import (
    Bounds,
    BoundsError,
    FormationConfig,
    FormationError,
    Norm,
    Population,
    PopulationBounds,
    SocialGraph,
    Utility,
    accepts_estimate,
    complete,
    consensus,
    form,
    nearest,
    relative_sizes,
    small_world,
    step,
)
from headwater.values.exchange import Exchange

RULES = settings(deadline=None, derandomize=True, max_examples=40)
INF = float("inf")


class Agent:
    """An agent that knows itself and what its neighbours send, nothing else."""

    def __init__(self, them: Population, i: int, neighbours: list[int], config: FormationConfig) -> None:
        self.own = self.estimate = them.vectors[i]
        self.bounds = them.bounds.capped(config.threshold).of(i)
        self.size, self.m, self.config = relative_sizes(them)[i], them.m, config
        self.neighbours = set(neighbours)

    def accepts(self, estimate: np.ndarray) -> bool:
        return accepts_estimate(self.bounds, self.own, estimate, self.m)

    def next(self, heard: dict[int, tuple[np.ndarray, int]], t: int) -> np.ndarray:
        names = sorted(self.neighbours)
        weights = np.array([1 / (1 + max(len(self.neighbours), heard[name][1])) for name in names])
        estimates = np.array([heard[name][0] for name in names]).reshape(len(names), len(self.own))
        alpha, utility = self.config.alpha(t), self.config.utility
        return step(self.own, self.estimate, estimates, weights, alpha, self.m, size=self.size, utility=utility)


def among_themselves(
    them: Population, graph: SocialGraph, config: FormationConfig
) -> tuple[np.ndarray, list[list[int]]]:
    """The same rounds, played by agents one by one; estimates and surviving edges."""
    agents = [Agent(them, i, graph.neighbours(i).tolist(), config) for i in range(them.n)]

    def part() -> None:
        edges = [(i, j) for i in range(them.n) for j in agents[i].neighbours if i < j]
        for i, j in edges:
            if not (agents[i].accepts(agents[j].estimate) and agents[j].accepts(agents[i].estimate)):
                agents[i].neighbours.discard(j)
                agents[j].neighbours.discard(i)

    for t in range(config.rounds):
        part()
        heard = {i: (agent.estimate, len(agent.neighbours)) for i, agent in enumerate(agents)}
        for agent, estimate in zip(agents, [agent.next(heard, t) for agent in agents], strict=True):
            agent.estimate = estimate
    part()
    estimates = np.array([agent.estimate if agent.neighbours else agent.own for agent in agents])
    return estimates, [[i, j] for i in range(them.n) for j in sorted(agents[i].neighbours) if i < j]


@settings(RULES, max_examples=40)
@given(st.data(), populations(), st.sampled_from(list(Utility)), st.sampled_from([None, 0.4]))
def test_agents_on_their_own_reach_what_all_at_once_reach(data, them, utility, threshold):
    graph = data.draw(graphs(them.n))
    config = FormationConfig(rounds=20, tolerance=0.0, utility=utility, threshold=threshold)
    exchange = Exchange(them, graph.edges, config)
    exchange.run()
    estimates, edges = among_themselves(them, graph, config)
    assert exchange.edges.tolist() == edges
    assert exchange.estimates == pytest.approx(estimates, abs=1e-12)


@pytest.mark.parametrize(("norm", "bound"), [("l1", 1.0), ("squared-l2", 0.3), ("linf", 0.35)])
def test_edges_end_in_the_very_round_in_which_an_estimate_leaves_a_bound(norm, bound):
    # A chain of opinions, mixed fast and stepping slowly, comes loose at its ends round after round.
    rng = np.random.default_rng(1)
    n, place = 20, np.linspace(-0.9, 0.9, 20)[:, None, None]
    them = Population(
        names=tuple(str(i) for i in range(n)),
        values=("a", "b", "c"),
        actions=("x",),
        judgements=np.clip(place + rng.normal(0, 0.05, (n, 1, 3)), -1, 1),
        weights=rng.dirichlet([9, 9, 9], n),
        sizes=rng.integers(1, 50, n).astype(float),
        bounds=PopulationBounds.uniform(n, Bounds(weights=INF, judgements=bound, norm=Norm(norm))),
    )
    graph = nearest(them.vectors, 3)
    for rounds in (1, 15, 25, 40):
        config = FormationConfig(rounds=rounds, tolerance=0.0, step0=0.05)
        exchange = Exchange(them, graph.edges, config)
        exchange.run()
        estimates, edges = among_themselves(them, graph, config)
        assert exchange.edges.tolist() == edges
        assert exchange.estimates == pytest.approx(estimates, abs=1e-12)
    assert len({entry.edges for entry in exchange.history}) > 8
    alone = np.bincount(exchange.edges.ravel(), minlength=n) == 0
    assert alone.sum() > 2
    assert (exchange.estimates[alone] == them.vectors[alone]).all()


@RULES
@given(st.data(), populations())
def test_estimates_are_value_systems_and_edges_only_go(data, them):
    graph = data.draw(graphs(them.n))
    told = []
    exchange = Exchange(them, graph.edges, FormationConfig(rounds=30, tolerance=0.0))
    exchange.run(lambda done, most: told.append((done, most)))
    weights, judgements = exchange.estimates[:, : them.m], exchange.estimates[:, them.m :]
    assert (weights >= 0).all()
    assert weights.sum(axis=1) == pytest.approx(np.ones(them.n), abs=1e-9)
    assert (np.abs(judgements) <= 1).all()
    standing = [len(graph.edges), *(entry.edges for entry in exchange.history)]
    assert standing == sorted(standing, reverse=True)
    assert {tuple(edge) for edge in exchange.edges.tolist()} <= {tuple(edge) for edge in graph.edges.tolist()}
    assert told == [(t + 1, 30) for t in range(len(exchange.history))]


@RULES
@given(st.data(), populations())
def test_every_edge_that_survives_is_accepted_at_both_ends(data, them):
    graph = data.draw(graphs(them.n))
    exchange = Exchange(them, graph.edges, FormationConfig(rounds=30))
    exchange.run()
    for i, j in exchange.edges.tolist():
        for judge, other in ((i, j), (j, i)):
            assert accepts_estimate(them.bounds.of(judge), them.vectors[judge], exchange.estimates[other], them.m)


@pytest.mark.parametrize("norm", list(Norm))
def test_an_edge_that_breaks_a_bound_at_the_start_is_gone_after_the_first_round(norm):
    them = population(30, seed=5, norm=norm, bounds=(0.2, 0.8), spread=0.4)
    exchange = Exchange(them, complete(30).edges, FormationConfig(rounds=1))
    exchange.run()
    accepted = them.acceptance(them.vectors)
    for i, j in exchange.edges.tolist():
        assert accepted[i, j]
        assert accepted[j, i]
    assert exchange.history[0].edges == int((accepted & accepted.T).sum() - 30) // 2


@pytest.mark.parametrize(("utility", "p", "within"), [(Utility.SQUARED, 2, 0.02), (Utility.ABSOLUTE, 1, 0.05)])
def test_estimates_of_a_group_that_holds_together_tend_to_its_optimum(utility, p, within):
    them = population(9, seed=2, bounds=(INF, INF))
    goal = consensus(them, p).system.vector
    gaps = []
    for rounds in (50, 300, 2_000):
        config = FormationConfig(rounds=rounds, utility=utility, tolerance=0.0, decay=0.8)
        exchange = Exchange(them, complete(9).edges, config)
        exchange.run()
        gaps.append(np.abs(exchange.estimates - goal).max())
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < within


def test_the_larger_agent_pulls_in_proportion_to_its_size():
    them = population(2, seed=1, bounds=(INF, INF))
    exchange = Exchange(them, complete(2).edges, FormationConfig(rounds=3_000, tolerance=0.0, decay=0.8))
    exchange.run()
    mean = them.sizes @ them.vectors / them.sizes.sum()
    assert exchange.estimates == pytest.approx(np.array([mean, mean]), abs=0.01)


def test_components_at_rest_end_the_rounds():
    them = alike(6, Bounds(weights=0, judgements=0, norm=Norm.L1))
    formation = form(them, small_world(6, 2, 0, np.random.default_rng(0)))
    assert formation.converged
    assert formation.rounds < 20
    assert formation.gap < 1e-12


def test_an_agent_left_alone_returns_to_what_it_declared():
    them = population(8, seed=3, bounds=(0.0, 0.0))
    exchange = Exchange(them, complete(8).edges, FormationConfig())
    exchange.run()
    assert not len(exchange.edges)
    assert exchange.converged
    assert (exchange.estimates == them.vectors).all()


def test_the_threshold_caps_every_bound():
    wide = population(20, seed=6, bounds=(INF, INF))
    narrow = wide.with_bounds(Bounds(weights=0.3, judgements=0.3, norm=Norm.L1))
    one = form(wide, complete(20), FormationConfig(threshold=0.3))
    two = form(narrow, complete(20))
    assert one.home.tolist() == two.home.tolist()
    assert (one.estimates == two.estimates).all()
    assert len(one.agreements) > len(form(wide, complete(20)).agreements) == 1


def test_an_agent_without_neighbours_steps_towards_itself():
    own, estimate = np.array([0.5, 0.5, 1.0, 0.0]), np.array([0.25, 0.75, 0.0, 0.0])
    assert step(own, estimate, np.empty((0, 4)), np.empty(0), 1.0, 2) == pytest.approx(own)
    half = step(own, estimate, np.empty((0, 4)), np.empty(0), 1.0, 2, size=0.5)
    assert half.tolist() == [0.375, 0.625, 0.5, 0.0]
    absolute = step(own, estimate, np.empty((0, 4)), np.empty(0), 0.1, 2, utility=Utility.ABSOLUTE)
    assert absolute == pytest.approx([0.35, 0.65, 0.1, 0])
    assert step(own, estimate, np.empty((0, 4)), np.empty(0), 0.3, 2, utility=Utility.ABSOLUTE)[0] == 0.5


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"rounds": 0}, "rounds are an int"),
        ({"rounds": 2.0}, "rounds are an int"),
        ({"rounds": True}, "rounds are an int"),
        ({"step0": 0.0}, "step0"),
        ({"step0": 1.5}, "step0"),
        ({"step0": float("nan")}, "step0"),
        ({"decay": -0.1}, "decay"),
        ({"decay": 1.01}, "decay"),
        ({"tolerance": -1.0}, "tolerance"),
        ({"utility": "cubed"}, "squared, absolute"),
    ],
)
def test_settings_under_which_nothing_forms_are_refused(changes, says):
    with pytest.raises(FormationError, match=says):
        FormationConfig(**changes)


def test_a_threshold_below_zero_and_a_graph_of_other_agents_are_refused():
    with pytest.raises(BoundsError, match="the threshold"):
        FormationConfig(threshold=-0.1)
    with pytest.raises(FormationError, match="4 agents cannot carry a population of 3"):
        form(population(3), complete(4))


def test_steps_decrease_and_are_not_summable():
    for decay in (0.6, 1.0):
        config = FormationConfig(decay=decay)
        steps = [config.alpha(t) for t in range(10_000)]
        assert steps[0] == 0.5
        assert steps == sorted(steps, reverse=True)
        assert sum(steps) > sum(steps[:1_000]) + 1


def test_bounds_of_their_own_part_agents_of_one_system():
    # Who accepts anything and who accepts only itself: the edge needs both.
    them = alike(2, Bounds(weights=INF, judgements=INF, norm=Norm.L1))
    moved = Population(
        names=them.names,
        values=them.values,
        actions=them.actions,
        weights=them.weights,
        judgements=them.judgements + np.array([[[0, 0, 0]], [[0.01, 0, 0]]]),
        sizes=them.sizes,
        bounds=PopulationBounds(weights=np.array([INF, 0]), judgements=np.array([INF, 0]), norm=Norm.L1),
    )
    assert len(form(moved, complete(2)).agreements) == 2
