"""What emission by allocation needs: measured performance, and stakeholders who direct what their stake allocates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headwater.units import BPS, WAD
from headwater_agents.lab.cast import OddsRule
from headwater_agents.lab.mechanisms.base import LabError, Odds, Refused
from headwater_agents.lab.mechanisms.rival import EMISSION, Bet, Rival

Rows = dict[str, dict[str, int]]
"""For each stakeholder, weights (positive) of those it allocates to; never itself."""


def improvement(report: Odds, odds: Odds, outcome: int) -> int:
    """Quadratic score of the report over that of the public odds: (1 − q_o)² − (1 − p_o)², WAD, floored."""
    return ((WAD - odds[outcome]) ** 2 - (WAD - report[outcome]) ** 2) // WAD


class Performance:
    """Everybody's moving average of scores: e ← e + a · (score − e), where not taking part scores 0.

    Args:
        alpha_bps: a, bps.

    Raises:
        LabError: for a share out of range.
    """

    def __init__(self, alpha_bps: int) -> None:
        if not 0 < alpha_bps <= BPS:
            raise LabError(f"alpha_bps is {alpha_bps}; it must be 1 to {BPS}")
        self._alpha = alpha_bps
        self._average: dict[str, int] = {}

    def learn(self, scores: Mapping[str, int]) -> None:
        """One more question's scores (WAD)."""
        for name in self._average.keys() | scores.keys():
            before = self._average.get(name, 0)
            self._average[name] = before + self._alpha * (scores.get(name, 0) - before) // BPS

    def merits(self) -> dict[str, int]:
        """Positive averages (WAD) by name, in order of names."""
        return {name: self._average[name] for name in sorted(self._average) if self._average[name] > 0}


class Allocating(Rival):
    """A rival in which stake decides, and everybody with a stake decides over its own.

    Honest stakeholders, all those who have not said otherwise by `allocate`, follow performance: weights are the
    positive moving averages of `improvement`. One who finds that in nobody else weighs alike all others who have
    wagered on the question, rather than go without dividends. Weight on oneself counts nowhere in these systems, and a
    wager only makes one a participant: it is never at risk.

    Args:
        alpha_bps: how fast performance is learned and forgotten.
        emission, min_wager, warm_up, rule: as `Rival`.
    """

    def __init__(
        self,
        *,
        alpha_bps: int = 1_000,
        emission: int = EMISSION,
        min_wager: int = WAD,
        warm_up: int = 0,
        rule: OddsRule | None = None,
    ) -> None:
        super().__init__(emission=emission, min_wager=min_wager, warm_up=warm_up, rule=rule)
        self._performance = Performance(alpha_bps)
        self._directed: Rows = {}

    def allocate(self, name: str, weights: Mapping[str, int] | None) -> None:
        """From now on the account's stake allocates by these weights (positive integers); None: honestly again.

        Raises:
            Refused: for accounts that are not enrolled, weight on itself, or weights that are not positive.
        """
        self._not_finished()
        if name not in self.accounts:
            raise Refused(f"there is no account {name!r}; enroll it first")
        if weights is None:
            self._directed.pop(name, None)
            return
        if missing := [each for each in weights if each not in self.accounts]:
            raise Refused(f"{name!r} allocates to accounts that are not enrolled: {missing}")
        if name in weights:
            raise Refused(f"{name!r} cannot allocate to itself")
        if not weights or any(weight <= 0 for weight in weights.values()):
            raise Refused(f"allocation weights must be positive, one or more: {dict(weights)}")
        self._directed[name] = dict(weights)

    def _learn(self, bets: Sequence[Bet], odds: Odds, outcome: int) -> None:
        self._performance.learn({bet.name: improvement(bet.report, odds, outcome) for bet in bets})

    def _rows(self, bets: Sequence[Bet]) -> Rows:
        """Every stakeholder's weights as they stand; those without anybody to weigh are left out."""
        merits, alike = self._performance.merits(), {bet.name: 1 for bet in bets}
        rows = {
            name: self._directed.get(name) or _without(merits, name) or _without(alike, name)
            for name in self.accounts.stakes()
        }
        return {name: row for name, row in rows.items() if row}


def _without(weights: Mapping[str, int], name: str) -> dict[str, int]:
    return {each: weight for each, weight in weights.items() if each != name}
