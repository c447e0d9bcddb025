"""What a seller's process tells of its sales, from a shelf on disk."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from headwater.chain import Account
from headwater.chain.system import Times
from headwater.signals import SignalDomain
from headwater.units import WAD
from headwater_agents.bots.logs import Log
from headwater_agents.bots.shop import ShelfShop
from headwater_agents.bots.vitals import Vitals
from headwater_agents.bots.watch import Asked, SeriesWatch
from headwater_agents.durable.database import Database
from headwater_agents.market.payment import Authorization
from headwater_agents.market.shelf import Shelf, Stage

PRICE, ARENA, TOKEN = 10**15, "0x" + "11" * 20, "0x" + "22" * 20
ODDS = (WAD // 2, WAD // 2)


Stand = tuple[Shelf, ShelfShop, Vitals, io.StringIO]


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    said, vitals = io.StringIO(), Vitals("me", "provider")
    with closing(Database(tmp_path / "bot.sqlite", {"name": "me"})) as database:
        shelf = Shelf(database, Account.derive(1, 0), SignalDomain(chain_id=1, arena=ARENA))
        yield shelf, ShelfShop(shelf, PRICE, vitals, Log("me", stream=said)), vitals, said


def question(number: int) -> Asked:
    times = Times(commit_start=100, commit_end=200, reveal_end=300, event_start=300, resolve_after=300)
    return Asked(id=number, times=times, topic=b"", opened=1, odds=ODDS)


def pay(shelf: Shelf, number: int, count: int) -> None:
    """So many settled payments, and one that is only bound."""
    for each in range(count + 1):
        payment = Authorization(
            payer=Account.derive(7, each).address, payee=shelf.provider, value=PRICE, valid_after=0, valid_before=10**9,
            nonce=bytes([number]) * 32, signature=bytes(65), accepted=("", "", ""), secret=b"",
        )  # fmt: skip
        sale = shelf.bind(payment, TOKEN, number)
        if each < count:
            shelf.settled(sale, "0x01")


def test_a_signal_is_put_up_once_and_sold_until_its_buyers_could_not_commit_any_more(stand: Stand) -> None:
    shelf, shop, _, _ = stand
    asked = question(1)
    assert not shop.has(1)
    shop.expect(asked)
    assert shelf.stage(1, 150) is Stage.EARLY
    shop.publish(asked, ODDS, 110)
    first = shelf.signal(1)
    shop.publish(asked, (WAD // 4, 3 * WAD // 4), 120)
    assert shelf.signal(1) == first
    assert [shelf.stage(1, at) for at in (184, 185)] == [Stage.OPEN, Stage.CLOSED]


def test_sales_are_counted_when_their_question_is_resolved_by_what_came_in(stand: Stand) -> None:
    shelf, shop, vitals, said = stand
    watch = SeriesWatch.__new__(SeriesWatch)
    watch.questions, watch.resolved = {}, []
    for number, buyers in ((1, 3), (2, 2)):
        watch.questions[number] = question(number)
        shop.expect(watch.questions[number])
        shop.publish(watch.questions[number], ODDS, 110)
        pay(shelf, number, buyers)
        watch.questions[number].outcome = 1
        watch.resolved.append(number)
        shop.resolved(watch)
        shop.resolved(watch)
    assert (vitals.sales._value.get(), vitals.earned._value.get()) == (5, 5 * PRICE)
    sold = [json.loads(line) for line in said.getvalue().splitlines()]
    assert [(line["question"], line["signals"], line["wei"]) for line in sold] == [(1, 3, 3 * PRICE), (2, 2, 2 * PRICE)]
    assert [(outcome, place) for place, outcome, _ in shelf.record(0, 9)] == [(1, 1), (1, 2)]
