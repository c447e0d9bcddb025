"""A learning problem: who holds which rows, on what profiles are judged, credit is measured, and the end is tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from headwater.learning import Batch
from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.rainset import FEATURES, owner_of, rain_groups, rain_table
from headwater_agents.cooperative.tables import Bools, Floats, Ints, Table, load_table, standardise
from headwater_agents.lab.rain import RainWorld, load_rain

DATA: Final = ("hmda", "arrests", "rain")


@dataclass(frozen=True, eq=False, kw_only=True, slots=True)
class Sample:
    """Rows: features (n, f) standardised, labels (n,), and masks (n,) of groups by name."""

    features: Floats
    labels: Ints
    groups: Mapping[str, Bools] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: Ints | Bools) -> Sample:
        """Some rows, by index or mask."""
        return Sample(
            features=self.features[rows],
            labels=self.labels[rows],
            groups={name: mask[rows] for name, mask in self.groups.items()},
        )

    @property
    def batch(self) -> Batch:
        """As a task takes it."""
        return Batch(features=self.features, labels=self.labels)

    def group(self, name: str) -> Sample:
        """The rows of a group. Raises CooperativeError if there is no such group or nobody is in it."""
        if name not in self.groups:
            raise CooperativeError(f"no group {name!r}; there are {', '.join(self.groups)}")
        if not self.groups[name].any():
            raise CooperativeError(f"nobody of group {name!r} is in this part of the data; give it more rows")
        return self.take(self.groups[name])


@dataclass(frozen=True, eq=False, kw_only=True, slots=True)
class Problem:
    """What a cooperative learns.

    Attributes:
        name: of the data set.
        event: what label 1 says.
        features: names of the features (f), in the order of the columns.
        classes: number of labels.
        data: each member's private rows, by name, in the order of joining; disjoint.
        reference: rows that everybody sees, on which profiles are judged.
        validation: rows that everybody sees, on which contributions are measured.
        test: rows that nobody sees before the end.
        protected: the group whose loss the results show.
        groups: what each group is, by name.
    """

    name: str
    event: str
    features: tuple[str, ...]
    classes: int
    data: Mapping[str, Sample]
    reference: Sample
    validation: Sample
    test: Sample
    protected: str
    groups: Mapping[str, str]

    @property
    def members(self) -> tuple[str, ...]:
        """Names, in the order of joining."""
        return tuple(self.data)


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitConfig:
    """How rows are dealt.

    members: how many hold data, 1 to 24. skew: Dirichlet concentration of the deal over cells of (label, protected);
    small is uneven, 100 and more about even. reference, validation, test: shares of all rows; the rest is the members'.
    kept: share of a member's rain days that a seed keeps, so that seeds differ though weather does not.
    """

    members: int = 6
    skew: float = 2.0
    reference: float = 0.2
    validation: float = 0.15
    test: float = 0.25
    kept: float = 0.8

    def __post_init__(self) -> None:
        if not 1 <= self.members <= 24:
            raise CooperativeError(f"members is {self.members}; accepted: 1 to 24")
        if not (np.isfinite(self.skew) and self.skew > 0):
            raise CooperativeError(f"skew is {self.skew}; it must be a finite number above 0")
        if min(self.reference, self.validation, self.test) <= 0 or self.reference + self.validation + self.test >= 0.95:
            raise CooperativeError("reference, validation and test must each be above 0, and together below 0.95")
        if not 0 < self.kept <= 1:
            raise CooperativeError(f"kept is {self.kept}; it must be above 0 and at most 1")


def member_names(count: int) -> tuple[str, ...]:
    """ "member-1" to "member-n"."""
    return tuple(f"member-{index + 1}" for index in range(count))


def make_problem(data: str, split: SplitConfig, rng: np.random.Generator) -> Problem:
    """A problem from a data set's name: "hmda", "arrests" or "rain". Raises CooperativeError for another name."""
    if data == "rain":
        return rain_problem(load_rain(), split, rng)
    return table_problem(load_table(data), split, rng)


# -------------------------------------------------------------------- classification sets


