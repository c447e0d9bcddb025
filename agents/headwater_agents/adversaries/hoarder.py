"""An aggregator that passes nothing on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from headwater.units import BPS
from headwater_agents.adversaries.bounds import within
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.setting import Endowment
from headwater_agents.lab.game.table import Table
from headwater_agents.lab.mechanisms.base import Split


@dataclass(kw_only=True)
class Hoarder(Attack):
    """Buys from four providers, sells what it makes of it to two forecasters, and keeps more than it should.

    It has no stake: gains are per honest stake. Whoever it does not pay leaves it, and it has less to sell.

    Attributes:
        keep_bps: share of its pay that it keeps.
    """

    name: ClassVar[str] = "hoarder"
    goal: ClassVar[str] = "keep what its suppliers earned"
    seen: ClassVar[str] = "collecting societies that sit on royalties; Drips accounts that set no splits"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"keep_bps": (2_000, BPS)}
    keep_bps: int = BPS

    def __post_init__(self) -> None:
        within(self, keep_bps=(100, BPS))

    def endowment(self) -> Endowment:
        """One aggregator, and no stake."""
        return Endowment(stake_share=self.stake_share, forecasters=0, aggregators=1)

    def split(self, table: Table, name: str, honest: Split) -> Split:
        """The honest weights, of little or nothing."""
        return Split(BPS, ()) if self.keep_bps == BPS or not honest.weights else Split(self.keep_bps, honest.weights)
