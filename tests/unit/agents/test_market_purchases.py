"""A purse with limits: what is reserved counts, on disk, until it is known that it never came to money."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from headwater_agents.durable.database import Database
from headwater_agents.market.purchases import DAY_S, Limits, OverLimit, Purchase, Purchases

LIMITS = Limits(per_payment=10, per_question=25, per_day=40, seconds=60)
NOW = 20_000 * DAY_S + 100
SELLER = "0x" + "11" * 20
PLAIN = Purchase(
    question=7,
    seller=SELLER,
    token="0x" + "22" * 20,
    payer="0x" + "33" * 20,
    payee=SELLER,
    value=10,
    nonce=bytes(32),
    valid_before=NOW + 60,
    header="header",
)


@pytest.fixture
def purchases(tmp_path: Path) -> Iterator[Purchases]:
    with closing(Database(tmp_path / "bot.sqlite", {})) as database:
        yield Purchases(database, LIMITS)


def _another(number: int, **changes: object) -> Purchase:
    return replace(PLAIN, seller=f"0x{number:040x}", **changes)  # type: ignore[arg-type]


def test_a_payment_above_its_limit_is_not_kept(purchases: Purchases) -> None:
    with pytest.raises(OverLimit, match="11 wei asked, at most 10 allowed for one payment"):
        purchases.reserve(replace(PLAIN, value=11), NOW)
    assert purchases.all() == []


def test_a_question_has_a_limit(purchases: Purchases) -> None:
    for number in (1, 2):
        purchases.reserve(_another(number), NOW)
    with pytest.raises(OverLimit, match="20 wei spent and 6 asked, at most 25 allowed for one question"):
        purchases.reserve(_another(3, value=6), NOW)
    purchases.reserve(_another(3, value=5), NOW)
    assert purchases.spent(question=7) == 25


def test_a_day_has_a_limit_and_the_next_one_its_own(purchases: Purchases) -> None:
    for number in range(4):
        purchases.reserve(_another(number, question=number), NOW)
    with pytest.raises(OverLimit, match="40 wei spent and 1 asked, at most 40 allowed for one day"):
        purchases.reserve(_another(5, question=5, value=1), NOW)
    tomorrow = NOW + DAY_S
    purchases.reserve(_another(5, question=5, valid_before=tomorrow + 60), tomorrow)
    assert (purchases.spent(day=20_000), purchases.spent(day=20_001)) == (40, 10)


def test_limits_outlive_the_process(tmp_path: Path) -> None:
    for number in range(5):
        with closing(Database(tmp_path / "bot.sqlite", {})) as database:
            purchases = Purchases(database, LIMITS)
            if number < 4:
                purchases.reserve(_another(number, question=number), NOW)
            else:
                with pytest.raises(OverLimit, match="day"):
                    purchases.reserve(_another(number, question=number), NOW)


def test_money_is_free_again_only_when_it_is_known_that_it_was_not_paid(purchases: Purchases) -> None:
    kept = purchases.reserve(PLAIN, NOW)
    assert purchases.undecided(NOW + 60) == []
    assert purchases.undecided(NOW + 61) == [kept]
    assert purchases.spent() == 10
    purchases.decided(kept, settled=False)
    assert purchases.spent() == 0
    assert purchases.find(7, SELLER) is None
    assert purchases.reserve(replace(PLAIN, nonce=b"\1" * 32), NOW).state == "open"


def test_what_was_paid_and_never_answered_is_lost_and_counts_against_its_seller(purchases: Purchases) -> None:
    kept = purchases.reserve(PLAIN, NOW)
    purchases.decided(kept, settled=True, tx_hash="0xpaid")
    found = purchases.find(7, SELLER)
    assert found is not None, "the same payment may still bring the signal"
    assert (found.state, found.settled, found.tx_hash) == ("lost", True, "0xpaid")
    assert (purchases.spent(), purchases.faults()) == (10, {SELLER: 1})


def test_what_came_is_kept_as_evidence_good_or_not(purchases: Purchases) -> None:
    good, bad = purchases.reserve(_another(1), NOW), purchases.reserve(_another(2), NOW)
    purchases.answered(good, b"signal", "", NOW + 1, "0xgood")
    purchases.answered(bad, b"junk", "it is no signal", NOW + 2)
    assert purchases.answer(good) == b"signal"
    assert [(each.body, each.fault, each.received) for each in purchases.evidence()] == [
        (b"signal", "", NOW + 1),
        (b"junk", "it is no signal", NOW + 2),
    ]
    assert [each.body for each in purchases.evidence(bad.seller)] == [b"junk"]
    assert purchases.faults() == {bad.seller: 1}
    assert purchases.spent() == 20


def test_a_payment_that_stays_good_for_too_long_is_not_kept(purchases: Purchases) -> None:
    with pytest.raises(OverLimit, match="at most 60 s"):
        purchases.reserve(replace(PLAIN, valid_before=NOW + 66), NOW)


def test_sums_do_not_end_at_what_sqlite_counts_to(tmp_path: Path) -> None:
    big = 2**90
    with closing(Database(tmp_path / "bot.sqlite", {})) as database:
        purchases = Purchases(database, Limits(per_payment=big, per_question=2 * big, per_day=4 * big))
        for number in (1, 2):
            purchases.reserve(_another(number, value=big, question=2**255), NOW)
        assert purchases.spent(question=2**255) == 2 * big
        with pytest.raises(OverLimit, match="one question"):
            purchases.reserve(_another(3, value=1, question=2**255), NOW)
