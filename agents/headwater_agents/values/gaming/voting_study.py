"""The study of the vote: who can gain by what, on the bytecode, beside two broken rules, and what a coalition moves.

python -m headwater_agents.values.gaming.voting_study          the tables
python -m headwater_agents.values.gaming.voting_study --json   everything
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from headwater_agents.values.gaming.voting import (
    RULES,
    Electorate,
    Preferences,
    Push,
    Search,
    any_preferences,
    median_rule,
    quantile_reach,
    random_electorates,
    search,
    table_of,
)
from headwater_agents.values.gaming.voting_chain import Progress, play_all, push

SHAPES: Final = ((1, 8), (2, 8), (3, 5), (3, 6), (4, 4), (4, 5), (5, 3), (5, 4))
"""(voters, ticks) of the electorates that the study searches: one of each, so up to 3,125 rounds on the bytecode."""
FULL_QUORUM: Final = Electorate(weights=(2, 2, 3), ticks=4, current=0, quorum_bps=8_000)
"""Where each voter decides whether the quorum is reached: the case that tells the contract from a void round."""
SHARES: Final = (0.1, 0.2, 0.3, 0.4, 0.45, 0.49, 0.5, 0.51, 0.6)
PUSH_TICKS: Final = 101
_OTHERS: Final = 40
_TOKENS: Final = 1_000
_SPREAD: Final = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One electorate, every combination of reports played on the bytecode.

    Attributes:
        rounds: how many.
        as_twin: whether every result is the one the rule says.
        searches: what a search for gains of coalitions of 1, 2, ... voters found in them.
        broken: what the search for single voters' gains finds under rules that are not the contract's, by name.
        preferences: gains of voters with any preferences; None where there are too many orders of the ticks.
    """

    electorate: Electorate
    rounds: int
    as_twin: bool
    searches: tuple[Search, ...]
    broken: dict[str, Search]
    preferences: Preferences | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VotingStudy:
    """All of it."""

    played: tuple[Played, ...]
    pushes: tuple[Push, ...]

    @property
    def gains(self) -> int:
        """Deviations found on the bytecode that pay a single-peaked voter, or a coalition of them."""
        return sum(found.gains for played in self.played for found in played.searches)

    @property
    def compared(self) -> int:
        """Deviations that were compared with the truth, of single voters and of coalitions."""
        return sum(found.compared for played in self.played for found in played.searches)

    def record(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        return {"gains": self.gains, "compared": self.compared, **asdict(self)}

    def lines(self) -> list[str]:
        """The tables as text."""
        found = ["voters ticks quorum   rounds   compared  gains   under a mean   void below quorum   any preferences"]
        for played in self.played:
            e, any_order = played.electorate, played.preferences
            shown = "" if any_order is None else f"{any_order.gains / any_order.cases:.1%}"
            found.append(
                f"{len(e.weights):6} {e.ticks:5} {e.quorum_bps / 100:5.0f}% {played.rounds:8,} "
                f"{sum(s.compared for s in played.searches):10,} {sum(s.gains for s in played.searches):6} "
                f"{played.broken['mean'].gains:14,} {played.broken['void below quorum'].gains:19,} {shown:>17}"
            )
        found += ["", "share of the revealed stake   result without it   lowest it brings about   highest"]
        for made in self.pushes:
            found.append(f"{made.share:27.0%} {made.honest:19} {made.reach_low:24} {made.reach_high:9}")
        return found


def examine(electorate: Electorate, progress: Progress | None = None) -> Played:
    """Play every combination of reports on the bytecode, and search them."""
    table = play_all(electorate, progress)
    return Played(
        electorate=electorate,
        rounds=len(table),
        as_twin=table == table_of(median_rule, electorate),
        searches=tuple(search(electorate, table, size) for size in range(1, min(3, len(electorate.weights)) + 1)),
        broken={
            name: search(electorate, table_of(rule, electorate))
            for name, rule in RULES.items()
            if rule is not median_rule
        },
        preferences=any_preferences(electorate, table) if electorate.ticks <= 5 else None,
    )


def pushes(rng: np.random.Generator, shares: Sequence[float] = SHARES, ticks: int = PUSH_TICKS) -> list[Push]:
    """How far a coalition of each share of the revealed stake moves the result, on the bytecode, beside the quantiles.

    The others are forty voters of 1,000 tokens, the same for every share, with peaks that are normal about the middle
    (standard deviation 12 ticks), away from both rails.
    """
    peaks: dict[int, int] = {}
    for tick in np.clip(np.rint(rng.normal(ticks / 2, _SPREAD, _OTHERS)), 1, ticks - 2).astype(int).tolist():
        peaks[tick] = peaks.get(tick, 0) + _TOKENS
    found = []
    for share in shares:
        coalition = round(share / (1 - share) * _OTHERS * _TOKENS)
        honest, low, high = push(peaks, coalition, ticks)
        expected = quantile_reach(peaks, coalition, ticks)
        found.append(
            Push(
                share=share,
                honest=honest,
                reach_low=low,
                reach_high=high,
                predicted_low=expected[0],
                predicted_high=expected[1],
            )
        )
    return found


def study(seed: int = 0, shapes: Sequence[tuple[int, int]] = SHAPES, progress: Progress | None = None) -> VotingStudy:
    """Random electorates of these shapes and one in which every voter decides the quorum, then the coalitions.

    `progress` is told how many of how many rounds on the bytecode are played.
    """
    rng = np.random.default_rng(seed)
    electorates = [FULL_QUORUM, *random_electorates(rng, shapes)]
    sizes = [(e.ticks + 1) ** len(e.weights) for e in electorates]
    tell, done, played = progress or (lambda _done, _of: None), 0, []
    for electorate, size in zip(electorates, sizes, strict=True):
        before = done
        played.append(examine(electorate, lambda now, _of, before=before: tell(before + now, sum(sizes))))  # type: ignore[misc]
        done += size
    return VotingStudy(played=tuple(played), pushes=tuple(pushes(rng)))


if __name__ == "__main__":
    made = study()
    print(json.dumps(made.record(), indent=1) if "--json" in sys.argv[1:] else "\n".join(made.lines()))
