"""Questions that are void whenever they would have been lost."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from headwater_agents.adversaries.bounds import within
from headwater_agents.adversaries.sizing import best_response, log_growth, lopsided, wagered_by_others
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.game.table import MAIN, Table
from headwater_agents.lab.population import report, size

LOSER = "coalition-forecaster-1"


@dataclass(kw_only=True)
class Rescued(Attack, ABC):
    """What those share who may be spared a loss: they know the chance, and report and wager what is best given it.

    `rescue` is that chance; `bold` is 0 to report and wager honestly nevertheless.
    """

    foresight: ClassVar[bool] = True
    bold: int = 1

    def __post_init__(self) -> None:
        within(self, bold=(0, 1))
        self._bids: list[Bid] = []

    @property
    @abstractmethod
    def rescue(self) -> float:
        """Chance that a loss is undone, 0 to 1."""

    def bids(self, table: Table, honest: list[Bid]) -> list[Bid]:
        """The best report and wager for one who need not fear to lose."""
        self._bids = self._daring(table) if self.bold else honest
        return self._bids

    def _daring(self, table: Table) -> list[Bid]:
        offer, stake = table.offers[MAIN], table.mechanism.stake(LOSER)
        belief = report(table.belief(LOSER))
        told, growth = lopsided(belief, offer.odds, self.rescue)
        wager = best_response(offer, wagered_by_others(table), growth, stake)
        if self.rescue < 1:
            # Where a loss may stand it is one of a whole wager, so ruin is near: no more than Kelly would wager.
            wager = min(wager, max(stake // 10, size(belief, offer, stake, table.setting.wager, table.filled[MAIN])))
        return [Bid(LOSER, told, wager)] if wager >= offer.min_wager else []

    def lost(self, table: Table) -> bool:
        """Whether the outcome, known by now, costs it more than the rent."""
        outcome = int(table.script.outcomes[table.index])
        return sum(log_growth(bid.report, table.offers[MAIN].odds, outcome) * bid.wager for bid in self._bids) < 0


@dataclass(kw_only=True)
class VoidingLosers(Rescued):
    """A captured oracle voids what its friend has lost; so the friend reports as if it could not lose.

    Attributes:
        capture: chance that the oracle obliges.
        bold: 0 to report and wager honestly nevertheless.
    """

    name: ClassVar[str] = "voiding-losers"
    goal: ClassVar[str] = "heads I win, tails there was no toss"
    seen: ClassVar[str] = "invalid markets on Augur v1; the vote that resolved Polymarket's mineral deal in 2025"
    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {"capture": (0.0, 1.0)}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "honest reports": {"bold": 0},
        "half captured": {"capture": 0.5},
    }
    capture: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, capture=(0, 1))

    @property
    def rescue(self) -> float:
        """As often as the oracle obliges."""
        return self.capture

    def voids(self, table: Table) -> bool:
        """If it was lost, and the oracle obliges."""
        obliging = bool(table.rng.random() < self.capture)
        return obliging and self.lost(table)
