"""One consensus: exact against general solvers, unique where many are optimal, and where it changes over."""

from __future__ import annotations

import math
import warnings

import cvxpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from values_cases import alike, population, populations

from headwater.values import (
    Bounds,
    ConsensusError,
    Norm,
    Part,
    Population,
    ValueSystem,
    consensus,
    costs,
    transition,
)
from headwater.values.simplex import project_rows, project_simplex, project_sliced_box

RULES = settings(deadline=None, derandomize=True, max_examples=40)
INF = math.inf
WIDE = Bounds(weights=INF, judgements=INF, norm=Norm.L1)
CASES = [
    (n, m, a, coarse, seed) for seed, (n, m, a) in enumerate([(2, 2, 1), (5, 3, 2), (9, 4, 1)]) for coarse in (0, 1)
]


def solved(objective: cvxpy.Expression, constraints: list[cvxpy.Constraint]) -> float:
    problem = cvxpy.Problem(cvxpy.Minimize(objective), constraints)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tolerances below what the solver promises: it says so, and gets there
        problem.solve(solver="CLARABEL", tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11)
    return float(problem.value)


def parts(them: Population) -> list[tuple[np.ndarray, bool]]:
    return [(them.weights, True), (them.judgements.reshape(them.n, -1), False)]


def objective(x: cvxpy.Variable, own: np.ndarray, shares: np.ndarray, p: float) -> cvxpy.Expression:
    gaps = cvxpy.abs(np.ones((len(own), 1)) @ cvxpy.reshape(x, (1, own.shape[1]), order="C") - own)
    if p == INF:
        return cvxpy.max(gaps)
    spread = np.repeat(shares[:, None], own.shape[1], axis=1)
    return cvxpy.sum(cvxpy.multiply(spread, gaps if p == 1 else cvxpy.power(gaps, p)))


def feasible(x: cvxpy.Variable, simplex: bool) -> list[cvxpy.Constraint]:
    return [x >= 0, cvxpy.sum(x) == 1] if simplex else [x >= -1, x <= 1]


@pytest.mark.parametrize("p", [1, 2, INF])
@pytest.mark.parametrize(("n", "m", "a", "coarse", "seed"), CASES)
def test_utilitarian_mean_and_egalitarian_consensus_agree_with_cvxpy(n, m, a, coarse, seed, p):
    them = population(n, m, a, seed=seed, coarse=coarse, spread=0.6)
    got = consensus(them, p)
    shares = them.sizes / them.sizes.sum()
    ours = (got.system.weights, got.system.judgements.ravel())
    for (own, simplex), mine, cost in zip(parts(them), ours, (got.cost_weights, got.cost_judgements), strict=True):
        x = cvxpy.Variable(own.shape[1])
        least = solved(objective(x, own, shares, p), feasible(x, simplex))
        assert cost ** (1 if p == INF else p) == pytest.approx(least, abs=1e-6)
        if p == 2:
            assert mine == pytest.approx(x.value, abs=1e-6)
            continue
        # Of all that are optimal: the one of least squared cost, which is unique, so the argument agrees as well.
        y = cvxpy.Variable(own.shape[1])
        optimal = objective(y, own, shares, p) <= least + 1e-9
        chosen = solved(objective(y, own, shares, 2), [*feasible(y, simplex), optimal])
        assert (shares @ np.square(own - mine)).sum() == pytest.approx(chosen, abs=1e-6)
        assert mine == pytest.approx(y.value, abs=2e-4)


