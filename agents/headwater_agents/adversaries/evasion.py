"""A forecaster wagers what it has on an identity that names no providers, with the signals that another one bought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from headwater_agents.adversaries.bounds import within
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.game.table import MAIN, Table
from headwater_agents.lab.population import report, size

_MAIN = "coalition-forecaster-1"
_HIDDEN = "coalition-hidden"


@dataclass(kw_only=True)
class Evasion(Attack):
    """Moves most of its stake before the first question. What is left wagers under honest weights, for show.

    Both identities together wager exactly what one would, so that nothing but the passing on differs.

    Attributes:
        moved: share of the stake that goes to the second identity.
        noticed: share of that move which providers know of. Unbonding is public, and so are reports once revealed; 0 is
            an identity that was split before anybody looked, and keeps its reports apart.
    """

    name: ClassVar[str] = "evasion"
    goal: ClassVar[str] = "use bought signals without paying for them"
    seen: ClassVar[str] = "market data on more desks than its licence names, which exchanges audit"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"moved": (0, 1)}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"unnoticed": {"noticed": 0.0}, "half": {"moved": 0.5}}
    moved: float = 0.9
    noticed: float = 1.0

    def __post_init__(self) -> None:
        within(self, moved=(0, 1), noticed=(0, 1))

    def begin(self, table: Table) -> None:
        """Move the stake."""
        amount = int(table.mechanism.stake(_MAIN) * self.moved)
        if amount:
            table.move_stake(_MAIN, _HIDDEN, amount, self.noticed)

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        """One forecast, one wager, two names: pro rata to their stakes."""
        elsewhere = [bid for bid in honest if bid.series != MAIN]
        return elsewhere + divided(table, (_MAIN, _HIDDEN), table.belief(_MAIN))


def divided(table: Table, accounts: tuple[str, ...], belief: float) -> list[Bid]:
    """The honest wager on a belief (log-odds) for the stakes of all accounts together, pro rata to each one's own."""
    offer = table.offers[MAIN]
    view = report(belief)
    stakes = {name: table.mechanism.stake(name) for name in accounts if name in table.coalition}
    whole = sum(stakes.values())
    wager = size(view, offer, whole, table.setting.wager, table.filled[MAIN])
    shares = {name: wager * stake // whole for name, stake in stakes.items()} if whole else {}
    return [Bid(name, view, share) for name, share in shares.items() if share >= offer.min_wager]