def table_problem(table: Table, split: SplitConfig, rng: np.random.Generator) -> Problem:
    """Deal a table's rows: first the public parts, even over (label, protected), then the members', unevenly.

    Each cell of (label, protected) is dealt among the members by shares drawn from a Dirichlet distribution, so that
    members differ in how many rows they hold, how often the event happens there and how many protected people it knows.
    """
    cells = table.labels * 2 + table.protected
    parts: list[list[Ints]] = [[], [], []]
    rest: list[Ints] = []
    for cell in range(4):
        rows = rng.permutation(np.flatnonzero(cells == cell))
        cuts = np.cumsum([round(len(rows) * share) for share in (split.reference, split.validation, split.test)])
        pieces = np.split(rows, cuts)
        for part, some in zip(parts, pieces[:3], strict=True):
            part.append(some)
        rest.append(pieces[3])
    dealt = _deal(rest, split, rng)
    mine = np.concatenate(rest)
    features = standardise(table.features, table.features[mine])
    groups, meanings = _groups(table)
    whole = Sample(features=features, labels=table.labels, groups=groups)
    reference, validation, test = [whole.take(np.sort(np.concatenate(part))) for part in parts]
    return Problem(
        name=table.source.name,
        event=table.source.event,
        features=table.source.features,
        classes=2,
        data=dict(zip(member_names(split.members), (whole.take(rows) for rows in dealt), strict=True)),
        reference=reference,
        validation=validation,
        test=test,
        protected=table.source.protected,
        groups=meanings,
    )


def _deal(cells: list[Ints], split: SplitConfig, rng: np.random.Generator) -> list[Ints]:
    dealt: list[list[Ints]] = [[] for _ in range(split.members)]
    for rows in cells:
        shares = rng.dirichlet(np.full(split.members, split.skew))
        cuts = np.round(np.cumsum(shares)[:-1] * len(rows)).astype(np.int64)
        for hand, some in zip(dealt, np.split(rows, cuts), strict=True):
            hand.append(some)
    hands = [np.sort(np.concatenate(hand)) for hand in dealt]
    # Nobody joins without a row: who was dealt none takes one of whoever has most.
    for index, mine in enumerate(hands):
        if not len(mine):
            most = max(range(len(hands)), key=lambda i: len(hands[i]))
            if len(hands[most]) < 2:
                raise CooperativeError(f"too few rows for {split.members} members")
            hands[index], hands[most] = hands[most][:1], hands[most][1:]
    return hands


def _groups(table: Table) -> tuple[dict[str, Bools], dict[str, str]]:
    source = table.source
    groups: dict[str, Bools] = {source.protected: table.protected, "others": ~table.protected}
    meanings = {source.protected: source.protected_name, "others": f"all but {source.protected_name}"}
    for index, column in enumerate(source.columns):
        if column.yes is None or column.name == source.protected:
            continue
        mask = table.features[:, index] > 0
        groups[column.name], groups[f"not-{column.name}"] = mask, ~mask
        meanings[column.name], meanings[f"not-{column.name}"] = column.meaning, f"not: {column.meaning}"
    return groups, meanings


# -------------------------------------------------------------------- rain


def rain_problem(world: RainWorld, split: SplitConfig, rng: np.random.Generator) -> Problem:
    """Deal rain days: in time order the members' days, the reference, the validation and the test.

    Members hold seasons: the year's months go to them in runs, the first one's from December on, so that one knows
    winter and another summer, and each a random share `kept` of its days. What comes later in time never trains,
    judges or pays what came earlier.
    """
    if split.members > 12:
        raise CooperativeError(f"members is {split.members}; of rain at most 12, a month each")
    days = world.days
    count = len(days)
    lengths = [int(count * share) for share in (split.reference, split.validation, split.test)]
    first = count - sum(lengths)
    if min(lengths) < 1 or first < 12 * split.members:
        raise CooperativeError(f"{count} days are too few for {split.members} members")
    raw, labels = rain_table(days)
    whole = Sample(features=standardise(raw, raw[:first]), labels=labels, groups=rain_groups(days))
    owner = np.array([owner_of(day, split.members) for day in days[:first]])
    data = {}
    for index, name in enumerate(member_names(split.members)):
        rows = np.flatnonzero(owner == index)
        keep = np.sort(rng.permutation(rows)[: max(1, round(len(rows) * split.kept))])
        data[name] = whole.take(keep)
    cuts = np.cumsum([first, *lengths])
    reference, validation, test = (whole.take(np.arange(low, high)) for low, high in pairwise(cuts.tolist()))
    return Problem(
        name="rain",
        event="rain > 1 mm in three days at Innsbruck" if world.k == 2 else "class of three-day rain at Innsbruck",
        features=FEATURES,
        classes=world.k,
        data=data,
        reference=reference,
        validation=validation,
        test=test,
        protected="summer",
        groups={
            "winter": "days from December to February",
            "spring": "days from March to May",
            "summer": "days from June to August",
            "autumn": "days from September to November",
            "wet-forecast": "days whose ensemble mean exceeds 10 mm",
        },
    )
