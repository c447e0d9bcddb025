"""One question asked twice, at different odds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from headwater.units import BPS
from headwater_agents.adversaries.bounds import within
from headwater_agents.adversaries.public_bot import BOT, Ignorant
from headwater_agents.adversaries.sizing import (
    AGAINST_ODDS,
    affordable,
    log_growth,
    wagered_by_others,
)
from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.game.setting import Setting
from headwater_agents.lab.game.table import MAIN, SIDE, Table
from headwater_agents.lab.population import log_odds, report, size

_LOG_RANGE = 4.605170185988091


@dataclass(kw_only=True)
class DuplicateQuestions(Ignorant):
    """Buys nothing; trades the difference between a series and its copy, whose feed errs by half a log-odd.

    Attributes:
        riskless: 0 to tell the copy the main series' odds, which are the better ones; 1 to report the same log-odds to
            both, halfway between, with equal wagers: that gains ln(1/Z) twice whatever the outcome, Z = Σ √(q q').
    """

    name: ClassVar[str] = "duplicate-questions"
    goal: ClassVar[str] = "be paid for a difference between two posters of odds"
    seen: ClassVar[str] = "arbitrage between Polymarket, Kalshi and PredictIt on the same event"
    only: ClassVar[frozenset[str]] = AGAINST_ODDS
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"riskless": {"riskless": 1}}
    riskless: int = 0

    def __post_init__(self) -> None:
        within(self, riskless=(0, 1))

    def setting(self, setting: Setting) -> Setting:
        """A second series that asks the same."""
        return setting.with_(side="noisy")

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        """Wagers where the odds differ by more than the rent."""
        return self._both(table) if self.riskless else self._copy(table)

    def _copy(self, table: Table) -> list[Bid]:
        told, offer = table.offers[MAIN].odds, table.offers[SIDE]
        wager = size(told, offer, table.mechanism.stake(BOT), table.setting.wager, table.filled[SIDE])
        return [Bid(BOT, told, wager, SIDE)] if wager else []

    def _both(self, table: Table) -> list[Bid]:
        offers = (table.offers[MAIN], table.offers[SIDE])
        told = report(sum(log_odds(offer.odds) for offer in offers) / 2)
        sure = min(sum(log_growth(told, offer.odds, o) for offer in offers) for o in (0, 1))
        stake = table.mechanism.stake(BOT) // 2
        # Beyond capacity the two would be diluted differently, and the hedge be none.
        room = [offer.capacity - wagered_by_others(table, series) for series, offer in enumerate(offers)]
        wager = min(*room, *(affordable(offer, stake) for offer in offers))
        rent = sum(offer.rent_bps for offer in offers) / BPS * _LOG_RANGE
        if sure <= rent or wager < max(offer.min_wager for offer in offers):
            return []
        return [Bid(BOT, told, wager, series) for series in (MAIN, SIDE)]
