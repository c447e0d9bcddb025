"""Can voting for another threshold than one's own pay? Rules of voting, and a search through every possible report.

A voter is single-peaked if it likes one tick best and, of two ticks on the same side of it, the nearer one. That leaves
open how it compares ticks on different sides, so the search asks for the least: a report pays if *some* single-peaked
voter with that peak prefers what it brings about. The table of outcomes it searches comes from a rule here, or from the
contract's own bytecode (`voting_chain`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations, product
from typing import Final

import numpy as np

from headwater.covenant import lower_median

Report = int | None
"""The tick that a voter reports; None if it seals none, or reveals none."""
Reports = tuple[Report, ...]
Table = Mapping[Reports, int]
"""What every combination of reports brings about: a tick."""
_BPS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Electorate:
    """Who may vote on what.

    Attributes:
        weights: stake of each voter, in whole tokens.
        ticks: how many there are.
        current: the tick in force.
        quorum_bps: of all stake, in bps.
    """

    weights: tuple[int, ...]
    ticks: int
    current: int
    quorum_bps: int

    @property
    def quorum(self) -> int:
        """In ten-thousandths of a token, so that it is exact."""
        return sum(self.weights) * self.quorum_bps

    def reports(self) -> Iterator[Reports]:
        """Every combination of reports, abstentions among them: (ticks + 1) to the number of voters."""
        return product((None, *range(self.ticks)), repeat=len(self.weights))

    def revealed(self, reports: Sequence[Report]) -> dict[int, int]:
        """Weight by tick, in ten-thousandths of a token."""
        found: dict[int, int] = {}
        for weight, tick in zip(self.weights, reports, strict=True):
            if tick is not None:
                found[tick] = found.get(tick, 0) + weight * _BPS
        return found


Rule = Callable[[Electorate, Reports], int]


def median_rule(electorate: Electorate, reports: Reports) -> int:
    """The contract's: the lower weighted median, with what is missing to the quorum at the tick as it was."""
    return lower_median(electorate.revealed(reports), electorate.quorum, electorate.current)


def mean_rule(electorate: Electorate, reports: Reports) -> int:
    """Broken on purpose: the weighted mean, floored. Whoever is on one side of it gains by exaggerating."""
    votes = electorate.revealed(reports)
    missing = max(0, electorate.quorum - sum(votes.values()))
    votes[electorate.current] = votes.get(electorate.current, 0) + missing
    return sum(tick * weight for tick, weight in votes.items()) // sum(votes.values())


def void_rule(electorate: Electorate, reports: Reports) -> int:
    """Broken in a common way: the lower median, but a round below its quorum is void, and the tick stays."""
    votes = electorate.revealed(reports)
    if sum(votes.values()) < electorate.quorum:
        return electorate.current
    return lower_median(votes, 1, electorate.current)


RULES: Final[dict[str, Rule]] = {"median": median_rule, "mean": mean_rule, "void below quorum": void_rule}


def table_of(rule: Rule, electorate: Electorate) -> dict[Reports, int]:
    """What a rule makes of every combination of reports."""
    return {reports: rule(electorate, reports) for reports in electorate.reports()}


