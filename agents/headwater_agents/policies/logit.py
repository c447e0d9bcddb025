"""Conditional logistic regression with a Gaussian prior: the one estimator behind every calibration and pool.

    p[t, o] ∝ exp(offset[t, o] + Σ_j features[t, o, j] · coefficients[j])

With k = 2 this is ordinary logistic regression. The fit is the posterior mode, found by Newton's method; the posterior
is strictly log-concave, so there is one mode, and the prior gives it before the first row.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from headwater_agents.policies.forecast import Floats, Ints

TOLERANCE: Final = 1e-8
MAX_STEPS: Final = 50


class FitError(ValueError):
    """A regression that has no finite answer."""


def probabilities(features: Floats, offset: Floats, coefficients: Floats) -> Floats:
    """The model's forecasts: features (..., k, d), offset (..., k), coefficients (d,) -> (..., k)."""
    score = offset + features @ coefficients
    score = score - score.max(axis=-1, keepdims=True)
    weight = np.exp(score)
    result: Floats = weight / weight.sum(axis=-1, keepdims=True)
    return result


def fit(
    features: Floats,
    offset: Floats,
    outcomes: Ints,
    *,
    prior_mean: Floats,
    prior_precision: Floats,
    start: Floats | None = None,
) -> Floats:
    """Posterior mode of the coefficients, shape (d,).

    features (T, k, d), offset (T, k), outcomes (T,) in 0..k-1, prior_mean (d,), prior_precision (d, d) positive
    definite; `start` only saves steps. Newton's step is halved while it does not improve the posterior. Raises FitError
    when the numbers are not finite or the steps do not settle.
    """
    rows = np.arange(len(outcomes))
    chosen = features[rows, outcomes]

    def climb(at: Floats) -> float:
        """Logarithm of the posterior, up to a constant."""
        score = offset + features @ at
        top = score.max(axis=1)
        log_sum = top + np.log(np.exp(score - top[:, None]).sum(axis=1))
        shift = at - prior_mean
        return float((score[rows, outcomes] - log_sum).sum() - 0.5 * shift @ prior_precision @ shift)

    at = np.array(prior_mean if start is None else start, dtype=np.float64)
    height = climb(at)
    width = len(at)
    for _ in range(MAX_STEPS):
        if not np.isfinite(height):
            raise FitError("the log-posterior is not finite; features and offsets must be finite")
        p = probabilities(features, offset, at)
        mean = np.einsum("tk,tkd->td", p, features)
        centred = features - mean[:, None, :]
        gradient = (chosen - mean).sum(axis=0) - prior_precision @ (at - prior_mean)
        weighted = p[:, :, None] * centred
        curvature = weighted.reshape(-1, width).T @ centred.reshape(-1, width) + prior_precision
        step = np.linalg.solve(curvature, gradient)
        if np.abs(step).max(initial=0.0) < TOLERANCE:
            return at
        length = 1.0
        # The slack keeps rounding at the top from being read as descent.
        while length > 1e-6 and climb(at + length * step) < height - 1e-9 * (1.0 + abs(height)):
            length /= 2
        at = at + length * step
        height = climb(at)
    raise FitError(f"no mode after {MAX_STEPS} Newton steps; the prior precision may not be positive definite")
