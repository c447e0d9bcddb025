"""Social graphs to form agreements on: complete, nearest neighbours, small worlds, random geometric, networkx's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import cKDTree

from headwater.values.errors import GraphError
from headwater.values.graph import MAX_EDGES, SocialGraph
from headwater.values.norms import Floats, Ints


def complete(n: int) -> SocialGraph:
    """Everybody knows everybody: n(n − 1)/2 edges. Raises GraphError beyond 2**26 of them (n above 11,585)."""
    if n * (n - 1) // 2 > MAX_EDGES:
        raise GraphError(f"a complete graph on {n:,} agents has more than {MAX_EDGES:,} edges; choose a sparse one")
    return SocialGraph(n, np.stack(np.triu_indices(n, 1), axis=1))


def nearest(points: ArrayLike, k: int) -> SocialGraph:
    """Everybody knows the k agents nearest in l2, and those who so know them; made connected by `joined`.

    Args:
        points: (n, d), for instance `Population.vectors`, or places on a map.
        k: from 1 to n − 1.

    Raises:
        GraphError: other shapes, an entry that is not finite, or another k.
    """
    places = _points(points)
    n = len(places)
    if not 1 <= k < n:
        raise GraphError(f"k is from 1 to {n - 1} among {n} agents; got {k}")
    # One more than k, since an agent finds itself; among several at one place it may find only others, and keeps k.
    found = np.asarray(cKDTree(places).query(places, k=k + 1)[1], dtype=np.int64)
    source = np.repeat(np.arange(n), k + 1)
    others = found.ravel()
    others[others == source] = -1
    table = others.reshape(n, k + 1)
    full = ~(table < 0).any(axis=1)
    table[full, -1] = -1
    keep = table.ravel() >= 0
    graph = SocialGraph.joining(n, np.stack([source[keep], table.ravel()[keep]], axis=1))
    return joined(graph, places)


def small_world(n: int, k: int, rewire: float, rng: np.random.Generator) -> SocialGraph:
    """A ring where everybody knows the k nearest, a share of the ties rewired to random agents; always connected.

    After Watts & Strogatz, "Collective dynamics of 'small-world' networks", Nature 393, 1998; ties to the next agent on
    the ring are never rewired, which is what keeps it connected.

    Args:
        n: agents, above k.
        k: ties of each before rewiring, even, at least 2.
        rewire: the share of the other ties that is rewired, 0 to 1.
        rng: the randomness. A rewired tie that repeats another is dropped.

    Raises:
        GraphError: any other number.
    """
    if k < 2 or k % 2 or n <= k:
        raise GraphError(f"k is even, from 2, below the number of agents {n}; got {k}")
    if not 0 <= rewire <= 1:
        raise GraphError(f"a share lies in [0, 1]; got {rewire}")
    source = np.tile(np.arange(n), k // 2)
    hop = np.repeat(np.arange(1, k // 2 + 1), n)
    target = (source + hop) % n
    change = (rng.random(len(source)) < rewire) & (hop > 1)
    target[change] = rng.integers(0, n, int(change.sum()))
    return SocialGraph.joining(n, np.stack([source, target], axis=1))


def random_geometric(n: int, degree: float, rng: np.random.Generator) -> SocialGraph:
    """Agents at random places of the unit square, tied when near; made connected by `joined`.

    Args:
        n: agents.
        degree: mean number of ties away from the border, above 0; the radius is sqrt(degree / (π n)).
        rng: the randomness.

    Raises:
        GraphError: no agents, or another degree.
    """
    if n < 1 or not 0 < degree < np.inf:
        raise GraphError(f"at least one agent and a degree above 0; got {n} and {degree}")
    places = rng.random((n, 2))
    pairs = cKDTree(places).query_pairs(float(np.sqrt(degree / (np.pi * n))), output_type="ndarray")
    return joined(SocialGraph.joining(n, pairs), places)


def from_networkx(graph: Any, names: Sequence[Any] | None = None) -> SocialGraph:
    """A networkx graph's, taken as undirected and simple, loops dropped.

    Args:
        graph: a networkx Graph of any kind.
        names: the node that each agent is; the graph's own order of nodes unless given.

    Raises:
        GraphError: names that are not exactly the graph's nodes.
    """
    nodes = list(graph.nodes) if names is None else list(names)
    number = {node: i for i, node in enumerate(nodes)}
    if len(number) != len(nodes) or set(number) != set(graph.nodes):
        raise GraphError("names are the graph's nodes, each once")
    pairs = [(number[edge[0]], number[edge[1]]) for edge in graph.edges()]
    return SocialGraph.joining(len(nodes), np.array(pairs, dtype=np.int64).reshape(-1, 2))


def joined(graph: SocialGraph, points: ArrayLike) -> SocialGraph:
    """The graph made connected: its components tied along a shortest tree of their centres.

    Each tie joins the two agents nearest to the other component's centre. A connected graph comes back as it is.

    Args:
        graph: on n agents.
        points: (n, d), where they are.

    Raises:
        GraphError: points of another number of agents, or not finite.
    """
    places = _points(points)
    if len(places) != graph.n:
        raise GraphError(f"{graph.n} agents but {len(places)} points")
    pairs: list[Ints] = [graph.edges]
    labels = graph.components
    while labels.max() > 0:
        ties = _ties(places, labels)
        pairs.append(ties)
        graph = SocialGraph.joining(graph.n, np.concatenate(pairs))
        labels = graph.components
    return graph


def _ties(places: Floats, labels: Ints) -> Ints:
    count = int(labels.max()) + 1
    sizes = np.bincount(labels)
    centres = np.stack([np.bincount(labels, column) / sizes for column in places.T], axis=1)
    # A sparse candidate graph keeps this near-linear; if its tree leaves components apart, `joined` goes round again.
    near = min(count, 8)
    gap, other = cKDTree(centres).query(centres, k=near)
    source = np.repeat(np.arange(count), near)
    length = np.asarray(gap).ravel() + 1e-12  # a length of 0 would be no entry at all
    keep = source != np.asarray(other).ravel()
    table = sparse.coo_array((length[keep], (source[keep], np.asarray(other).ravel()[keep])), shape=(count, count))
    tree = minimum_spanning_tree(table.tocsr()).tocoo()
    order = np.argsort(labels, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    ties = []
    for one, two in zip(tree.coords[0].tolist(), tree.coords[1].tolist(), strict=True):
        first, second = order[starts[one] : starts[one + 1]], order[starts[two] : starts[two + 1]]
        a = first[np.square(places[first] - centres[two]).sum(axis=1).argmin()]
        b = second[np.square(places[second] - centres[one]).sum(axis=1).argmin()]
        ties.append((int(a), int(b)))
    return np.array(ties, dtype=np.int64).reshape(-1, 2)


def _points(points: ArrayLike) -> Floats:
    places = np.asarray(points, dtype=np.float64)
    if places.ndim != 2 or not len(places) or not np.isfinite(places).all():
        raise GraphError(f"points are finite numbers of the shape (agents, coordinates); got {places.shape}")
    return places
