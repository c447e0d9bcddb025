"""Value systems, bounds, populations: what is accepted, what is refused, how far two are apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from values_cases import population, populations

from headwater.values import (
    Bounds,
    BoundsError,
    Norm,
    Population,
    PopulationBounds,
    PopulationError,
    ValuesError,
    ValueSystem,
    ValueSystemError,
    diameter,
    distance,
    distances,
)

RULES = settings(deadline=None, derandomize=True, max_examples=40)
INF, NAN = float("inf"), float("nan")
ENTRIES = st.lists(st.floats(-1, 1), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("weights", "judgements", "says"),
    [
        ([0.5, 0.4], [[0, 0]], "sum to 1"),
        ([1.5, -0.5], [[0, 0]], "not negative"),
        ([NAN, 1], [[0, 0]], "finite"),
        ([0.5, 0.5], [[0, INF]], "finite"),
        ([0.5, 0.5], [[0, 1.0001]], "lie in"),
        ([0.5, 0.5], [[0, 0, 0]], "shape"),
        ([0.5, 0.5], [0, 0], "shape"),
        ([], np.empty((1, 0)), "at least one value"),
        ("half", [[0]], "array of numbers"),
        ([[0.5], [0.5, 0]], [[0]], "array of numbers"),
    ],
)
def test_what_is_no_value_system_is_refused_with_the_reason(weights, judgements, says):
    with pytest.raises(ValueSystemError, match=says):
        ValueSystem(weights, judgements)


def test_a_system_is_a_read_only_copy_and_survives_the_way_to_a_vector_and_back():
    given_weights = np.array([0.25, 0.75])
    system = ValueSystem(given_weights, [[1, -1], [0.5, 0]])
    given_weights[0] = 9
    assert system.weights[0] == 0.25
    with pytest.raises(ValueError, match="read-only"):
        system.weights[0] = 1
    assert system.vector.tolist() == [0.25, 0.75, 1, -1, 0.5, 0]
    again = ValueSystem.from_vector(system.vector, 2)
    assert (again.judgements == system.judgements).all()
    assert system.scores().tolist() == [-0.5, 0.125]
    with pytest.raises(ValueSystemError, match="m \\+ a·m"):
        ValueSystem.from_vector([1, 0, 0.5], 2)


def test_a_system_may_have_no_actions_and_a_single_value():
    assert ValueSystem([1.0], np.empty((0, 1))).vector.tolist() == [1.0]


@pytest.mark.parametrize("bad", [-1e-9, NAN, -INF, "1", True, None])
def test_a_bound_that_is_negative_or_no_number_is_refused(bad):
    with pytest.raises(BoundsError, match="the bound on judgements is"):
        Bounds(weights=0, judgements=bad, norm=Norm.L1)
    with pytest.raises(BoundsError):
        Bounds(weights=1, judgements=1, norm=Norm.L1).capped(-1.0)
    with pytest.raises(BoundsError, match="one of l1, squared-l2, linf"):
        Bounds(weights=0, judgements=0, norm="l3")


def test_bounds_are_closed_zero_accepts_only_oneself_and_infinity_everything():
    own, other = ValueSystem([0.5, 0.5], [[0, 0]]), ValueSystem([0.25, 0.75], [[0, 0.5]])
    assert Bounds(weights=0.5, judgements=0.5, norm=Norm.L1).accept(own, other)
    assert not Bounds(weights=0.4999, judgements=0.5, norm=Norm.L1).accept(own, other)
    assert not Bounds(weights=0.5, judgements=0.4999, norm=Norm.L1).accept(own, other)
    assert Bounds(weights=0.125, judgements=0.25, norm="squared-l2").accept(own, other)
    assert Bounds(weights=0.25, judgements=0.5, norm="linf").accept(own, other)
    nothing, everything = (Bounds(weights=x, judgements=x, norm=Norm.L1) for x in (0, INF))
    assert nothing.accept(own, own)
    assert not nothing.accept(own, other)
    assert everything.accept(own, other)
    assert not everything.capped(0.3).accept(own, other)
    assert everything.capped(None) == everything
    with pytest.raises(ValueSystemError, match="cannot meet"):
        everything.accept(own, ValueSystem([1.0], [[0]]))


@RULES
@given(ENTRIES, st.sampled_from(list(Norm)), st.integers(0, 2**32 - 1))
def test_distances_are_metrics_up_to_a_root(a, norm, seed):
    rng = np.random.default_rng(seed)
    b, c = rng.uniform(-1, 1, (2, len(a)))

    def root(x, y):
        return distance(norm, x, y) ** (0.5 if norm is Norm.SQUARED_L2 else 1)

    assert root(a, a) == 0
    assert root(a, b) == root(b, a) >= 0
    assert root(a, c) <= root(a, b) + root(b, c) + 1e-12


@RULES
@given(populations(), st.integers(0, 2**32 - 1))
def test_a_distance_is_the_same_number_alone_and_among_others(them, seed):
    # What an agent checks for itself and what is checked for all at once must not differ in the last bit.
    own = them.vectors
    other = own[np.random.default_rng(seed).permutation(them.n)]
    together = them.acceptance(other)
    for norm in Norm:
        rows = distances(norm, own[:, : them.m], other[:, : them.m])
        assert rows.tolist() == [distance(norm, own[i, : them.m], other[i, : them.m]) for i in range(them.n)]
    for i in range(them.n):
        for k in range(them.n):
            alone = them.bounds.of(i).accept(them.system(i), ValueSystem.from_vector(other[k], them.m))
            assert alone == together[i, k]


@RULES
@given(populations())
def test_no_distance_exceeds_the_diameter(them):
    for norm in Norm:
        spans = diameter(norm, them.m, them.a)
        flat = them.judgements.reshape(them.n, -1)
        for part, span in zip((them.weights, flat), spans, strict=True):
            assert distances(norm, part[:, None], part[None]).max(initial=0) <= span + 1e-12


@pytest.mark.parametrize(("norm", "spans"), [("l1", (2, 8)), ("squared-l2", (2, 16)), ("linf", (1, 2))])
def test_the_diameter_is_reached(norm, spans):
    one, two = ValueSystem([1, 0], [[1, 1], [1, 1]]), ValueSystem([0, 1], [[-1, -1], [-1, -1]])
    assert diameter(Norm(norm), 2, 2) == spans
    assert (
        distance(Norm(norm), one.weights, two.weights),
        distance(Norm(norm), one.judgements, two.judgements),
    ) == spans


def test_distances_of_other_shapes_or_of_no_numbers_are_refused():
    with pytest.raises(ValueSystemError, match="one shape"):
        distance(Norm.L1, [1.0], [1.0, 0.0])
    with pytest.raises(ValueSystemError, match="finite"):
        distance(Norm.L1, [NAN], [1.0])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"names": ()}, "at least one agent"),
        ({"names": ("x", "x", "z")}, "comes twice"),
        ({"names": ("x", "y")}, "shape"),
        ({"values": ()}, "at least one value"),
        ({"sizes": [1, 1, 0]}, "above zero"),
        ({"sizes": [1, 1, NAN]}, "above zero"),
        ({"sizes": [1, 1]}, "shape"),
        ({"weights": np.full((3, 3), 0.5)}, "agent agent 0: weights sum to 1"),
        ({"judgements": np.full((3, 2, 3), 2.0)}, "agent agent 0: judgements lie in"),
        ({"bounds": PopulationBounds.uniform(2, Bounds(weights=1, judgements=1, norm=Norm.L1))}, "2 bounds"),
    ],
)
def test_agents_that_do_not_fit_together_are_refused(changes, says):
    good = population(3)
    fields = ("names", "values", "actions", "weights", "judgements", "sizes", "bounds")
    with pytest.raises(PopulationError, match=says):
        Population(**({field: getattr(good, field) for field in fields} | changes))


@pytest.mark.parametrize("bad", [[1, -1], [1, NAN], [[1, 1]], [1]])
def test_columns_of_bounds_are_checked(bad):
    with pytest.raises(ValuesError, match="bound"):
        PopulationBounds(weights=np.array([1.0, 1.0]), judgements=np.array(bad, dtype=float), norm=Norm.L1)


def test_a_population_is_made_of_systems_and_parts_of_it_taken():
    one, two = ValueSystem([0.5, 0.5], [[0, 0]]), ValueSystem([0.25, 0.75], [[0, 0.5]])
    bounds = Bounds(weights=0.1, judgements=INF, norm=Norm.L1)
    both = Population.of([one, two], bounds, names=["one", "two"], sizes=[1, 3])
    assert (both.n, both.m, both.a) == (2, 2, 1)
    assert both.acceptance(both.vectors).tolist() == [[True, False], [False, True]]
    assert both.acceptance(both.vectors, 0.6).all(where=np.eye(2, dtype=bool))
    second = both.take([1])
    assert second.names == ("two",)
    assert second.sizes.tolist() == [3]
    assert (second.system(0).vector == two.vector).all()
    assert both.with_bounds(bounds.capped(0.05)).bounds.of(1).judgements == 0.05
    with pytest.raises(PopulationError, match="numbered from 0 to 1"):
        both.take([2])
    with pytest.raises(PopulationError, match="at least one agent"):
        Population.of([], bounds)
    with pytest.raises(PopulationError, match="have 4 entries"):
        both.acceptance([[1.0, 0.0]])
