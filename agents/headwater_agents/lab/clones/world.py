"""Pools of suppliers in a linear Gaussian world, and the forecasts that two kinds of buyer make of every coalition.

    b ~ N(0, base²), known to all        truth ~ Bernoulli(σ(b + z)),   z = Σ_d a_d u_d,   u_d ~ N(0, 1)
    signal of supplier i   s_i = Σ_d B_id u_d

Two suppliers that load on the same u know the same thing; equal rows of B are exact clones. For any coalition S the
conditional law of z is normal, with mean w_S · s and variance v_S, and the probability of the truth is, within a few
thousandths, σ((b + w_S · s) / √(1 + π v_S / 8)) (MacKay, "The evidence framework applied to classification networks",
Neural Computation 4, 1992). Nobody's forecast, S = ∅, is the public odds: calibrated, so that shrinking them earns
nobody anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headwater.credit import coalition_range, pooled_growth_game
from headwater.report.stats import Floats

P_MIN = 0.01
"""Least probability of a report."""

CUT = 1e-9
"""Relative size below which an eigenvalue of a coalition's covariance is none: clones make some of them zero."""


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Who knows what.

    Attributes:
        latent: (d,), a: what the truth's log-odds load on.
        loadings: (n, d), B: what each signal loads on, its noise included.
        base: standard deviation of what everybody knows of the log-odds.
        blind: suppliers that claim to know what supplier 0 knows and know nothing: their report is read as its is.
    """

    latent: Floats
    loadings: Floats
    base: float = 0.5
    blind: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """Number of suppliers n."""
        return len(self.loadings)

    def weights(self, coalitions: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """The best weights w, (m, n), and the variance v left, (m,), of coalitions given as rows, (m, n)."""
        inside = coalitions.astype(np.float64)
        spread = self.loadings @ self.loadings.T
        shared = self.loadings @ self.latent
        blocks = spread * inside[:, :, None] * inside[:, None, :]
        best = np.einsum("mij,mj->mi", np.linalg.pinv(blocks, rcond=CUT, hermitian=True), shared * inside)
        return best, self.latent @ self.latent - best @ shared


@dataclass(frozen=True, slots=True, eq=False)
class Season:
    """Questions: signals (T, n), what everybody knows of the log-odds (T,), outcomes (T,) of 0 and 1."""

    signals: Floats
    base: Floats
    outcomes: npt.NDArray[np.int64]


def play(pool: Pool, questions: int, rng: np.random.Generator) -> Season:
    """Draw a season. Extending a pool by rows and columns leaves what came before as it was drawn."""
    # Drawn source by source, so that the same seed gives the same world with and without clones.
    draws = rng.spawn(3)
    base = pool.base * draws[0].normal(size=questions)
    luck = draws[1].uniform(size=questions)
    hidden = draws[2].spawn(len(pool.latent))
    sources = np.column_stack([source.normal(size=questions) for source in hidden])
    outcomes = (luck < _sigmoid(base + sources @ pool.latent)).astype(np.int64)
    return Season(sources @ pool.loadings.T, base, outcomes)


def knowing_chances(pool: Pool, season: Season) -> Floats:
    """Probability that each coalition's forecast gave what happened, (2**n, T), for a buyer that knows the pool.

    It weights every coalition's signals as the world's covariances ask for: a copy changes no forecast.
    """
    weights, left = pool.weights(coalition_range(pool.size, 0, 1 << pool.size))
    yes = _chance(season.base + weights @ season.signals.T, left[:, None])
    return _happened(yes, season)


def averaging_chances(pool: Pool, season: Season) -> Floats:
    """The same for a buyer that averages log-odds, public odds included, whoever copies whom: the "log" pool."""
    game = pooled_growth_game(
        _two(supplier_reports(pool, season)), _two(public_odds(pool, season)), season.outcomes, pool="log", p_min=P_MIN
    )
    growths = game.growths(coalition_range(pool.size, 0, 1 << pool.size))
    return np.asarray(np.exp(growths) * _happened(public_odds(pool, season), season), dtype=np.float64)


def supplier_reports(pool: Pool, season: Season) -> Floats:
    """What each supplier, knowing its own signal alone, gives the outcome 1, (T, n)."""
    weights, left = pool.weights(np.eye(pool.size, dtype=np.bool_))
    weight, rest = np.diag(weights).copy(), left.copy()
    weight[list(pool.blind)], rest[list(pool.blind)] = weight[0], rest[0]
    return _chance(season.base[:, None] + season.signals * weight, rest)


def public_odds(pool: Pool, season: Season) -> Floats:
    """What the public odds give the outcome 1, (T,)."""
    return _chance(season.base, pool.latent @ pool.latent)


def similar_suppliers(count: int, *, known: float = 0.75, noise: float = 0.375, extra: float = 0.5) -> Pool:
    """`count` suppliers that each see one part of the truth with noise of their own, and a part that none of them sees.

    Args:
        count: suppliers.
        known: variance of the part of the truth's log-odds that they see.
        noise: variance of each one's noise.
        extra: variance of the part that they do not see.
    """
    loadings = np.zeros((count, 2 + count))
    loadings[:, 0] = np.sqrt(known)
    loadings[:, 2:] = np.sqrt(noise) * np.eye(count)
    return Pool(np.concatenate([np.sqrt([known, extra]), np.zeros(count)]), loadings)


def joined_by(pool: Pool, rows: Sequence[npt.ArrayLike], *, noise: float, blind: bool = False) -> Pool:
    """The pool with more suppliers: each loads on the sources as its row says, and on noise of its own besides."""
    count, width = len(rows), len(pool.latent)
    latent = np.concatenate([pool.latent, np.zeros(count)])
    new = np.concatenate([np.array(rows, dtype=np.float64).reshape(count, width), np.sqrt(noise) * np.eye(count)], 1)
    loadings = np.concatenate([np.pad(pool.loadings, ((0, 0), (0, count))), new])
    strangers = tuple(range(pool.size, pool.size + count)) if blind else ()
    return Pool(latent, loadings, pool.base, (*pool.blind, *strangers))


def _happened(yes: Floats, season: Season) -> Floats:
    return np.where(season.outcomes == 1, yes, 1 - yes)


def _two(yes: Floats) -> Floats:
    return np.stack([1 - yes, yes], axis=-1)


def _chance(mean: Floats, left: Floats) -> Floats:
    """Probability of 1 for log-odds of this mean and variance, clipped as a report is."""
    return np.clip(_sigmoid(mean / np.sqrt(1 + np.pi * np.maximum(left, 0.0) / 8)), P_MIN, 1 - P_MIN)


def _sigmoid(logits: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(logits / 2)), dtype=np.float64)
