"""Commitments that are opened only if the outcome, leaked early, makes that look good."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from headwater_agents.adversaries.bounds import headwater_only, within
from headwater_agents.adversaries.sizing import log_growth
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.game.setting import Setting
from headwater_agents.lab.game.table import Table


@dataclass(kw_only=True)
class WithheldReveal(Attack):
    """Sometimes hears the outcome before reveals end, and then hides reports that would lose much.

    Attributes:
        leak: chance that a question's outcome is known before reveals end.
        regret: growth below the public odds, nats, from which on a report is hidden. No report loses more than
            −ln 0.01, so that nothing is ever hidden at 4.6: what suits best is the most patience, if hiding costs.
    """

    name: ClassVar[str] = "withheld-reveal"
    goal: ClassVar[str] = "take the gain where the report was right, and the fifth where it was wrong"
    seen: ClassVar[str] = "last revealers of Ethereum's RANDAO and of commit-reveal lotteries before it"
    only: ClassVar[frozenset[str]] = frozenset({"headwater"})
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"leak": (0.0, 1.0), "regret": (0.0, 4.6)}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "sure leak": {"leak": 1.0},
        "worst ones only": {"leak": 1.0, "regret": 1.5},
    }
    foresight: ClassVar[bool] = True
    leak: float = 0.3
    regret: float = 0.5

    def __post_init__(self) -> None:
        within(self, leak=(0, 1), regret=(0, 2 * math.log(100)))
        self._leaked = False

    def setting(self, setting: Setting) -> Setting:
        """Rivals hold the reports themselves: there is nothing to withhold."""
        return headwater_only(self, setting)

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        """Honest wagers. Dice are thrown for the leak, which comes after commits."""
        self._leaked = bool(table.rng.random() < self.leak)
        return honest

    def reveals(self, table: Table, bid: Bid) -> bool:
        """Not if it is known to have been wrong."""
        outcome = int(table.script.outcomes[table.index])
        growth = log_growth(bid.report, table.offers[bid.series].odds, outcome)
        return not (self._leaked and growth < -self.regret)
