"""A chain of accounts that do nothing stands between a forecaster and its providers, and each keeps something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from headwater.units import BPS
from headwater_agents.adversaries.bounds import within
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.seats import names
from headwater_agents.lab.game.table import Table
from headwater_agents.lab.mechanisms.base import Split


@dataclass(kw_only=True)
class FakeIntermediaries(Attack):
    """The forecaster names one supplier, an aggregator of its own; that one names the next; the last one is honest.

    Providers get (1 − keep)^n of what they earned. They can look through the chain, which is as public as any split.

    Attributes:
        length: n, accounts in the chain.
        keep_bps: what each keeps, 1% or more.
    """

    name: ClassVar[str] = "fake-intermediaries"
    goal: ClassVar[str] = "skim behind names that look like a supply chain"
    seen: ClassVar[str] = "programmatic advertising, where half of what is paid reaches publishers (ISBA and PwC, 2020)"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"length": (1, 7), "keep_bps": (100, 5_000)}
    length: int = 3
    keep_bps: int = 1_000

    def __post_init__(self) -> None:
        # Rivals follow a payment for eight hops, the last of them to the providers.
        within(self, length=(1, 7), keep_bps=(100, BPS))

    @property
    def chain(self) -> tuple[str, ...]:
        """From the forecaster's side to the providers'."""
        return names("coalition-broker", self.length)

    def begin(self, table: Table) -> None:
        """Open their accounts."""
        for name in self.chain:
            table.enroll(name)

    def split(self, table: Table, name: str, honest: Split) -> Split:
        """All by way of the chain, whose links announce from its end: each names the next one's newest version."""
        if not honest.weights:
            return honest
        passed_on = honest.weights
        for link in reversed(self.chain):
            table.announce(link, Split(self.keep_bps, passed_on))
            passed_on = ((link, 1),)
        return Split(honest.keep_bps, passed_on)
