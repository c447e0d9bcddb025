"""The exchange: neighbours mix their estimates and step towards their own systems, as long as they accept each other.

    x_i ← Proj[ x_i + Σ_j w_ij (x_j − x_i) + α_t ∇u_i(x_i) ]        w_ij = 1 / (1 + max(deg_i, deg_j))

Projected gradient ascent over a network (Nedić & Ozdaglar, "Distributed subgradient methods for multi-agent
optimization", IEEE TAC 54, 2009) whose edges fall away: one survives a round only while both ends accept each other's
current estimate, and it never returns. With a constant graph and Σ α_t = ∞, α_t → 0 a component's estimates approach
the optimum of its summed utility.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from scipy import sparse

from headwater.values.agreement import FormationConfig, FormationRound, Utility
from headwater.values.graph import components_of, metropolis
from headwater.values.norms import Bools, Floats, Ints, Norm, distances
from headwater.values.population import Population
from headwater.values.simplex import project_rows
from headwater.values.system import Bounds

ESTIMATE_SLACK: Final = 1e-12  # estimates are rounded sums; what is signed is compared without slack
_CHUNK: Final = 1 << 16
_SWEEP: Final = 8  # rounds between two looks for components at rest


def relative_sizes(population: Population) -> Floats:
    """(n,), sizes as shares of the largest: what scales each agent's utility, so that a step of at most 1 is stable."""
    return np.asarray(population.sizes / population.sizes.max(), dtype=np.float64)


def advance(
    mixed: Floats, estimate: Floats, own: Floats, size: Floats | float, alpha: float, m: int, utility: Utility
) -> Floats:
    """Proj[mixed + α ∇u(estimate)], row by row: the second half of a round (the module gives the formula).

    Args:
        mixed: (n, d), what mixing with the neighbours gave.
        estimate: (n, d), before mixing.
        own: (n, d), declared systems.
        size: (n, 1) or one number, shares of the largest size.
        alpha: the round's step.
        m: number of values.
        utility: whose gradient; a step of `absolute`, which has a kink at one's own entry, ends there (its proximal
            step), or rounding alone would throw an agent off its own system.
    """
    pull = own - estimate
    if utility is Utility.ABSOLUTE:
        np.clip(pull, -alpha * size, alpha * size, out=pull)
    else:
        pull *= alpha * size
    pull += mixed
    return project_rows(pull, m)


def step(
    own: Floats,
    estimate: Floats,
    neighbours: Floats,
    weights: Floats,
    alpha: float,
    m: int,
    *,
    size: float = 1.0,
    utility: Utility = Utility.SQUARED,
) -> Floats:
    """One agent's round, from what it knows itself and hears from its neighbours.

    Args:
        own: (d,), its declared system.
        estimate: (d,), its estimate.
        neighbours: (k, d), theirs; k may be 0.
        weights: (k,), the Metropolis weight of each tie.
        alpha: the round's step.
        m: number of values.
        size: its share of the largest size.
        utility: what it climbs.

    Returns:
        (d,), its next estimate.
    """
    heard = np.asarray(neighbours, dtype=np.float64).reshape(-1, len(own))
    mixed = estimate + np.asarray(weights, dtype=np.float64) @ (heard - estimate)
    following: Floats = advance(mixed[None], estimate[None], own[None], size, alpha, m, utility)[0]
    return following


def accepts_estimate(bounds: Bounds, own: Floats, estimate: Floats, m: int) -> bool:
    """Whether an agent still accepts a neighbour's estimate: within both bounds, plus 1e-12 for rounding.

    Args:
        bounds: its own, capped by the threshold already.
        own: (d,), its declared system.
        estimate: (d,), the neighbour's.
        m: number of values.
    """
    parts = ((own[:m], estimate[:m], bounds.weights), (own[m:], estimate[m:], bounds.judgements))
    return all(bool(distances(bounds.norm, a, b) <= bound + ESTIMATE_SLACK) for a, b, bound in parts)


