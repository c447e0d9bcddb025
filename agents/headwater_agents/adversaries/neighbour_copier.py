"""A provider that resells what another one found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from headwater_agents.adversaries.bounds import within
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.seats import supplier_lists
from headwater_agents.lab.game.setting import Endowment
from headwater_agents.lab.game.table import Table

_SELF = "coalition-provider-1"


@dataclass(kw_only=True)
class NeighbourCopier(Attack):
    """Takes no trouble; sells the signal of whichever neighbour the public weights say is worth most.

    A neighbour sells to one of its buyers, and so far not to the others: to them the copy is news. It has no stake:
    gains are per honest stake.

    Attributes:
        leak: chance that the other's signal reaches it on a question; otherwise it sells nothing.
        delay: questions by which it comes late; 0 is in time.
        quality: of its own information, which it sells when honest, as a share of an honest provider's.
    """

    name: ClassVar[str] = "neighbour-copier"
    goal: ClassVar[str] = "be paid for what somebody else found"
    seen: ClassVar[str] = (
        "weight copiers among Bittensor's validators; wire news rewritten and resold (INS v. AP, 1918)"
    )
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"leak": (0, 1), "quality": (0, 1)}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"stale": {"delay": 1}}
    leak: float = 1.0
    delay: int = 0
    quality: float = 0.5
    _past: dict[int, dict[str, float]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        within(self, leak=(0, 1), delay=(0, 1_000), quality=(0, 1))

    def endowment(self) -> Endowment:
        """One provider of its own quality, and no stake."""
        return Endowment(stake_share=self.stake_share, forecasters=0, providers=1, quality=self.quality)

    def effort(self, table: Table, name: str, honest: float) -> float:
        """None."""
        return 0.0

    def signal(self, table: Table, name: str, honest: float | None) -> float | None:
        """The other's, if it leaked."""
        self._past[table.index] = dict(table.signals)
        if float(table.rng.uniform()) >= self.leak:
            return None
        return self._past.get(table.index - self.delay, {}).get(self.victim(table))

    def victim(self, table: Table) -> str:
        """Whose signal it sells: the most weight in all lists announced so far, the first in order on ties."""
        lists = supplier_lists(table.setting)
        heard = {each for suppliers in lists.values() if _SELF in suppliers for each in suppliers}
        wanted = [each for each in table.seats.providers if each in heard and each != _SELF]
        weights: dict[str, float] = dict.fromkeys(wanted, 0.0)
        for split in table.splits.values():
            total = sum(weight for _, weight in split.weights)
            for child, weight in split.weights:
                if child in weights:
                    weights[child] += weight / total
        return max(wanted, key=lambda each: weights[each])
