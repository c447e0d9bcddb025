"""A forecaster that says more, or less, than it believes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from headwater_agents.adversaries.bounds import within
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.game.table import Table
from headwater_agents.lab.population import log_odds, report


@dataclass(kw_only=True)
class Exaggerator(Attack):
    """Stretches what it adds to the public odds, and wagers what it would have wagered.

    Attributes:
        factor: on the log-odds it adds: 1 is honest, 0 reports the odds, large ones go to the clip. What suits best
            depends on the mechanism; where pay is linear in the report it is the clip. A little below 1 is no lie
            where the honest forecast is too sure of itself, as regressions on short records are: it is calibration.
    """

    name: ClassVar[str] = "exaggerator"
    goal: ClassVar[str] = "earn more on a signal than it is worth"
    seen: ClassVar[str] = "entries that gamble in Kaggle's March Madness; any contest paid by rank or linear score"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"factor": (0.0, 6.0)}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"all the way": {"factor": 100.0}, "shy": {"factor": 0.7}}
    factor: float = 1.6

    def __post_init__(self) -> None:
        within(self, factor=(0, 1_000))

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        """The honest wagers on stretched reports."""
        found = []
        for bid in honest:
            base = table.base(bid.series)
            found.append(replace(bid, report=report(base + self.factor * (log_odds(bid.report) - base))))
        return found
