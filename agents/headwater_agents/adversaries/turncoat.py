"""Weights are changed when the outcome is known and nobody has been paid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from headwater_agents.adversaries.bounds import one_of, within
from headwater_agents.adversaries.skim import skimmed
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.setting import Endowment
from headwater_agents.lab.game.table import Table
from headwater_agents.lab.mechanisms.base import Split

_PUPPET = "coalition-puppet"


@dataclass(kw_only=True)
class Turncoat(Attack):
    """Announces honest weights before every question, and its own puppet once the signals are in and the outcome out.

    Attributes:
        level: the hop that turns: "forecaster", "aggregator" or "both".
        fraction: of what is passed on, to the puppet.
    """

    name: ClassVar[str] = "turncoat"
    goal: ClassVar[str] = "promise providers their pay, and take it when it is due"
    seen: ClassVar[str] = "mutable 0xSplits, whose controller may change recipients before the balance is distributed"
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "forecaster": {"level": "forecaster"},
        "aggregator": {"level": "aggregator"},
    }
    level: str = "both"
    fraction: float = 1.0
    _promised: dict[str, Split] = field(default_factory=dict, init=False, repr=False)
    _turned: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        one_of(self, level=("forecaster", "aggregator", "both"))
        within(self, fraction=(0, 1))

    def endowment(self) -> Endowment:
        """A forecaster, an aggregator, or both."""
        return Endowment(
            stake_share=self.stake_share,
            forecasters=int(self.level != "aggregator"),
            aggregators=int(self.level != "forecaster"),
        )

    def begin(self, table: Table) -> None:
        """Open the puppet's account."""
        table.enroll(_PUPPET)

    def turn(self, table: Table) -> None:
        """Promise again what was promised before."""
        if self._turned:
            self._announce(table, self._promised)
            self._turned = False

    def split(self, table: Table, name: str, honest: Split) -> Split:
        """The honest promise."""
        self._promised[name] = honest
        return honest

    def known(self, table: Table) -> None:
        """Turn, nearest to the providers first: payers name the newest versions of those they pay."""
        turned = {name: skimmed(split, {_PUPPET: self.fraction}) for name, split in self._promised.items()}
        self._announce(table, turned)
        self._turned = True

    @staticmethod
    def _announce(table: Table, splits: Mapping[str, Split]) -> None:
        for name in table.seats.buyers:  # aggregators come before forecasters
            if name in splits:
                table.announce(name, splits[name])
