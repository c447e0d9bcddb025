"""What suppliers' signals were worth, and the shares that follow from it.

Worth is the Shapley value of the pooled signals' realised growth over the last `window` resolved questions, in the
buyer's own pool: a coalition's value is the mean log-growth over the public odds of what its signals pool to under the
buyer's present weights, the rest being silent (a negative weight counts as 0: whoever is read backwards is not paid for
it). A supplier's share is

    (1 − λ) · max(worth, 0) / Σ max(worth, 0) + λ / n,        λ = max(min_equal, shrink / (T + shrink))

for T questions in the window: early on everybody has nearly the same, and nobody is ever starved on noise alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from headwater.credit import pooled_growth_game, shapley, weights_from_credit
from headwater.units import WAD
from headwater_agents.policies.base import PolicyError
from headwater_agents.policies.forecast import Floats
from headwater_agents.policies.pool import PoolMemory

TOTAL: Final = 10_000_000
"""What the shares of a buyer's suppliers sum to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorthConfig:
    """Settings of re-weighting.

    reweigh_every: resolved questions between two valuations. window: how many resolved questions a valuation looks
    back. shrink: questions at which the shares stand half-way between equal and measured. min_equal: the least part
    shared equally. p_min: the series' own, WAD.
    """

    reweigh_every: int = 10
    window: int = 250
    shrink: float = 50.0
    min_equal: float = 0.1
    p_min: int = WAD // 100

    def __post_init__(self) -> None:
        if self.reweigh_every < 1 or self.window < 1:
            raise PolicyError("reweigh_every and window must be at least 1")
        if self.shrink < 0 or not 0 < self.min_equal <= 1:
            raise PolicyError("shrink must be at least 0, min_equal above 0 and at most 1")
        if not 0 < self.p_min <= WAD // 2:
            raise PolicyError(f"p_min is {self.p_min}; it must be above 0 and at most {WAD // 2}")


def equal_shares(suppliers: int) -> tuple[int, ...]:
    """Equal shares in parts of 10,000,000; what does not divide goes to the first."""
    return tuple(weights_from_credit(np.ones(suppliers), TOTAL))


def worths(config: WorthConfig, memory: PoolMemory) -> Floats:
    """Each supplier's Shapley value over the window, nats a question, shape (n,); their sum is the pool's growth.

    Raises headwater.credit.GameError before the first question or where public odds lie below the config's p_min.
    """
    recent = slice(-config.window, None)
    odds = memory.odds[recent]
    game = pooled_growth_game(
        memory.signals[recent],
        odds,
        memory.outcomes[recent],
        wagers=np.full(len(odds), 1.0 / max(len(odds), 1)),
        pool="evidence",
        weights=np.maximum(memory.weights, 0.0),
        p_min=config.p_min / WAD,
    )
    return shapley(game).values


def shares(config: WorthConfig, memory: PoolMemory) -> tuple[int, ...]:
    """Shares of a buyer's suppliers after these resolved questions; equal where nobody was worth anything."""
    n = memory.signals.shape[1]
    seen = min(memory.resolved, config.window)
    if seen == 0:
        return equal_shares(n)
    # Below this, a worth is the rounding noise of the sums behind it.
    worth = worths(config, memory)
    worth = np.where(worth > 1e-12, worth, 0.0)
    measured = worth / worth.sum() if worth.sum() > 0 else np.full(n, 1.0 / n)
    equal = max(config.min_equal, config.shrink / (seen + config.shrink))
    return tuple(weights_from_credit((1.0 - equal) * measured + equal / n, TOTAL))
