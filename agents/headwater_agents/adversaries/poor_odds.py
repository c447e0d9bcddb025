"""A series whose odds lag behind what everybody knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from headwater_agents.adversaries.bounds import within
from headwater_agents.adversaries.public_bot import Almanac, PublicBot
from headwater_agents.adversaries.sizing import AGAINST_ODDS
from headwater_agents.lab.game.setting import Setting
from headwater_agents.lab.game.table import SIDE, Table


@dataclass(kw_only=True)
class PoorOdds(PublicBot):
    """Buys nothing; tells frequencies and season to a series whose feed posts even odds whatever the question.

    Honest forecasters are awake: they wager on that series too, in both arms, and know more.

    Attributes:
        imbalance: long-run log-odds against outcome 1 in the synthetic world, which even odds do not know of. The rain
            has its own.
    """

    name: ClassVar[str] = "poor-odds-farm"
    goal: ClassVar[str] = "be paid for what is public, by a series that does not know it"
    seen: ClassVar[str] = "resellers of public scores to markets with naive priors; stale quotes picked off anywhere"
    only: ClassVar[frozenset[str]] = AGAINST_ODDS
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"imbalance": (0.0, 3.0)}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"hardly poor": {"imbalance": 0.4}}
    series: ClassVar[int] = SIDE
    imbalance: float = 1.2

    def __post_init__(self) -> None:
        within(self, imbalance=(0, 5))
        self._almanac = Almanac()

    def setting(self, setting: Setting) -> Setting:
        """A second series with even odds, in a world as uneven as asked for."""
        world = {} if setting.world == "rain" else {"mean": -self.imbalance}
        return setting.with_(side="even", world_settings=world)

    def turn(self, table: Table) -> None:
        """Learn from the question before."""
        self._almanac.learn(table)

    def view(self, table: Table) -> float:
        """What the almanac says."""
        return self._almanac.view(table)
