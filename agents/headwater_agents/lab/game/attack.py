"""What an attack is: a coalition's moves, wherever it departs from honest play.

The table plays every coalition account honestly unless a method here says otherwise; a class overrides the few it
needs. An instance is made afresh for every play, so it may remember things on itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.game.setting import Endowment, Setting
from headwater_agents.lab.game.table import Table
from headwater_agents.lab.mechanisms.base import Odds, Split


@dataclass(kw_only=True)
class Attack:
    """An attack that does nothing. Fields of a subclass are its parameters; all have defaults.

    Attributes:
        name: for tables and the command line.
        goal: what the attacker is after, in a line.
        seen: where it was seen in the wild, in a line.
        only: mechanisms it makes sense against; empty for all.
        ranges: parameters that an adaptive attacker may search, with their least and largest values.
        variants: further ways to play it that tables list beside the defaults: parameters by the name's suffix.
        foresight: it acts on an outcome before everybody else knows it, so that what it wins is not luck.
        stake_share: the coalition's share of all stake.
    """

    name: ClassVar[str] = "nothing"
    goal: ClassVar[str] = "none: plays honestly, and must come out neutral"
    seen: ClassVar[str] = "everywhere, one hopes"
    only: ClassVar[frozenset[str]] = frozenset()
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    foresight: ClassVar[bool] = False
    stake_share: float = 0.2

    # ------------------------------------------------------------ before the play

    def endowment(self) -> Endowment:
        """What the coalition holds in both arms."""
        return Endowment(stake_share=self.stake_share)

    def setting(self, setting: Setting) -> Setting:
        """The setting of both arms: for attacks that need a world or a series of their own kind."""
        return setting

    def suppliers(self, setting: Setting) -> Mapping[str, tuple[str, ...]]:
        """Names that buyers buy from besides, by buyer: fake accounts that sell signals. The table enrolls them."""
        return {}

    def begin(self, table: Table) -> None:
        """Called once when everybody is seated."""

    # ------------------------------------------------------------ every question, in this order

    def turn(self, table: Table) -> None:
        """Before the question opens."""

    def split(self, table: Table, name: str, honest: Split) -> Split | None:
        """What a coalition buyer announces where an honest one would announce `honest`; None if it has seen to that
        itself."""
        return honest

    def posted(self, table: Table, honest: Odds) -> Odds:
        """Odds that the side series' feed posts."""
        return honest

    def effort(self, table: Table, name: str, honest: float) -> float:
        """Trouble a coalition provider takes, 0 to 1."""
        return honest

    def signal(self, table: Table, name: str, honest: float | None) -> float | None:
        """What a coalition provider or aggregator sells (log-odds added, None for nothing); `honest` is what it knows.

        Called in the order of seats for providers, then aggregators; `table.signals` holds what was sold before.
        """
        return honest

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        """The coalition's wagers, after everybody else's are in (`table.commitments`)."""
        return honest

    def reveals(self, table: Table, bid: Bid) -> bool:
        """Whether a coalition commitment is opened."""
        return True

    def known(self, table: Table) -> None:
        """The outcome (`table.outcome`) is known, nobody has been paid."""

    def voids(self, table: Table) -> bool:
        """Whether a captured oracle voids the question, its outcome being known."""
        return False

    def after(self, table: Table) -> None:
        """Everybody has been paid."""

    # ------------------------------------------------------------ the class itself

    @classmethod
    def parameters(cls) -> dict[str, Any]:
        """Parameters with their defaults."""
        return {each.name: each.default for each in fields(cls) if each.init}
