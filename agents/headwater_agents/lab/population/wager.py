"""How much an honest forecaster wagers on a binary question: a fraction of what Kelly's criterion allows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from headwater.units import BPS, WAD
from headwater_agents.lab.mechanisms.base import P_MIN, LabError, Odds, Offer
from headwater_agents.lab.population.pool import sigmoid

_LOG_RANGE = -math.log(P_MIN / WAD)


@dataclass(frozen=True, kw_only=True, slots=True)
class WagerTraits:
    """Fractions of the Kelly wager and bounds in shares of stake and capacity, bps."""

    kelly_bps: int = 3_000
    max_stake_bps: int = 2_500
    max_capacity_bps: int = 3_000

    def __post_init__(self) -> None:
        if not 0 < self.kelly_bps <= BPS or not 0 < self.max_stake_bps <= BPS or not 0 < self.max_capacity_bps <= BPS:
            raise LabError(f"wager traits must be 1 to {BPS} bps: {self}")


def report(log_odds: float) -> Odds:
    """A forecast in WAD inside the bounds every mechanism sets."""
    high = min(max(round(sigmoid(log_odds) * WAD), P_MIN), WAD - P_MIN)
    return WAD - high, high


def log_odds(odds: Odds) -> float:
    """Log-odds of outcome 1."""
    return math.log(odds[1] / odds[0])


def returns(belief: Odds, offer: Offer, filled: float = 1.0) -> tuple[float, float]:
    """Return of a unit of wager that reports `belief`, on outcome 0 and on outcome 1.

    `filled` is the part of a wager that takes effect, min(C, W) / W; rent is due on all of it.
    """
    rent = offer.rent_bps / BPS
    low, high = (filled * math.log(b / q) / _LOG_RANGE - rent for b, q in zip(belief, offer.odds, strict=True))
    return low, high


def kelly(belief: Odds, offer: Offer, filled: float = 1.0) -> float:
    """Share of the stake that maximises expected log-wealth under the belief; 0 without an edge after rent.

    Two returns a > 0 > −b with chances p, 1 − p: f = p / b − (1 − p) / a.
    """
    low, high = returns(belief, offer, filled)
    p = belief[1] / WAD
    if high < low:
        low, high, p = high, low, 1 - p
    if p * high + (1 - p) * low <= 0 or low >= 0:
        return 0.0
    return p / -low - (1 - p) / high


def size(belief: Odds, offer: Offer, stake: int, traits: WagerTraits, filled: float = 1.0) -> int:
    """Wager in wei, within stake and capacity; 0 to stay out. `filled` is the part expected to take effect."""
    share = min(int(kelly(belief, offer, filled) * traits.kelly_bps), traits.max_stake_bps)
    wager = min(stake * share // BPS, offer.capacity * traits.max_capacity_bps // BPS)
    return wager if wager >= offer.min_wager else 0
