"""Rain days as rows: eleven ensemble readings and the time of year, all known before the question closes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from headwater_agents.cooperative.tables import Bools, Floats, Ints
from headwater_agents.lab.rain import MEMBERS, RainDay

FEATURES: Final = (*(f"ensemble-{index + 1}" for index in range(MEMBERS)), "year-sin", "year-cos")
"""Names of the 13 features: ln(1 + reading in mm) of each ensemble member; sine and cosine of the day of the year."""

WET_FORECAST: Final = 10.0
"""mm; the ensemble mean above which a day counts as one with much rain forecast."""

SEASONS: Final = ("winter", "spring", "summer", "autumn")
_YEAR: Final = 365.25


def rain_features(day: RainDay) -> Floats:
    """Raw features (13,) of one day, from its date and ensemble alone."""
    angle = 2 * math.pi * day.date.timetuple().tm_yday / _YEAR
    return np.array([*np.log1p(day.ensemble), math.sin(angle), math.cos(angle)], dtype=np.float64)


def rain_table(days: Sequence[RainDay]) -> tuple[Floats, Ints]:
    """Raw features (n, 13) and classes (n,) of days."""
    features = np.stack([rain_features(day) for day in days])
    return features, np.array([day.outcome for day in days], dtype=np.int64)


def season_of(day: RainDay) -> int:
    """0 winter (December to February) to 3 autumn."""
    return day.date.month % 12 // 3


def rain_groups(days: Sequence[RainDay]) -> dict[str, Bools]:
    """Masks (n,) of groups that are known beforehand: the four seasons, and days with much rain forecast."""
    seasons = np.array([season_of(day) for day in days])
    groups: dict[str, Bools] = {name: seasons == index for index, name in enumerate(SEASONS)}
    groups["wet-forecast"] = np.array([float(np.mean(day.ensemble)) > WET_FORECAST for day in days])
    return groups


def owner_of(day: RainDay, members: int) -> int:
    """Index of the member that holds a day: the year's months, from December on, go to them in runs."""
    return day.date.month % 12 * members // 12
