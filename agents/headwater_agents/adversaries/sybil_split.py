"""One forecaster that appears as many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from headwater_agents.adversaries.bounds import within
from headwater_agents.adversaries.identities import favour_each_other, shares
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.game.seats import names
from headwater_agents.lab.game.table import MAIN, Table
from headwater_agents.lab.mechanisms.base import Split
from headwater_agents.lab.population import report, size

SEAT = "coalition-forecaster-1"


@dataclass(kw_only=True)
class SybilSplit(Attack):
    """Divides its stake among identities that all report the same, wager the same in all, and pay providers alike.

    Where stakeholders allocate emission they allocate to one another.

    Attributes:
        identities: how many.
    """

    name: ClassVar[str] = "sybil-split"
    goal: ClassVar[str] = "count as many: rewards by the head, caps by the head, or each other's votes"
    seen: ClassVar[str] = "Bittensor operators on many keys, in one subnet on all of them; Numerai multi-accounts"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"identities": (2, 12)}
    identities: int = 5

    def __post_init__(self) -> None:
        within(self, identities=(2, 64))

    @property
    def sybils(self) -> tuple[str, ...]:
        """Their names."""
        return names("coalition-sybil", self.identities)

    def begin(self, table: Table) -> None:
        """Move the stake. No provider minds: every identity pays as the one would have."""
        for name, part in zip(self.sybils, shares(table.mechanism.stake(SEAT), self.identities), strict=True):
            table.move_stake(SEAT, name, part, noticed=0.0)
        favour_each_other(table, self.sybils)

    def split(self, table: Table, name: str, honest: Split) -> Split:
        """The same for every identity."""
        for sybil in self.sybils:
            table.announce(sybil, honest)
        return honest

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        """The honest wager, divided."""
        told, offer = report(table.belief(SEAT)), table.offers[MAIN]
        stake = sum(map(table.mechanism.stake, self.sybils))
        wager = size(told, offer, stake, table.setting.wager, table.filled[MAIN])
        parts = zip(self.sybils, shares(wager, self.identities), strict=True)
        return [Bid(name, told, part) for name, part in parts if part >= offer.min_wager]
