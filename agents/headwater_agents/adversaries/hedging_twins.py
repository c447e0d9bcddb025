"""Two accounts of one person that take opposite sides."""

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
from headwater_agents.lab.game.table import Table
from headwater_agents.lab.population import log_odds, report


@dataclass(kw_only=True)
class HedgingTwins(Attack):
    """One twin reports above what it believes, the other as far below, with the wagers of honest play.

    Attributes:
        gap: log-odds between a report and the belief. Small ones cost least where scores are concave; where losers
            are spared or forgotten the best is large.
    """

    name: ClassVar[str] = "hedging-twins"
    goal: ClassVar[str] = "let gains and losses of two accounts cancel, and keep whatever is not symmetric"
    seen: ClassVar[str] = "the p, 1-p attack on Numerai's leaderboard bonus (accounts madmin and madmax)"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"gap": (0.05, 5.0)}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"opposite ends": {"gap": 10.0}}
    gap: float = 0.5

    def __post_init__(self) -> None:
        within(self, gap=(0, 20))

    def endowment(self) -> Endowment:
        """Two informed forecasters."""
        return Endowment(stake_share=self.stake_share, forecasters=2)

    def begin(self, table: Table) -> None:
        """Where stakeholders allocate, they allocate to each other."""
        favour_each_other(table, names("coalition-forecaster", 2))

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        """Each around its own belief."""
        sides = {"coalition-forecaster-1": self.gap, "coalition-forecaster-2": -self.gap}
        return [replace(bid, report=report(log_odds(bid.report) + sides[bid.name])) for bid in honest]
