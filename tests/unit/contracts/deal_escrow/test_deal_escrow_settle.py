"""Settlement: who pays whom how much for every verdict, what goes back, and who may collect when."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak

from checks import refused, told
from deal_cases import BOTH_KEPT, GIFT, HALF, POT, Hall, id_of, send_as, settle_args
from headwater.cascade import Leaf, pack_list
from headwater.deals import DealError, Price
from headwater.deals.escrow import DealStatus
from headwater.deals.twin import Paid, Verdict
from headwater.units import WAD

MOVING = Price(((0, WAD // 10), (100, WAD // 2), (200, WAD // 5)))
BROKEN = (Verdict(payer_kept=True, payee_kept=False), Verdict(payer_kept=False, payee_kept=False))


@pytest.mark.parametrize(
    ("verdict", "share"),
    [
        (Verdict(payer_kept=True, payee_kept=True, observed=0), WAD // 10),
        (Verdict(payer_kept=True, payee_kept=True, observed=99), WAD // 10),
        (Verdict(payer_kept=True, payee_kept=True, observed=100), WAD // 2),
        (Verdict(payer_kept=True, payee_kept=True, observed=199), WAD // 2),
        (Verdict(payer_kept=True, payee_kept=True, observed=200), WAD // 5),
        (Verdict(payer_kept=True, payee_kept=True, observed=2**192 - 1), WAD // 5),
        (Verdict(payer_kept=False, payee_kept=True, observed=0), WAD // 2),
        (Verdict(payer_kept=False, payee_kept=True, observed=200), WAD // 2),
        (BROKEN[0], 0),
        (BROKEN[1], 0),
        (None, 0),
    ],
)
@pytest.mark.parametrize("deposit", [0, 101])
def test_a_verdict_and_the_observed_state_decide_what_is_paid(
    hall: Hall, verdict: Verdict | None, share: int, deposit: int
) -> None:
    task = hall.task()
    if deposit:
        hall.payer.deposit(deposit)
    name = hall.open(hall.deal(task, MOVING, deposit=deposit))
    reward = 1_007
    verdicts = {} if verdict is None else {name: verdict}
    hall.judge(task, {hall.payer.address: reward, hall.payee.address: 3}, verdicts)
    paid = (deposit or reward) * share // WAD
    expected = Paid(share=share, paid=paid, refunded=deposit - paid if deposit else 0)
    assert hall.escrow.preview(task, name) == expected
    assert hall.stranger.settle(task, name) == expected
    assert hall.free(hall.payer) == expected.refunded
    kept = reward if deposit else reward - paid
    nets = [hall.escrow.entry(task, desk.address).net for desk in (hall.payer, hall.payee)]
    assert nets == [kept, 3 + paid]
    assert [hall.stranger.collect(task, desk.address) for desk in (hall.payer, hall.payee)] == nets
    assert [hall.inflow(desk) for desk in (hall.payer, hall.payee)] == nets
    assert hall.escrow.state(task, name).status is DealStatus.SETTLED


def test_what_one_is_paid_flows_down_its_own_weights(hall: Hall) -> None:
    leaf = Leaf(hall.third.address, 0, 1)
    version = hall.announce(hall.payee, leaf)
    task = hall.task(1_000)
    name = hall.open(hall.deal(task, HALF))
    hall.judge(task, {hall.payer.address: 1_000}, {name: BOTH_KEPT})
    hall.stranger.wind_up(task)
    assert hall.inflow(hall.payee, version) == 500
    terms = hall.cascade.events("ListAnnounced")[-1].args
    packed = pack_list([leaf])
    words = (keccak(packed), terms["total"], 255, 1_000, 0)
    hall.cascade.send("pull_list", hall.payee.address, version, words, packed, 0, 1, sender=hall.third.account)
    assert hall.inflow(hall.third) == 450


def test_a_deal_settles_once_and_only_after_the_task(hall: Hall) -> None:
    task = hall.task()
    deal = hall.deal(task)
    name = hall.open(deal)
    hall.resolver.report(task, {hall.payer.address: 100}, {name: BOTH_KEPT})
    with refused(hall, "deals: task is neither finished nor lapsed"):
        hall.stranger.settle(task, name)
    with refused(hall, "deals: task is not finished"):
        hall.stranger.collect(task, hall.payer.address)
    hall.judge(task)
    with refused(hall, "deals: not the deal's price"):
        args = (*settle_args(deal)[:4], Price.fixed(WAD).packed)
        send_as(hall.payee.account, hall.escrow.contract, "settle", *args)
    with refused(hall, "deals: no such deal"):
        send_as(hall.payee.account, hall.escrow.contract, "settle", *settle_args(hall.deal(task, nonce=1)))
    hall.stranger.settle(task, name)
    with refused(hall, "deals: deal is settled"):
        hall.stranger.settle(task, name)
    with pytest.raises(DealError, match="no deal 0x"):
        hall.stranger.settle(task, bytes(32))


def test_a_price_is_asked_for_only_where_it_is_read(hall: Hall) -> None:
    """So that nobody's refund waits for words that somebody would have to keep."""
    task = hall.task()
    hall.payer.deposit(4)
    deals = [hall.deal(task, HALF, deposit=2, nonce=nonce) for nonce in range(2)]
    names = [hall.open(deal) for deal in deals]
    hall.judge(task, {}, {names[0]: Verdict(payer_kept=False, payee_kept=True)})
    for deal in deals:
        send_as(hall.stranger.account, hall.escrow.contract, "settle", *settle_args(deal)[:4], b"")
    assert (hall.free(hall.payer), hall.escrow.entry(task, hall.payee.address).net) == (3, 1)


