"""What a bought signal is credited with: what the forecast would have lost without it, as the Kelly score counts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from headwater.chain.system import Times
from headwater.units import WAD
from headwater_agents.bots.accounting import Accountant
from headwater_agents.bots.watch import Asked, Committed
from headwater_agents.durable.database import Database
from headwater_agents.market.books import Books
from headwater_agents.market.purchases import Limits, Purchases
from headwater_agents.policies import Forecast

ME, OTHER = "0x" + "11" * 20, "0x" + "22" * 20
SELLERS = ("0x" + "aa" * 20, "0x" + "bb" * 20, "0x" + "cc" * 20)
P_MIN = WAD // 100
SURE, ODDS = (WAD // 5, 4 * WAD // 5), (WAD // 2, WAD // 2)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    file = Database(tmp_path / "bot.sqlite", {"account": ME})
    yield Books(file, Purchases(file, Limits(per_payment=0, per_question=0, per_day=0)), ME)
    file.close()


def asked(number: int = 1, **wagers: int) -> Asked:
    times = Times(commit_start=0, commit_end=1, reveal_end=2, event_start=2, resolve_after=2)
    names = {"me": ME, "other": OTHER}
    committed = {names[who]: Committed(commitment=b"", wager=wager, version=0) for who, wager in wagers.items()}
    return Asked(
        id=number, times=times, topic=b"", opened=1, odds=ODDS, capacity=60 * WAD, outcome=1, committed=committed
    )


def accountant(books: Books, signals: Sequence[Forecast | None], pulled: Sequence[int] = (), income: Any = None) -> Any:
    """On a cascade whose events say that so much was pulled towards this bot."""
    events = [{"amount": amount, "node": OTHER, "child": ME} for amount in pulled]
    cascade = SimpleNamespace(
        address=OTHER,
        interface=SimpleNamespace(event=lambda name: SimpleNamespace(topic=name.encode())),
        decode=lambda found: found,
    )
    kit: Any = SimpleNamespace(
        address=ME,
        born=0,
        params=SimpleNamespace(p_min=P_MIN),
        system=SimpleNamespace(cascade=cascade),
        # Three topics ask for what comes to this bot, two for what its suppliers took.
        backend=SimpleNamespace(get_logs=lambda address, topics, born: events if len(topics) == 3 else []),
        vitals=SimpleNamespace(keep_books=lambda edges: None),
    )
    pantry: Any = SimpleNamespace(books=books, addresses=SELLERS, signals=lambda question: tuple(signals))
    return Accountant(kit, pantry, income)


def first_decides(signals: Sequence[Forecast | None]) -> Forecast:
    """A bot that believes its first supplier, and the odds without it."""
    return signals[0] or ODDS


def test_a_signal_is_worth_what_the_forecast_would_have_lost_without_it(books: Books) -> None:
    accountant(books, (SURE, ODDS, None)).credit(asked(me=30 * WAD, other=90 * WAD), first_decides)
    effective = 30 * WAD * 60 // 120  # half of the wagers count: the capacity is half of them
    growth = math.log(0.8) - math.log(0.5)
    worth = round(effective / math.log(100) * growth)
    # The second changed nothing, and the third was not bought.
    assert books.credits() == {SELLERS[0]: (1, pytest.approx(worth, rel=1e-12)), SELLERS[1]: (1, 0)}


def test_a_signal_that_misled_has_a_negative_worth(books: Books) -> None:
    accountant(books, (tuple(reversed(SURE)), ODDS, None)).credit(asked(me=10 * WAD), first_decides)
    assert books.credits()[SELLERS[0]][1] == pytest.approx(10 * WAD * math.log(0.4) / math.log(100), rel=1e-12)


def test_who_did_not_wager_values_nobody(books: Books) -> None:
    accountant(books, (SURE, ODDS, None)).credit(asked(other=90 * WAD), first_decides)
    assert books.credits() == {}


def test_an_aggregator_divides_its_income_from_sales_and_the_cascade(books: Books) -> None:
    mine = accountant(books, (SURE, ODDS, None), pulled=(40, 60), income=lambda question: 7 * question)
    for number in (1, 2):
        mine.credit(asked(number), first_decides)
    mine.publish()
    # 100 wei came by the cascade for two questions, 7 and 14 by sales; all of it is the first supplier's doing.
    assert books.credits() == {SELLERS[0]: (2, 57 + 64), SELLERS[1]: (2, 0)}


def test_a_question_that_was_not_resolved_values_nobody(books: Books) -> None:
    void = asked(me=10 * WAD)
    void.outcome = None
    accountant(books, (SURE, ODDS, None)).credit(void, first_decides)
    assert books.credits() == {}
