"""The game in which a buyer's suppliers earn: a coalition is worth the growth that its pooled signals would have made.

Question t has public odds q, outcome o and effective wager m; supplier i said s_i. A coalition S is worth

    v(S) = Σ_t m_t · ( ln pool_S(t)_o − ln q_t,o )        nats, times the unit of the wagers

and the pool is one of, with weights w, W = Σ_{i ∈ S} w_i, and the public odds as an anchor of weight a:

    log       ln pool_S ∝ (a ln q + Σ_{i ∈ S} w_i ln s_i) / (a + W)      as if the public odds were one more member
    linear       pool_S = (a q + Σ_{i ∈ S} w_i s_i) / (a + W)
    evidence  ln pool_S ∝ ln q + Σ_{i ∈ S} w_i (ln s_i − ln q)           each departure counts alike, whoever else is in

The pool of nobody is the public odds, so v(∅) = 0. In `log` and `linear` somebody who repeats the public odds dilutes
the others and earns less than nothing where they were right; in `evidence` it adds nothing and earns nothing.

Every pool is clipped as a report must be: entries below P_MIN are raised to it, the others keep their ratios. That is
the closest admissible report in Kullback-Leibler divergence from the pool.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from headwater.credit.coalitions import Bools, Floats, coalition_matrix
from headwater.credit.errors import GameError
from headwater.credit.game import Game

Pooling: TypeAlias = Literal["log", "linear", "evidence"]
SignalForm: TypeAlias = Literal["probabilities", "logits"]

CHUNK: Final = 1 << 18
"""Pool entries (coalition, question, outcome) held at a time: 2 MB an array, whatever the sizes are."""

SUM_TOLERANCE: Final = 1e-6
"""How far from one a vector of probabilities may sum; it is scaled to one."""


def pooled_growth_game(
    signals: npt.ArrayLike,
    odds: npt.ArrayLike,
    outcomes: npt.ArrayLike,
    *,
    wagers: npt.ArrayLike | None = None,
    pool: Pooling = "log",
    weights: npt.ArrayLike | None = None,
    anchor: float = 1.0,
    p_min: float = 0.01,
    form: SignalForm = "probabilities",
) -> PooledGrowthGame:
    """The game of n suppliers over T resolved questions with k outcomes (the module says what a coalition is worth).

    Args:
        signals: (T, n, k). Each supplier's forecast: probabilities (positive, summing to one within 1e-6) or, with
            form="logits", log-odds against any common reference, which are log-probabilities up to a constant.
            A supplier that was silent on a question is entered with the public odds.
        odds: (T, k), public odds: at least `p_min` each, summing to one within 1e-6.
        outcomes: (T,), ints from 0 to k - 1.
        wagers: (T,), not negative, any unit; one each by default, which makes the unit nats. 1 / T each makes it
            nats a question.
        pool: "log", "linear" or "evidence".
        weights: (n,), not negative, of the suppliers in the pool; one each by default.
        anchor: weight a of the public odds, not negative; "evidence" has none and ignores it. With 0 a single
            supplier's pool is its own signal.
        p_min: the series' P_MIN, above 0 and at most 1 / k.
        form: "probabilities" or "logits".

    Raises:
        GameError: anything outside what is said here.
    """
    said = np.asarray(signals, dtype=np.float64)
    public = np.asarray(odds, dtype=np.float64)
    if said.ndim != 3 or 0 in said.shape[:2] or said.shape[2] < 2:
        raise GameError(
            f"signals have shape (T, n, k): at least one question, one supplier and two outcomes; got {said.shape}"
        )
    questions, n, k = said.shape
    if public.shape != (questions, k):
        raise GameError(f"odds have shape {(questions, k)}, as the signals have; got {public.shape}")
    if not 0 < p_min * k <= 1:
        raise GameError(f"p_min is {p_min}; with {k} outcomes it is above 0 and at most {1 / k}")
    log_public = _log_probabilities(public, "odds")
    if float(public.min()) < p_min * (1 - 1e-9):
        raise GameError(
            f"odds are at least p_min ({p_min}); the least is {float(public.min())}. Pass the series' p_min"
        )
    if form not in get_args(SignalForm):
        raise GameError(f"form is one of {', '.join(get_args(SignalForm))}; got {form!r}")
    log_said = _log_softmax(said) if form == "logits" else _log_probabilities(said, "signals")
    if pool not in get_args(Pooling):
        raise GameError(f"pool is one of {', '.join(get_args(Pooling))}; got {pool!r}")
    if not 0 <= anchor < np.inf:
        raise GameError(f"anchor is a finite weight of at least 0; got {anchor}")
    return PooledGrowthGame(
        log_said,
        log_public,
        _outcomes(outcomes, questions, k),
        wagers=_weights(wagers, questions, "wagers"),
        pool=pool,
        weights=_weights(weights, n, "weights"),
        anchor=float(anchor),
        p_min=float(p_min),
    )


class PooledGrowthGame(Game):
    """Growth of the pooled signals of a coalition. Made by `pooled_growth_game`, which checks what it is made of."""

    def __init__(
        self,
        log_signals: Floats,
        log_odds: Floats,
        outcomes: npt.NDArray[np.int64],
        *,
        wagers: Floats,
        pool: Pooling,
        weights: Floats,
        anchor: float,
        p_min: float,
    ) -> None:
        questions, n, k = log_signals.shape
        super().__init__(n)
        self._shape = (questions, k)
        self._wagers = wagers
        self._pool = pool
        self._weights = weights
        self._anchor = anchor
        self._p_min = p_min
        # Outcomes in a new order, what happened first: then the growth always stands in column 0.
        order = (outcomes[:, None] + np.arange(k)) % k
        own = np.take_along_axis(log_odds, order, axis=1)
        said = np.take_along_axis(log_signals, order[:, None, :], axis=2)
        self._growth_of_one = -own[:, 0]
        if pool == "linear":
            base, parts = np.exp(own), np.exp(said) - np.exp(own)[:, None, :]
        else:
            # ln(pool_c / pool_o) for the k - 1 outcomes that did not happen: linear in the members, and enough.
            base = own[:, 1:] - own[:, :1]
            parts = said[:, :, 1:] - said[:, :, :1] - base[:, None, :]
        self._base = np.ascontiguousarray(base.reshape(-1))
        # (n, T · columns): a coalition's departure from the public odds is its row of members times this.
        self._parts = np.ascontiguousarray((parts * weights[:, None]).transpose(1, 0, 2).reshape(n, -1))

    def growths(self, coalitions: npt.ArrayLike) -> Floats:
        """Growth of each coalition's pool on each question, nats, not weighted by wagers: (m, n) to (m, T).

        Raises:
            GameError: a matrix of another shape or content.
        """
        members = coalition_matrix(coalitions, self.n_players)
        growth = np.log(self._pooled(members.astype(np.float64))) + self._growth_of_one
        # The pool of nobody is the public odds: zero by definition, not up to rounding.
        growth[~members.any(axis=1)] = 0.0
        return growth

    def _evaluate(self, members: Bools) -> Floats:
        values = np.empty(len(members))
        step = max(1, CHUNK // self._base.size)
        for start in range(0, len(members), step):
            values[start : start + step] = self.growths(members[start : start + step]) @ self._wagers
        return values

    def _pooled(self, members: Floats) -> Floats:
        """The clipped pools' probability of what happened; (m, n) to (m, T)."""
        questions, k = self._shape
        departure = members @ self._parts
        if self._pool != "evidence":
            weight = members @ self._weights + self._anchor
            # No weight at all: the members have nothing to say, and the pool is the public odds.
            departure /= np.where(weight > 0, weight, 1.0)[:, None]
        departure += self._base
        rest = departure.reshape(len(members), questions, -1)
        if self._pool == "linear":
            happened = np.maximum(rest[:, :, 0], 0.0)
            odds_against = None
        else:
            # Beyond e^700 only overflow is left; the clip has long taken over.
            odds_against = np.exp(np.minimum(rest, 700.0, out=rest), out=rest)
            happened = 1.0 / (1.0 + odds_against.sum(axis=2))
        if k == 2:
            return np.clip(happened, self._p_min, 1.0 - self._p_min)
        if odds_against is None:
            low = rest.min(axis=2) < self._p_min
        else:
            low = np.minimum(odds_against.min(axis=2), 1.0) * happened < self._p_min
        if bool(low.any()):
            if odds_against is None:
                rows = rest[low]
            else:
                scale = happened[low]
                rows = np.concatenate([scale[:, None], odds_against[low] * scale[:, None]], axis=1)
            happened[low] = _clip(rows, self._p_min)[:, 0]
        return happened


