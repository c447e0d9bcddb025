"""A feed that posts what suits a forecaster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from headwater_agents.adversaries.bounds import within
from headwater_agents.adversaries.public_bot import BOT, Ignorant
from headwater_agents.adversaries.sizing import AGAINST_ODDS, best_response, edge, wagered_by_others
from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.game.setting import Setting
from headwater_agents.lab.game.table import MAIN, SIDE, Table
from headwater_agents.lab.mechanisms.base import Odds
from headwater_agents.lab.population import log_odds, report


@dataclass(kw_only=True)
class ColludingFeed(Ignorant):
    """The feed leans against the favourite; its friend knows nothing but that, and wagers as much as pays.

    Everybody can see the odds before wagers close, and honest forecasters take their part.

    Attributes:
        shift: log-odds by which the posted odds miss the public ones.
    """

    name: ClassVar[str] = "colluding-feed"
    goal: ClassVar[str] = "have the benchmark set where it is easy to beat"
    seen: ClassVar[str] = "bots paid by Synthetix's wrong KRW price in 2019; price oracles bent before a trade"
    only: ClassVar[frozenset[str]] = AGAINST_ODDS
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"shift": (0.0, 5.0)}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"hardly to be seen": {"shift": 0.5}}
    shift: float = 1.5

    def __post_init__(self) -> None:
        within(self, shift=(0, 10))

    def setting(self, setting: Setting) -> Setting:
        """A second series that asks the same, and honestly posts the same odds."""
        return setting.with_(side="copy")

    def posted(self, table: Table, honest: Odds) -> Odds:
        """The public odds, moved towards the other side."""
        view = log_odds(honest)
        return report(view - self.shift if view > 0 else view + self.shift)

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        """The public odds, which the feed has left, for as much as pays."""
        told, offer = table.offers[MAIN].odds, table.offers[SIDE]
        others, growth = wagered_by_others(table, SIDE), edge(told, told, offer.odds)
        wager = best_response(offer, others, growth, table.mechanism.stake(BOT))
        return [Bid(BOT, told, wager, SIDE)] if wager else []
