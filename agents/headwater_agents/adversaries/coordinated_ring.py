"""Forecasters that tell each other everything and speak with one voice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from headwater_agents.adversaries.bounds import within
from headwater_agents.adversaries.identities import favour_each_other
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.game.seats import names
from headwater_agents.lab.game.setting import Endowment
from headwater_agents.lab.game.table import MAIN, Table
from headwater_agents.lab.population import Buyer, report, size


@dataclass(kw_only=True)
class CoordinatedRing(Attack):
    """All members report one view. Where stakeholders allocate emission they allocate to one another.

    Attributes:
        members: forecasters.
        pooled: 1 to share the signals that any of them buys, and learn from all of them; 0 to share forecasts only, and
            report their mean log-odds. The latter scores more than the separate reports whatever the outcome: the
            logarithm's concavity pays for agreement.
    """

    name: ClassVar[str] = "coordinated-ring"
    goal: ClassVar[str] = "hear what others have paid for, and never wager against a friend"
    seen: ClassVar[str] = "coalitions against scoring rules (Chun and Shachter 2011); Bittensor validators' cabals"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"members": (2, 6), "pooled": (0, 1)}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"forecasts only": {"pooled": 0}}
    members: int = 3
    pooled: int = 1

    def __post_init__(self) -> None:
        within(self, members=(2, 32), pooled=(0, 1))
        self._buyer: Buyer | None = None

    @property
    def ring(self) -> tuple[str, ...]:
        """Its members."""
        return names("coalition-forecaster", self.members)

    def endowment(self) -> Endowment:
        """As many informed forecasters."""
        return Endowment(stake_share=self.stake_share, forecasters=self.members)

    def begin(self, table: Table) -> None:
        """Agree on whom to hear."""
        suppliers = [name for member in self.ring for name in table.seats.buyers[member].agent.sellers]
        self._buyer = Buyer(tuple(dict.fromkeys(suppliers)), table.setting.buyer(table.setting.forecaster_keep))
        favour_each_other(table, self.ring)

    def turn(self, table: Table) -> None:
        """Learn from the question before, with everything that any member has heard of it."""
        if table.index > 0 and self._buyer is not None:
            self._buyer.learn(table.base(), self._heard(table), int(table.script.outcomes[table.index - 1]))

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        """The ring's view, wagered on as each member's stake allows."""
        told, offer = report(self._view(table)), table.offers[MAIN]
        filled = table.filled[MAIN]
        wagers = {
            name: size(told, offer, table.mechanism.stake(name), table.setting.wager, filled) for name in self.ring
        }
        if not self.pooled:
            return [replace(bid, report=told) for bid in honest]
        return [Bid(name, told, wager) for name, wager in wagers.items() if wager]

    def _view(self, table: Table) -> float:
        if self.pooled and self._buyer is not None:
            return self._buyer.forecast(table.base(), self._heard(table))
        return sum(table.belief(name) for name in self.ring) / self.members

    def _heard(self, table: Table) -> dict[str, float]:
        return {name: value for member in self.ring for name, value in table.heard(member).items()}
