"""Overlap: an agent signs every agreement it accepts, not only the one it helped to form.

An agent accepts an agreement when it lies within both its bounds (capped by the threshold), as at home. Further
signatories do not change an agreement's system: what was proposed is what is signed, so every bound holds for every
signature, and those who signed first need not be asked again. What a change would do is measured beside: how far the
optimum of all signatories lies from the system they signed, and how many of them would refuse it.

An agent's best agreement is the one of most utility to it among those it signed. It is never worse than home.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from headwater.values.agreement import Agreement, Utility
from headwater.values.errors import FormationError
from headwater.values.measures import utilities
from headwater.values.norms import Bools, Floats, Ints, Norm
from headwater.values.optimum import optimum
from headwater.values.population import Population

MAX_PAIRS: Final = 1 << 30


@dataclass(frozen=True, eq=False)
class Overlap:
    """Who signs what when everybody signs all they accept.

    Attributes:
        signed: (n, k), agent by agreement.
        home: (n,), the agreement each agent helped to form.
        best: (n,), the agreement of most utility among those signed; home on ties, then the lowest.
        utility_home: (n,), under the home agreement.
        utility_best: (n,), under the best.
        shift: (k,), l2 distance from each agreement to the optimum of all its signatories.
        would_refuse: (k,), how many signatories would refuse that optimum.
    """

    signed: Bools
    home: Ints
    best: Ints
    utility_home: Floats
    utility_best: Floats
    shift: Floats
    would_refuse: Ints

    @property
    def signatures(self) -> Ints:
        """(n,), agreements each agent signs."""
        return np.asarray(self.signed.sum(axis=1), dtype=np.int64)

    @property
    def signatories(self) -> Ints:
        """(k,), agents that sign each agreement."""
        return np.asarray(self.signed.sum(axis=0), dtype=np.int64)


def overlap(
    population: Population,
    agreements: Sequence[Agreement],
    threshold: float | None = None,
    *,
    norm: Norm = Norm.L1,
    utility: Utility = Utility.SQUARED,
) -> Overlap:
    """Everybody signs every agreement it accepts (the module says what that leaves unchanged).

    Args:
        population: of n agents.
        agreements: a partition of them, as `form` makes it.
        threshold: caps every bound; the one they were formed under.
        norm: the yardstick of utilities.
        utility: whose optimum the shift is measured to.

    Raises:
        FormationError: agreements that do not partition the agents, or more than 2**30 pairs of agent and agreement.
    """
    home = homes(population.n, agreements)
    count = len(agreements)
    if population.n * count > MAX_PAIRS:
        raise FormationError(
            f"{population.n:,} agents and {count:,} agreements are more than {MAX_PAIRS:,} pairs; take fewer agents"
        )
    systems = np.array([agreement.system.vector for agreement in agreements])
    signed = population.acceptance(systems, threshold)
    utility_home = utilities(population, systems[home], norm)
    best, utility_best = home.copy(), utility_home.copy()
    shift, would_refuse = np.zeros(count), np.zeros(count, dtype=np.int64)
    vectors = population.vectors
    for column in range(count):
        who = np.flatnonzero(signed[:, column])
        if not len(who):
            continue
        signatories = population.take(who)
        here = utilities(signatories, systems[column], norm)
        better = here > utility_best[who]
        best[who[better]], utility_best[who[better]] = column, here[better]
        goal = optimum(vectors[who], population.m, population.sizes[who], utility.p)
        shift[column] = np.linalg.norm(goal - systems[column])
        would_refuse[column] = int((~signatories.acceptance(goal, threshold)).sum())
    return Overlap(signed, home, best, utility_home, utility_best, shift, would_refuse)


def homes(n: int, agreements: Sequence[Agreement]) -> Ints:
    """(n,), the index of each agent's agreement. Raises FormationError unless they partition the agents."""
    home = np.full(n, -1, dtype=np.int64)
    for index, agreement in enumerate(agreements):
        members = np.asarray(agreement.members)
        if not len(members) or members.min() < 0 or members.max() >= n or (home[members] >= 0).any():
            raise FormationError(f"agreements partition the agents 0 to {n - 1}; agreement {index} does not fit")
        home[members] = index
    if (home < 0).any():
        raise FormationError(f"agreements partition the agents; agent {int((home < 0).argmax())} is in none")
    return home
