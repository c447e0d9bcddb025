"""Many accounts that report noise, in the hope that luck looks like skill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from headwater.units import BPS
from headwater_agents.adversaries.bounds import within
from headwater_agents.adversaries.public_bot import Ignorant
from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.game.seats import names
from headwater_agents.lab.game.setting import Endowment
from headwater_agents.lab.game.table import MAIN, Table
from headwater_agents.lab.population import report


@dataclass(kw_only=True)
class NoiseLottery(Ignorant):
    """Holds tickets: accounts whose reports lie around the public odds at random, each pair on opposite sides.

    Attributes:
        tickets: accounts.
        spread: standard deviation of the noise, log-odds.
        wager_bps: of each account's stake, on every question.
    """

    name: ClassVar[str] = "noise-lottery"
    goal: ClassVar[str] = "be paid for variance: winners are rewarded, losers forgotten"
    seen: ClassVar[str] = "brute-force entries feared at Numerai; Bittensor keys registered for the occasional reward"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"tickets": (1, 16), "spread": (0.05, 4.0)}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"one loud ticket": {"tickets": 1, "spread": 3.0}}
    tickets: int = 6
    spread: float = 0.7
    wager_bps: int = 500

    def __post_init__(self) -> None:
        within(self, tickets=(1, 64), spread=(0, 20), wager_bps=(1, 9_000))

    def endowment(self) -> Endowment:
        """As many forecasters with nothing of their own to say."""
        return Endowment(stake_share=self.stake_share, forecasters=self.tickets, idle=True)

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        """Noise for the first of each pair, its opposite for the second: one of them leans the right way."""
        found, noise = [], 0.0
        for index, name in enumerate(names("coalition-forecaster", self.tickets)):
            noise = -noise if index % 2 else self.spread * float(table.rng.standard_normal())
            wager = table.mechanism.stake(name) * self.wager_bps // BPS
            if wager >= table.offers[MAIN].min_wager:
                found.append(Bid(name, report(table.base() + noise), wager))
        return found
