"""Books of a buyer: what each seller cost, by x402 and by the cascade, and what its signals were worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from headwater.chain.backend import Event
from headwater.units import WAD
from headwater_agents.durable.database import Database
from headwater_agents.market.books import Books, Edge, cascade_paid, table, total
from headwater_agents.market.purchases import Limits, Purchase, Purchases

BUYER, FIRST, SECOND = ("0x" + digits * 20 for digits in ("aa", "11", "22"))
NOW = 10**9
PLAIN = Purchase(
    question=1,
    seller=FIRST,
    token=BUYER,
    payer=BUYER,
    payee=FIRST,
    value=3 * WAD,
    nonce=bytes(32),
    valid_before=NOW,
    header="",
)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[tuple[Books, Purchases]]:
    with closing(Database(tmp_path / "bot.sqlite", {})) as database:
        purchases = Purchases(database, Limits(per_payment=10 * WAD, per_question=100 * WAD, per_day=100 * WAD))
        yield Books(database, purchases, BUYER), purchases


def pulled(node: str, child: str, amount: int) -> Event:
    return Event("Pulled", {"node": node, "child": child, "amount": amount}, BUYER, 1, 0, "0x")


def test_an_edge_shows_spending_cascade_value_and_net(books: tuple[Books, Purchases]) -> None:
    book, purchases = books
    for question in (1, 2, 3, 4):
        kept = purchases.reserve(replace(PLAIN, question=question, nonce=bytes([question]) * 32), NOW)
        match question:
            case 1:
                purchases.answered(kept, b"signal", "", NOW)
            case 2:
                purchases.answered(kept, b"junk", "junk", NOW)
            case 3:
                purchases.decided(kept, settled=True)
            case 4:
                purchases.decided(kept, settled=False)
    book.credit(1, FIRST, 7 * WAD)
    book.credit(1, FIRST, 20 * WAD)
    book.credit(2, FIRST, -WAD)
    book.credit(1, SECOND, WAD)
    paid = cascade_paid(
        [pulled(BUYER, FIRST, WAD), pulled(BUYER, FIRST, 1), pulled(FIRST, SECOND, 5 * WAD), pulled(SECOND, BUYER, 9)]
    )
    first, second = book.edges(paid)
    assert first == Edge(buyer=BUYER, seller=FIRST, bought=1, faults=2, spent=9 * WAD, cascade=WAD + 1, value=19 * WAD)
    assert first.net == 9 * WAD - 1
    assert second == Edge(buyer=BUYER, seller=SECOND, value=WAD)
    assert total([first, second]).net == first.net + second.net
    assert book.credits() == {FIRST: (2, 19 * WAD), SECOND: (1, WAD)}


def test_the_table_and_the_json_say_the_same(books: tuple[Books, Purchases]) -> None:
    edge = Edge(buyer=BUYER, seller=FIRST, bought=2, spent=3 * WAD, cascade=WAD // 2, value=5 * WAD)
    grid = table([edge], {BUYER: "hill", FIRST: "member-1"})
    assert grid.rows[0] == ("hill", "member-1", "2", "0", "3.0000", "0.5000", "5.0000", "1.5000")
    assert grid.rows[1][2:] == grid.rows[0][2:]
    assert edge.as_dict()["net"] == str(3 * WAD // 2)


def test_only_pulls_are_payments_of_the_cascade() -> None:
    other = Event("Deposited", {"node": BUYER, "version": 1, "payer": FIRST, "amount": 5}, BUYER, 1, 0, "0x")
    assert cascade_paid([other]) == {}