def test_a_reward_is_collected_once_all_that_it_backs_is_settled(hall: Hall) -> None:
    task = hall.task()
    hall.payer.deposit(10)
    first, second = hall.open(hall.deal(task, WAD // 4)), hall.open(hall.deal(task, WAD // 4, payee=hall.third))
    lasting = hall.open(hall.deal(task, HALF, deposit=10, nonce=1))
    everything = dict.fromkeys((first, second, lasting), BOTH_KEPT)
    hall.judge(task, {hall.payer.address: 400, hall.payee.address: 1}, everything)
    hall.stranger.settle(task, first)
    with refused(hall, "deals: deals that the reward backs are not settled"):
        hall.payer.collect(task, hall.payer.address)
    assert hall.stranger.collect(task, hall.payee.address) == 101
    hall.stranger.settle(task, second)
    assert hall.stranger.collect(task, hall.payer.address) == 200
    assert hall.stranger.collect(task, hall.payer.address) == 0
    # What a deposit backs keeps nobody waiting, and is collected when it comes.
    hall.stranger.settle(task, lasting)
    assert hall.stranger.collect(task, hall.payee.address) == 5
    assert [hall.inflow(desk) for desk in (hall.payer, hall.payee, hall.third)] == [200, 106, 0]
    assert hall.stranger.collect(task, hall.third.address) == 100


def test_a_share_is_of_the_reward_and_not_of_what_others_paid(hall: Hall) -> None:
    """A chain of deals: what the middle one receives does not raise what it passes on."""
    task = hall.task()
    up = hall.open(hall.deal(task, HALF))
    down = hall.open(hall.deal(task, HALF, payer=hall.payee, payee=hall.third))
    hall.judge(task, {hall.payer.address: 100, hall.payee.address: 10}, {up: BOTH_KEPT, down: BOTH_KEPT})
    assert hall.stranger.settle(task, up).paid == 50
    assert hall.stranger.settle(task, down).paid == 5
    assert [hall.escrow.entry(task, who.address).net for who in (hall.payer, hall.payee, hall.third)] == [50, 55, 5]
    hall.stranger.wind_up(task)


def test_everything_of_a_lapsed_task_goes_back(hall: Hall) -> None:
    task = hall.task(100)
    hall.payer.deposit(10)
    locked = hall.open(hall.deal(task, WAD, deposit=10))
    backed = hall.open(hall.deal(task, WAD, nonce=1))
    hall.resolver.report(task, {hall.payer.address: 100}, {locked: BOTH_KEPT, backed: BOTH_KEPT})
    hall.pass_deadline(task)
    # Nobody has to let it lapse first.
    assert hall.stranger.settle(task, locked) == Paid(share=0, paid=0, refunded=10)
    assert hall.stranger.wind_up(task) == {}
    assert (hall.free(hall.payer), hall.free(hall.sponsor), hall.escrow.owed()) == (10, 100, 110)
    assert hall.escrow.state(task, backed).status is DealStatus.SETTLED
    with refused(hall, "deals: task is not finished"):
        hall.stranger.collect(task, hall.payer.address)
    hall.payer.withdraw(10)
    hall.sponsor.withdraw(100)
    assert hall.balance(hall.payer.address) == hall.balance(hall.sponsor.address) == GIFT


def test_no_wei_is_left_when_all_is_wound_up(hall: Hall) -> None:
    """Shares that do not divide: the dust stays with the payer, what was not awarded goes to the sponsor."""
    task = hall.task(POT + 1)
    third = WAD // 3
    names = [hall.open(hall.deal(task, third, nonce=nonce)) for nonce in range(3)]
    hall.judge(task, {hall.payer.address: POT - 1}, dict.fromkeys(names, BOTH_KEPT))
    found = hall.stranger.wind_up(task)
    each = (POT - 1) * third // WAD
    assert found == {hall.payer.address: POT - 1 - 3 * each, hall.payee.address: 3 * each}
    assert (hall.free(hall.sponsor), hall.escrow.owed()) == (2, 2)
    assert hall.stranger.wind_up(task) == dict.fromkeys(found, 0)


def test_a_settlement_is_told_in_full(hall: Hall) -> None:
    task = hall.task()
    hall.payer.deposit(9)
    deal = hall.deal(task, HALF, deposit=9)
    name = hall.open(deal)
    hall.judge(task, {}, {name: BOTH_KEPT})
    receipt = send_as(hall.stranger.account, hall.escrow.contract, "settle", *settle_args(deal))
    assert told(hall, receipt) == [
        ("Settled", {"task": task, "deal": id_of(deal), "share": HALF, "paid": 4, "refunded": 5})
    ]
    receipt = send_as(hall.stranger.account, hall.escrow.contract, "collect", task, hall.payee.address)
    assert told(hall, receipt)[-1] == (
        "Collected",
        {"task": task, "account": hall.payee.address, "amount": 4, "free": False, "version": 0},
    )
