"""Deals: what both signed binds once it is brought, what it locks, and how it is replaced or barred."""

from __future__ import annotations

import pytest

from checks import refused, told
from deal_cases import BOTH_KEPT, FAR, GIFT, HALF, POT, RECORD, Hall, id_of, send_as, words
from headwater.deals import Price, action_hash
from headwater.deals.escrow import DealStatus, Opened, deal_id
from headwater.deals.twin import Verdict
from headwater.units import MAX_WEI, WAD

MOVING = Price(((0, 10), (5, WAD), (2**192 - 1, 3)))


def test_what_is_signed_is_what_the_contract_hashes(hall: Hall) -> None:
    deal = hall.deal(7, MOVING, deposit=5, nonce=2**256 - 1, revision=2**32 - 1, expires=2**64 - 1)
    shown = hall.escrow.contract.call("deal_digest", words(deal), deal.terms.price.packed)
    assert shown == deal.digest(hall.escrow.domain)
    terms = deal.terms
    assert id_of(deal) == hall.escrow.contract.call("deal_id", 7, terms.payer, terms.payee, deal.nonce)
    assert id_of(deal) == deal_id(7, terms.payer, terms.payee, deal.nonce)
    assert hall.escrow.contract.call("eip712Domain")[1:5] == (
        "Headwater Deals",
        "1",
        hall.backend.chain_id,
        hall.escrow.address,
    )


def test_anybody_brings_a_deal_and_the_chain_tells_all_of_it(hall: Hall) -> None:
    task = hall.task()
    deal = hall.deal(task, MOVING, nonce=9)
    name = hall.open(deal)
    assert name == id_of(deal)
    state = hall.escrow.state(task, name)
    assert (state.status, state.barred, state.deposit, state.revision) == (DealStatus.OPEN, False, 0, 0)
    assert (state.most, state.price, state.verdict) == (WAD, MOVING.hash, None)
    assert hall.escrow.deal(task, name) == Opened(
        id=name,
        task=task,
        payer=hall.payer.address,
        payee=hall.payee.address,
        payer_action=action_hash("door"),
        payee_action=action_hash("lever"),
        price=MOVING,
        deposit=0,
        nonce=9,
        revision=0,
    )
    assert list(hall.escrow.deals(task)) == [name]
    entry = hall.escrow.entry(task, hall.payer.address)
    assert (entry.committed, entry.unsettled, entry.entered) == (WAD, 1, True)


def test_a_deal_is_opened_once(hall: Hall) -> None:
    task = hall.task()
    deal = hall.deal(task)
    hall.open(deal)
    with refused(hall, "deals: deal was opened before"):
        hall.open(deal)
    with refused(hall, "deals: deal was opened before"):
        hall.open(hall.deal(task, 1))
    hall.open(hall.deal(task, nonce=1))  # another nonce is another deal
    hall.open(hall.deal(task, payer=hall.payee, payee=hall.payer))  # and so is the other direction
    assert len(hall.escrow.deals(task)) == 3


def test_a_deal_is_brought_until_it_expires_to_the_second(hall: Hall) -> None:
    task = hall.task()
    soon = hall.backend.now() + 100
    hall.backend.time_travel(soon)
    hall.open(hall.deal(task, expires=soon))
    with refused(hall, "deals: deal is expired"):
        hall.open(hall.deal(task, expires=soon, nonce=1))


def test_a_deal_belongs_to_an_open_task(hall: Hall) -> None:
    with refused(hall, "deals: task is not open"):
        hall.open(hall.deal(5))
    done, over = hall.task(1), hall.task(2)
    deal = hall.deal(over)
    hall.open(deal)
    hall.resolver.finish(done, RECORD)
    with refused(hall, "deals: task is not open"):
        hall.open(hall.deal(done))
    hall.pass_deadline(over)
    for late in (hall.deal(over, nonce=1), hall.deal(over, 1, revision=1)):
        with refused(hall, "deals: task is not open"):
            hall.open(late)


