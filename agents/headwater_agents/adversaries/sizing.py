"""How attackers size a wager that has more than its own edge in view: capacity, others' wagers, and what is at hand."""

from __future__ import annotations

import math
from typing import Final

from headwater.units import BPS, MAX_WEI, WAD
from headwater_agents.lab.game.table import MAIN, Table
from headwater_agents.lab.mechanisms.base import P_MIN, Odds, Offer
from headwater_agents.lab.population import report

AGAINST_ODDS: Final = frozenset({"headwater", "numerai", "torus", "yuma"})
"""Mechanisms that pay, or remember, how far a report beats the public odds: there it matters who sets them."""

EMITTING: Final = AGAINST_ODDS | {"predictoor"}
"""Mechanisms that pay good forecasts out of emission, so that there is something to win even alone on a question."""

_LOG_RANGE: Final = -math.log(P_MIN / WAD)


def log_growth(told: Odds, odds: Odds, outcome: int) -> float:
    """ln p_o − ln q_o, nats."""
    return math.log(told[outcome] / odds[outcome])


def edge(belief: Odds, told: Odds, odds: Odds) -> float:
    """Expected growth of a report under a belief, nats."""
    return sum(belief[o] / WAD * log_growth(told, odds, o) for o in (0, 1))


def affordable(offer: Offer, stake: int) -> int:
    """The largest wager (wei) whose worst case, rent included, free stake covers."""
    return stake * BPS // (BPS + offer.rent_bps)


def best_response(offer: Offer, others: int, growth: float, stake: int) -> int:
    """The wager (wei) that earns most in expectation beside `others` (wei), for an expected growth (nats) per unit.

    The profit m · (min(C, W) · g / W − rentL) / L with W = m + V rises up to C − V, and beyond it is a contest for
    shares of C whose best answer to V is √(C · V · g / rentL) − V. Nobody is afraid of variance here: it is what an
    attacker would do that plays many questions with a small part of its wealth.
    """
    most = affordable(offer, stake)
    rent = offer.rent_bps / BPS * _LOG_RANGE
    if growth <= rent or most < offer.min_wager:
        return 0
    if rent == 0 or offer.capacity >= MAX_WEI:
        return most
    contested = math.sqrt(offer.capacity * others * growth / rent) - others
    wager = min(most, max(offer.capacity - others, int(contested)))
    return wager if wager >= offer.min_wager else 0


def wagered_by_others(table: Table, series: int = MAIN) -> int:
    """What accounts outside the coalition have wagered so far, wei."""
    return sum(each.wager for each in table.commitments(series) if each.name not in table.coalition)


def lopsided(belief: Odds, odds: Odds, rescued: float) -> tuple[Odds, float]:
    """The best report, and its expected growth (nats), for one who is spared a loss with this chance.

    Leaning to outcome o with belief b, b · ln(p/q) + (1 − rescued) · (1 − b) · ln((1 − p)/(1 − q)) is greatest at
    p = b / (b + (1 − rescued)(1 − b)): the belief itself where nobody is spared, certainty where everybody is.
    """
    found = []
    for o in (0, 1):
        b = belief[o] / WAD
        p = min(b / (b + (1 - rescued) * (1 - b)), 1 - P_MIN / WAD)
        leaning = math.log(p / (1 - p))
        told = report(leaning if o == 1 else -leaning)
        lost = min(0.0, log_growth(told, odds, 1 - o)) * (1 - rescued) + max(0.0, log_growth(told, odds, 1 - o))
        won = log_growth(told, odds, o)
        found.append((b * won + (1 - b) * lost, o, told))
    growth, _, told = max(found)
    return told, growth
