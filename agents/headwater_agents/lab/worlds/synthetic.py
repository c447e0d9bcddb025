"""A world whose true odds are known: a public calendar, a hidden state, and sources that each see it through noise.

    log-odds of outcome 1   θ_t = mean + season_t + z_t          z_t = √(1 − ρ²)·ε_t + ρ·z_{t−1}, variance σ²
    source j reads          x_tj = z_t + N(0, σ² / λ_j)
    and adds                E[z_t | x_tj] = x_tj · λ_j / (1 + λ_j)
    outcome                 y_t ~ Bernoulli(σ(θ_t))

With ρ > 0 one question's outcome says something about the next one's, as where windows overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from headwater_agents.lab.mechanisms.base import LabError
from headwater_agents.lab.worlds.script import Floats, Script

_PERIOD: Final = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class SyntheticWorld:
    """Settings, in log-odds where not said otherwise.

    Attributes:
        spread: σ, standard deviation of the hidden state.
        mean: long-run log-odds.
        season: amplitude of the calendar, whose period is 60 questions.
        persistence: ρ, 0 to below 1.
        quality: median of λ_j, precision of a source relative to the hidden state's.
        inequality: standard deviation of ln λ_j between sources.
        late: share of the sources beyond the first four that arrive after the first question.
    """

    name = "synthetic"
    spread: float = 1.5
    mean: float = -0.4
    season: float = 0.3
    persistence: float = 0.0
    quality: float = 1.0
    inequality: float = 0.5
    late: float = 0.25

    def __post_init__(self) -> None:
        if self.spread <= 0 or self.quality < 0 or self.inequality < 0:
            raise LabError("spread must be positive, quality and inequality not negative")
        if not 0 <= self.persistence < 1 or not 0 <= self.late <= 1:
            raise LabError("persistence must be 0 to below 1, late 0 to 1")

    def script(self, questions: int, sources: int, rng: np.random.Generator) -> Script:
        """Draw a script; see `World`."""
        public, *private = rng.spawn(1 + sources)
        hidden = self._hidden(public.standard_normal(questions))
        phase = public.uniform(0, 2 * np.pi)
        season = self.season * np.sin(2 * np.pi * np.arange(questions) / _PERIOD + phase)
        truth = self.mean + season + hidden
        outcomes = (public.uniform(size=questions) < 1 / (1 + np.exp(-truth))).astype(np.int64)
        side = public.standard_normal(questions)
        coin = public.integers(0, 2, questions)

        informed, noise = np.empty((questions, sources)), np.empty((questions, sources))
        precision, arrives = np.empty(sources), np.zeros(sources, dtype=np.int64)
        for j, own in enumerate(private):
            precision[j] = self.quality * np.exp(self.inequality * own.standard_normal())
            late, when = own.uniform(), own.integers(1, max(2, questions // 2))
            if j >= 4 and late < self.late:
                arrives[j] = when
            error = own.standard_normal(questions) * self.spread / np.sqrt(max(precision[j], 1e-12))
            informed[:, j] = (hidden + error) * precision[j] / (1 + precision[j])
            noise[:, j] = own.standard_normal(questions)
        return Script(
            outcomes=outcomes,
            truth=truth,
            informed=informed,
            noise=noise,
            precision=precision,
            scale=self.spread * np.sqrt(precision / (1 + precision)),
            season=season,
            arrives=arrives,
            side=side,
            coin=coin,
        )

    def _hidden(self, shocks: Floats) -> Floats:
        hidden = np.empty_like(shocks)
        fresh = float(np.sqrt(1 - self.persistence**2))
        before = 0.0
        for t, shock in enumerate(shocks):
            before = float(shock) if t == 0 else self.persistence * before + fresh * float(shock)
            hidden[t] = before
        return hidden * self.spread
