"""A bot that reads past outcomes and nothing else: what overlapping windows leak."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from headwater_agents.adversaries.bounds import within
from headwater_agents.adversaries.public_bot import PublicBot
from headwater_agents.lab.game.setting import Setting
from headwater_agents.lab.game.table import Table
from headwater_agents.lab.population import sigmoid

_DAYS: Final = 3
_SPREAD: Final = 1.5


@dataclass(kw_only=True)
class LastOutcome(PublicBot):
    """Filters a hidden state out of past outcomes, knowing how far windows overlap, and wagers on the next one.

    Attributes:
        overlap: of one question's window with the next, 0 to 0.99. In the synthetic world it is the persistence of the
            hidden state; on rain, where each window is three days, it sets the days between questions.
    """

    name: ClassVar[str] = "last-outcome"
    goal: ClassVar[str] = "sell back an outcome that is already known"
    seen: ClassVar[str] = "momentum bots on Ocean Predictoor's feeds; bots on Synthetix that saw prices first"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"overlap": (0.0, 0.9)}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "no overlap": {"overlap": 0.0},
        "nearly the same window": {"overlap": 0.9},
    }
    overlap: float = 2 / 3

    def __post_init__(self) -> None:
        within(self, overlap=(0, 0.99))
        self._filter = Filter(self.overlap, _SPREAD)

    def setting(self, setting: Setting) -> Setting:
        """A world whose windows overlap as much."""
        if setting.world == "rain":
            return setting.with_(world_settings={"stride": max(1, round(_DAYS * (1 - self.overlap)))})
        return setting.with_(world_settings={"persistence": self.overlap})

    def turn(self, table: Table) -> None:
        """Take in the outcome of the question before."""
        if table.index > 0:
            self._filter.learn(int(table.script.outcomes[table.index - 1]))

    def view(self, table: Table) -> float:
        """What the filter expects."""
        return self._filter.forecast()


class Filter:
    """Log-odds μ + z_t with a constant μ and z_t = ρ·z_{t−1} + noise, seen through outcomes only.

    The extended Kalman filter for a logistic observation: each outcome is one Newton step.

    Args:
        persistence: ρ.
        spread: standard deviation of z in the long run, log-odds.
    """

    def __init__(self, persistence: float, spread: float) -> None:
        self._mean = np.zeros(2)
        self._covariance = np.diag([1.0, spread**2])
        self._carry = np.array([1.0, persistence])
        self._fresh = np.diag([0.0, (1 - persistence**2) * spread**2])

    def forecast(self) -> float:
        """Log-odds of the next outcome, drawn towards 0 by what is not known of the state (MacKay 1992)."""
        return float(self._mean.sum()) / math.sqrt(1 + math.pi / 8 * float(self._covariance.sum()))

    def learn(self, outcome: int) -> None:
        """Take in an outcome, then move to the next question."""
        p = sigmoid(self.forecast())
        gain = self._covariance.sum(axis=1)
        curvature = p * (1 - p)
        covariance = self._covariance - np.outer(gain, gain) * curvature / (1 + curvature * float(gain.sum()))
        self._mean = (self._mean + covariance.sum(axis=1) * (outcome - p)) * self._carry
        self._covariance = covariance * np.outer(self._carry, self._carry) + self._fresh
