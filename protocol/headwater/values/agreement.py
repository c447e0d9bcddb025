"""Agreements, how they are formed, and what forming them left behind."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from headwater.values.errors import FormationError
from headwater.values.norms import Floats, Ints
from headwater.values.system import ValueSystem, checked_bound

MAX_ROUNDS: Final = 1_000_000


class Utility(StrEnum):
    """An agent's concave utility of a system x when its own is b and its size s (a share of the largest).

    squared: −s/2 · Σ (x − b)²; the group optimum is the weighted mean, the consensus at p = 2.
    absolute: −s · Σ |x − b|; a group optimum is a weighted median, the consensus at p = 1.
    """

    SQUARED = "squared"
    ABSOLUTE = "absolute"

    @property
    def p(self) -> float:
        """The p whose consensus is the optimum of a group's summed utility."""
        return 2.0 if self is Utility.SQUARED else 1.0


@dataclass(frozen=True, kw_only=True)
class FormationConfig:
    """How agreements form.

    Args:
        rounds: at most so many rounds of exchange, from 1.
        step0: the first step α_0, above 0 and at most 1.
        decay: α_t = step0 / (1 + t)**decay, from 0 to 1: decreasing (constant at 0), never summable.
        threshold: the governed homophily threshold, which caps every bound; None caps nothing.
        utility: what agents climb.
        tolerance: the exchange of a component ends when no entry moved by more in a round; at least 0.

    Raises:
        FormationError: any other setting. BoundsError: a threshold that is negative or NaN.
    """

    rounds: int = 200
    step0: float = 0.5
    decay: float = 0.6
    threshold: float | None = None
    utility: Utility = Utility.SQUARED
    tolerance: float = 1e-6

    def __post_init__(self) -> None:
        if isinstance(self.rounds, bool) or not isinstance(self.rounds, int) or not 1 <= self.rounds <= MAX_ROUNDS:
            raise FormationError(f"rounds are an int from 1 to {MAX_ROUNDS:,}; got {self.rounds!r}")
        for field, low, high in (("step0", 0.0, 1.0), ("decay", 0.0, 1.0), ("tolerance", 0.0, math.inf)):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise FormationError(f"{field} is a number from {low:g} to {high:g}; got {value!r}")
        if self.step0 == 0:
            raise FormationError("step0 is above 0: an agent that takes no step forgets what it declared")
        if self.threshold is not None:
            object.__setattr__(self, "threshold", checked_bound(self.threshold, "the threshold"))
        try:
            object.__setattr__(self, "utility", Utility(self.utility))
        except ValueError:
            raise FormationError(f"utility is one of {', '.join(Utility)}; got {self.utility!r}") from None

    def alpha(self, t: int) -> float:
        """The step of round t, counted from 0."""
        return float(self.step0 / (1.0 + t) ** self.decay)


@dataclass(frozen=True, eq=False)
class Agreement:
    """One system and who signed it first.

    Attributes:
        system: what they agreed on.
        members: (k,), the agents for whom it is the home agreement, ascending.
    """

    system: ValueSystem
    members: Ints


@dataclass(frozen=True, eq=False)
class FormationRound:
    """What one round of exchange did."""

    round: int
    alpha: float
    edges: int
    """edges that stand after the round's checks"""
    moved: float
    """the most any entry of any estimate moved"""
    pulled: float
    """the most that neighbours pulled any entry of any estimate"""


@dataclass(frozen=True, eq=False)
class Formation:
    """Agreements that partition the agents, and how they came about.

    Attributes:
        agreements: by their lowest member.
        home: (n,), the index of each agent's agreement.
        estimates: (n, d), each agent's last estimate of the exchange, weights then judgements row by row.
        edges: (e, 2), the edges that survived the exchange (signing may have parted some of them since).
        rounds: rounds of exchange run.
        converged: whether every estimate came to rest within the tolerance before the rounds ran out.
        gap: the most an entry of an estimate differs from the optimum of its component as the exchange left it.
        signing_rounds: how often an agreement was put to its group; 1 where nobody refused.
        connected: whether the graph was connected at first.
        history: one entry a round.
    """

    agreements: tuple[Agreement, ...]
    home: Ints
    estimates: Floats
    edges: Ints
    rounds: int
    converged: bool
    gap: float
    signing_rounds: int
    connected: bool
    history: tuple[FormationRound, ...]

    @property
    def group_sizes(self) -> Ints:
        """(k,), members of each agreement."""
        return np.array([len(agreement.members) for agreement in self.agreements], dtype=np.int64)

    @property
    def vectors(self) -> Floats:
        """(k, d), the agreements' systems as vectors."""
        return np.array([agreement.system.vector for agreement in self.agreements])
