"""Somebody floods the cascade with dust, announcements and pulls, to make everybody else's transactions dearer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from headwater.cascade import Leaf
from headwater.chain.system import Announcement
from headwater.units import BPS
from headwater_agents.adversaries.bounds import headwater_of, headwater_only, within
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.game.setting import Endowment, Setting
from headwater_agents.lab.game.table import Table
from headwater_agents.lab.mechanisms.headwater import HeadwaterMechanism

_SPAMMER = "coalition-forecaster-1"


@dataclass(kw_only=True)
class Spam(Attack):
    """Spends its own gas on others. Its measure is their gas (`honest_gas`), not money.

    Attributes:
        dust: wei paid to each honest buyer's newest version, one at a time, on every question.
        announcements: of 32 children, all of them honest, on every question.
        pulls: times that it pulls every honest buyer's list on every question.
    """

    name: ClassVar[str] = "spam"
    goal: ClassVar[str] = "raise what others pay for gas until they give up"
    seen: ClassVar[str] = "GovernMental (2016), whose jackpot stuck behind an array that anybody could grow"
    only: ClassVar[frozenset[str]] = frozenset({"headwater"})
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"dust": (0, 4), "announcements": (0, 4), "pulls": (0, 4)}
    dust: int = 1
    announcements: int = 2
    pulls: int = 1

    def __post_init__(self) -> None:
        within(self, dust=(0, 100), announcements=(0, 100), pulls=(0, 100))

    def endowment(self) -> Endowment:
        """Somebody with tokens, and nothing to say."""
        return Endowment(stake_share=self.stake_share, idle=True)

    def setting(self, setting: Setting) -> Setting:
        """Headwater's alone. Raises LabError elsewhere."""
        return headwater_only(self, setting)

    def begin(self, table: Table) -> None:
        """Turn the stake into tokens that the cascade may take."""
        mechanism = headwater_of(table)
        mechanism.retire(_SPAMMER)
        mechanism.person(_SPAMMER).approve(mechanism.system.addresses.cascade)

    def turn(self, table: Table) -> None:
        """Spam, once there is something to spam."""
        mechanism = headwater_of(table)
        victims = self._victims(table, mechanism)
        if not victims:
            return
        me = mechanism.person(_SPAMMER)
        for made in victims:
            for _ in range(self.dust):
                me.deposit(made.node, made.version, 1)
            for _ in range(self.pulls):
                me.pull_list(made.node, made.version, made.terms, made.leaves or ())
                me.pull_share(made.node, made.version, made.terms)
        everybody = [address for name, address in mechanism.names().items() if name != _SPAMMER]
        leaves = [Leaf(everybody[place % len(everybody)], 0, 1 + place) for place in range(32)]
        for _ in range(self.announcements):
            me.announce_list(leaves, BPS // 100)

    @staticmethod
    def _victims(table: Table, mechanism: HeadwaterMechanism) -> list[Announcement]:
        """Newest versions of honest buyers."""
        people = mechanism.names()
        honest = [name for name in table.seats.buyers if name not in table.coalition and name in people]
        newest = [mechanism.versions.get((people[name], mechanism.version(name))) for name in honest]
        return [made for made in newest if made is not None and made.leaves]

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        """None."""
        return []
