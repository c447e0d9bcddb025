"""One consensus for everybody, from utilitarian (p = 1) to egalitarian (p = ∞), and the p where it changes over.

The baseline that agreements are measured against (Lera-Leri et al., AAMAS 2022; Knowledge-Based Systems 2024).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from headwater.values.errors import ConsensusError
from headwater.values.norms import Floats
from headwater.values.optimum import optimum
from headwater.values.population import Population
from headwater.values.system import ValueSystem

GRID: Final = 24
TRANSITION_TOLERANCE: Final = 1e-9

MOST_P: Final = 1e15
"""A p above is taken as infinite: powers of 1/(p − 1) are then 1 up to rounding, and tell nothing apart."""


class Part(StrEnum):
    """Which part of a value system is looked at."""

    WEIGHTS = "weights"
    JUDGEMENTS = "judgements"
    BOTH = "both"


@dataclass(frozen=True, eq=False)
class Consensus:
    """The system at the least l_p distance from all.

    Attributes:
        system: the consensus.
        p: from 1 to inf; inf where it was asked for above 1e15.
        cost_weights: (Σ_i s_i Σ_c |x_c − b_ic|^p)^(1/p) over the weights, s sizes that sum to 1; the maximum at inf.
        cost_judgements: the same over the judgements; 0 without actions.
    """

    system: ValueSystem
    p: float
    cost_weights: float
    cost_judgements: float


@dataclass(frozen=True, eq=False)
class Transition:
    """The p at which the consensus is as far (in l2) from the utilitarian end as from the egalitarian one.

    Attributes:
        p: None where the ends coincide, so that there is nothing to cross. inf or 1 where the consensus jumps across
            only at that end (the systems returned there are chosen among many).
        system: the consensus at p; the common one where p is None.
        gap: distance to the utilitarian end less distance to the egalitarian end; 0 up to the search's tolerance unless
            the consensus jumps.
        span: distance between the two ends.
    """

    p: float | None
    system: ValueSystem
    gap: float
    span: float


def consensus(population: Population, p: float) -> Consensus:
    """The population's consensus at p (`optimum` gives the objective, and the choice where many are optimal).

    A p above 1e15 is taken as inf: the costs differ by less than rounding, but of the systems that share the least
    worst case it is then the one nearest to all (least squares) that is returned, not the limit of finite p.

    Raises:
        ConsensusError: p below 1 or not a number.
    """
    order = checked_p(p)
    vector = optimum(population.vectors, population.m, population.sizes, order)
    return Consensus(ValueSystem.from_vector(vector, population.m), order, *costs(population, vector, order))


def costs(population: Population, vector: Floats, p: float) -> tuple[float, float]:
    """What `consensus` minimises, for any system given as a (d,) vector: over the weights, over the judgements."""
    shares = population.sizes / population.sizes.sum()
    m = population.m
    flat = population.judgements.reshape(population.n, -1)
    return _cost(population.weights - vector[:m], shares, p), _cost(flat - vector[m:], shares, p)


def transition(population: Population, part: Part = Part.BOTH) -> Transition:
    """The smallest p at which the consensus changes from nearer the utilitarian to nearer the egalitarian end.

    The distances' difference is followed over 1/p from 1 to 0 on a grid of 24 and the first change of sign is narrowed
    to 1e-9 in 1/p.

    Args:
        population: whose consensus.
        part: over which coordinates distances are measured.
    """
    m = population.m
    columns = {
        Part.WEIGHTS: slice(None, m),
        Part.JUDGEMENTS: slice(m, None),
        Part.BOTH: slice(None),
    }[Part(part)]
    vectors = population.vectors[:, columns]
    held = 0 if part is Part.JUDGEMENTS else m

    def at(inverse: float) -> Floats:
        return optimum(vectors, held, population.sizes, 1 / inverse if inverse > 0 else math.inf)

    first, last = at(1.0), at(0.0)
    span = float(np.linalg.norm(first - last))

    def lead(inverse: float) -> float:
        x = at(inverse)
        return float(np.linalg.norm(x - first) - np.linalg.norm(x - last))

    def result(p: float | None, gap: float) -> Transition:
        system = consensus(population, 2.0 if p is None else p).system
        return Transition(p, system, gap, span)

    if span <= 1e-12:
        return result(None, 0.0)
    grid = np.linspace(1.0, 0.0, GRID + 1)
    upper, gap_upper = 1.0, -span
    for inverse in grid[1:].tolist():
        gap = lead(inverse) if inverse > 0 else span
        if gap >= 0:
            break
        upper, gap_upper = inverse, gap
    lower, gap_lower = inverse, gap
    while upper - lower > TRANSITION_TOLERANCE and gap_lower > 0:
        middle = (upper + lower) / 2
        gap = lead(middle)
        if gap >= 0:
            lower, gap_lower = middle, gap
        else:
            upper, gap_upper = middle, gap
    if abs(gap_upper) < abs(gap_lower):
        lower, gap_lower = upper, gap_upper
    return result(1 / lower if lower > TRANSITION_TOLERANCE else math.inf, gap_lower)


def checked_p(p: float) -> float:
    """p as a float, inf above 1e15. Raises ConsensusError unless it is a number from 1 to inf."""
    if isinstance(p, bool) or not isinstance(p, int | float | np.integer | np.floating) or not p >= 1:
        raise ConsensusError(f"p is from 1 (utilitarian) to inf (egalitarian); got {p!r}")
    return math.inf if p > MOST_P else float(p)


def _cost(gaps: Floats, shares: Floats, p: float) -> float:
    size = np.abs(gaps)
    largest = float(size.max(initial=0.0))
    if p == math.inf or largest == 0:
        return largest
    # Relative to the largest gap, so that no power overflows and not all vanish.
    mean = float((shares @ np.power(size / largest, p)).sum())
    return float(largest * mean ** (1 / p))
