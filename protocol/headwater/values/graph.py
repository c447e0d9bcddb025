"""Social graphs: who exchanges estimates with whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from headwater.values.errors import GraphError
from headwater.values.norms import Floats, Ints

MAX_EDGES: Final = 1 << 26


@dataclass(frozen=True, eq=False)
class SocialGraph:
    """A simple undirected graph on agents 0 … n − 1; edges become a sorted read-only copy with i < j.

    Args:
        n: agents, at least one.
        edges: (e, 2) ints; each pair in either order; may be empty.

    Raises:
        GraphError: a loop, a pair twice, an agent that does not exist, or more than 2**26 edges.
    """

    n: int
    edges: Ints

    def __post_init__(self) -> None:
        if isinstance(self.n, bool) or not isinstance(self.n, int | np.integer) or self.n < 1:
            raise GraphError(f"a graph has at least one agent; got {self.n!r}")
        object.__setattr__(self, "n", int(self.n))
        try:
            given = np.asarray(self.edges)
        except ValueError:
            raise GraphError("edges have the shape (edges, 2)") from None
        if given.size == 0:
            given = np.empty((0, 2), dtype=np.int64)
        if given.ndim != 2 or given.shape[1] != 2 or not np.issubdtype(given.dtype, np.integer):
            raise GraphError(f"edges are ints of the shape (edges, 2); got {given.dtype} of {given.shape}")
        if len(given) > MAX_EDGES:
            raise GraphError(f"a graph has at most {MAX_EDGES:,} edges; got {len(given):,}")
        edges = np.sort(given.astype(np.int64), axis=1)
        if len(edges) and (edges[:, 0].min() < 0 or edges[:, 1].max() >= self.n):
            raise GraphError(f"agents are numbered from 0 to {self.n - 1}; an edge names another")
        loops = edges[:, 0] == edges[:, 1]
        if loops.any():
            raise GraphError(f"an edge joins two agents; agent {int(edges[loops.argmax(), 0])} is joined to itself")
        keys = edges[:, 0] * self.n + edges[:, 1]
        order = np.argsort(keys, kind="stable")
        twice = keys[order[1:]] == keys[order[:-1]]
        if twice.any():
            raise GraphError(f"an edge comes once; {tuple(edges[order[twice.argmax()]].tolist())} comes twice")
        edges = edges[order]
        edges.setflags(write=False)
        object.__setattr__(self, "edges", edges)

    @classmethod
    def joining(cls, n: int, pairs: ArrayLike) -> Self:
        """The graph of these pairs with loops dropped and repeats taken once."""
        given = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
        given = np.sort(given[given[:, 0] != given[:, 1]], axis=1)
        keys = np.unique(given[:, 0] * n + given[:, 1])
        return cls(n, np.stack([keys // n, keys % n], axis=1))

    @property
    def degrees(self) -> Ints:
        """(n,), neighbours of each agent."""
        return np.bincount(self.edges.ravel(), minlength=self.n).astype(np.int64)

    @property
    def components(self) -> Ints:
        """(n,), each agent's component, numbered by lowest agent."""
        return components_of(self.n, self.edges)

    @property
    def is_connected(self) -> bool:
        """Whether every agent can reach every other."""
        return int(self.components.max()) == 0

    def neighbours(self, agent: int) -> Ints:
        """One agent's neighbours, ascending."""
        first = self.edges[self.edges[:, 0] == agent, 1]
        second = self.edges[self.edges[:, 1] == agent, 0]
        return np.sort(np.concatenate([first, second]))


def components_of(n: int, edges: Ints) -> Ints:
    """(n,), the component of each of n nodes under (e, 2) edges, numbered by lowest node."""
    matrix: Any = sparse.coo_array((np.ones(len(edges), dtype=np.bool_), (edges[:, 0], edges[:, 1])), shape=(n, n))
    labels = np.asarray(connected_components(matrix, directed=False)[1], dtype=np.int64)
    _, first = np.unique(labels, return_index=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[labels]


def metropolis(n: int, edges: Ints) -> Floats:
    """(e,), the Metropolis weight 1 / (1 + max(deg_i, deg_j)) of each edge; what is left is each agent's own weight.

    The matrix they make is symmetric and doubly stochastic, and each agent needs only its neighbours' degrees (Xiao,
    Boyd & Lall, "A scheme for robust distributed sensor fusion based on average consensus", IPSN 2005).
    """
    degrees = np.bincount(edges.ravel(), minlength=n)
    largest: Ints = degrees[edges].max(axis=1, initial=0)
    return np.asarray(1.0 / (1.0 + largest), dtype=np.float64)
