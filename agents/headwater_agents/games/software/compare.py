"""A finished task's two measures of credit side by side, and why they differ."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from headwater_agents.games.software.artefacts import ROLES
from headwater_agents.games.software.contribution import ContributionGame
from headwater_agents.games.software.earned import EarnedValue, earned_value
from headwater_agents.games.software.judge import Judge
from headwater_agents.games.software.log import Log
from headwater_agents.games.software.specification import POINT


@dataclass(frozen=True)
class Row:
    """One role: what it handed in, its Shapley share and its share by earned value, whole wei of the reward.

    `alone` is what its artefacts are worth with nobody else's, `last` what they add to all the others', wei.
    """

    role: str
    artefacts: tuple[str, ...]
    alone: int
    last: int
    shapley: int
    value: EarnedValue
    why: str

    @property
    def difference(self) -> int:
        """Shapley share less share by earned value, wei."""
        return self.shapley - self.value.share

    def as_json(self) -> dict[str, Any]:
        """Wei as strings; the two indices as floats, null where they are not defined."""
        value = self.value
        return {
            "role": self.role,
            "artefacts": list(self.artefacts),
            "effort": str(value.cost),
            "alone": str(self.alone),
            "last": str(self.last),
            "shapley": str(self.shapley),
            "planned_value": str(int(value.planned)),
            "earned_value": str(int(value.earned)),
            "cost_index": _float(value.cost_index),
            "schedule_index": _float(value.schedule_index),
            "earned_share": str(value.share),
            "difference": str(self.difference),
            "why": self.why,
        }


@dataclass(frozen=True)
class Assessment:
    """A task's credit: rows in the order of ROLES; both kinds of share sum to `reward` (wei)."""

    specification: str
    head: str
    reward: int
    passed: Fraction
    end: str
    remarks: tuple[str, ...]
    rows: tuple[Row, ...]
    programs: int

    def as_json(self) -> dict[str, Any]:
        """Plain JSON; wei as strings, `passed` a float, `programs` how many different ones the credit took."""
        return {
            "specification": self.specification,
            "log": self.head,
            "reward": str(self.reward),
            "passed": float(self.passed),
            "end": self.end,
            "remarks": list(self.remarks),
            "programs": self.programs,
            "rows": [row.as_json() for row in self.rows],
        }

    def text(self) -> str:
        """A table in plain text, a line for each role; points with two digits."""
        lines = [
            f"{self.specification}: the tests passed pay {self.reward / POINT:.2f} points ({float(self.passed):.1%})",
            f"{'role':11}{'handed in':24}{'effort':>7}{'Shapley':>9}{'by plan':>9}{'differ':>8}  why",
        ]
        for row in self.rows:
            figures = (row.value.cost, row.shapley, row.value.share, row.difference)
            effort, shapley, share, differ = (f"{wei / POINT:.2f}" for wei in figures)
            what = ", ".join(row.artefacts) or "-"
            lines.append(f"{row.role:11}{what:24.23}{effort:>7}{shapley:>9}{share:>9}{differ:>8}  {row.why}")
        return "\n".join(lines)


def assess(log: Log, pot: int = 100 * POINT, judge: Judge | None = None) -> Assessment:
    """Both measures for a finished task; `pot` in wei. Raises SoftwareError as ContributionGame does."""
    game = ContributionGame(log, pot, judge)
    everybody = (1 << len(ROLES)) - 1
    rows = []
    for player, value in enumerate(earned_value(game)):
        shapley = game.shares[player]
        rows.append(
            Row(
                role=value.role,
                artefacts=tuple(artefact.name for artefact in log.of((value.role,))),
                alone=game.wei[1 << player],
                last=game.reward - game.wei[everybody ^ 1 << player],
                shapley=shapley,
                value=value,
                why=_why(game, player, shapley, value),
            )
        )
    final = game.scores[-1]
    return Assessment(
        specification=log.specification,
        head=log.head,
        reward=game.reward,
        passed=final.fraction,
        end=final.end,
        remarks=game.programs[-1].remarks,
        rows=tuple(rows),
        programs=len({built.source for built in game.programs}),
    )


def _why(game: ContributionGame, player: int, shapley: int, value: EarnedValue) -> str:
    """The difference in words, each from a fact of the replays."""
    bit = 1 << player
    pairs = [(mask, mask | bit) for mask in range(1 << len(ROLES)) if not mask & bit]
    if not value.delivered:
        return "handed in nothing: no credit by either"
    if all(game.programs[without].source == game.programs[with_it].source for without, with_it in pairs):
        return "no program differs by it: earned as planned, caused nothing"
    if all(game.wei[without] == game.wei[with_it] for without, with_it in pairs):
        return "programs differ by it, but no test does: earned as planned, caused nothing"
    gains = [game.wei[with_it] - game.wei[without] for without, with_it in pairs]
    if shapley < 0:
        return "does more harm than good: the plan pays it all the same"
    harm = ", though it harms some programs" if min(gains) < 0 else ""
    if game.wei[-1] == game.wei[(1 << len(ROLES)) - 1 ^ bit] and max(gains) > 0:
        return f"the whole team passes as many tests without it: it counts where others are missing{harm}"
    if shapley > value.share:
        return f"more depends on it than was planned{harm}"
    if shapley < value.share:
        return f"less depends on it than was planned{harm}"
    return f"as much depends on it as was planned{harm}"


def _float(ratio: Fraction | None) -> float | None:
    return None if ratio is None else float(ratio)