class Exchange:
    """A run of the exchange over a whole population, all agents in step.

    Estimates that cannot leave a bound any more are not measured again: an estimate that travelled less than an edge's
    slack since the edge was measured is still accepted, by the triangle inequality (of the root for squared-l2).
    Components at rest and agents without neighbours are taken out; an agent left alone returns to what it declared.
    """

    def __init__(self, population: Population, edges: Ints, config: FormationConfig) -> None:
        self.config = config
        self.m = population.m
        self.own = population.vectors
        self.size = relative_sizes(population)[:, None]
        bounds = population.bounds.capped(config.threshold)
        self.norm = bounds.norm
        self.limits = (bounds.weights, bounds.judgements)
        self.estimates = self.own.copy()
        self.edges = edges
        self.history: list[FormationRound] = []
        self.converged = False

    def run(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Exchanges until everything rests or the rounds run out; `progress(done, total)` after every round."""
        active = _Active(self, np.arange(len(self.own)), self.edges)
        resting: list[Ints] = []
        rounds = self.config.rounds
        for t in range(rounds):
            alpha = self.config.alpha(t)
            active.check()
            pulled, move = active.mix(alpha)
            standing = int(active.alive.sum()) + sum(len(edges) for edges in resting)
            self.history.append(FormationRound(t, alpha, standing, float(move.max(initial=0.0)), pulled))
            if progress is not None:
                progress(t + 1, rounds)
            if (t + 1) % _SWEEP and t + 1 < rounds:
                continue
            active.check()
            active, rest = active.without_resting(move.max(axis=1), self.config.tolerance)
            resting.append(rest)
            if not len(active.agents):
                break
        self.converged = not len(active.edges)
        active.store()
        edges = np.concatenate([*resting, active.agents[active.edges]])
        self.edges = edges[np.lexsort((edges[:, 1], edges[:, 0]))]
        alone = np.bincount(self.edges.ravel(), minlength=len(self.own)) == 0
        self.estimates[alone] = self.own[alone]


class _Active:
    """The agents that still move: their columns renumbered, their mixing matrix, their edges' expiry."""

    def __init__(self, whole: Exchange, agents: Ints, edges: Ints) -> None:
        self.whole = whole
        self.agents = agents
        self.edges = edges  # numbered among the active
        self.own = whole.own[agents]
        self.x = whole.estimates[agents]
        self.size = whole.size[agents]
        self.limits = tuple(limit[agents] for limit in whole.limits)
        self.travelled = np.zeros((2, len(agents)))
        self.alive = np.ones(len(edges), dtype=np.bool_)
        # By part, direction and edge: how far the other end may have travelled until it must be measured again.
        self.expiry = np.full((2, 2, len(edges)), -np.inf)
        # Every edge keeps its two places in the matrix until the next compaction; a dead one's weight is 0 there.
        ends = np.concatenate([edges[:, 0], edges[:, 1]]), np.concatenate([edges[:, 1], edges[:, 0]])
        count = len(agents)
        self.matrix: Any = sparse.csr_array((np.arange(2 * len(edges)), ends), shape=(count, count))
        self.places = self.matrix.data % max(len(edges), 1)
        self._weigh()

    def check(self) -> None:
        """Ends the edges that one end no longer accepts."""
        gone = False
        for direction in (0, 1):
            judge, other = self.edges[:, direction], self.edges[:, 1 - direction]
            due = np.zeros(len(self.edges), dtype=np.bool_)
            for part in (0, 1):
                due |= self.travelled[part, other] >= self.expiry[part, direction]
            due &= self.alive
            where = np.flatnonzero(due)
            for start in range(0, len(where), _CHUNK):
                chunk = where[start : start + _CHUNK]
                accepted = self._measure(direction, chunk, judge[chunk], other[chunk])
                self.alive[chunk] = accepted
                gone |= not accepted.all()
        if gone:
            self._weigh()

    def mix(self, alpha: float) -> tuple[float, Floats]:
        """One round; returns the most an entry was pulled by neighbours, and (agents, d) how far each entry moved."""
        m, norm = self.whole.m, self.whole.norm
        pull = self.matrix @ self.x
        pull -= self.row_sums[:, None] * self.x
        pulled = max(float(pull.max(initial=0.0)), -float(pull.min(initial=0.0)))
        pull += self.x
        following = advance(pull, self.x, self.own, self.size, alpha, m, self.whole.config.utility)
        move = np.abs(np.subtract(following, self.x, out=self.x), out=self.x)
        self.x = following
        for part, columns in enumerate((move[:, :m], move[:, m:])):
            self.travelled[part] += _length(norm, columns)
        return pulled, move

    def without_resting(self, moved: Floats, tolerance: float) -> tuple[_Active, Ints]:
        """What goes on without components at rest and lone agents, and the former's edges in the whole's numbers."""
        standing = self.edges[self.alive]
        labels = components_of(len(self.agents), standing)
        restless = np.bincount(labels, moved > tolerance) > 0
        restless &= np.bincount(labels) > 1
        stays = restless[labels]
        if stays.all() and self.alive.all():
            return self, np.empty((0, 2), dtype=np.int64)
        self.store()
        inside = stays[standing[:, 0]]
        number = np.cumsum(stays) - 1
        rest = _Active(self.whole, self.agents[stays], number[standing[inside]])
        rest.travelled = self.travelled[:, stays]
        rest.expiry = self.expiry[:, :, self.alive][:, :, inside]
        return rest, self.agents[standing[~inside]]

    def store(self) -> None:
        """Writes the estimates back."""
        self.whole.estimates[self.agents] = self.x

    def _measure(self, direction: int, chunk: Ints, judge: Ints, other: Ints) -> Bools:
        m, norm = self.whole.m, self.whole.norm
        accepted = np.ones(len(chunk), dtype=np.bool_)
        for part, columns in enumerate((slice(None, m), slice(m, None))):
            apart = distances(norm, self.own[judge, columns], self.x[other, columns])
            limit = self.limits[part][judge]
            accepted &= apart <= limit + ESTIMATE_SLACK
            slack = _root(norm, limit) - _root(norm, apart)
            # Odometers are sums of rounded lengths: what is left to go is counted a little short.
            self.expiry[part, direction, chunk] = self.travelled[part, other] + slack * (1 - 1e-9) - 1e-12
        return accepted

    def _weigh(self) -> None:
        standing, count = self.edges[self.alive], len(self.agents)
        weights = np.zeros(len(self.edges))
        weights[self.alive] = metropolis(count, standing)
        self.matrix.data = weights[self.places]
        self.row_sums = self.matrix @ np.ones(count)


def _length(norm: Norm, move: Floats) -> Floats:
    # Products with ones are much faster than sums along short rows; odometers have room for their rounding.
    match norm:
        case Norm.L1:
            length: Any = move @ np.ones(move.shape[1])
        case Norm.SQUARED_L2:
            length = np.sqrt(np.einsum("nd,nd->n", move, move))
        case Norm.LINF:
            length = move.max(axis=1, initial=0.0)
    return np.asarray(length, dtype=np.float64)


def _root(norm: Norm, values: Floats) -> Floats:
    return np.asarray(np.sqrt(values), dtype=np.float64) if norm is Norm.SQUARED_L2 else values
