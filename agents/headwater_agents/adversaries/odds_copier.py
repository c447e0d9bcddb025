"""Wagers on the public odds themselves, to be paid for taking part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from headwater.units import BPS
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.game.setting import Endowment
from headwater_agents.lab.game.table import MAIN, Table
from headwater_agents.lab.mechanisms.base import LabError


@dataclass(kw_only=True)
class OddsCopier(Attack):
    """Knows nothing; reports the odds it is scored against.

    Attributes:
        wager_bps: of its stake, on every question.
    """

    name: ClassVar[str] = "odds-copier"
    goal: ClassVar[str] = "be paid for presence without information"
    seen: ClassVar[str] = "Bittensor miners and Numerai accounts that resubmit the benchmark"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"wager_bps": (100, 9_000)}
    wager_bps: int = 1_000

    def __post_init__(self) -> None:
        if not 0 < self.wager_bps < BPS:
            raise LabError(f"wager_bps is {self.wager_bps}; it must be 1 to {BPS - 1}")

    def endowment(self) -> Endowment:
        """One forecaster with nothing of its own to say."""
        return Endowment(stake_share=self.stake_share, idle=True)

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        """The public odds, whatever has been heard."""
        wager = table.mechanism.stake("coalition-forecaster-1") * self.wager_bps // BPS
        return [Bid("coalition-forecaster-1", table.offers[MAIN].odds, wager)]
