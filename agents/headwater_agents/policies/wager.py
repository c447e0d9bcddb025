"""Sizing a wager: fractional Kelly, held far below the full fraction.

With effective wager equal to the wager m, a unit of wager returns X = g / L − rent, g = ln p_o − ln q_o. The
growth-optimal share of the stake maximises E[ln(1 + f·X)] under the forecaster's own belief p. On rain it often exceeds
one, and full stakes halve within 1,000 questions one time in three: the policy takes a fraction of it and never more
than a third.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from headwater.units import BPS, WAD
from headwater_agents.policies.base import PolicyError
from headwater_agents.policies.forecast import Forecast, to_floats
from headwater_agents.policies.views import Question

THIRD_BPS: Final = 3_333
"""The most of its stake that an honest policy wagers on one question."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WagerConfig:
    """Settings of wager sizing, all in bps.

    kelly_bps: of the Kelly fraction that is taken. max_stake_bps: most of the bonded stake, at most a third.
    max_capacity_bps: most of the question's capacity; above it the wager would only dilute everybody, its owner first.
    """

    kelly_bps: int = 1_500
    max_stake_bps: int = 2_500
    max_capacity_bps: int = 3_000

    def __post_init__(self) -> None:
        if not 0 < self.kelly_bps <= BPS:
            raise PolicyError(f"kelly_bps is {self.kelly_bps}; it must be 1 to {BPS}")
        if not 0 < self.max_stake_bps <= THIRD_BPS:
            raise PolicyError(f"max_stake_bps is {self.max_stake_bps}; it must be 1 to {THIRD_BPS}")
        if not 0 < self.max_capacity_bps <= BPS:
            raise PolicyError(f"max_capacity_bps is {self.max_capacity_bps}; it must be 1 to {BPS}")


def kelly_fraction(belief: Forecast, question: Question) -> float:
    """Share of the stake that maximises E[ln(1 + f·X)] under the belief; 0 where E[X] is not above 0.

    Found by bisection of the derivative E[X / (1 + f·X)], which falls in f, to 1e-9 of the share that could ruin.
    """
    p, q = to_floats(belief), to_floats(question.odds)
    bound = -math.log(question.p_min / WAD)
    returns = np.log(p / q) / bound - question.rent_bps / BPS
    if float(p @ returns) <= 0:
        return 0.0
    low, high = 0.0, -1.0 / float(returns.min())
    for _ in range(30):
        middle = (low + high) / 2
        if float(p @ (returns / (1.0 + middle * returns))) > 0:
            low = middle
        else:
            high = middle
    return low


def affordable(free: int, rent_bps: int) -> int:
    """Largest wager whose lock, ceil(m · (1 + rent)), the free stake covers (wei)."""
    return free * BPS // (BPS + rent_bps)


def size_wager(
    config: WagerConfig, belief: Forecast, question: Question, *, bonded: int, free: int, min_wager: int
) -> int:
    """Wager in wei, or 0 to stay out: no expected gain after rent, no capacity, or less than `min_wager` allowed.

    The share of the stake is cut to whole bps, so that floats never reach the wei.
    """
    share = kelly_fraction(belief, question) * config.kelly_bps
    return bounded_wager(config, min(int(share + 1e-6), BPS), question, bonded=bonded, free=free, min_wager=min_wager)


def bounded_wager(
    config: WagerConfig, share_bps: int, question: Question, *, bonded: int, free: int, min_wager: int
) -> int:
    """`share_bps` of the bonded stake within all bounds of the config and the free stake; 0 below `min_wager` (wei)."""
    wager = min(
        bonded * min(share_bps, config.max_stake_bps) // BPS,
        question.capacity * config.max_capacity_bps // BPS,
        affordable(free, question.rent_bps),
    )
    return wager if wager >= max(min_wager, 1) else 0
