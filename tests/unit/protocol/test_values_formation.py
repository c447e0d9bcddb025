"""Agreements: everyone's bound holds for what it signs; agreements partition the agents; order does not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from values_cases import alike, graphs, population, populations

from headwater.values import (
    Bounds,
    FormationConfig,
    Norm,
    Population,
    PopulationBounds,
    SocialGraph,
    Utility,
    ValueSystem,
    complete,
    components_of,
    consensus,
    distances,
    form,
    poles,
    sign,
    small_world,
)

RULES = settings(deadline=None, derandomize=True, max_examples=50)
INF = float("inf")
FAST = FormationConfig(rounds=25)
CONFIGS = [FAST, FormationConfig(rounds=25, utility=Utility.ABSOLUTE), FormationConfig(rounds=5, threshold=0.5)]


@RULES
@given(st.data(), populations(), st.sampled_from(CONFIGS))
def test_every_agents_own_bounds_hold_for_the_agreement_it_signs(data, them, config):
    formation = form(them, data.draw(graphs(them.n)), config)
    for agreement in formation.agreements:
        for i in agreement.members.tolist():
            bounds = them.bounds.of(i).capped(config.threshold)
            assert bounds.accept(them.system(i), agreement.system)
    accepted = them.acceptance(formation.vectors, config.threshold)
    assert accepted[np.arange(them.n), formation.home].all()


@RULES
@given(st.data(), populations(), st.sampled_from(CONFIGS))
def test_agreements_partition_the_agents_and_who_is_alone_signs_its_own_system(data, them, config):
    formation = form(them, data.draw(graphs(them.n)), config)
    members = [agreement.members.tolist() for agreement in formation.agreements]
    assert sorted(i for each in members for i in each) == list(range(them.n))
    assert [each[0] for each in members] == sorted(each[0] for each in members)
    for k, each in enumerate(members):
        assert each == sorted(each)
        assert formation.home[each].tolist() == [k] * len(each)
        if len(each) == 1:
            assert formation.agreements[k].system.vector.tolist() == them.vectors[each[0]].tolist()
    assert formation.group_sizes.sum() == them.n


@RULES
@given(st.data(), populations(), st.sampled_from(CONFIGS))
def test_an_agreement_is_its_members_optimum_and_its_members_are_tied(data, them, config):
    graph = data.draw(graphs(them.n))
    formation = form(them, graph, config)
    for agreement in formation.agreements:
        group = them.take(agreement.members)
        goal = consensus(group, config.utility.p).system.vector
        assert agreement.system.vector == pytest.approx(goal, abs=1e-12)
        number = {agent: k for k, agent in enumerate(agreement.members.tolist())}
        inside = [[number[i], number[j]] for i, j in formation.edges.tolist() if i in number and j in number]
        assert components_of(group.n, np.array(inside, dtype=np.int64).reshape(-1, 2)).max() == 0
    for i, j in graph.edges.tolist():
        assert graph.components[i] == graph.components[j]
    # Nothing reaches across components of a graph that is not connected.
    for agreement in formation.agreements:
        assert len(set(graph.components[agreement.members].tolist())) == 1
    assert formation.connected == graph.is_connected


@settings(RULES, max_examples=40)
@given(st.integers(2, 30), st.integers(0, 2**32 - 1), st.sampled_from(list(Norm)), st.sampled_from(list(Utility)))
def test_the_order_of_agents_does_not_matter(n, seed, norm, utility):
    rng = np.random.default_rng(seed)
    them = population(n, seed=seed, norm=norm, bounds=(0.31, 0.97), own_bounds=True)
    graph = SocialGraph.joining(n, rng.integers(0, n, (3 * n, 2)))
    order = rng.permutation(n)
    place = np.argsort(order)
    config = FormationConfig(rounds=25, utility=utility)
    one = form(them, graph, config)
    two = form(them.take(order), SocialGraph.joining(n, place[graph.edges]), config)
    groups = {tuple(sorted(order[agreement.members].tolist())) for agreement in two.agreements}
    assert groups == {tuple(agreement.members.tolist()) for agreement in one.agreements}
    assert two.vectors[two.home[place]] == pytest.approx(one.vectors[one.home], abs=1e-9)


@pytest.mark.parametrize("bound", [0.0, 0.1, INF])
@pytest.mark.parametrize("norm", list(Norm))
@pytest.mark.parametrize("utility", list(Utility))
def test_identical_agents_sign_one_agreement_exactly_their_own_under_any_bounds(bound, norm, utility):
    them = alike(7, Bounds(weights=bound, judgements=bound, norm=norm), [1.0, 3.0, 0.1, 7.0, 1e9, 2.0, 5.0])
    formation = form(them, small_world(7, 4, 0.5, np.random.default_rng(1)), FormationConfig(utility=utility))
    assert len(formation.agreements) == 1
    assert formation.agreements[0].system.vector.tolist() == them.vectors[0].tolist()
    assert formation.signing_rounds == 1


@pytest.mark.parametrize("norm", list(Norm))
@pytest.mark.parametrize(("utility", "p"), [(Utility.SQUARED, 2), (Utility.ABSOLUTE, 1)])
def test_under_infinite_bounds_a_connected_graph_signs_the_consensus_exactly(norm, utility, p):
    them = population(40, seed=8, norm=norm, bounds=(INF, INF))
    formation = form(them, small_world(40, 4, 0.2, np.random.default_rng(1)), FormationConfig(utility=utility))
    assert len(formation.agreements) == 1
    assert formation.agreements[0].system.vector.tolist() == consensus(them, p).system.vector.tolist()


def test_under_infinite_bounds_the_exchange_itself_comes_near_the_consensus():
    them = population(40, seed=8, bounds=(INF, INF))
    graph = small_world(40, 6, 0.3, np.random.default_rng(1))
    gaps = [form(them, graph, FormationConfig(rounds=rounds, tolerance=0)).gap for rounds in (50, 300, 1_500)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 0.15


def test_under_bounds_of_zero_only_agents_with_one_system_meet():
    one, two = ValueSystem([0.5, 0.5], [[0, 0.3]]), ValueSystem([0.25, 0.75], [[0, 0.3]])
    them = Population.of([one, two, one, two, one], Bounds(weights=0, judgements=0, norm=Norm.L1))
    formation = form(them, complete(5))
    assert [agreement.members.tolist() for agreement in formation.agreements] == [[0, 2, 4], [1, 3]]


def test_one_agent_signs_its_own_system():
    for bound in (0.0, INF):
        them = population(1, bounds=(bound, bound))
        formation = form(them, complete(1))
        assert formation.agreements[0].system.vector.tolist() == them.vectors[0].tolist()
        assert formation.converged
        assert formation.connected
        assert formation.gap == 0


def test_without_an_edge_everybody_signs_alone_even_among_equals():
    them = alike(4, Bounds(weights=INF, judgements=INF, norm=Norm.L1))
    formation = form(them, SocialGraph(4, []))
    assert formation.group_sizes.tolist() == [1, 1, 1, 1]
    assert not formation.connected


def camps(*places: float) -> list[ValueSystem]:
    return [ValueSystem([1.0], [[place]]) for place in places]


def test_who_refuses_goes_on_with_those_who_refuse_too():
    # The mean -0.11 is within 0.35 of the three on the left only; the two on the right still have each other.
    them = Population.of(camps(-0.4, -0.4, -0.35, 0.3, 0.3), Bounds(weights=0, judgements=0.35, norm=Norm.L1))
    chain = SocialGraph(5, [[0, 1], [1, 2], [2, 3], [3, 4]])
    agreements, home, rounds = sign(them, chain.edges, FormationConfig())
    assert home.tolist() == [0, 0, 0, 1, 1]
    assert [agreement.system.judgements.item() for agreement in agreements] == pytest.approx([-1.15 / 3, 0.3])
    assert rounds == 2


@pytest.mark.parametrize("norm", list(Norm))
@pytest.mark.parametrize("part", ["weights", "judgements"])
@pytest.mark.parametrize("agent", range(4))
def test_a_bound_at_the_distance_accepts_and_one_ulp_below_refuses(norm, part, agent):
    them = population(4, 3, 2, seed=5, norm=norm, bounds=(INF, INF))
    goal = consensus(them, 2).system.vector
    ends = {"weights": (them.vectors[:, :3], goal[:3]), "judgements": (them.vectors[:, 3:], goal[3:])}
    distance = float(distances(norm, *ends[part])[agent])
    assert distance > 0
    for bound, signatories in ((distance, 4), (np.nextafter(distance, 0), 3)):
        bounds = {each: np.full(4, INF) for each in ends}
        bounds[part][agent] = bound
        bounded = them.with_bounds(PopulationBounds(**bounds, norm=norm))
        agreements, home, _ = sign(bounded, complete(4).edges, FormationConfig())
        assert np.bincount(home).max() == signatories
        assert (np.bincount(home)[home[agent]] == 1) == (signatories == 3)
        assert len(agreements) == 5 - signatories


@pytest.mark.parametrize("norm", list(Norm))
def test_a_threshold_at_the_largest_distance_accepts_and_one_ulp_below_refuses(norm):
    them = population(4, 3, 2, seed=5, norm=norm, bounds=(INF, INF))
    goal = consensus(them, 2).system.vector
    parts = ((them.vectors[:, :3], goal[:3]), (them.vectors[:, 3:], goal[3:]))
    farthest = max(float(distances(norm, *each).max()) for each in parts)
    for threshold, all_sign in ((farthest, True), (float(np.nextafter(farthest, 0)), False)):
        agreements, _, _ = sign(them, complete(4).edges, FormationConfig(threshold=threshold))
        assert (len(agreements) == 1) == all_sign


def test_where_all_refuse_the_group_parts_between_its_poles():
    them = Population.of(camps(-0.5, -0.4, 0.4, 0.5), Bounds(weights=0, judgements=0.2, norm=Norm.L1))
    ring = SocialGraph(4, [[0, 1], [1, 2], [2, 3], [0, 3]])
    agreements, home, rounds = sign(them, ring.edges, FormationConfig())
    assert home.tolist() == [0, 0, 1, 1]
    assert [agreement.system.judgements.item() for agreement in agreements] == pytest.approx([-0.45, 0.45])
    assert rounds == 2


def test_agents_that_differ_by_next_to_nothing_still_part_where_none_yields_anything():
    them = Population.of(camps(0.0, 1e-200, 0.0, 1e-200), Bounds(weights=0, judgements=0, norm=Norm.L1))
    formation = form(them, complete(4))
    assert [agreement.members.tolist() for agreement in formation.agreements] == [[0, 2], [1, 3]]


@RULES
@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_poles_leave_nobody_out_and_neither_side_empty(n, seed):
    rng = np.random.default_rng(seed)
    own = np.round(rng.uniform(-1, 1, (n, 2)), 1)
    if (own == own[0]).all():
        own[0] += 0.1
    side = poles(own, own.mean(axis=0))
    assert side.any()
    assert not side.all()


def test_a_group_that_forms_is_unchanged_by_a_far_camp_that_it_never_meets():
    near, far = population(12, seed=1, camps=1, spread=0.05), population(12, seed=2, camps=1, spread=0.05)
    assert np.abs(near.vectors.mean(axis=0) - far.vectors.mean(axis=0)).sum() > 1
    bounds = Bounds(weights=0.8, judgements=0.9, norm=Norm.L1)
    both = Population.of([them.system(i) for them in (near, far) for i in range(12)], bounds)
    apart = Population.of([near.system(i) for i in range(12)], bounds)
    alone, together = form(apart, complete(12)), form(both, complete(24))
    for agreement in alone.agreements:
        assert any(agreement.members.tolist() == other.members.tolist() for other in together.agreements)


@pytest.mark.parametrize("n", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_very_many_agents_form_agreements_that_each_of_them_accepts(n):
    them = population(n, 3, 2, seed=1, camps=4, bounds=(0.9, 2.5))
    formation = form(them, small_world(n, 6, 0.1, np.random.default_rng(1)))
    under = formation.vectors[formation.home]
    assert (distances(Norm.L1, them.weights, under[:, :3]) <= them.bounds.weights).all()
    assert (distances(Norm.L1, them.judgements.reshape(n, -1), under[:, 3:]) <= them.bounds.judgements).all()
    assert formation.group_sizes.sum() == n
    assert formation.group_sizes.max() > 10
