"""Credits accumulated round by round, and what they come to: shares, and the integer weights that a cascade announces.

    total_i = Σ_t c_i(t)        due_i = max(0, total_i − caution · √Σ_t luck_i(t)²)        share_i = due_i / Σ_j due_j

Who sends noise gains nothing in expectation, but max(0, ·) pays luck and forgives bad luck. Noise that prefers no
direction of what is new has first-order credits of mean zero, sub-Gaussian with deviation luck_i(t) (a coordinate of a
point of the sphere), so its total exceeds caution · √Σ luck² with a chance of at most exp(−caution²/2), for one date of
payment fixed beforehand (Hoeffding's inequality for martingales); curvature lowers it further. `caution` 0 pays every
positive total; 1, the default, takes nearly all from noise, and from honest members whose own information does not
stand out from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from headwater.credit import NoCreditError, weights_from_credit
from headwater.learning.errors import RoundError
from headwater.learning.rounds import Round

CAUTION: Final = 1.0
"""Deviations of luck that are not paid unless somebody says otherwise."""
NEGLIGIBLE: Final = 1e-12
"""Nats at or below which a total is rounding."""


@dataclass(frozen=True)
class Ledger:
    """What every agent has been credited so far. Immutable: adding gives a new ledger.

    totals: nats, agents in the order they came. squares: Σ luck², nats². rounds: how many were added.
    """

    totals: Mapping[str, float] = field(default_factory=dict)
    squares: Mapping[str, float] = field(default_factory=dict)
    rounds: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "totals", MappingProxyType(dict(self.totals)))
        object.__setattr__(self, "squares", MappingProxyType(dict(self.squares)))

    def add(self, played: Round) -> Ledger:
        """The ledger with one more round."""
        return self.add_values(played.agents, [float(c) for c in played.credit.values], played.credit.luck)

    def add_values(self, agents: Sequence[str], values: Sequence[float], luck: npt.ArrayLike = 0.0) -> Ledger:
        """The ledger with one more round's credits and luck, (n,) nats. RoundError unless finite and one an agent."""
        lucks = np.broadcast_to(np.asarray(luck, dtype=np.float64), len(values))
        if len(agents) != len(values) or len(set(agents)) != len(agents) or not np.isfinite([*values, *lucks]).all():
            raise RoundError("a round's credits and luck are finite, one for each agent, no agent twice")
        totals, squares = dict(self.totals), dict(self.squares)
        for agent, value, deviation in zip(agents, values, lucks, strict=True):
            totals[agent] = totals.get(agent, 0.0) + value
            squares[agent] = squares.get(agent, 0.0) + float(deviation) ** 2
        return Ledger(totals, squares, self.rounds + 1)

    def due(self, caution: float = CAUTION) -> dict[str, float]:
        """What shares are in proportion to: max(0, total − caution · √Σ luck²), nats. RoundError: caution below 0."""
        if not 0 <= caution < np.inf:
            raise RoundError(f"caution is finite and at least 0; got {caution}")
        found = {agent: total - caution * self.squares[agent] ** 0.5 for agent, total in self.totals.items()}
        return {agent: value if value > NEGLIGIBLE else 0.0 for agent, value in found.items()}

    def shares(self, caution: float = CAUTION) -> dict[str, float]:
        """Shares with sum 1, or all zero when nobody's credit is above zero."""
        due = self.due(caution)
        whole = sum(due.values())
        return {agent: value / whole if whole > 0 else 0.0 for agent, value in due.items()}

    def weights(self, total: int = 10_000_000, caution: float = CAUTION) -> dict[str, int]:
        """Integer weights with sum `total`, in proportion to the shares, by largest remainder.

        Raises:
            NoCreditError: of headwater.credit: nobody is above zero; announced weights stand.
            WeightsError: of headwater.credit: a total outside its range.
        """
        due = self.due(caution)
        if not due:
            raise NoCreditError("no credit was ever given; keep the announced weights, or choose some")
        return dict(zip(due, weights_from_credit(list(due.values()), total, negligible=NEGLIGIBLE), strict=True))
