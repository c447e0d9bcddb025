"""A ring of forecasters, providers and sybils that plays several attacks at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from headwater_agents.adversaries.bounds import within
from headwater_agents.adversaries.clones import clones_of, is_clone
from headwater_agents.adversaries.evasion import divided
from headwater_agents.adversaries.kickback import favouring
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.game.setting import Endowment, Setting
from headwater_agents.lab.game.table import MAIN, Table
from headwater_agents.lab.mechanisms.base import LabError, Split
from headwater_agents.lab.population import Buyer

_ORIGINAL = "coalition-provider-1"
_PUPPET = "coalition-puppet"


@dataclass(kw_only=True)
class Ring(Attack):
    """Forecasters that share what they buy and skim what they pay, and providers that clone themselves.

    Its providers sell to honest buyers too. Every part can be switched off by a 0.

    Attributes:
        forecasters, providers: accounts of each kind.
        quality: of its providers' information, as a share of an honest one's.
        skim: share of what its forecasters pass on that goes to a puppet.
        kickback: share that goes to its first provider, whatever that is worth.
        pooled: 1 to forecast by everything that any of them has heard.
        clones: copies of its first provider, sold to honest buyers.
        churn: share of its stake that a forecaster loses before it leaves its name, its weights and its debts behind.
        hidden: share of each forecaster's stake that wagers under a name without providers; see `Evasion`.
    """

    name: ClassVar[str] = "ring"
    goal: ClassVar[str] = "add up attacks, each small enough to pass"
    seen: ClassVar[str] = (
        "affiliate rings that stuff clicks, clone sites and trade referrals; Bittensor subnets' cabals"
    )
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        "skim": (0, 0.5),
        "kickback": (0, 0.4),
        "clones": (0, 4),
        "churn": (0, 0.9),
        "hidden": (0, 1),
    }
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"hidden": {"hidden": 0.8}}
    forecasters: int = 3
    providers: int = 2
    quality: float = 0.5
    skim: float = 0.1
    kickback: float = 0.1
    pooled: int = 1
    clones: int = 2
    churn: float = 0.2
    hidden: float = 0.0
    _names: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    _starts: dict[str, int] = field(default_factory=dict, init=False, repr=False)
    _renamed: int = field(default=0, init=False, repr=False)
    _pool: Buyer | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        within(self, forecasters=(1, 8), providers=(1, 4), quality=(0, 1), skim=(0, 1), kickback=(0, 1))
        within(self, pooled=(0, 1), clones=(0, 6), churn=(0, 1), hidden=(0, 1))
        if self.passed_to_itself > 1:
            raise LabError(f"skim and kickback are {self.passed_to_itself:g} together; the ring takes up to 1 of both")

    @property
    def passed_to_itself(self) -> float:
        """Share of what is passed on that does not depend on anybody's worth."""
        return self.skim + self.kickback

    def endowment(self) -> Endowment:
        """All of them."""
        return Endowment(
            stake_share=self.stake_share,
            forecasters=self.forecasters,
            providers=self.providers,
            quality=self.quality,
        )

    def suppliers(self, setting: Setting) -> Mapping[str, tuple[str, ...]]:
        """Clones, for honest buyers only: the ring would pay itself."""
        sold = clones_of(_ORIGINAL, round(self.clones), setting)
        return {buyer: named for buyer, named in sold.items() if not buyer.startswith("coalition-")}

    def begin(self, table: Table) -> None:
        """Open the puppet's account, hide stakes, and pool what they buy."""
        table.enroll(_PUPPET)
        union: dict[str, None] = {}
        for seat in self._seats(table):
            self._names[seat] = seat
            amount = int(table.mechanism.stake(seat) * self.hidden)
            if amount:
                table.move_stake(seat, f"{seat}-hidden", amount)
            self._starts[seat] = table.mechanism.stake(seat)
            union.update(dict.fromkeys(table.seats.forecasters[seat].agent.suppliers))
        if self.pooled:
            self._pool = Buyer(tuple(union), table.setting.buyer(table.setting.forecaster_keep))

    # ------------------------------------------------------------ every question

    def turn(self, table: Table) -> None:
        """Learn from the question before, whose outcome everybody knows."""
        if self._pool is not None and table.index > 0:
            outcome = int(table.script.outcomes[table.index - 1])
            self._pool.learn(table.base(), self._heard(table), outcome)

    def split(self, table: Table, name: str, honest: Split) -> Split:
        """The honest weights thinned; under the newest name too."""
        split = favouring(honest, {_PUPPET: self.skim, _ORIGINAL: self.kickback}) if self.passed_to_itself else honest
        if self._names[name] != name:
            table.announce(self._names[name], split)
        return split

    def signal(self, table: Table, name: str, honest: float | None) -> float | None:
        """Clones repeat the first provider."""
        return table.signals.get(_ORIGINAL) if is_clone(name) else honest

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        """Each forecaster's stake, under whatever names, on the ring's belief or its own."""
        pooled = None if self._pool is None else self._pool.forecast(table.base(), self._heard(table))
        placed = [bid for bid in honest if bid.series != MAIN and self._names[bid.name] == bid.name]
        for seat, name in self._names.items():
            belief = table.belief(seat) if pooled is None else pooled
            placed += divided(table, (name, f"{seat}-hidden"), belief)
        return placed

    def after(self, table: Table) -> None:
        """Whoever has lost too much starts anew."""
        if not self.churn:
            return
        for seat, name in list(self._names.items()):
            stake = table.mechanism.stake(name)
            if 0 < stake < (1 - self.churn) * self._starts[seat]:
                self._renamed += 1
                fresh = f"coalition-renamed-{self._renamed}"
                table.move_stake(name, fresh, stake, noticed=0.0)
                if seat in table.splits:
                    table.announce(fresh, table.splits[seat])
                self._names[seat], self._starts[seat] = fresh, stake

    # ------------------------------------------------------------ helpers

    def _heard(self, table: Table) -> dict[str, float]:
        return {name: signal for seat in self._names for name, signal in table.heard(seat).items()}

    @staticmethod
    def _seats(table: Table) -> list[str]:
        return [name for name in table.seats.forecasters if name in table.coalition]
