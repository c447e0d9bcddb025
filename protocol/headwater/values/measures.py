"""What agreements are worth to individuals: utility, its mean, worst and inequality, and how people are grouped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from headwater.values.errors import PopulationError
from headwater.values.norms import Floats, Norm, diameter, distances
from headwater.values.population import Population


@dataclass(frozen=True)
class Measures:
    """Individual utilities of a population and how it is grouped; people are counted by sizes.

    Attributes:
        groups: number of agreements.
        alone: agents whose group is only themselves.
        largest: agents in the largest group.
        largest_people: its share of all people.
        mean: people's mean utility.
        worst: the least utility of any agent.
        gini: people's Gini coefficient of utility, Σ_ij s_i s_j |u_i − u_j| / (2 ū); 0 where nobody has any.
    """

    groups: int
    alone: int
    largest: int
    largest_people: float
    mean: float
    worst: float
    gini: float


def utilities(population: Population, systems: ArrayLike, norm: Norm = Norm.L1) -> Floats:
    """Each agent's utility of a system: 1 for its own, 0 for the farthest there can be.

        u_i(x) = 1 − ½ ( D(w_i, x_w) / max D  +  D(M_i, x_M) / max D )

    A part in which no two systems can differ (one value, or no actions) is left out and the other counts whole; where
    both are, everybody has 1. It is concave in x in every norm.

    Args:
        population: of n agents.
        systems: (n, d), the system each agent is under, as a vector; or (d,), one for all.
        norm: the yardstick; the same one for agents of all norms, so that results compare.

    Returns:
        (n,), from 0 to 1.

    Raises:
        PopulationError: another shape, or an entry that is not finite.
    """
    under = np.asarray(systems, dtype=np.float64)
    m, d = population.m, population.m + population.a * population.m
    if under.shape not in ((d,), (population.n, d)) or not np.isfinite(under).all():
        raise PopulationError(f"systems are finite, of the shape ({d},) or ({population.n}, {d}); got {under.shape}")
    parts = (
        (population.weights, under[..., :m]),
        (population.judgements.reshape(population.n, -1), under[..., m:]),
    )
    spans = diameter(norm, m, population.a)
    lost = [distances(norm, own, other) / span for (own, other), span in zip(parts, spans, strict=True) if span]
    if not lost:
        return np.ones(population.n)
    return np.clip(1.0 - sum(lost) / len(lost), 0.0, 1.0)


def measures(population: Population, utility: ArrayLike, home: ArrayLike | None = None) -> Measures:
    """Mean, worst and inequality of utilities, and the groups' sizes.

    Args:
        population: of n agents; its sizes weigh.
        utility: (n,), finite, not negative.
        home: (n,), the index of each agent's group; all in one unless given.

    Raises:
        PopulationError: other shapes or numbers.
    """
    values = np.asarray(utility, dtype=np.float64)
    groups = np.zeros(population.n, dtype=np.int64) if home is None else np.asarray(home)
    if values.shape != (population.n,) or groups.shape != (population.n,):
        raise PopulationError(f"one utility and one group for each of {population.n} agents")
    if not (np.isfinite(values) & (values >= 0)).all():
        raise PopulationError("utilities are finite and not negative")
    shares = population.sizes / population.sizes.sum()
    numbered = np.unique(groups, return_inverse=True)[1]
    counts = np.bincount(numbered)
    largest = int(counts.argmax())
    return Measures(
        groups=len(counts),
        alone=int((counts == 1).sum()),
        largest=int(counts[largest]),
        largest_people=float(shares[numbered == largest].sum()),
        mean=float(shares @ values),
        worst=float(values.min()),
        gini=gini(values, shares),
    )


def gini(values: ArrayLike, sizes: ArrayLike) -> float:
    """The Gini coefficient of (n,) values that are not negative, weighted by (n,) sizes; 0 where all values are 0.

    From the area under the Lorenz curve, in O(n log n): it equals Σ_ij s_i s_j |u_i − u_j| / (2 ū), s summing to 1.
    """
    given, weights = np.asarray(values, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    if given.shape != weights.shape or given.ndim != 1 or not len(given) or (given < 0).any() or not weights.sum() > 0:
        raise PopulationError("a Gini coefficient is of values that are not negative, with as many sizes")
    order = np.argsort(given, kind="stable")
    shares = weights[order] / weights.sum()
    part = shares * given[order]
    if part.sum() == 0:
        return 0.0
    curve = np.cumsum(part) / part.sum()
    return max(0.0, float(1 - (shares * (2 * curve - part / part.sum())).sum()))
