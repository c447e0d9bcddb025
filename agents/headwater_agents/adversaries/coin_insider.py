"""A series about nothing anybody could know, but for the one who tosses the coin."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from headwater_agents.adversaries.bounds import within
from headwater_agents.adversaries.public_bot import BOT, Ignorant
from headwater_agents.adversaries.sizing import EMITTING, best_response, edge, wagered_by_others
from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.game.setting import Setting
from headwater_agents.lab.game.table import SIDE, Table
from headwater_agents.lab.population import report


@dataclass(kw_only=True)
class CoinInsider(Ignorant):
    """Is told how the coin will fall, and reports how far it trusts the tip.

    Attributes:
        accuracy: chance that the tip is right, ½ to 1.
    """

    name: ClassVar[str] = "coin-insider"
    goal: ClassVar[str] = "turn control over an outcome into emission"
    seen: ClassVar[str] = "Polymarket accounts that bet on the 2025 Peace Prize hours before it was announced"
    only: ClassVar[frozenset[str]] = EMITTING
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"accuracy": (0.5, 1.0)}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"hunch": {"accuracy": 0.6}}
    foresight: ClassVar[bool] = True
    accuracy: float = 1.0

    def __post_init__(self) -> None:
        within(self, accuracy=(0.5, 1))

    def setting(self, setting: Setting) -> Setting:
        """A second series, on a fair coin at even odds."""
        return setting.with_(side="coin")

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        """The tip, for as much as pays."""
        coin = int(table.script.coin[table.index])
        tip = coin if table.rng.random() < self.accuracy else 1 - coin
        trust = math.log(self.accuracy / max(1e-9, 1 - self.accuracy))
        told, offer = report(trust if tip == 1 else -trust), table.offers[SIDE]
        others, growth = wagered_by_others(table, SIDE), edge(told, told, offer.odds)
        wager = best_response(offer, others, growth, table.mechanism.stake(BOT))
        return [Bid(BOT, told, wager, SIDE)] if wager else []
