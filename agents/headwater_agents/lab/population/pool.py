"""How a buyer learns whom to trust: logistic regression on its suppliers' log-odds, updated question by question.

    p(y = 1) = σ(base + w₀ + Σ_j w_j · s_j)

Weights have a Gaussian posterior that each outcome updates by one Newton step (the extended Kalman filter for logistic
regression) and that forgets slowly, so that a supplier that turns bad is found out.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from headwater_agents.lab.worlds.script import Floats

_START: Final = 0.8


def sigmoid(log_odds: float) -> float:
    """1 / (1 + e^−x), without overflow."""
    if log_odds >= 0:
        return 1.0 / (1.0 + math.exp(-log_odds))
    power = math.exp(log_odds)
    return power / (1.0 + power)


class Pool:
    """Posterior over the weights of n suppliers and an intercept.

    It starts from, and by a tight prior stays close to, somewhat less than 1/√n each: signals overlap, for aggregators
    sell what providers also sell directly, and a looser pool overstates what it knows.

    Args:
        suppliers: n.
        prior: standard deviation of a weight; the intercept's is a third of it.
        forgetting: factor on the evidence a question, in (0, 1].
    """

    def __init__(self, suppliers: int, *, prior: float = 0.15, forgetting: float = 0.998) -> None:
        self.forgetting = forgetting
        equal = _START / math.sqrt(suppliers) if suppliers else 0.0
        self.weights: Floats = np.array([0.0, *([equal] * suppliers)])
        self._prior = prior
        variances = [(prior / 3) ** 2, *([prior**2] * suppliers)]
        self._floor = np.diag(variances)
        self._covariance: Floats = self._floor.copy()

    def meet(self) -> None:
        """Take in one more supplier, last in order; nothing changes for the others."""
        suppliers = len(self.weights)
        self.weights = np.append(self.weights, _START / math.sqrt(suppliers))
        for name in ("_floor", "_covariance"):
            grown = np.zeros((suppliers + 1, suppliers + 1))
            grown[:suppliers, :suppliers] = getattr(self, name)
            grown[suppliers, suppliers] = self._prior**2
            setattr(self, name, grown)

    def contributions(self, signals: Floats) -> Floats:
        """(n,): what each supplier's signal adds to the pooled log-odds."""
        result: Floats = self.weights[1:] * signals
        return result

    def forecast(self, base: float, signals: Floats) -> float:
        """Pooled log-odds of outcome 1."""
        return base + float(self.weights[0] + self.weights[1:] @ signals)

    def learn(self, base: float, signals: Floats, outcome: int) -> None:
        """One Newton step on a resolved question."""
        inputs = np.concatenate([[1.0], signals])
        p = sigmoid(self.forecast(base, signals))
        curvature = max(p * (1 - p), 1e-6)
        # Forgetting draws the covariance back to the prior's instead of letting it grow without bound.
        spread = self._floor + self.forgetting * (self._covariance - self._floor)
        gain = spread @ inputs
        covariance = spread - np.outer(gain, gain) * (curvature / (1 + curvature * float(inputs @ gain)))
        self._covariance = (covariance + covariance.T) / 2
        self.weights = self.weights + self._covariance @ inputs * (outcome - p)
