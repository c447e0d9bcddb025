"""Shapley values by weighted least squares on pairs of coalitions."""

from __future__ import annotations

import numpy as np

from headwater.credit.coalitions import Floats
from headwater.credit.paired import Paired


class Leverage(Paired):
    """Leverage SHAP (Musco & Witter 2024): the regression whose solution is the Shapley value, on a sample of its rows.

    Over all coalitions S the values φ solve, with weights 1 / (C(n, s) s (n − s)) and Σ φ = v(N) − v(∅),

        v(S) − v(∅) ≈ Σ_{i ∈ S} φ_i

    Rows are drawn in pairs, all sizes alike often (by their leverage), without replacement, here as many of each size
    as its share says. The bias is of the order of one over the sample. Standard errors are the regression's own, from
    left-out residuals (MacKinnon & White 1985, HC3), less for sizes that are nearly drawn whole.
    """

    leverage = True

    @property
    def least(self) -> int:
        """Twice as many pairs as players, or all."""
        return 2 + 2 * min(max(16, 2 * self.n), self._sample.units)

    def estimate(self) -> tuple[Floats, Floats]:
        """Values and standard errors, (n,) each."""
        n = self.n
        equal = (self.ends[1] - self.ends[0]) / n
        if self.exhausted:
            return super().estimate()
        sizes = self._members.sum(axis=1)
        # d(S) beyond an equal division is 2 Σ_{i ∈ S} δ_i, with Σ δ = 0.
        rows = 2.0 * (self._members - (sizes / n)[:, None])
        weights = np.sqrt(self._weights() / (sizes * (n - sizes)))
        rows *= weights[:, None]
        y = self._centred() * weights
        # The one direction that rows do not see, (1 … 1), gets a weight of its own: δ has no part in it.
        normal = rows.T @ rows
        normal += normal.trace() / n**2
        solved = np.linalg.solve(normal, rows.T)
        delta = solved @ y
        leverages = np.einsum("ij,ji->i", rows, solved)
        left_out = (y - rows @ delta) / np.maximum(1.0 - leverages, 1e-9)
        population = self._sample.population[self._strata]
        left = 1.0 - self._sample.drawn[self._strata] / population
        variance = (solved**2) @ (left_out**2 * left)
        return equal + delta - delta.mean(), np.sqrt(variance + variance.mean() / len(y))
