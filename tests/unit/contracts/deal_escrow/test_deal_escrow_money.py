"""Free balances, where earnings go, stray tokens, and what the escrow is made of."""

from __future__ import annotations

import pytest

from checks import refused
from deal_cases import BOTH_KEPT, GIFT, POT, Hall, send_as
from harness import ZERO
from headwater.chain import Reverted, deploy, load
from headwater.deals.escrow import Payout
from headwater.units import MAX_WEI, WAD


def test_a_free_balance_is_paid_in_and_out_whenever_its_owner_likes(hall: Hall) -> None:
    hall.payer.deposit(7)
    hall.payer.deposit(5)
    assert (hall.free(hall.payer), hall.escrow.owed()) == (12, 12)
    with refused(hall, "deals: free balance too small"):
        hall.payer.withdraw(13)
    with refused(hall, "deals: free balance too small"):
        hall.stranger.withdraw(1)  # nobody else's
    hall.payer.withdraw(4)
    assert (hall.free(hall.payer), hall.escrow.owed()) == (8, 8)
    hall.payer.withdraw(8)
    assert hall.balance(hall.payer.address) == GIFT


def test_a_choice_of_payout_is_no_money(hall: Hall) -> None:
    """They share a word."""
    hall.payer.set_payout(Payout.FREE)
    task = hall.task()
    with refused(hall, "deals: free balance too small"):
        hall.payer.withdraw(1)
    with refused(hall, "deals: free balance too small"):
        hall.open(hall.deal(task, deposit=1))


def test_nothing_is_neither_paid_in_nor_out(hall: Hall) -> None:
    with refused(hall, "deals: nothing to deposit"):
        hall.payer.deposit(0)
    with refused(hall, "deals: nothing to withdraw"):
        hall.payer.withdraw(0)
    with refused(hall, "deals: more than there can be"):
        hall.payer.deposit(MAX_WEI + 1)


def test_only_what_the_token_gives_is_credited(hall: Hall) -> None:
    with pytest.raises(Reverted):
        hall.payer.deposit(GIFT + 1)
    hall.stranger.approve(5)
    with pytest.raises(Reverted):
        hall.stranger.deposit(6)


def test_a_choice_of_payout_leaves_the_balance_as_it_is(hall: Hall) -> None:
    hall.payer.deposit(MAX_WEI % GIFT)
    for payout, version in ((Payout.FREE, 0), (Payout.NAMED, 0), (Payout.LATEST, 0)):
        hall.payer.set_payout(payout, version)
        found = hall.escrow.balance(hall.payer.address)
        assert (found.payout, found.version, found.free) == (payout, version, MAX_WEI % GIFT)


def test_a_payout_names_a_version_that_there_is(hall: Hall) -> None:
    version = hall.announce(hall.third)
    hall.payer.set_payout(Payout.NAMED, version)
    assert hall.escrow.balance(hall.payer.address).version == version
    with refused(hall, "deals: no such version yet"):
        hall.payer.set_payout(Payout.NAMED, version + 1)
    with refused(hall, "deals: only a named payout has a version"):
        hall.payer.set_payout(Payout.FREE, version)
    with refused(hall, "deals: only a named payout has a version"):
        hall.payer.set_payout(Payout.LATEST, version)
    with refused(hall, "deals: no such kind of payout"):
        send_as(hall.payer.account, hall.escrow.contract, "set_payout", 3, 0)


def test_stray_tokens_go_to_the_treasury_and_nobodys_money_does(hall: Hall) -> None:
    task = hall.task()
    hall.payer.deposit(10)
    hall.open(hall.deal(task, deposit=10))
    hall.judge(task, {hall.payer.address: POT // 2}, {})
    assert hall.stranger._send("sync").event("Synced")["surplus"] == 0
    hall.token.send("transfer", hall.escrow.address, 9, sender=hall.third.account)
    assert hall.stranger._send("sync").event("Synced")["surplus"] == 9
    assert hall.balance(hall.treasury) == 9


def test_the_free_choice_brings_earnings_to_the_free_balance(hall: Hall) -> None:
    hall.payee.set_payout(Payout.FREE)
    task = hall.task()
    hall.open(hall.deal(task, WAD // 4))
    hall.judge(task, {hall.payer.address: POT}, {hall.open(hall.deal(task, WAD // 4, nonce=1)): BOTH_KEPT})
    hall.stranger.wind_up(task)
    assert hall.free(hall.payee) == POT // 4
    assert hall.inflow(hall.payer) == POT * 3 // 4
    hall.payee.withdraw(POT // 4)
    assert hall.balance(hall.payee.address) == GIFT + POT // 4


@pytest.mark.parametrize("missing", range(3))
def test_no_part_of_the_escrow_is_nobody(hall: Hall, missing: int) -> None:
    args = [hall.token.address, hall.treasury, hall.cascade.address]
    args[missing] = ZERO
    with pytest.raises(Reverted) as caught:
        deploy(hall.backend, load("DealEscrow"), *args, sender=hall.stranger.account)
    assert caught.value.reason == "deals: zero address"
