"""Credit of suppliers whose contributions add up in log-odds: the game, and shares by any of four rules.

Question t has two outcomes, public log-odds b_t, and supplier j moved the forecast by c_tj (its weight times its
evidence). A coalition is worth what its forecast would have grown, in nats a question,

    v(S) = mean_t ( ln P_S,t(y_t) − ln P_∅,t(y_t) ),    P_S,t(1) = 1 / (1 + exp(−b_t − Σ_{j ∈ S} c_tj))

This is the "evidence" pool of `pooled_growth_game` for two outcomes, without its clip, where the weights may differ
from question to question, as those of a forecaster that learns do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from headwater.credit.coalitions import Bools, Floats
from headwater.credit.errors import GameError
from headwater.credit.exact import shapley
from headwater.credit.game import Game
from headwater.credit.precedence import precedence_shapley
from headwater.credit.simple import leave_one_out

CreditRule: TypeAlias = Literal["shapley", "leave-one-out", "precedence", "equal"]

CHUNK: Final = 1 << 18
"""Forecasts (coalition, question) held at a time: 2 MB an array."""

NEGLIGIBLE: Final = 1e-12
"""Credit in nats that counts as none: above the rounding of the methods, far below any that matters."""


class LogitGrowthGame(Game):
    """The game of n suppliers over T resolved questions (the module says what a coalition is worth).

    Args:
        gains: (T, n), weighted contributions c in log-odds.
        base: (T,), log-odds of the public odds.
        outcomes: (T,), 0 or 1.

    Raises:
        GameError: shapes that do not fit, no question or supplier, numbers that are not finite, other outcomes.
    """

    def __init__(self, gains: npt.ArrayLike, base: npt.ArrayLike, outcomes: npt.ArrayLike) -> None:
        moved = np.asarray(gains, dtype=np.float64)
        public = np.asarray(base, dtype=np.float64)
        happened = np.asarray(outcomes)
        if moved.ndim != 2 or not moved.size or public.shape != moved.shape[:1] or happened.shape != public.shape:
            raise GameError(
                "gains, base and outcomes have shapes (T, n), (T,) and (T,), with at least one question and one "
                f"supplier; got {moved.shape}, {public.shape} and {happened.shape}"
            )
        if not bool(np.isfinite(moved).all()) or not bool(np.isfinite(public).all()):
            raise GameError("gains and base are finite log-odds")
        if not bool(((happened == 0) | (happened == 1)).all()):
            raise GameError("outcomes are 0 or 1")
        super().__init__(moved.shape[1])
        # Signed so that the probability of what happened is always 1 / (1 + exp(against)).
        sign = 1.0 - 2.0 * happened.astype(np.float64)
        self._against = sign * public
        self._parts = np.ascontiguousarray((sign[:, None] * moved).T)
        self._empty = float(_log_loss(self._against[None, :].copy())[0])

    def _evaluate(self, members: Bools) -> Floats:
        values = np.empty(len(members))
        step = max(1, CHUNK // len(self._against))
        for start in range(0, len(members), step):
            chunk = members[start : start + step].astype(np.float64)
            values[start : start + step] = self._empty - _log_loss(chunk @ self._parts + self._against)
        return values


def credit_shares(
    gains: npt.ArrayLike,
    base: npt.ArrayLike,
    outcomes: npt.ArrayLike,
    ranks: Sequence[int] | None = None,
    rule: CreditRule = "shapley",
) -> Floats:
    """Each supplier's share of the credit, (n,): not negative, summing to 1, or all 0 where nobody earned any.

    A supplier with negative credit gets nothing, and the others share in proportion to theirs. "equal" gives everybody
    1 / n, whatever was earned. At 8 suppliers and 50 questions every rule takes below a few milliseconds; the time of
    "shapley" doubles with each supplier, that of "precedence" with each supplier of the largest rank.

    Args:
        gains: (T, n), weighted contributions in log-odds.
        base: (T,), log-odds of the public odds.
        outcomes: (T,), 0 or 1.
        ranks: (n,) ints, the lowest first, for "precedence" alone; None puts everybody into one rank.
        rule: "shapley", "leave-one-out", "precedence" or "equal".

    Raises:
        GameError: as `LogitGrowthGame`; another rule; ranks that are not one int a supplier.
        PlayerLimitError: more than 24 suppliers visited together by "shapley" or "precedence".
    """
    game = LogitGrowthGame(gains, base, outcomes)
    one_rank = (0,) * game.n_players
    if rule == "equal":
        return np.full(game.n_players, 1.0 / game.n_players)
    if rule == "leave-one-out":
        credit = leave_one_out(game).values
    elif rule == "shapley":
        credit = shapley(game).values
    elif rule == "precedence":
        credit = precedence_shapley(game, one_rank if ranks is None else ranks).values
    else:
        raise GameError(f"rule is one of {', '.join(get_args(CreditRule))}; got {rule!r}")
    earned = np.where(credit > NEGLIGIBLE, credit, 0.0)
    total = float(earned.sum())
    return earned / total if total > 0 else earned


def _log_loss(against: Floats) -> Floats:
    """Mean over questions of ln(1 + exp(against)), (m, T) to (m,), without overflow; `against` is overwritten."""
    large = np.maximum(against, 0.0)
    np.abs(against, out=against)
    np.negative(against, out=against)
    np.exp(against, out=against)
    np.log1p(against, out=against)
    against += large
    return np.asarray(against.mean(axis=1), dtype=np.float64)
