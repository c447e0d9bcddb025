"""A new name after every bad patch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from headwater_agents.adversaries.bounds import within
from headwater_agents.adversaries.sizing import log_growth
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.game.table import MAIN, Table
from headwater_agents.lab.mechanisms.base import Split
from headwater_agents.lab.population import report, size

SEAT = "coalition-forecaster-1"


@dataclass(kw_only=True)
class IdentityChurn(Attack):
    """Forecasts honestly; after a drawdown it leaves its account, record and debts behind and stakes under a new name.

    The new name announces the old one's weights, so that providers are paid as before.

    Attributes:
        drawdown: fall of its score since its best (log-growth times wager, as a share of its first stake) after which
            it leaves.
    """

    name: ClassVar[str] = "identity-churn"
    goal: ClassVar[str] = "keep good records and shed bad ones"
    seen: ClassVar[str] = "Bittensor miners that register anew for a clean record; Numerai models reset after burns"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"drawdown": (0.002, 0.5)}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"at once": {"drawdown": 0.002}}
    drawdown: float = 0.05

    def __post_init__(self) -> None:
        within(self, drawdown=(0.0001, 10))
        self.current, self.moves = SEAT, 0
        self._first = 0
        self._score = self._best = 0.0
        self._bids: list[Bid] = []

    def turn(self, table: Table) -> None:
        """Leave, if the time has come."""
        stake = table.mechanism.stake(self.current)
        self._first = self._first or stake
        if self._best - self._score <= self.drawdown * self._first or not stake:
            return
        self.moves += 1
        fresh = f"coalition-again-{self.moves}"
        table.move_stake(self.current, fresh, stake, noticed=0.0)
        if SEAT in table.splits:
            table.announce(fresh, table.splits[SEAT])
        self.current, self._score, self._best = fresh, 0.0, 0.0

    def split(self, table: Table, name: str, honest: Split) -> Split:
        """The same for whoever it is now."""
        if self.current != SEAT:
            table.announce(self.current, honest)
        return honest

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        """The honest wager, under the present name."""
        told, offer = report(table.belief(SEAT)), table.offers[MAIN]
        wager = size(told, offer, table.mechanism.stake(self.current), table.setting.wager, table.filled[MAIN])
        self._bids = [Bid(self.current, told, wager)] if wager else []
        return self._bids

    def known(self, table: Table) -> None:
        """Keep the score."""
        for bid in self._bids:
            growth = log_growth(bid.report, table.offers[MAIN].odds, int(table.script.outcomes[table.index]))
            self._score += growth / 4.6 * bid.wager
            self._best = max(self._best, self._score)
