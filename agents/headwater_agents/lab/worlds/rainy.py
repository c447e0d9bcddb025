"""The rain record as a script: eleven real ensemble members are the sources, and what fell are the outcomes.

Every member's amount is turned into log-odds by a logistic regression on its square root that has seen earlier days
only; what it adds is the difference to a regression on the calendar alone, fitted the same way. A seed draws blocks of
consecutive questions, with replacement (Künsch 1989), so that weather keeps its memory within a block.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from headwater_agents.lab.mechanisms.base import LabError
from headwater_agents.lab.rain import MEMBERS, STRIDE, load_rain
from headwater_agents.lab.worlds.script import Floats, Ints, Script
from headwater_agents.policies.logit import fit

BLOCK: Final = 20
"""Consecutive questions drawn together: 60 days at the record's own stride."""

_REFIT: Final = 25
_BURN_IN: Final = 200
_YEAR: Final = 365.2425


@dataclass(frozen=True, kw_only=True, slots=True)
class RainyWorld:
    """Settings.

    Attributes:
        stride: days from one question to the next; each covers three days, so below 3 windows overlap and the last
            outcome leaks into the next question.
    """

    name = "rain"
    stride: int = STRIDE

    def script(self, questions: int, sources: int, rng: np.random.Generator) -> Script:
        """Draw a script; see `World`. There are eleven sources; any beyond know nothing."""
        record = _record(self.stride)
        draws, *private = rng.spawn(1 + sources)
        usable = len(record.outcomes) - _BURN_IN
        if questions < 1 or usable < BLOCK:
            raise LabError(f"{questions} questions with stride {self.stride}: the record is too short")
        starts = draws.integers(_BURN_IN, len(record.outcomes) - BLOCK + 1, size=-(-questions // BLOCK))
        at = np.concatenate([np.arange(start, start + BLOCK) for start in starts])[:questions]
        informed = np.zeros((questions, sources))
        known = min(sources, MEMBERS)
        informed[:, :known] = record.informed[at, :known]
        scale = informed.std(axis=0)
        return Script(
            outcomes=record.outcomes[at],
            truth=np.full(questions, np.nan),
            informed=informed,
            noise=np.stack([own.standard_normal(questions) for own in private], axis=1),
            precision=scale**2,
            scale=scale,
            season=record.season[at] - record.season.mean(),
            arrives=np.zeros(sources, dtype=np.int64),
            side=draws.standard_normal(questions),
            coin=draws.integers(0, 2, questions),
        )


@dataclass(frozen=True, slots=True)
class _Record:
    """outcomes (T,), season (T,) log-odds by the calendar, informed (T, 11) what each member adds to them."""

    outcomes: Ints
    season: Floats
    informed: Floats


@lru_cache(maxsize=4)
def _record(stride: int) -> _Record:
    days = load_rain(stride=stride).questions
    outcomes = np.array([day.outcome for day in days], dtype=np.int64)
    angle = 2 * np.pi * np.array([day.date.timetuple().tm_yday for day in days]) / _YEAR
    calendar = np.stack([np.ones_like(angle), np.sin(angle), np.cos(angle)], axis=1)
    season = _walk_forward(calendar, outcomes, stride)
    amounts = np.sqrt(np.array([day.ensemble for day in days]))
    informed = np.empty((len(days), MEMBERS))
    for member in range(MEMBERS):
        inputs = np.concatenate([calendar, amounts[:, [member]]], axis=1)
        informed[:, member] = _walk_forward(inputs, outcomes, stride) - season
    return _Record(outcomes, season, informed)


def _walk_forward(inputs: Floats, outcomes: Ints, stride: int) -> Floats:
    """Log-odds (T,) of outcome 1 by logistic regressions on questions that were over, refitted every 25.

    An outcome is known three days later, so the last questions before a fit are left out where windows overlap.
    """
    total, d = inputs.shape
    features = np.stack([np.zeros_like(inputs), inputs], axis=1)
    offset = np.zeros((total, 2))
    result = np.zeros(total)
    coefficients = np.zeros(d)
    lag = -(-STRIDE // stride) - 1
    for first in range(0, total, _REFIT):
        seen = max(0, first - lag)
        coefficients = fit(
            features[:seen],
            offset[:seen],
            outcomes[:seen],
            prior_mean=np.zeros(d),
            prior_precision=np.eye(d),
            start=coefficients,
        )
        last = min(first + _REFIT, total)
        result[first:last] = inputs[first:last] @ coefficients
    return result