def test_both_sides_sign_the_same_deal_and_are_two(hall: Hall) -> None:
    task = hall.task()
    deal = hall.deal(task)
    payer, payee = hall.signatures(deal)
    mine = hall.third.sign(deal)
    for signatures, reason in (
        ((mine, payee), "deals: invalid signature of the payer"),
        ((payee, payer), "deals: invalid signature of the payer"),
        ((b"", payee), "deals: invalid signature of the payer"),
        ((payer, mine), "deals: invalid signature of the payee"),
        ((payer, payer), "deals: invalid signature of the payee"),
        ((payer, bytes(65)), "deals: invalid signature of the payee"),
    ):
        with refused(hall, reason):
            hall.stranger.open_deal(deal, signatures)
    alone = (*words(deal)[:2], hall.payer.address, *words(deal)[3:])
    with refused(hall, "deals: payer is payee"):
        send_as(hall.payer.account, hall.escrow.contract, "open_deal", alone, deal.terms.price.packed, payer, payer)
    hall.stranger.open_deal(deal, (payer, payee))


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ((), "deals: price is not 1..16 steps"),
        ((1 << 64,), "deals: price does not begin at state 0"),
        ((0, 5 << 64, 5 << 64), "deals: states of the price do not rise"),
        ((0, 5 << 64, 4 << 64), "deals: states of the price do not rise"),
        ((0, 0), "deals: states of the price do not rise"),
        ((WAD + 1,), "deals: share above 100%"),
        ((WAD, 1 << 64 | (2**64 - 1)), "deals: share above 100%"),
    ],
)
def test_a_price_is_a_rising_row_of_shares_from_state_0(hall: Hall, steps: tuple[int, ...], reason: str) -> None:
    deal = hall.deal(hall.task())
    packed = b"".join(word.to_bytes(32, "big") for word in steps)
    with refused(hall, reason):
        send_as(hall.payer.account, hall.escrow.contract, "open_deal", words(deal), packed, b"", b"")


def test_a_price_is_whole_words(hall: Hall) -> None:
    deal = hall.deal(hall.task())
    for packed in (bytes(31), bytes(33)):
        with refused(hall, "deals: price is not 1..16 steps"):
            send_as(hall.payer.account, hall.escrow.contract, "open_deal", words(deal), packed, b"", b"")


def test_a_price_of_16_steps_fits(hall: Hall) -> None:
    task = hall.task()
    price = Price(tuple((state, WAD - state) for state in range(16)))
    hall.open(hall.deal(task, price))
    assert hall.escrow.state(task, id_of(hall.deal(task))).most == WAD


def test_a_deposit_is_locked_out_of_the_payers_free_balance(hall: Hall) -> None:
    task = hall.task()
    hall.payer.deposit(100)
    hall.payee.deposit(1_000)
    with refused(hall, "deals: free balance too small"):
        hall.open(hall.deal(task, deposit=101))
    hall.open(hall.deal(task, deposit=60))
    assert (hall.free(hall.payer), hall.free(hall.payee), hall.escrow.owed()) == (40, 1_000, POT + 1_100)
    with refused(hall, "deals: free balance too small"):
        hall.open(hall.deal(task, deposit=41, nonce=1))
    with refused(hall, "deals: free balance too small"):
        hall.payer.withdraw(41)
    assert hall.escrow.entry(task, hall.payer.address).unsettled == 0
    hall.open(hall.deal(task, deposit=40, nonce=1))


def test_no_reward_is_promised_twice(hall: Hall) -> None:
    task, other = hall.task(1), hall.task(2)
    hall.open(hall.deal(task, WAD - 5))
    hall.open(hall.deal(task, Price(((0, 0), (1, 5), (2, 4))), payee=hall.third))
    with refused(hall, "deals: the payer's reward is promised already"):
        hall.open(hall.deal(task, 1, nonce=1))
    hall.open(hall.deal(task, 0, nonce=1))
    hall.open(hall.deal(other, WAD))
    hall.payer.deposit(10)
    hall.open(hall.deal(task, WAD, deposit=10, nonce=2))  # a deposit backs itself
    entry = hall.escrow.entry(task, hall.payer.address)
    assert (entry.committed, entry.unsettled) == (WAD, 3)


def test_only_the_next_revision_replaces_a_deal(hall: Hall) -> None:
    task = hall.task()
    with refused(hall, "deals: no such deal"):
        hall.open(hall.deal(task, revision=1))
    name = hall.open(hall.deal(task))
    for revision in (2, 3, 2**32 - 1):
        with refused(hall, "deals: not the next revision"):
            hall.open(hall.deal(task, revision=revision))
    first = hall.deal(task, 7, revision=1, actions=("lever", "door"))
    assert hall.open(first) == name
    with refused(hall, "deals: not the next revision"):
        hall.open(first)
    state, opened = hall.escrow.state(task, name), hall.escrow.deal(task, name)
    assert (state.revision, state.most, state.price) == (1, 7, Price.fixed(7).hash)
    assert (opened.revision, opened.price, opened.payer_action) == (1, Price.fixed(7), action_hash("lever"))
    assert len(hall.escrow.deals(task)) == 1


def test_each_verb_takes_its_own_revisions(hall: Hall) -> None:
    task = hall.task()
    for verb, deal in (("open_deal", hall.deal(task, revision=1)), ("amend", hall.deal(task))):
        with refused(hall, "deals: a deal opens at revision 0"):
            args = (words(deal), deal.terms.price.packed, *hall.signatures(deal))
            send_as(hall.stranger.account, hall.escrow.contract, verb, *args)


