"""An honest oracle that is late, and a loser that is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from headwater_agents.adversaries.bounds import headwater_of, headwater_only, within
from headwater_agents.adversaries.voiding_losers import LOSER, Rescued
from headwater_agents.lab.game.setting import Setting
from headwater_agents.lab.game.table import MAIN, Table


@dataclass(kw_only=True)
class TimeoutRace(Rescued):
    """Expires a question it has lost, the moment that anybody may: resolve_after + RESOLVE_TIMEOUT.

    Attributes:
        late: chance that the oracle has not resolved by then.
        bold: 0 to report and wager honestly nevertheless.
    """

    name: ClassVar[str] = "timeout-race"
    goal: ClassVar[str] = "have a lost question end without an outcome, though the oracle is honest"
    seen: ClassVar[str] = "disputes raised to stall UMA's and Augur's resolution; options left to expire in congestion"
    only: ClassVar[frozenset[str]] = frozenset({"headwater"})
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"late": (0.0, 1.0)}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"always late": {"late": 1.0}, "honest reports": {"bold": 0}}
    late: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, late=(0, 1))

    @property
    def rescue(self) -> float:
        """As often as the oracle is late."""
        return self.late

    def setting(self, setting: Setting) -> Setting:
        """Only Headwater's questions expire."""
        return headwater_only(self, setting)

    def known(self, table: Table) -> None:
        """Expire it, if it was lost and is still open."""
        late = bool(table.rng.random() < self.late)
        if late and self.lost(table):
            headwater_of(table).expire(table.offers[MAIN].question, LOSER)
