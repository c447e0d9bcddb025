"""What a buyer and its sellers were to each other: paid by x402 and by the cascade, and what the signals were worth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from headwater.chain import Event
from headwater.report import tokens
from headwater.report.grids import Grid
from headwater_agents.durable.database import Database
from headwater_agents.market.purchases import Purchases, State

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS credits (
    question TEXT NOT NULL,
    seller   TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (question, seller)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """One buyer and one seller, wei.

    Attributes:
        bought: signals that came.
        faults: payments for which none came.
        spent: by x402: what came to money, or still may.
        cascade: what the seller pulled from the buyer's version trees.
        value: credit of the seller's signals, of the buyer's emission; may be negative.
    """

    buyer: str
    seller: str
    bought: int = 0
    faults: int = 0
    spent: int = 0
    cascade: int = 0
    value: int = 0

    @property
    def net(self) -> int:
        """What the buyer has of it: value less all that was paid."""
        return self.value - self.spent - self.cascade

    def as_dict(self) -> dict[str, Any]:
        """As JSON; wei as decimal strings."""
        return {
            "buyer": self.buyer,
            "seller": self.seller,
            "bought": self.bought,
            "faults": self.faults,
            **{name: str(getattr(self, name)) for name in ("spent", "cascade", "value", "net")},
        }


class Books:
    """A buyer's books: the purchases that are kept anyway, and what its own accounting credits signals with."""

    def __init__(self, database: Database, purchases: Purchases, buyer: str) -> None:
        """`buyer` is the address that pays and that announces versions."""
        self._database = database
        self._purchases = purchases
        self._buyer = buyer
        database.connection.executescript(_SCHEMA)

    def credit(self, question: int, seller: str, wei: int) -> None:
        """Note what a seller's signal was worth on a question, wei; a later valuation replaces an earlier one."""
        self._database.connection.execute(
            "INSERT INTO credits (question, seller, value) VALUES (?, ?, ?) "
            "ON CONFLICT (question, seller) DO UPDATE SET value = excluded.value",
            (str(question), seller, str(wei)),
        )

    def credits(self) -> dict[str, tuple[int, int]]:
        """(signals valued, their value in wei) by seller."""
        found: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
        for seller, value in self._database.connection.execute("SELECT seller, value FROM credits"):
            count, total = found[seller]
            found[seller] = count + 1, total + int(value)
        return dict(found)

    def edges(self, paid: Mapping[tuple[str, str], int]) -> list[Edge]:
        """An edge for every seller; `paid` is `cascade_paid` of the chain's events."""
        rows: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for purchase in self._purchases.all():
            row = rows[purchase.seller]
            row["bought"] += purchase.state is State.BOUGHT
            row["faults"] += purchase.state in (State.FAULTY, State.LOST)
            row["spent"] += 0 if purchase.settled is False else purchase.value
        for seller, (_, value) in self.credits().items():
            rows[seller]["value"] += value
        for (node, child), wei in paid.items():
            if node == self._buyer:
                rows[child]["cascade"] += wei
        return [Edge(buyer=self._buyer, seller=seller, **row) for seller, row in sorted(rows.items())]


def cascade_paid(events: Iterable[Event]) -> dict[tuple[str, str], int]:
    """Wei that each node's leaves pulled from it, by (node, child), from the Cascade's events."""
    paid: dict[tuple[str, str], int] = defaultdict(int)
    for event in events:
        if event.name == "Pulled":
            paid[event["node"], event["child"]] += int(event["amount"])
    return dict(paid)


def total(edges: Sequence[Edge]) -> Edge:
    """All edges as one."""
    names = ("bought", "faults", "spent", "cascade", "value")
    return Edge(buyer="all", seller="all", **{name: sum(getattr(each, name) for each in edges) for name in names})


def table(edges: Sequence[Edge], names: Mapping[str, str] | None = None) -> Grid:
    """Edges and their sum, in tokens; `names` are what addresses are shown as. `rich_table` puts it on the terminal."""
    known = names or {}
    rows = [
        (
            known.get(each.buyer, each.buyer),
            known.get(each.seller, each.seller),
            str(each.bought),
            str(each.faults),
            *(tokens(wei, 4) for wei in (each.spent, each.cascade, each.value, each.net)),
        )
        for each in (*edges, total(edges))
    ]
    return Grid(
        title="Signals: what they cost and what they were worth",
        note="tokens; net = value − x402 − cascade",
        columns=("buyer", "seller", "bought", "faults", "x402", "cascade", "value", "net"),
        rows=tuple(rows),
        texts=2,
        failed=frozenset(place for place, each in enumerate(edges) if each.faults),
    )
