"""The European Values Study 2017: the value systems of 34 countries.

Weights over (religiosity, permissiveness) are the shares of respondents who hold religion important and not; how far an
action (adoption by same-sex couples, divorce) promotes a value is the mean attitude of those who hold it, in [−1, 1].
Sizes are populations. Source and columns: data/README.md.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files
from typing import Final

import numpy as np

from headwater.values import Population
from headwater_agents.values.society import Society, unbounded

VALUES: Final = ("religiosity", "permissiveness")
ACTIONS: Final = ("adoption", "divorce")
SOURCE: Final = (
    "European Values Study 2017, 34 countries, aggregated as described by Lera-Leri et al. "
    "(AAMAS 2022; Knowledge-Based Systems 2024)"
)


def table(name: str) -> list[dict[str, str]]:
    """Rows of a CSV file of this package's data folder."""
    text = files("headwater_agents.values").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@lru_cache(maxsize=1)
def country_names() -> dict[str, str]:
    """English names of the countries, by ISO code."""
    return {row["code"]: row["name"] for row in table("countries.csv")}


@lru_cache(maxsize=1)
def country_points() -> dict[str, tuple[float, float]]:
    """A point in each country by ISO code: degrees (north, east)."""
    return {row["code"]: (float(row["latitude"]), float(row["longitude"])) for row in table("countries.csv")}


@lru_cache(maxsize=1)
def load_evs() -> Society:
    """34 countries, named by ISO code, m = 2 values, a = 2 actions; places in degrees (north, east)."""
    rows = table("evs2017_value_systems.csv")
    holders = np.array([[float(row["rel"]), float(row["nonrel"])] for row in rows])
    judgements = [
        [[float(row[f"a_{short}_{group}"]) for group in ("rel", "nonrel")] for short in ("adp", "div")] for row in rows
    ]
    names = tuple(row["country"] for row in rows)
    points = country_points()
    return Society(
        name="evs",
        title="34 countries of the European Values Study 2017",
        source=SOURCE,
        population=Population(
            names=names,
            values=VALUES,
            actions=ACTIONS,
            weights=holders / holders.sum(axis=1, keepdims=True),
            judgements=np.array(judgements),
            sizes=np.array([float(row["population"]) for row in rows]),
            bounds=unbounded(len(rows)),
        ),
        places=np.array([points[name] for name in names]),
        sphere=True,
        kinds=tuple(country_names()[name] for name in names),
    )