def test_a_revision_frees_what_the_one_before_locked(hall: Hall) -> None:
    task = hall.task()
    hall.payer.deposit(100)
    hall.open(hall.deal(task, HALF, deposit=100))
    hall.open(hall.deal(task, HALF, deposit=30, revision=1))
    assert hall.free(hall.payer) == 70
    hall.open(hall.deal(task, HALF, deposit=100, revision=2))
    assert hall.free(hall.payer) == 0
    with refused(hall, "deals: free balance too small"):
        hall.open(hall.deal(task, HALF, deposit=101, revision=3))
    entry = hall.escrow.entry(task, hall.payer.address)
    assert (entry.committed, entry.unsettled) == (0, 0)
    hall.open(hall.deal(task, HALF, revision=3))
    entry = hall.escrow.entry(task, hall.payer.address)
    assert (hall.free(hall.payer), entry.committed, entry.unsettled) == (100, HALF, 1)
    hall.open(hall.deal(task, WAD, revision=4))
    with refused(hall, "deals: the payer's reward is promised already"):
        hall.open(hall.deal(task, 1, nonce=1))
    hall.open(hall.deal(task, WAD - 1, revision=5))
    hall.open(hall.deal(task, 1, nonce=1))
    hall.open(hall.deal(task, HALF, deposit=5, revision=6))
    entry = hall.escrow.entry(task, hall.payer.address)
    assert (hall.free(hall.payer), entry.committed, entry.unsettled) == (95, 1, 1)


@pytest.mark.parametrize("empty", [True, False])
def test_no_deal_is_opened_or_amended_once_judging_has_begun(hall: Hall, empty: bool) -> None:
    task = hall.task()
    name = hall.open(hall.deal(task))
    assert not hall.escrow.task(task).closed
    hall.resolver.report(task, {}, {} if empty else {name: Verdict(payer_kept=False, payee_kept=False)})
    assert hall.escrow.task(task).closed
    for late in (hall.deal(task, revision=1), hall.deal(task, nonce=1)):
        with refused(hall, "deals: judging has begun"):
            hall.open(late)


def test_numbers_that_no_deal_can_hold_are_refused(hall: Hall) -> None:
    deal = hall.deal(hall.task())
    good = words(deal)
    rich = (*good[:5], MAX_WEI + 1, *good[6:])
    with refused(hall, "deals: more than there can be"):
        send_as(hall.payer.account, hall.escrow.contract, "open_deal", rich, deal.terms.price.packed, b"", b"")
    far = (*good[:7], 2**32, FAR)
    with refused(hall, "deals: more than there can be"):
        send_as(hall.payer.account, hall.escrow.contract, "amend", far, deal.terms.price.packed, b"", b"")


def test_either_side_voids_what_it_signed_and_nobody_brought(hall: Hall) -> None:
    task = hall.task()
    for nonce, side in enumerate((hall.payer, hall.payee)):
        deal = hall.deal(task, nonce=nonce)
        with refused(hall, "deals: caller is no side of the deal"):
            hall.stranger.bar(deal)
        receipt = side.bar(deal)
        assert told(hall, receipt) == [
            ("Barred", {"task": task, "deal": id_of(deal), "party": side.address, "opened": False})
        ]
        for signed in (deal, hall.deal(task, nonce=nonce, revision=1)):
            with refused(hall, "deals: deal is barred"):
                hall.open(signed)
        state = hall.escrow.state(task, id_of(deal))
        assert (state.status, state.barred) == (DealStatus.NONE, True)
        with refused(hall, "deals: deal is barred or settled"):
            hall.payer.bar(deal)
        with refused(hall, "deals: no such deal"):
            hall.resolver.report(task, {}, {id_of(deal): BOTH_KEPT})
    hall.open(hall.deal(task, nonce=2))


def test_a_barred_deal_that_was_opened_stays_as_it_is(hall: Hall) -> None:
    task = hall.task()
    hall.payer.deposit(10)
    deal = hall.deal(task, deposit=10)
    name = hall.open(deal)
    assert hall.payee.bar(deal).event("Barred")["opened"]
    with refused(hall, "deals: deal is barred"):
        hall.open(hall.deal(task, deposit=1, revision=1))
    hall.judge(task, {}, {name: BOTH_KEPT})
    assert hall.stranger.settle(task, name).paid == 5
    with refused(hall, "deals: deal is barred or settled"):
        hall.payer.bar(deal)
    assert hall.balance(hall.payer.address) == GIFT - 10


def test_a_settled_deal_is_not_barred(hall: Hall) -> None:
    task = hall.task()
    deal = hall.deal(task)
    name = hall.open(deal)
    hall.judge(task)
    hall.stranger.settle(task, name)
    with refused(hall, "deals: deal is barred or settled"):
        hall.payer.bar(deal)
