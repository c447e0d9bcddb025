"""Who was paid what in a swarm, by events alone; and purchases that are still owed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness import World
from headwater.chain import Event
from headwater.units import WAD
from headwater_agents.durable.database import Database
from headwater_agents.market.purchases import Limits, Purchase, Purchases
from headwater_agents.swarm.ledger import Bookkeeper
from headwater_agents.swarm.parts import cast
from headwater_agents.swarm.settings import SwarmSettings
from headwater_agents.swarm.soak import comparison, spared
from headwater_agents.swarm.table import short

A, B = "0x" + "aA" * 20, "0x" + "Bb" * 20
NAMES = {A: "buyer", B: "seller"}


def event(address: str, name: str, tx: str, **args: Any) -> Event:
    return Event(name=name, args=args, address=address, block_number=1, log_index=0, tx_hash=tx)


def test_a_payment_counts_only_where_its_payer_signed_for_it(world: World) -> None:
    system = world.system
    books, token = Bookkeeper(system, NAMES), system.token.address
    books.take(
        [
            event(token, "AuthorizationUsed", "0x1", authorizer=A, nonce=bytes(32)),
            event(token, "Transfer", "0x1", sender=A, receiver=B, value=5),
            event(token, "Transfer", "0x2", sender=A, receiver=B, value=7),
        ]
    )
    buyer, seller = books.book.accounts["buyer"], books.book.accounts["seller"]
    assert (buyer.spent, buyer.bought, buyer.earned) == (5, 1, 0)
    assert (seller.earned, seller.sold, seller.spent) == (5, 1, 0)
    assert books.book.edges == {("buyer", "seller"): (1, 5)}


def test_wagers_and_the_cascade_go_to_who_made_and_got_them(world: World) -> None:
    system = world.system
    books = Bookkeeper(system, NAMES)
    arena, cascade = system.arena.address, system.cascade.address
    books.take([event(arena, "Committed", "0x1", forecaster=A), event(arena, "Revealed", "0x2", forecaster=A)])
    books.take(
        [
            event(arena, "Settled", "0x3", forecaster=A, net=-3),
            event(arena, "Settled", "0x4", forecaster="0x" + "cC" * 20, net=9),
            event(cascade, "Withdrawn", "0x5", node=B, amount=4),
            event(system.vault.address, "Withdrawn", "0x6", account=B, amount=40),
        ]
    )
    buyer = books.book.accounts["buyer"]
    assert (buyer.commits, buyer.reveals, buyer.settled, buyer.net) == (1, 1, 1, -3)
    assert books.book.accounts["seller"].cascade == 4


def test_what_was_paid_and_never_came_is_asked_for_while_it_is_young(tmp_path: Path) -> None:
    database = Database(tmp_path / "bot.sqlite", {})
    purchases = Purchases(database, Limits(per_payment=10, per_question=100, per_day=1_000))

    def reserve(question: int, before: int) -> Purchase:
        return purchases.reserve(
            Purchase(
                question=question,
                seller=B,
                token=A,
                payer=A,
                payee=B,
                value=1,
                nonce=bytes(31) + bytes([question]),
                valid_before=before,
                header="",
            ),
            before - 1,
        )

    _waiting, lost, lapsed, came = (reserve(number, 1_000) for number in range(4))
    purchases.decided(lost, settled=True)
    purchases.decided(lapsed, settled=False)
    purchases.answered(came, b"{}", "", 1_000)
    reserve(4, 500)
    assert [each.question for each in purchases.cut_off(900)] == [0, 1]
    assert [each.question for each in purchases.cut_off(400)] == [0, 1, 4]
    database.close()


@pytest.mark.parametrize(
    ("wei", "shown"), [(0, ""), (WAD // 1_000, "0.001"), (-12 * WAD, "-12.0"), (123_456 * WAD, "123,456")]
)
def test_figures_of_the_live_table_are_short(wei: int, shown: str) -> None:
    assert short(wei) == shown


def test_a_soak_is_not_passed_while_somebody_was_spared() -> None:
    def process(kills: int, *back: float) -> dict[str, Any]:
        return {"kills": kills, "recovery_s": list(back)}

    summary: dict[str, Any] = {
        "questions": {"asked": 3, "resolved": 2},
        "processes": {"node": process(1, 9.0), "keeper": process(2, 1.0, 3.0), "copier": process(0)},
        "agents": {"member-1": {"sold": 4}},
        "forfeits": [],
        "checks": [{"ok": True}, {"ok": False}],
    }
    assert spared(summary) == ["copier"]
    table = comparison({"tester": summary})
    cells = [next(iter(column.cells)) for column in table.columns]
    assert cells == ["tester", "3", "2", "3", "3.0", "3.0", "9.0", "9.0", "4", "0", "2", "1"]


def test_the_small_network_has_a_chain_of_every_depth() -> None:
    roles = [part.role for part in cast(SwarmSettings(network="small"))]
    assert {"provider", "aggregator", "forecaster", "facilitator"} <= set(roles)
