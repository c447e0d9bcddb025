"""What bots that trade on public knowledge share: they buy nothing, pay nobody, and wager what Kelly would."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from headwater.units import BPS
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.game.setting import Endowment
from headwater_agents.lab.game.table import MAIN, Table
from headwater_agents.lab.mechanisms.base import Split
from headwater_agents.lab.population import Pool, report, size

BOT: Final = "coalition-forecaster-1"


@dataclass(kw_only=True)
class Ignorant(Attack):
    """Has bought nothing that is worth anything: the honest thing is to stay out, and what it wins it keeps."""

    def endowment(self) -> Endowment:
        """One forecaster with nothing of its own to say."""
        return Endowment(stake_share=self.stake_share, idle=True)

    def split(self, table: Table, name: str, honest: Split) -> Split | None:
        """Nothing for anybody."""
        return Split(BPS, ())


@dataclass(kw_only=True)
class PublicBot(Ignorant, ABC):
    """Wagers like an honest forecaster on what it makes of public knowledge. `series` is where."""

    series: ClassVar[int] = MAIN

    @abstractmethod
    def view(self, table: Table) -> float:
        """Its log-odds of outcome 1."""

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        """A Kelly wager."""
        told, offer = report(self.view(table)), table.offers[self.series]
        wager = size(told, offer, table.mechanism.stake(BOT), table.setting.wager, table.filled[self.series])
        return [Bid(BOT, told, wager, self.series)] if wager else []


class Almanac:
    """A regression of outcomes on the calendar and the long-run frequency, over the main series' public odds."""

    def __init__(self) -> None:
        self._pool = Pool(2, prior=0.25, forgetting=1.0)
        self._pool.weights[1:] = 1.0, 0.5

    def learn(self, table: Table) -> None:
        """Take in the question before, whose odds and outcome everybody knows."""
        if table.index > 0:
            before = table.index - 1
            self._pool.learn(table.base(), _clues(table, before), int(table.script.outcomes[before]))

    def view(self, table: Table) -> float:
        """Log-odds of the open question."""
        return self._pool.forecast(table.base(), _clues(table, table.index))


def _clues(table: Table, index: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The season's log-odds, and what the frequency of all outcomes so far adds to the public odds."""
    high = float(table.script.outcomes[:index].sum())
    climate = math.log((high + 1) / (index - high + 1))
    return np.array([float(table.script.season[index]), climate - table.base()])
