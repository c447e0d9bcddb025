"""Shapley values from paired coalitions, each corrected by a proxy that has not seen it."""

from __future__ import annotations

from typing import Final

import numpy as np

from headwater.credit import proxy
from headwater.credit.coalitions import Bools, Floats
from headwater.credit.paired import Paired
from headwater.credit.pairs import Ints

FITTED: Final = 1200
"""Most units that the proxy learns from: its cost grows with their cube. All others only correct it."""

TRIED: Final = 400
"""Units by which the kernel and its noise are chosen."""

LEAST: Final = 8
"""Units below which nothing is learned."""


class Adjusted(Paired):
    """Regression-adjusted Monte Carlo (Witter, Liu & Musco 2025) on stratified pairs, with a kernel proxy.

    For each unit i a proxy g^{−i} is learned from all the others. Its own value in closed form, plus the mean of what
    it misses, is an estimate without bias. These are averaged over the m_s units drawn of the M_s in stratum s:

        part_s = Σ_{i ∈ s} 1/m_s · { mean_s[g^{−i} c] + 1/M_s · [ Σ_{j ≠ i} r_j^{−i} c_j + (M_s − m_s + 1) r_i c_i ] }

    with r_j^{−i} = d_j − g^{−i}(j) and r_i = r_i^{−i}. What is drawn already is known, not estimated again: a stratum
    drawn whole is exact whatever the proxy says, and where M_s is without bound only r_i is left. No second fit is
    needed: with G = (K + λ)⁻¹ and α = G d, the proxy without i has the weights α − G_i r_i, r_i = α_i / G_ii, and
    r_j^{−i} = λ (α_j − G_ji r_i).

    The variance is that of the left-out residuals times 1 + (degrees of freedom) / m: proxies share what they learned
    from, which residuals one at a time do not show. Kernel and noise are chosen on the sample itself, and the factor
    covers that too; it is set by what games with known values need, not derived.
    """

    def estimate(self) -> tuple[Floats, Floats]:
        """Values and standard errors, (n,) each."""
        d = self._centred()
        spread = float(np.sqrt(np.mean(d**2))) if len(d) else 0.0
        # Rounding alone is left of a game that is additive: nothing to learn.
        scale = max(abs(self.ends[0]), abs(self.ends[1]), self._largest)
        if self.exhausted or len(d) < LEAST or spread <= 1e-13 * scale:
            return super().estimate()
        sample, strata = self._sample, self._strata
        learning = np.sort(self._rng.permutation(len(d))[:FITTED])
        others = np.setdiff1d(np.arange(len(d)), learning)
        anchors, y = self._members[learning], d[learning] / spread
        shape, noise = self._choose(learning, anchors, y)
        fitted = proxy.fit(shape, noise, anchors, y)
        away = proxy.gram(shape, self._members[others], anchors)
        scatter = np.empty(len(d))
        scatter[learning] = fitted.left_out
        scatter[others] = d[others] / spread - away @ fitted.weights
        residual = scatter.copy()
        spreads = proxy.spreads(shape, self.n)
        held = anchors.sum(axis=1)
        population, drawn = sample.population, sample.drawn
        inside = np.zeros(len(learning))
        for index, sizes in enumerate(sample.strata):
            mine = np.flatnonzero(strata[learning] == index)
            taken = fitted.inverse[:, mine] @ fitted.left_out[mine]
            weights = fitted.weights - taken / drawn[index]
            for s in sizes:
                inside += weights * sample.omega[s - 1] / self.n * spreads[s - 1, held - 1]
            if not np.isfinite(population[index]):
                continue
            m, whole = float(drawn[index]), population[index]
            seen = noise * (m * fitted.weights[mine] - taken[mine])
            residual[learning[mine]] = ((whole - m + 1) * fitted.left_out[mine] + seen) / whole
            rest = np.flatnonzero(strata[others] == index)
            residual[others[rest]] += away[rest] @ taken / whole
        learned = inside @ np.where(anchors, 1.0, (-held / (self.n - held))[:, None])
        values, _ = self._from(spread * residual)
        _, errors = self._from(spread * scatter)
        # Rounding of the solution: the condition of K + λ, times the machine's precision.
        rounding = spread * np.finfo(np.float64).eps * fitted.trace / noise
        return values + spread * learned, np.sqrt(errors**2 * (1 + fitted.freedom / len(learning)) + rounding**2)

    def _choose(self, learning: Ints, anchors: Bools, y: Floats) -> tuple[proxy.Shape, float]:
        strata = self._strata[learning]
        left = 1.0 - self._sample.drawn[strata] / self._sample.population[strata]
        importance = self._lengths()[learning] ** 2 * left
        some = self._rng.permutation(len(learning))[:TRIED]
        return proxy.choose(anchors[some], y[some], importance[some])
