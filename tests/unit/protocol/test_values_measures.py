"""What agreements are worth: utility, inequality, overlap and sweeps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from values_cases import alike, graphs, population, populations

from headwater.values import (
    Agreement,
    Bounds,
    FormationConfig,
    FormationError,
    Norm,
    Population,
    PopulationError,
    ValuesError,
    ValueSystem,
    baseline,
    complete,
    consensus,
    distances,
    form,
    gini,
    measures,
    overlap,
    pair_distances,
    quantile_bounds,
    sweep_bounds,
    sweep_threshold,
    utilities,
)

RULES = settings(deadline=None, derandomize=True, max_examples=40)
INF = float("inf")
FAST = FormationConfig(rounds=20)


@RULES
@given(populations(), st.sampled_from(list(Norm)), st.integers(0, 2**32 - 1))
def test_utility_is_one_at_home_at_least_zero_and_concave(them, norm, seed):
    rng = np.random.default_rng(seed)
    one, two = them.vectors[rng.permutation(them.n)], them.vectors[rng.permutation(them.n)]
    assert utilities(them, them.vectors, norm).tolist() == [1] * them.n
    between = utilities(them, (one + two) / 2, norm)
    assert (between >= (utilities(them, one, norm) + utilities(them, two, norm)) / 2 - 1e-12).all()
    assert (between >= 0).all()
    assert (between <= 1).all()


def test_utility_is_zero_at_the_farthest_system_and_leaves_out_a_part_that_cannot_differ():
    bounds = Bounds(weights=INF, judgements=INF, norm=Norm.L1)
    one, two = ValueSystem([1, 0], [[1, -1]]), ValueSystem([0, 1], [[-1, 1]])
    for norm in Norm:
        assert utilities(Population.of([one], bounds), two.vector, norm).tolist() == [0]
        only_weights = Population.of([ValueSystem([1, 0], np.empty((0, 2)))], bounds)
        assert utilities(only_weights, [0.5, 0.5], norm) == pytest.approx([0.75 if norm is Norm.SQUARED_L2 else 0.5])
        only_judgements = Population.of([ValueSystem([1], [[1]])], bounds)
        assert utilities(only_judgements, [1, 0], norm) == pytest.approx([0.75 if norm is Norm.SQUARED_L2 else 0.5])
        assert utilities(Population.of([ValueSystem([1], np.empty((0, 1)))], bounds), [1.0], norm).tolist() == [1]
    with pytest.raises(PopulationError, match="of the shape"):
        utilities(Population.of([one, two], bounds), np.zeros((3, 4)))
    with pytest.raises(PopulationError, match="finite"):
        utilities(Population.of([one, two], bounds), np.full(4, np.nan))


@RULES
@given(st.lists(st.tuples(st.floats(0, 10), st.integers(1, 9)), min_size=1, max_size=20))
def test_gini_is_the_mean_difference_of_pairs_of_people(pairs):
    values, sizes = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    shares = sizes / sizes.sum()
    mean = shares @ values
    gaps = np.abs(values[:, None] - values[None])
    plain = shares @ gaps @ shares / (2 * mean) if mean > 0 else 0
    assert gini(values, sizes) == pytest.approx(plain, abs=1e-9)
    everyone = np.repeat(values, sizes.astype(int))
    assert gini(everyone, np.ones(len(everyone))) == pytest.approx(gini(values, sizes), abs=1e-9)


def test_measures_count_people_by_size_and_groups_by_agents():
    them = population(4, seed=1)
    sizes = them.sizes / them.sizes.sum()
    got = measures(them, [0.5, 1.0, 0.25, 0.0], [0, 7, 0, 3])
    assert (got.groups, got.alone, got.largest, got.worst) == (3, 2, 2, 0.0)
    assert got.mean == pytest.approx(sizes @ [0.5, 1.0, 0.25, 0.0])
    assert got.largest_people == pytest.approx(sizes[0] + sizes[2])
    assert measures(them, np.ones(4)).groups == 1
    assert measures(them, np.zeros(4)).gini == 0
    for wrong in ([1.0] * 3, [1, 1, 1, -0.1], [1, 1, 1, np.nan]):
        with pytest.raises(PopulationError, match="utilit"):
            measures(them, wrong)
    with pytest.raises(PopulationError, match="Gini"):
        gini([1.0, -1.0], [1.0, 1.0])


@RULES
@given(st.data(), populations(), st.sampled_from([None, 0.4]))
def test_an_agent_signs_exactly_what_it_accepts_and_is_never_worse_off_for_it(data, them, threshold):
    config = FormationConfig(rounds=20, threshold=threshold)
    formation = form(them, data.draw(graphs(them.n)), config)
    got = overlap(them, formation.agreements, threshold)
    assert (got.home == formation.home).all()
    assert (got.signed == them.acceptance(formation.vectors, threshold)).all()
    assert got.signed[np.arange(them.n), got.home].all()
    assert got.signed[np.arange(them.n), got.best].all()
    assert (got.signatures >= 1).all()
    assert (got.signatories >= formation.group_sizes).all()
    assert (got.utility_best >= got.utility_home).all()
    each = np.array([utilities(them, system) for system in formation.vectors]).T
    assert got.utility_best == pytest.approx(np.where(got.signed, each, -1).max(axis=1), abs=1e-12)
    assert got.utility_home == pytest.approx(each[np.arange(them.n), got.home], abs=1e-12)
    # Without new signatories an agreement is its signatories' optimum already.
    same = got.signatories == formation.group_sizes
    assert got.shift[same] == pytest.approx(np.zeros(same.sum()), abs=1e-12)


def test_an_optimum_of_all_signatories_may_lose_some_of_them():
    systems = [ValueSystem([1.0], [[place]]) for place in (0.0, 0.1, 0.2, 0.55, 0.6)]
    them = Population.of(systems, Bounds(weights=0, judgements=0.5, norm=Norm.L1))
    first = Agreement(ValueSystem([1.0], [[0.1]]), np.array([0, 1, 2]))
    second = Agreement(ValueSystem([1.0], [[0.575]]), np.array([3, 4]))
    got = overlap(them, [first, second])
    assert got.signed.tolist() == [[True, False], [True, True], [True, True], [True, True], [True, True]]
    assert got.best.tolist() == [0, 0, 0, 1, 1]
    assert got.shift == pytest.approx([0.19, 0.2125])
    assert got.would_refuse.tolist() == [0, 0]
    far = Agreement(ValueSystem([1.0], [[0.1]]), np.array([0, 1, 2, 3, 4]))
    wide = Population.of(systems, Bounds(weights=0, judgements=0.5, norm=Norm.L1), sizes=[1, 1, 1, 1, 50])
    assert overlap(wide, [far]).would_refuse[0] == 1


@pytest.mark.parametrize("members", [[[0, 1]], [[0, 1], [1, 2]], [[0, 1], [2, 3]], [[0, 1, 2], []]])
def test_agreements_that_are_no_partition_are_refused(members):
    them = population(3)
    agreements = [Agreement(them.system(0), np.array(each, dtype=np.int64)) for each in members]
    with pytest.raises(FormationError, match="partition the agents"):
        overlap(them, agreements)


def test_more_pairs_than_fit_into_memory_are_refused():
    them = alike(40_000, Bounds(weights=0, judgements=0, norm=Norm.L1))
    agreement = them.system(0)
    with pytest.raises(FormationError, match="take fewer agents"):
        overlap(them, [Agreement(agreement, np.array([i])) for i in range(40_000)])


def test_pair_distances_are_all_pairs_or_a_fair_draw_of_them():
    them = population(60, seed=3)
    weights, judgements = pair_distances(them, Norm.L1)
    assert len(weights) == len(judgements) == 60 * 59 // 2
    assert weights[0] == distances(Norm.L1, them.weights[0], them.weights[1])
    drawn, _ = pair_distances(them, Norm.L1, np.random.default_rng(0), most=1_500)
    assert len(drawn) == 1_500
    assert np.median(drawn) == pytest.approx(np.median(weights), abs=0.1)
    with pytest.raises(ValuesError, match="random generator"):
        pair_distances(them, Norm.L1, most=100)


def test_bounds_at_quartiles_grow_and_are_nothing_where_nobody_differs():
    them = population(30, seed=3)
    weights, judgements = pair_distances(them, Norm.LINF)
    bounds = quantile_bounds(them, Norm.LINF)
    assert [bound.weights for bound in bounds] == np.quantile(weights, [0.25, 0.5, 0.75]).tolist()
    assert [bound.judgements for bound in bounds] == np.quantile(judgements, [0.25, 0.5, 0.75]).tolist()
    for same in (alike(1, bounds[0]), alike(5, bounds[0])):
        assert {(bound.weights, bound.judgements) for bound in quantile_bounds(same, Norm.L1)} == {(0, 0)}
    with pytest.raises(ValuesError, match="quantiles lie in"):
        quantile_bounds(them, Norm.L1, [1.5])


def test_a_sweep_is_the_same_as_each_of_its_points_and_says_how_far_it_is():
    them = population(20, seed=4, spread=0.4)
    graph, told = complete(20), []
    bounds = quantile_bounds(them, Norm.L1)
    points = sweep_bounds(them, graph, bounds, FAST, progress=lambda done, most: told.append(done / most))
    assert told == sorted(told)
    assert told[-1] <= 1
    for point, bound in zip(points, bounds, strict=True):
        alone = form(them.with_bounds(bound), graph, FAST)
        assert point.formation.home.tolist() == alone.home.tolist()
        assert point.bounds == bound
        assert point.measures.groups == len(alone.agreements)
        assert point.measures.mean == pytest.approx(
            them.sizes @ utilities(them, alone.vectors[alone.home]) / them.sizes.sum()
        )
    assert points[0].measures.mean > baseline(them, 2).mean
    assert points[0].measures.groups > points[-1].measures.groups
    thresholds = sweep_threshold(them.with_bounds(Bounds(weights=INF, judgements=INF, norm=Norm.L1)), graph, [0, INF])
    assert [point.measures.groups for point in thresholds] == [20, 1]
    assert [point.threshold for point in thresholds] == [0, INF]
    assert thresholds[0].measures.mean == thresholds[0].measures.worst == 1
    assert thresholds[0].measures.gini == pytest.approx(0, abs=1e-12)


def test_the_baseline_is_the_single_consensus():
    them = population(9, seed=2)
    for p in (1, 2, INF):
        worth = utilities(them, consensus(them, p).system.vector)
        assert baseline(them, p) == measures(them, worth)
