"""The long term: what the team earned, divided by what each contributed to the finished task.

    v(S) = what the team would have earned with only S contributing, by counterfactual replay of the record; v(∅) = 0
    share_i = φ_i(v),    Σ share = v(N), to the wei

Exact up to 20 players, every coalition being replayed; beyond that by an estimator whose standard error is
stated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from headwater.credit import sampled_shapley, shapley
from headwater_agents.bargaining.stage import fair_shares
from headwater_agents.games import Record, ReplayGame

MOST_EXACT: Final = 20
"""Most players whose coalitions are all replayed: 1,048,576 of them."""

WHOLE: Final = 12
"""Most players for whom the arithmetic is done in whole wei; beyond, in floats, rounded at the end."""

BUDGET: Final = 2_000
"""Coalitions asked where not all of them are."""


@dataclass(frozen=True, slots=True)
class Division:
    """The team's earning, divided.

    Attributes:
        shares: wei of each player; they sum to what the team earned.
        method: equal, shapley, or the estimator's name.
        exact: whether the shares are the method's own, not an estimate.
        error: largest standard error of a share, wei; 0 when exact.
        replays: coalitions asked for.
    """

    shares: tuple[int, ...]
    method: str
    exact: bool
    error: float
    replays: int


def equally(team: int, players: int) -> Division:
    """Equal parts, rounded down; the first players get the rest."""
    each, rest = divmod(team, players)
    return Division(tuple(each + (player < rest) for player in range(players)), "equal", True, 0.0, 0)


def by_contribution(record: Record, *, seed: int = 0, budget: int = BUDGET, most_exact: int = MOST_EXACT) -> Division:
    """By the Shapley value of the finished task. `seed` and `budget` matter beyond `most_exact` players only.

    Raises:
        RecordError: a record that does not replay, or an unfinished one.
        CreditError: more players than are credited, or a budget too small for their number.
    """
    game = ReplayGame(record)
    n = game.n_players
    if n <= min(WHOLE, most_exact):
        table = [game.wei(player for player in range(n) if mask >> player & 1) for mask in range(1 << n)]
        return Division(fair_shares(table), "shapley", True, 0.0, 1 << n)
    credit = (
        shapley(game) if n <= most_exact else sampled_shapley(game, np.random.default_rng([seed, n]), budget=budget)
    )
    shares = to_wei([Fraction(float(part)) for part in credit.values], record.team)
    return Division(shares, credit.method, credit.exact, float(credit.standard_error.max()), credit.evaluations)


def contributions(record: Record) -> tuple[int, ...]:
    """The shares alone. Raises as `by_contribution` does."""
    return by_contribution(record).shares


def to_wei(parts: Sequence[Fraction], total: int) -> tuple[int, ...]:
    """Whole wei from real shares whose sum misses the total by rounding only; what is missing is spread evenly."""
    missing = (total - sum(parts)) / len(parts)
    exact = [part + missing for part in parts]
    floors = [int(part // 1) for part in exact]
    order = sorted(range(len(parts)), key=lambda player: (-(exact[player] - floors[player]), player))
    for player in order[: total - sum(floors)]:
        floors[player] += 1
    return tuple(floors)
