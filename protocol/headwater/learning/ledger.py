"""Credits accumulated round by round, and what they come to: shares, and the integer weights that a cascade announces.

    total_i = Σ_t c_i(t)          share_i = max(0, total_i − caution · √Σ_t c_i(t)²) / Σ_j the same

Who adds noise to what is known gains nothing in expectation, but max(0, ·) pays luck and forgives bad luck. With noise
as likely as its mirror image, a total exceeds κ · √Σ c² with a chance of at most exp(−κ²/2) to first order (de la Peña,
"A general class of exponential inequalities for martingales and ratios", Annals of Probability 27, 1999). `caution` is
that κ: 0, the default, pays every positive total; it is dear to honest members whose credit lies in few rounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np

from headwater.credit import NoCreditError, weights_from_credit
from headwater.learning.errors import RoundError
from headwater.learning.rounds import Round

NEGLIGIBLE: Final = 1e-12
"""Nats at or below which a total is rounding."""


@dataclass(frozen=True)
class Ledger:
    """What every agent has been credited so far. Immutable: adding gives a new ledger.

    totals: nats, agents in the order they came. squares: Σ c², nats². rounds: how many were added.
    """

    totals: Mapping[str, float] = field(default_factory=dict)
    squares: Mapping[str, float] = field(default_factory=dict)
    rounds: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "totals", MappingProxyType(dict(self.totals)))
        object.__setattr__(self, "squares", MappingProxyType(dict(self.squares)))

    def add(self, played: Round) -> Ledger:
        """The ledger with one more round."""
        return self.add_values(played.agents, [float(value) for value in played.credit.values])

    def add_values(self, agents: Sequence[str], values: Sequence[float]) -> Ledger:
        """The ledger with one more round's credits, (n,) nats. Raises RoundError unless finite, one for each agent."""
        if len(agents) != len(values) or len(set(agents)) != len(agents) or not np.isfinite(values).all():
            raise RoundError("a round's credits are finite, one for each agent, no agent twice")
        totals, squares = dict(self.totals), dict(self.squares)
        for agent, value in zip(agents, values, strict=True):
            totals[agent] = totals.get(agent, 0.0) + value
            squares[agent] = squares.get(agent, 0.0) + value * value
        return Ledger(totals, squares, self.rounds + 1)

    def due(self, caution: float = 0.0) -> dict[str, float]:
        """What each agent's share is in proportion to: max(0, total − caution · √Σ c²), nats. RoundError: below 0."""
        if not 0 <= caution < np.inf:
            raise RoundError(f"caution is finite and at least 0; got {caution}")
        found = {agent: total - caution * self.squares[agent] ** 0.5 for agent, total in self.totals.items()}
        return {agent: value if value > NEGLIGIBLE else 0.0 for agent, value in found.items()}

    def shares(self, caution: float = 0.0) -> dict[str, float]:
        """Shares with sum 1, or all zero when nobody's credit is above zero."""
        due = self.due(caution)
        whole = sum(due.values())
        return {agent: value / whole if whole > 0 else 0.0 for agent, value in due.items()}

    def weights(self, total: int = 10_000_000, caution: float = 0.0) -> dict[str, int]:
        """Integer weights with sum `total`, in proportion to the shares, by largest remainder.

        Raises:
            NoCreditError: of headwater.credit: nobody is above zero; announced weights stand.
            WeightsError: of headwater.credit: a total outside its range.
        """
        due = self.due(caution)
        if not due:
            raise NoCreditError("no credit was ever given; keep the announced weights, or choose some")
        return dict(zip(due, weights_from_credit(list(due.values()), total, negligible=NEGLIGIBLE), strict=True))
