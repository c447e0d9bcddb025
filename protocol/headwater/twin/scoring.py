"""Twin of the arena's Kelly score: growth, capacity, lock, net, and the reserve's slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.twin.fixed import ceil_div, floor_div, wad_ln
from headwater.units import BPS, MAX_WEI, WAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What a series' P_MIN and rent fix: L and rentL, in WAD.

    Attributes:
        p_min: smallest probability, WAD.
        log_range: L = -ln(P_MIN).
        log_rent: rentL = floor(L * rent_bps / 10,000).
    """

    p_min: int
    log_range: int
    log_rent: int

    @classmethod
    def of(cls, p_min: int, rent_bps: int) -> Scale:
        """Scale of a series with this P_MIN (WAD) and rent (bps)."""
        if not 0 < p_min < WAD:
            raise ValueError(f"p_min must be between 0 and {WAD} (WAD), got {p_min}")
        if not 0 <= rent_bps <= BPS:
            raise ValueError(f"rent must be 0 to {BPS} bps, got {rent_bps}")
        log_range = -wad_ln(p_min)
        return cls(p_min=p_min, log_range=log_range, log_rent=log_range * rent_bps // BPS)


def growth(report: int, posted: int) -> int:
    """Kelly bettor's log-growth g = ln p_o - ln q_o over the public odds, in WAD; both arguments WAD."""
    return wad_ln(report) - wad_ln(posted)


def max_growth(odds: Sequence[int], p_min: int) -> int:
    """Largest growth any admissible report can reach on these odds, rounded up by 2 wei. WAD."""
    return wad_ln(WAD - (len(odds) - 1) * p_min) - wad_ln(min(odds)) + 2


def capacity(reserve: int, odds: Sequence[int], scale: Scale) -> int:
    """Effective wager (wei) whose largest emission the reserve (wei) covers, clamped to 2**96 - 1."""
    return min(reserve * scale.log_range // max_growth(odds, scale.p_min), MAX_WEI)


def lock(wager: int, scale: Scale) -> int:
    """Stake (wei) that a wager locks: ceil(m (L + rentL) / L), the most it can lose."""
    return ceil_div(wager * (scale.log_range + scale.log_rent), scale.log_range)


def net(wager: int, growth: int, capacity: int, wagered: int, scale: Scale) -> int:
    """Wei won (positive) or lost: floor(m (min(C, W) g - W rentL) / (W L)).

    Args:
        wager: m, wei.
        growth: g, WAD; -L for a position that was not revealed, 0 for one refunded less rent.
        capacity: C, wei.
        wagered: W, sum of all wagers on the question, wei; at least the wager.
        scale: the series' logarithms.
    """
    if not 0 < wager <= wagered:
        raise ValueError(f"need 0 < wager <= wagered, got {wager} and {wagered}")
    numerator = wager * (min(capacity, wagered) * growth - wagered * scale.log_rent)
    return floor_div(numerator, wagered * scale.log_range)


def kept_reserve(reserve: int, capacity: int, wagered: int) -> int:
    """What resolution keeps of a question's reserve: ceil(R min(C, W) / C), 0 without wagers. Wei."""
    return 0 if wagered == 0 else ceil_div(reserve * min(capacity, wagered), capacity)


def reserve_slice(reserve_left: int, wager: int, wagers_left: int) -> int:
    """A position's slice of what is left of the reserve, wei. The last position's slice is all of it."""
    return reserve_left * wager // wagers_left
