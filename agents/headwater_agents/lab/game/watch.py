"""How honest sellers watch their buyers: what a split promises, and a wager under it, beside what was earned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Final

from headwater.units import BPS
from headwater_agents.lab.game.moves import Bid
from headwater_agents.lab.game.table import MAIN, Table
from headwater_agents.lab.mechanisms.base import Split
from headwater_agents.lab.population import leaves

_MEMORY: Final = 0.1


class Watch:
    """What sellers know of the coalition's buyers.

    Attributes:
        fair: splits that buyers would announce if they were honest.
        bound: splits that stood when the question opened.
        wagers: what forecasters would wager if they were honest, wei.
    """

    def __init__(self, sellers: Iterable[str]) -> None:
        self.fair: dict[str, Split] = {}
        self.bound: dict[str, Split] = {}
        self.wagers: dict[str, int] = {}
        self._faith: dict[str, float] = {}
        self._column = {name: at for at, name in enumerate(sellers)}

    def look(self, table: Table, bids: Iterable[Bid]) -> None:
        """Let honest sellers compare, after a question, and leave whom they will."""
        wagered = {bid.name: bid.wager for bid in bids if bid.series == MAIN}
        paid_by = self.bound if table.mechanism.binds_weights else table.splits
        # Accounts that sell nothing are looked through: what they pass on is public too.
        seats = table.seats
        through = table.coalition - seats.buyers.keys() - seats.providers.keys() - set(table.extra)
        for buyer in seats.buyers:
            if buyer not in table.coalition or buyer not in self.fair:
                continue
            faith = self._trust(buyer, wagered.get(buyer, 0))
            for supplier in seats.buyers[buyer].agent.suppliers:
                seat = seats.seller(supplier)
                if seat is None or supplier in table.coalition or buyer in seat.left:
                    continue
                promised = _passed_on(paid_by, buyer, supplier, through) * faith
                fair = _passed_on(self.fair, buyer, supplier)
                chance = float(table.chances[table.index, self._column[supplier]])
                if leaves(table.setting.provider, promised, fair, chance):
                    seat.left.add(buyer)
                    table.record.departures += 1

    def _trust(self, buyer: str, wager: int) -> float:
        """Part of an honest wager that a buyer lately put under its split; 1 for one that has none."""
        if honest := self.wagers.get(buyer):
            before = self._faith.get(buyer, 1.0)
            self._faith[buyer] = before + _MEMORY * (min(1.0, wager / honest) - before)
        return self._faith.get(buyer, 1.0)


def _passed_on(
    splits: Mapping[str, Split], payer: str, child: str, through: Set[str] = frozenset(), hops: int = 16
) -> float:
    """Share of a payer's earnings that reaches a child, directly or by accounts in between."""
    split = splits.get(payer)
    if split is None or not split.weights or hops == 0:
        return 0.0
    total = sum(weight for _, weight in split.weights)
    mine = 0.0
    for name, weight in split.weights:
        if name == child:
            mine += weight
        elif name in through:
            mine += weight * _passed_on(splits, name, child, through, hops - 1)
    return (1 - split.keep_bps / BPS) * mine / total
