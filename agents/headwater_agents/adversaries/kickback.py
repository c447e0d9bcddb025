"""A forecaster overweights a poor provider, which pays part of it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from headwater.units import BPS
from headwater_agents.adversaries.bounds import within
from headwater_agents.adversaries.skim import skimmed
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.setting import Endowment
from headwater_agents.lab.game.table import Table
from headwater_agents.lab.mechanisms.base import Split

_POOR = "coalition-provider-1"
_PURSE = "coalition-purse"


@dataclass(kw_only=True)
class Kickback(Attack):
    """A real provider that really sells, if little: unlike a sock puppet, it looks like anybody's supplier.

    Attributes:
        weight: share of all that is passed on that the poor provider gets besides what it is worth.
        quality: of its information, as a share of an honest provider's.
        kickback_bps: what it passes on to a purse that is the forecaster's: beyond the escrow, and out of any debt's
            reach.
    """

    name: ClassVar[str] = "kickback"
    goal: ClassVar[str] = "turn providers' pay into the forecaster's own, by way of a friend"
    seen: ClassVar[str] = "rebates of vendors to the media agencies that chose them (ANA and K2 Intelligence, 2016)"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"weight": (0, 1), "quality": (0, 1)}
    weight: float = 0.5
    quality: float = 0.1
    kickback_bps: int = 8_000

    def __post_init__(self) -> None:
        within(self, weight=(0, 1), quality=(0, 1), kickback_bps=(0, BPS - 100))

    def endowment(self) -> Endowment:
        """A forecaster and a poor provider."""
        return Endowment(stake_share=self.stake_share, providers=1, quality=self.quality)

    def begin(self, table: Table) -> None:
        """The provider promises its kickback."""
        table.enroll(_PURSE)
        if self.kickback_bps:
            table.announce(_POOR, Split(BPS - self.kickback_bps, ((_PURSE, 1),)))

    def split(self, table: Table, name: str, honest: Split) -> Split:
        """The honest weights, thinned for the friend's sake."""
        return favouring(honest, {_POOR: self.weight})


def favouring(honest: Split, favoured: Mapping[str, float]) -> Split:
    """As `skimmed`, where those who are favoured may have earned something too."""
    thinned = skimmed(honest, {child: share for child, share in favoured.items() if share})
    merged: dict[str, int] = {}
    for child, weight in thinned.weights:
        merged[child] = merged.get(child, 0) + weight
    return Split(thinned.keep_bps, tuple(merged.items()))
