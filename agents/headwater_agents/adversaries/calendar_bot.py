"""A bot that reads the calendar: public knowledge that odds by frequencies learn too slowly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from headwater_agents.adversaries.bounds import within
from headwater_agents.adversaries.public_bot import Almanac, PublicBot
from headwater_agents.lab.game.setting import Setting
from headwater_agents.lab.game.table import Table


@dataclass(kw_only=True)
class CalendarBot(PublicBot):
    """Knows the season and the long-run frequency, and how far today's odds are from both.

    Attributes:
        season: amplitude of the synthetic world's calendar, log-odds. The rain has its own.
    """

    name: ClassVar[str] = "calendar-bot"
    goal: ClassVar[str] = "be paid for what an almanac says"
    seen: ClassVar[str] = "climatology entered into weather forecasting contests; seasonal bots on temperature markets"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"season": (0.0, 2.0)}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"strong season": {"season": 1.0}}
    season: float = 0.3

    def __post_init__(self) -> None:
        within(self, season=(0, 10))
        self._almanac = Almanac()

    def setting(self, setting: Setting) -> Setting:
        """A world with this much season."""
        return setting if setting.world == "rain" else setting.with_(world_settings={"season": self.season})

    def turn(self, table: Table) -> None:
        """Learn from the question before."""
        self._almanac.learn(table)

    def view(self, table: Table) -> float:
        """What the almanac says."""
        return self._almanac.view(table)
