"""Shapley values from paired coalitions, each corrected by a proxy that has not seen it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from headwater.credit import linear, proxy
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
    """Regression-adjusted Monte Carlo (Witter, Liu & Musco 2025) on stratified pairs, with a ridge proxy.

    The proxy is kernel regression (`proxy`) on at most 1,200 units; where more are drawn, regression on the players
    themselves (`linear`) on all of them is tried too, and whichever misses less where it has not looked is taken.

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
        # Rounding alone is left of a game that gives everybody alike: nothing to learn.
        scale = max(abs(self.ends[0]), abs(self.ends[1]), self._largest)
        if self.exhausted or len(d) < LEAST or spread <= 1e-13 * scale:
            return super().estimate()
        told = self._by_kernel(d / spread)
        count = linear.functions(self.n, len(d))
        if len(d) > FITTED and count:
            # The kernel saw a part of the units only: whichever proxy misses less where it has not looked.
            other = self._by_players(d / spread, count)
            lost = [float(self._importance() @ each.scatter**2) for each in (told, other)]
            told = told if lost[0] <= lost[1] else other
        values, _ = self._from(spread * told.residual)
        _, errors = self._from(spread * told.scatter)
        variance = errors**2 * (1 + told.freedom) + (spread * told.rounding) ** 2
        return values + spread * told.learned, np.sqrt(variance)

    def _by_kernel(self, y: Floats) -> _Told:
        sample, strata, n = self._sample, self._strata, self.n
        learning = np.sort(self._rng.permutation(len(y))[:FITTED])
        others = np.setdiff1d(np.arange(len(y)), learning)
        anchors = self._members[learning]
        shape, noise = self._choose(learning, anchors, y[learning])
        fitted = proxy.fit(shape, noise, anchors, y[learning])
        away = proxy.gram(shape, self._members[others], anchors)
        scatter = np.empty(len(y))
        scatter[learning] = fitted.left_out
        scatter[others] = y[others] - away @ fitted.weights
        residual = scatter.copy()
        spreads = proxy.spreads(shape, n)
        held = anchors.sum(axis=1)
        inside = np.zeros(len(learning))
        for index, sizes in enumerate(sample.strata):
            mine = np.flatnonzero(strata[learning] == index)
            taken = fitted.inverse[:, mine] @ fitted.left_out[mine]
            m, whole = float(sample.drawn[index]), sample.population[index]
            weights = fitted.weights - taken / m
            for s in sizes:
                inside += weights * sample.omega[s - 1] / n * spreads[s - 1, held - 1]
            if np.isfinite(whole):
                seen = noise * (m * fitted.weights[mine] - taken[mine])
                residual[learning[mine]] = ((whole - m + 1) * fitted.left_out[mine] + seen) / whole
                rest = np.flatnonzero(strata[others] == index)
                residual[others[rest]] += away[rest] @ taken / whole
        return _Told(
            scatter=scatter,
            residual=residual,
            learned=inside @ np.where(anchors, 1.0, (-held / (n - held))[:, None]),
            freedom=fitted.freedom / len(learning),
            # The condition of K + λ, times the machine's precision.
            rounding=float(np.finfo(np.float64).eps) * fitted.trace / noise,
        )

    def _by_players(self, y: Floats, count: int) -> _Told:
        sample, n = self._sample, self.n
        fitted = linear.fit(count, self._members, y, self._importance())
        residual, learned = fitted.left_out.copy(), np.zeros(n)
        for index, sizes in enumerate(sample.strata):
            mine = np.flatnonzero(self._strata == index)
            taken = fitted.without(mine, fitted.left_out[mine])
            m, whole = float(sample.drawn[index]), sample.population[index]
            for s in sizes:
                learned += sample.omega[s - 1] / n * linear.part(fitted, fitted.coefficients - taken / m, n, s)
            if np.isfinite(whole):
                seen = m * fitted.missed[mine] + fitted.columns[mine] @ taken
                residual[mine] = ((whole - m) * fitted.left_out[mine] + seen) / whole
        return _Told(
            scatter=fitted.left_out,
            residual=residual,
            learned=learned,
            freedom=fitted.freedom / len(y),
            rounding=fitted.rounding,
        )

    def _importance(self) -> Floats:
        left = 1.0 - self._sample.drawn[self._strata] / self._sample.population[self._strata]
        return np.asarray(self._lengths() ** 2 * left)

    def _choose(self, learning: Ints, anchors: Bools, y: Floats) -> tuple[proxy.Shape, float]:
        importance = self._importance()[learning]
        some = self._rng.permutation(len(learning))[:TRIED]
        return proxy.choose(anchors[some], y[some], importance[some])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Told:
    """What a proxy says, for differences of mean square one: left-out residuals, residuals that also count what is
    known, the proxies' own value, degrees of freedom over units, and rounding."""

    scatter: Floats
    residual: Floats
    learned: Floats
    freedom: float
    rounding: float