def may_prefer(peak: int, other: int, honest: int) -> bool:
    """Whether some single-peaked voter prefers tick `other` to tick `honest`: unless `honest` lies on the way to it."""
    return other != honest and not (peak <= honest < other or other < honest <= peak)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """A deviation that pays some single-peaked voters: who, peaks, what all report, and both outcomes."""

    voters: tuple[int, ...]
    peaks: tuple[int, ...]
    honest: Reports
    deviating: Reports
    outcome_honest: int
    outcome_deviating: int

    @property
    def nearer(self) -> int:
        """Ticks by which the first voter gets nearer to its peak; below zero if only a lopsided one prefers it."""
        peak = self.peaks[0]
        return abs(self.outcome_honest - peak) - abs(self.outcome_deviating - peak)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a search found: comparisons made, those that pay, by abstaining among them, and the largest, if any."""

    compared: int
    gains: int
    by_abstaining: int
    best: Gain | None


def search(electorate: Electorate, table: Table, size: int = 1) -> Search:
    """Every coalition of `size` voters, every combination of their peaks, of others' reports, of their own reports.

    A coalition gains if the outcome changes and every member may prefer it; with one member, that is a voter that gains
    by not reporting its peak. Two voters with one peak are also one voter that splits its stake. Complete.
    """
    voters, choices = range(len(electorate.weights)), (None, *range(electorate.ticks))
    compared = gains = abstaining = 0
    best: Gain | None = None
    for members in combinations(voters, size):
        others = [voter for voter in voters if voter not in members]
        for rest in product(choices, repeat=len(others)):
            base: list[Report] = [None] * len(electorate.weights)
            for voter, report in zip(others, rest, strict=True):
                base[voter] = report
            outcomes = {own: table[_with(base, members, own)] for own in product(choices, repeat=size)}
            for peaks in product(range(electorate.ticks), repeat=size):
                honest = outcomes[peaks]
                for own, outcome in outcomes.items():
                    compared += own != peaks
                    if all(may_prefer(peak, outcome, honest) for peak in peaks):
                        gains += 1
                        abstaining += all(report is None for report in own)
                        found = Gain(
                            voters=members,
                            peaks=peaks,
                            honest=_with(base, members, peaks),
                            deviating=_with(base, members, own),
                            outcome_honest=honest,
                            outcome_deviating=outcome,
                        )
                        best = found if best is None or found.nearer > best.nearer else best
    return Search(compared=compared, gains=gains, by_abstaining=abstaining, best=best)


def _with(base: Sequence[Report], members: Sequence[int], own: Sequence[Report]) -> Reports:
    reports = list(base)
    for voter, report in zip(members, own, strict=True):
        reports[voter] = report
    return tuple(reports)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """How often a voter with any strict order of the ticks does better than by reporting the tick it likes best.

    Of `cases` (an order, a voter, the others' reports) it does in `gains`; single-peaked orders are counted apart.
    """

    cases: int
    gains: int
    single_peaked_cases: int
    single_peaked_gains: int
    by_abstaining: int


def any_preferences(electorate: Electorate, table: Table) -> Preferences:
    """Every strict order of the ticks, single-peaked or not. Complete; for few ticks, as there are ticks! orders."""
    voters, choices = len(electorate.weights), (None, *range(electorate.ticks))
    counts = dict.fromkeys(("cases", "gains", "single_peaked_cases", "single_peaked_gains", "by_abstaining"), 0)
    for order in permutations(range(electorate.ticks)):
        rank = {tick: place for place, tick in enumerate(order)}
        peaked = single_peaked(order)
        for voter in range(voters):
            for rest in product(choices, repeat=voters - 1):
                outcomes = [rank[table[(*rest[:voter], own, *rest[voter:])]] for own in choices]
                honest = outcomes[1 + order[0]]
                pays = min(outcomes) < honest
                counts["cases"] += 1
                counts["gains"] += pays
                counts["single_peaked_cases"] += peaked
                counts["single_peaked_gains"] += peaked and pays
                counts["by_abstaining"] += outcomes[0] < honest
    return Preferences(**counts)


def single_peaked(order: Sequence[int]) -> bool:
    """Whether a strict order of ticks, best first, falls on both sides of its best."""
    seen = [order[0], order[0]]
    for tick in order[1:]:
        if tick not in (seen[0] - 1, seen[1] + 1):
            return False
        seen = [min(seen[0], tick), max(seen[1], tick)]
    return True


def random_electorates(rng: np.random.Generator, shapes: Sequence[tuple[int, int]]) -> list[Electorate]:
    """One electorate of each shape (voters, ticks): weights 1 to 4, so that there are ties; any tick and quorum."""
    return [
        Electorate(
            weights=tuple(int(w) for w in rng.integers(1, 5, size=voters)),
            ticks=ticks,
            current=int(rng.integers(ticks)),
            quorum_bps=int(rng.integers(1, 101)) * 100,
        )
        for voters, ticks in shapes
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """How far a coalition moves the result: its share of the revealed weight, and ticks.

    `reach_low` and `reach_high` are where it ends at most, `predicted_*` what the others' quantiles say.
    """

    share: float
    honest: int
    reach_low: int
    reach_high: int
    predicted_low: int
    predicted_high: int


def quantile_reach(weights: Mapping[int, int], coalition: int, ticks: int) -> tuple[int, int]:
    """The lowest and highest tick that a coalition's weight can bring about against others' weights (tick → weight).

    With c its weight and F the others' total, all on the lowest tick gives the smallest t with
    F(t) ≥ (total F − c) / 2, all on the highest the smallest with F(t) ≥ (total F + c) / 2: for c at or above the
    others' total the ends themselves, but for the tie, which goes to the lower end only.
    """
    total = sum(weights.values())

    def first(needed: int) -> int:
        below = 0
        for tick in range(ticks):
            below += weights.get(tick, 0)
            if 2 * below >= needed:
                return tick
        return ticks - 1

    return first(total - coalition), first(total + coalition)
