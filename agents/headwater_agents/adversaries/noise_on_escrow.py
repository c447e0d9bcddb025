"""Providers of noise are paid when they are lucky, and their buyer carries the debt when they are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from headwater.units import WAD
from headwater_agents.adversaries.bounds import within
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.seats import names
from headwater_agents.lab.game.setting import Endowment, Setting
from headwater_agents.lab.game.table import Table


@dataclass(kw_only=True)
class NoiseOnEscrow(Attack):
    """Enters as new providers that know nothing; when honest it stays out. Gains are per honest stake.

    Credit is never negative, and what an escrow has released is not taken back: so a string of luck pays, and the bad
    luck that follows it is a debt of the forecaster's, as a fund's manager keeps the fee of the good years.

    Attributes:
        accounts: names it sells under.
        scale: standard deviation of the noise, log-odds.
        buyers: honest buyers that each account sells to.
        buffer: what forecasters' escrows hold back, tokens; of Headwater only.
    """

    name: ClassVar[str] = "noise-on-escrow"
    goal: ClassVar[str] = "be paid for upswings, and leave the downswings to others"
    seen: ClassVar[str] = "funds' fees above a high-water mark: a call option, worth more the more they swing"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"scale": (0.05, 4), "accounts": (1, 4)}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"no-buffer": {"buffer": 0}, "loud": {"scale": 3.0}}
    accounts: int = 1
    scale: float = 1.0
    buyers: int = 3
    buffer: int = 500

    def __post_init__(self) -> None:
        within(self, accounts=(1, 6), scale=(0, 10), buyers=(1, 100), buffer=(0, 10**6))

    def endowment(self) -> Endowment:
        """Nothing: who knows nothing has nothing to sell."""
        return Endowment(stake_share=self.stake_share, forecasters=0)

    def setting(self, setting: Setting) -> Setting:
        """The buffer asked for, where there are escrows."""
        if setting.mechanism != "headwater":
            return setting
        return setting.with_(mechanism_settings={"buffer": self.buffer * WAD})

    def suppliers(self, setting: Setting) -> Mapping[str, tuple[str, ...]]:
        """Its accounts, for as many honest forecasters as there are, then aggregators."""
        honest = (*names("forecaster", setting.forecasters), *names("aggregator", setting.aggregators))
        return {buyer: names("coalition-noise", self.accounts) for buyer in honest[: self.buyers]}

    def signal(self, table: Table, name: str, honest: float | None) -> float | None:
        """Noise."""
        return self.scale * float(table.rng.standard_normal())
