"""Social graphs: what they are, how they are made, and the weights neighbours mix by."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from values_cases import graphs, population

from headwater.values import (
    GraphError,
    SocialGraph,
    complete,
    components_of,
    from_networkx,
    joined,
    metropolis,
    nearest,
    random_geometric,
    small_world,
)

RULES = settings(deadline=None, derandomize=True, max_examples=60)


def as_networkx(graph: SocialGraph) -> networkx.Graph:
    twin = networkx.Graph()
    twin.add_nodes_from(range(graph.n))
    twin.add_edges_from(graph.edges.tolist())
    return twin


@pytest.mark.parametrize(
    ("n", "edges", "says"),
    [
        (0, [], "at least one agent"),
        (True, [], "at least one agent"),
        (2, [[0, 0]], "joined to itself"),
        (2, [[0, 2]], "from 0 to 1"),
        (2, [[-1, 0]], "from 0 to 1"),
        (2, [[0, 1], [1, 0]], "comes twice"),
        (2, [[0, 1, 1]], "shape"),
        (2, [[0.0, 1.0]], "ints"),
        (2, [[0], [0, 1]], "shape"),
    ],
)
def test_edges_that_make_no_simple_graph_are_refused(n, edges, says):
    with pytest.raises(GraphError, match=says):
        SocialGraph(n, edges)


def test_edges_come_in_any_order_and_are_kept_sorted_and_read_only():
    graph = SocialGraph(4, [[3, 2], [1, 0], [0, 3]])
    assert graph.edges.tolist() == [[0, 1], [0, 3], [2, 3]]
    assert not graph.edges.flags.writeable
    assert graph.neighbours(3).tolist() == [0, 2]
    assert graph.degrees.tolist() == [2, 1, 1, 2]
    assert graph.is_connected
    assert SocialGraph.joining(3, [[1, 0], [0, 1], [2, 2]]).edges.tolist() == [[0, 1]]


def test_one_agent_is_a_connected_graph_without_edges_and_two_without_an_edge_are_not():
    assert SocialGraph(1, []).is_connected
    assert not SocialGraph(2, []).is_connected
    assert complete(1).edges.shape == (0, 2)
    assert metropolis(2, SocialGraph(2, []).edges).shape == (0,)


@RULES
@given(st.data(), st.integers(1, 30))
def test_components_are_those_of_networkx_numbered_by_lowest_agent(data, n):
    graph = data.draw(graphs(n))
    found = sorted(sorted(part) for part in networkx.connected_components(as_networkx(graph)))
    assert [np.flatnonzero(graph.components == k).tolist() for k in range(len(found))] == found
    assert graph.is_connected == (len(found) == 1)


@RULES
@given(st.data(), st.integers(1, 30))
def test_metropolis_weights_make_a_symmetric_doubly_stochastic_matrix(data, n):
    graph = data.draw(graphs(n))
    matrix = np.zeros((n, n))
    matrix[graph.edges[:, 0], graph.edges[:, 1]] = metropolis(n, graph.edges)
    matrix += matrix.T
    own = 1 - matrix.sum(axis=1)
    assert (matrix >= 0).all()
    assert (own > 0).all()  # so that the estimates cannot swing for ever
    np.fill_diagonal(matrix, own)
    assert matrix.sum(axis=0) == pytest.approx(np.ones(n))


def pairwise_ring(n: int) -> list[tuple[int, int]]:
    return [(i, (i + 1) % n) for i in range(n)]


@pytest.mark.parametrize("n", [5, 6, 40, 1_000])
@pytest.mark.parametrize("rewire", [0, 0.3, 1])
def test_a_small_world_is_connected_and_its_seed_decides_it(n, rewire):
    graph = small_world(n, 4, rewire, np.random.default_rng(3))
    assert graph.is_connected
    ring = small_world(n, 2, rewire, np.random.default_rng(3))
    assert {tuple(edge) for edge in ring.edges.tolist()} == {(min(i, j), max(i, j)) for i, j in pairwise_ring(n)}
    assert (graph.edges == small_world(n, 4, rewire, np.random.default_rng(3)).edges).all()
    if rewire == 0:
        assert set(graph.degrees.tolist()) == {4}


@RULES
@given(st.integers(2, 40), st.integers(1, 5), st.booleans(), st.integers(0, 2**32 - 1))
def test_nearest_knows_its_nearest_and_is_connected_even_among_equals(n, k, clumped, seed):
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 2, (n, 2)).astype(float) if clumped else rng.random((n, 2))
    k = min(k, n - 1)
    graph = nearest(points, k)
    assert graph.is_connected
    assert graph.degrees.min() >= k
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2)
    for agent in range(n):
        reach = np.sort(np.delete(gaps[agent], agent))[k - 1]
        assert (gaps[agent, graph.neighbours(agent)] <= reach + 1e-12).sum() >= k


@pytest.mark.parametrize("n", [1, 2, 500])
def test_a_random_geometric_graph_is_made_connected(n):
    graph = random_geometric(n, 3.0, np.random.default_rng(1))
    assert graph.is_connected
    assert n < 500 or 2 < graph.degrees.mean() < 4


def test_joining_keeps_a_connected_graph_and_ties_others_with_as_few_edges_as_it_takes():
    points = np.arange(40.0)[:, None]
    whole = small_world(40, 4, 0.1, np.random.default_rng(0))
    assert (joined(whole, points).edges == whole.edges).all()
    alone = SocialGraph(40, [])
    assert joined(alone, points).edges.tolist() == [[i, i + 1] for i in range(39)]
    assert len(joined(alone, np.zeros((40, 2))).edges) == 39
    with pytest.raises(GraphError, match="39 points"):
        joined(alone, points[1:])


def test_graphs_come_from_networkx_in_the_order_of_names():
    graph = networkx.Graph([("b", "a"), ("b", "c"), ("c", "c")])
    assert from_networkx(graph, ["a", "b", "c"]).edges.tolist() == [[0, 1], [1, 2]]
    assert from_networkx(graph).n == 3
    assert from_networkx(networkx.MultiDiGraph([(0, 1), (1, 0), (0, 1)])).edges.tolist() == [[0, 1]]
    with pytest.raises(GraphError, match="each once"):
        from_networkx(graph, ["a", "b"])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda rng: complete(20_000), "choose a sparse one"),
        (lambda rng: small_world(10, 3, 0.1, rng), "k is even"),
        (lambda rng: small_world(4, 4, 0.1, rng), "k is even"),
        (lambda rng: small_world(9, 4, 1.1, rng), "a share"),
        (lambda rng: nearest(population(5).vectors, 5), "from 1 to 4"),
        (lambda rng: nearest(np.full((5, 2), np.nan), 2), "finite"),
        (lambda rng: random_geometric(5, 0, rng), "degree above 0"),
        (lambda rng: random_geometric(0, 1, rng), "at least one agent"),
    ],
)
def test_graphs_that_cannot_be_made_are_refused(make, says):
    with pytest.raises(GraphError, match=says):
        make(np.random.default_rng(0))


def test_components_are_found_among_very_many():
    n = 100_000
    chain = np.stack([np.arange(n - 1), np.arange(1, n)], axis=1)
    assert components_of(n, chain).max() == 0
    assert components_of(n, chain[::2]).max() == n // 2 - 1