@pytest.mark.parametrize("p", [1.2, 1.5, 3.0, 6.0])
@pytest.mark.parametrize(("n", "m", "a", "coarse", "seed"), CASES)
def test_any_p_agrees_with_scipy(n, m, a, coarse, seed, p):
    them = population(n, m, a, seed=seed, coarse=coarse, spread=0.6)
    got = consensus(them, p)
    shares = them.sizes / them.sizes.sum()

    def value(x: np.ndarray) -> float:
        return float((shares @ np.abs(them.weights - x) ** p).sum())

    found = minimize(
        value,
        np.full(m, 1 / m),
        method="SLSQP",
        bounds=[(0, 1)] * m,
        constraints={"type": "eq", "fun": lambda x: x.sum() - 1},
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert value(got.system.weights) <= found.fun + 1e-9
    assert value(got.system.weights) == pytest.approx(found.fun, abs=1e-6)
    flat = them.judgements.reshape(n, -1)
    for column, mine in zip(flat.T, got.system.judgements.ravel(), strict=True):
        near = np.clip(mine + np.concatenate([[0], np.logspace(-9, 0, 40), -np.logspace(-9, 0, 40)]), -1, 1)
        around = (shares[:, None] * np.abs(column[:, None] - near) ** p).sum(axis=0)
        assert around[0] <= around.min() + 1e-15


@pytest.mark.parametrize("p", [4.0, 1.3])
def test_any_p_agrees_with_a_power_cone(p):
    them = population(6, 3, 1, seed=4, spread=0.6)
    shares = them.sizes / them.sizes.sum()
    x = cvxpy.Variable(3)
    least = solved(objective(x, them.weights, shares, p), feasible(x, simplex=True))
    got = consensus(them, p)
    assert got.cost_weights**p == pytest.approx(least, abs=1e-6)
    assert got.system.weights == pytest.approx(x.value, abs=1e-3)


def test_large_p_neither_overflows_nor_forgets_and_tends_to_the_egalitarian_cost():
    them = population(50, 4, 2, seed=1, spread=0.6)
    limit = consensus(them, INF)
    radii = []
    for p in (10.0, 100.0, 1e4, 1e8):
        vector = consensus(them, p).system.vector
        radii.append(costs(them, vector, INF)[0] - limit.cost_weights)
    assert radii == sorted(radii, reverse=True)
    assert -1e-12 <= radii[-1] < 1e-7


@pytest.mark.parametrize("p", [math.nextafter(1e15, INF), 1e16, 1e20, 1e300, 10**400])
def test_a_p_beyond_what_floats_tell_apart_is_taken_as_infinite(p):
    them = population(7, 3, 2, seed=1)
    got, limit = consensus(them, p), consensus(them, INF)
    assert got.p == INF
    assert got.system.vector.tolist() == limit.system.vector.tolist()
    assert (got.cost_weights, got.cost_judgements) == (limit.cost_weights, limit.cost_judgements)


@pytest.mark.parametrize("p", [1e12, 1e14, 1e15])
def test_the_largest_finite_p_still_has_the_egalitarian_cost(p):
    for seed in range(5):
        them = population(7, 3, 2, seed=seed)
        got, limit = consensus(them, p), consensus(them, INF)
        assert got.p == p
        worst = costs(them, got.system.vector, INF)
        assert worst == pytest.approx((limit.cost_weights, limit.cost_judgements), abs=1e-9)


def test_p_just_above_one_costs_what_the_utilitarian_consensus_costs():
    them = population(50, 4, 2, seed=1, spread=0.6)
    near = costs(them, consensus(them, 1 + 1e-9).system.vector, 1)
    assert near == pytest.approx(costs(them, consensus(them, 1).system.vector, 1), abs=1e-6)


@RULES
@given(populations(), st.sampled_from([1, 1.7, 2, 5, INF]), st.integers(0, 2**32 - 1))
def test_no_other_system_costs_less(them, p, seed):
    rng = np.random.default_rng(seed)
    got = consensus(them, p)
    least = costs(them, got.system.vector, p)
    assert least == (got.cost_weights, got.cost_judgements)
    others = rng.normal(size=(30, 1)) ** 3 * rng.normal(size=(30, them.m * (1 + them.a))) + got.system.vector
    for other in [*project_rows(others, them.m), *them.vectors]:
        cost = costs(them, other, p)
        assert cost[0] >= least[0] - 1e-9
        assert cost[1] >= least[1] - 1e-9


@RULES
@given(populations(), st.sampled_from([1, 1.7, 2, 5, INF]), st.integers(0, 2**32 - 1))
def test_the_order_of_agents_and_the_unit_of_sizes_do_not_matter(them, p, seed):
    order = np.random.default_rng(seed).permutation(them.n)
    first, second = consensus(them, p), consensus(them.take(order), p)
    assert second.system.vector == pytest.approx(first.system.vector, abs=1e-9)


def test_an_agent_of_size_two_counts_as_two_agents():
    one, two = ValueSystem([1, 0], [[1, 0]]), ValueSystem([0, 1], [[-1, 0.5]])
    twice = Population.of([one, one, two], WIDE)
    sized = Population.of([one, two], WIDE, sizes=[2, 1])
    for p in (1, 1.5, 2, 3, INF):
        assert consensus(sized, p).system.vector == pytest.approx(consensus(twice, p).system.vector, abs=1e-12)
    assert consensus(sized, 1).system.weights.tolist() == [1, 0]
    assert consensus(sized, 2).system.weights == pytest.approx([2 / 3, 1 / 3])
    assert consensus(sized, INF).system.weights == pytest.approx([1 / 2, 1 / 2])


def test_many_optima_give_the_one_nearest_to_the_mean():
    # Two camps of one weight each: at p = 1 all between is optimal; at p = ∞ an entry of small spread may move about.
    low, high = ValueSystem([0.25, 0.75], [[-1, 0.1]]), ValueSystem([0.75, 0.25], [[1, 0.2]])
    both = Population.of([low, high], WIDE)
    assert consensus(both, 1).system.vector == pytest.approx([0.5, 0.5, 0, 0.15])
    uneven = Population.of([low, high], WIDE, sizes=[1, 3])
    assert consensus(uneven, INF).system.vector == pytest.approx([0.5, 0.5, 0, 0.175])


@pytest.mark.parametrize(
    ("rows", "radius"), [([[1, 0, 0], [0, 1, 0], [0, 0, 1]], 2 / 3), ([[0, 1, 1], [1, 0, 1], [1, 1, 0]], 1 / 3)]
)
def test_where_no_entry_can_be_amid_its_extremes_the_egalitarian_weights_yield_alike(rows, radius):
    # The middles of the entries' extremes sum to more than 1, or to less: 1/2 each, and 1/4 each.
    them = Population.of([ValueSystem(np.array(row) / sum(row), [[0, 0, 0]]) for row in rows], WIDE, sizes=[1, 5, 9])
    got = consensus(them, INF)
    assert got.system.weights == pytest.approx([1 / 3] * 3)
    assert got.cost_weights == pytest.approx(radius)


@pytest.mark.parametrize("p", [1, 1.01, 1.5, 2, 7, 1e6, INF])
def test_identical_agents_and_one_agent_get_exactly_their_own_at_no_cost(p):
    for them in (alike(1, WIDE), alike(7, WIDE, [1.0, 3.0, 0.1, 7.0, 1e9, 2.0, 5.0])):
        got = consensus(them, p)
        assert got.system.vector.tolist() == them.vectors[0].tolist()
        assert (got.cost_weights, got.cost_judgements) == (0, 0)


@pytest.mark.parametrize("p", [0.999, 0, -1, math.nan, -INF, "2", True, None])
def test_a_p_below_one_or_no_number_is_refused(p):
    with pytest.raises(ConsensusError, match="p is from 1"):
        consensus(population(3), p)


@pytest.mark.parametrize("part", list(Part))
@pytest.mark.parametrize("seed", range(4))
def test_at_the_transition_the_consensus_is_equally_far_from_both_ends(part, seed):
    them = population(12, 3, 2, seed=seed, spread=0.6)
    found = transition(them, part)
    columns = {Part.WEIGHTS: slice(None, 3), Part.JUDGEMENTS: slice(3, None), Part.BOTH: slice(None)}[part]
    here, first, last = (consensus(them, p).system.vector[columns] for p in (found.p, 1, INF))
    assert 1 < found.p < INF
    assert np.linalg.norm(first - last) == pytest.approx(found.span)
    assert np.linalg.norm(here - first) == pytest.approx(np.linalg.norm(here - last), abs=1e-6)
    assert found.gap == pytest.approx(0, abs=1e-6)
    assert (found.system.vector[columns] == here).all()


def test_there_is_no_transition_where_the_ends_coincide():
    for them in (alike(4, WIDE), alike(1, WIDE), population(2, 3, 1, one_size=True)):
        found = transition(them)
        assert found.p is None
        assert found.span == pytest.approx(0, abs=1e-12)
        assert found.system.vector == pytest.approx(consensus(them, 2).system.vector)


@RULES
@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_projections_are_the_nearest_points(m, seed):
    rng = np.random.default_rng(seed)
    row = rng.normal(size=m) * rng.choice([0.1, 1, 100])
    near = project_simplex(row[None])[0]
    assert near.min() >= 0
    assert near.sum() == pytest.approx(1, abs=1e-12)
    low, high = np.sort(rng.uniform(0, 1, (2, m)), axis=0)
    low *= min(1, 1 / low.sum())
    high = np.maximum(high, 1 / m)
    slice_ = project_sliced_box(row, low, high)
    assert (slice_ >= low).all()
    assert (slice_ <= high).all()
    assert slice_.sum() == pytest.approx(1, abs=1e-12)
    for other in rng.dirichlet(np.full(m, 0.5), 40):
        # The projection's obtuse angle, towards every other point of the set.
        assert (row - near) @ (other - near) <= 1e-9 * (1 + abs(row).max())
        inside = project_sliced_box(other, low, high)
        assert (row - slice_) @ (inside - slice_) <= 1e-9 * (1 + abs(row).max())


def test_a_row_that_is_a_value_system_stays_exactly_as_it_is():
    rows = population(40, 4, 2, seed=9).vectors
    assert (project_rows(rows.copy(), 4) == rows).all()