def _clip(p: Floats, p_min: float) -> Floats:
    """Raise entries below p_min to it and scale the others of the row, (m, k), until none is below."""
    k = p.shape[1]
    low = np.zeros(p.shape, dtype=np.bool_)
    out = p
    # Each round adds an outcome to some row's low ones, and never all of them as long as k · p_min < 1.
    for _ in range(k):
        more = (out < p_min) & ~low
        if not bool(more.any()):
            break
        low |= more
        free = np.where(low, 0.0, p).sum(axis=1)
        scale = np.divide(1.0 - p_min * low.sum(axis=1), free, out=np.zeros_like(free), where=free > 0)
        out = np.where(low, p_min, p * scale[:, None])
    return np.where(low.all(axis=1, keepdims=True), 1.0 / k, out)


def _log_probabilities(p: Floats, name: str) -> Floats:
    if not bool(np.isfinite(p).all()) or bool((p <= 0).any()):
        raise GameError(f"{name} are probabilities: finite and above 0")
    sums = p.sum(axis=-1, keepdims=True)
    worst = float(np.abs(sums - 1.0).max())
    if worst > SUM_TOLERANCE:
        raise GameError(f"{name} sum to one over the last axis within {SUM_TOLERANCE}; one misses by {worst}")
    return np.asarray(np.log(p / sums), dtype=np.float64)


def _log_softmax(logits: Floats) -> Floats:
    if not bool(np.isfinite(logits).all()):
        raise GameError("signals given as logits must be finite")
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)), dtype=np.float64)


def _outcomes(outcomes: npt.ArrayLike, questions: int, k: int) -> npt.NDArray[np.int64]:
    given = np.asarray(outcomes)
    if given.shape != (questions,) or not np.issubdtype(given.dtype, np.integer):
        raise GameError(f"outcomes are ints of shape ({questions},); got {given.dtype} of shape {given.shape}")
    if int(given.min()) < 0 or int(given.max()) >= k:
        raise GameError(f"outcomes run from 0 to {k - 1}; got {int(given.min())} to {int(given.max())}")
    return given.astype(np.int64)


def _weights(given: npt.ArrayLike | None, count: int, name: str) -> Floats:
    if given is None:
        return np.ones(count)
    weights = np.array(given, dtype=np.float64)
    if weights.shape != (count,) or not bool(np.isfinite(weights).all()) or bool((weights < 0).any()):
        raise GameError(f"{name} are finite numbers of at least 0, shape ({count},); got shape {weights.shape}")
    return weights
