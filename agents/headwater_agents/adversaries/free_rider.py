"""A provider that stops working and sells a null signal under the weights it has earned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from headwater_agents.adversaries.bounds import one_of, within
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.setting import Endowment
from headwater_agents.lab.game.table import Table


@dataclass(kw_only=True)
class FreeRider(Attack):
    """Could work like any other provider, and takes no trouble. It has no stake: gains are per honest stake.

    Attributes:
        sells: "zero" log-odds, "noise", or "nothing" at all.
        scale: standard deviation of the noise, log-odds.
        works_for: questions of honest work before, warm-up included: credit looks back, so it is paid for a while.
    """

    name: ClassVar[str] = "free-rider"
    goal: ClassVar[str] = "be paid for signals without the trouble of making them"
    seen: ClassVar[str] = "Gnutella hosts that share nothing (Adar and Huberman, 2000); idle members of mining pools"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"works_for": (0, 120)}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "noise": {"sells": "noise"},
        "late": {"works_for": 80},
    }
    sells: str = "zero"
    scale: float = 1.0
    works_for: int = 0

    def __post_init__(self) -> None:
        one_of(self, sells=("zero", "noise", "nothing"))
        within(self, scale=(0, 10), works_for=(0, 10**6))

    def endowment(self) -> Endowment:
        """One provider as good as any, and no stake."""
        return Endowment(stake_share=self.stake_share, forecasters=0, providers=1)

    def effort(self, table: Table, name: str, honest: float) -> float:
        """None, once it rides."""
        return honest if table.index < self.works_for else 0.0

    def signal(self, table: Table, name: str, honest: float | None) -> float | None:
        """Nothing that says anything, once it rides."""
        if table.index < self.works_for:
            return honest
        if self.sells == "noise":
            return self.scale * float(table.rng.standard_normal())
        return 0.0 if self.sells == "zero" else None
