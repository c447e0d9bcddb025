"""Backing out of a deal, being paid twice, judging beyond one's reach: what a side, a resolver or a crowd may try."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from checks import refused
from deal_cases import BOTH_KEPT, FAR, GIFT, HALF, POT, RECORD, Hall, new_hall
from headwater.chain import Account
from headwater.chain.revm import RevmBackend
from headwater.deals import Limits, Negotiation, Price
from headwater.deals.desk import DealDesk
from headwater.deals.twin import Paid, Verdict
from headwater.units import WAD

PAYER_BROKE = Verdict(payer_kept=False, payee_kept=True)


@pytest.fixture(scope="module")
def _deployed() -> Hall:
    return new_hall(RevmBackend(seed=7))


@pytest.fixture
def hall(_deployed: Hall) -> Iterator[Hall]:
    snapshot = _deployed.backend.snapshot()
    yield _deployed
    _deployed.audit()
    _deployed.backend.revert(snapshot)
    _deployed.tasks.clear()


def test_a_payer_that_withdraws_before_the_settlement_pays_all_the_same(hall: Hall) -> None:
    task = hall.task()
    hall.payer.deposit(100)
    name = hall.open(hall.deal(task, HALF, deposit=80))
    hall.payer.withdraw(20)
    with refused(hall, "deals: free balance too small"):
        hall.payer.withdraw(1)
    hall.judge(task, {}, {name: BOTH_KEPT})
    with refused(hall, "deals: free balance too small"):
        hall.payer.withdraw(1)
    assert hall.stranger.settle(task, name) == Paid(share=HALF, paid=40, refunded=40)


def test_a_payer_that_withdraws_before_the_deal_is_brought_binds_nobody(hall: Hall) -> None:
    """The limit of a signature: it is a promise until it is on the chain. Whoever acts on it brings it first."""
    task = hall.task()
    hall.payer.deposit(80)
    deal = hall.deal(task, HALF, deposit=80)
    signed = hall.signatures(deal)
    hall.payer.withdraw(80)
    with refused(hall, "deals: free balance too small"):
        hall.payee.open_deal(deal, signed)


def test_a_payer_cannot_collect_its_reward_before_it_has_paid(hall: Hall) -> None:
    task = hall.task()
    name = hall.open(hall.deal(task, WAD))
    hall.judge(task, {hall.payer.address: POT}, {name: BOTH_KEPT})
    with refused(hall, "deals: deals that the reward backs are not settled"):
        hall.payer.collect(task, hall.payer.address)
    hall.payee.settle(task, name)
    assert hall.payer.collect(task, hall.payer.address) == 0
    assert hall.payee.collect(task, hall.payee.address) == POT


def test_breaking_ones_word_is_never_cheaper_than_keeping_it(hall: Hall) -> None:
    """A payer that broke the deal pays the largest share of the price, so no state makes it worth it."""
    price = Price(((0, WAD // 10), (1, WAD * 9 // 10), (2, WAD // 2)))
    for observed in range(3):
        task = hall.task(100 + observed)
        name = hall.open(hall.deal(task, price))
        hall.judge(task, {hall.payer.address: 100}, {name: PAYER_BROKE})
        assert hall.escrow.preview(task, name).paid == 90 >= 100 * price.at(observed) // WAD
        hall.stranger.wind_up(task)


def test_nobody_is_paid_twice(hall: Hall) -> None:
    task, other = hall.task(100), hall.task(101)
    name = hall.open(hall.deal(task, HALF))
    hall.judge(task, {hall.payer.address: 100}, {name: BOTH_KEPT})
    hall.payee.settle(task, name)
    for _ in range(2):
        with refused(hall, "deals: deal is settled"):
            hall.payee.settle(task, name)
    assert [hall.payee.collect(task, hall.payee.address) for _ in range(3)] == [50, 0, 0]
    assert [hall.payer.collect(task, hall.payer.address) for _ in range(3)] == [50, 0, 0]
    # Money of another task pays for nothing here.
    hall.judge(other, {hall.third.address: 101})
    assert hall.stranger.collect(other, hall.third.address) == 101
    assert hall.inflow(hall.payee) == 50


def test_the_worst_resolver_takes_the_pot_and_no_more(hall: Hall) -> None:
    """It is trusted with this much: the pot, and of each deal the base, which goes to its payee or stays."""
    hall.payer.deposit(500)
    hall.third.deposit(500)
    task, other = hall.task(100), hall.task(101)
    locked = hall.open(hall.deal(task, WAD // 4, deposit=400))
    elsewhere = hall.open(hall.deal(other, WAD, deposit=100, nonce=1))
    me = hall.resolver
    with refused(hall, "deals: rewards above the pot"):
        me.report(task, {me.address: 101}, {})
    with refused(hall, "deals: no such deal"):
        me.report(task, {}, {elsewhere: BOTH_KEPT})
    me.report(task, {me.address: 100}, {locked: PAYER_BROKE})
    with refused(hall, "deals: rewards above the pot"):
        me.report(task, {hall.stranger.address: 1}, {})
    me.finish(task, RECORD)
    hall.stranger.wind_up(task, [me.address])
    assert hall.inflow(me) == 100
    # The lie costs the payer what it had signed as the most, and the resolver gets nothing of it.
    assert (hall.free(hall.payer), hall.inflow(hall.payee)) == (300, 100)
    assert (hall.free(hall.third), hall.free(me)) == (500, 0)
    # Whoever has the record can show the lie: its hash stands there.
    assert hall.escrow.task(task).record == RECORD


def test_a_resolver_that_disappears_costs_nobody_anything(hall: Hall) -> None:
    hall.payer.deposit(400)
    task = hall.task(100)
    name = hall.open(hall.deal(task, WAD, deposit=400))
    hall.pass_deadline(task)
    hall.stranger.settle(task, name)
    hall.stranger.lapse(task)
    hall.payer.withdraw(400)
    hall.sponsor.withdraw(100)
    assert hall.balance(hall.payer.address) == hall.balance(hall.sponsor.address) == GIFT


def test_an_older_offer_is_refused_in_place_of_the_agreed_deal_for_want_of_a_signature(hall: Hall) -> None:
    """They agreed on a half. The payee brings the payer's older offer of all, the payer the payee's of a tenth, each
    with everything that it ever got from the other."""
    task, now, limits = hall.task(), hall.backend.now(), Limits(rounds=3)
    payer, payee = hall.payer.account, hall.payee.account
    talk = Negotiation.between(payer.address, payee.address, hall.escrow.domain, task, 0, limits, now=now)
    for speaker, share in ((payer, WAD), (payee, WAD // 10), (payer, HALF)):
        talk = talk.receive(talk.offer(speaker, hall.deal(task, share).terms, FAR), now)
    talk = talk.receive(talk.agree(payee), now)
    talk = talk.countersigned(payer)
    assert talk.deal is not None
    assert talk.signatures is not None
    heard = [signature for message in talk.messages for signature in (message.signature, message.deal_signature)]
    for mine, old in ((hall.payee, talk.messages[0].deal), (hall.payer, talk.messages[1].deal)):
        assert old is not None
        for theirs in filter(None, (*heard, *talk.signatures)):
            pair = (theirs, mine.sign(old)) if mine is hall.payee else (mine.sign(old), theirs)
            with refused(hall, f"deals: invalid signature of the {'payer' if mine is hall.payee else 'payee'}"):
                mine.open_deal(old, pair)
    name = hall.stranger.open_deal(talk.deal, talk.signatures)
    hall.judge(task, {hall.payer.address: 100}, {name: BOTH_KEPT})
    assert hall.stranger.settle(task, name).paid == 50
    hall.stranger.wind_up(task)


def test_a_verdict_overtaken_by_an_amendment_does_not_count_for_it(hall: Hall) -> None:
    """The payee did the easy thing of revision 0. It sees the verdict coming and brings revision 1, dearer, which the
    payer agreed to long ago and it did not countersign: the verdict was on other words, so it counts for nothing."""
    task = hall.task()
    name = hall.open(hall.deal(task, 1, actions=("door", "lever")))
    dear = hall.deal(task, WAD, revision=1, actions=("door", "carry"))
    offer = hall.payer.sign(dear)
    hall.payee.open_deal(dear, (offer, hall.payee.sign(dear)))
    assert hall.resolver.report(task, {hall.payer.address: 100}, {name: BOTH_KEPT}) == (name,)
    honest = Verdict(payer_kept=True, payee_kept=False, revision=1)
    hall.resolver.report(task, {}, {name: honest})
    hall.resolver.finish(task, RECORD)
    assert hall.stranger.settle(task, name).paid == 0
    hall.stranger.wind_up(task)


def test_a_side_that_has_begun_bars_amendments_it_signed_before(hall: Hall) -> None:
    task = hall.task()
    name = hall.open(hall.deal(task, 1))
    dear = hall.deal(task, WAD, revision=1)
    offer = hall.payer.sign(dear)
    hall.payer.bar(hall.deal(task))
    with refused(hall, "deals: deal is barred"):
        hall.payee.open_deal(dear, (offer, hall.payee.sign(dear)))
    hall.judge(task, {hall.payer.address: WAD}, {name: BOTH_KEPT})
    assert hall.stranger.settle(task, name).paid == 1
    hall.stranger.wind_up(task)


def test_nobody_waits_for_the_rewards_before_it_brings_a_deal(hall: Hall) -> None:
    """A payee holds the payer's agreement, did not countersign, and would bring the deal once it knows what the payer
    earned; or the payer holds the payee's to a cheaper revision, and would bring that once it knows the verdict."""
    task = hall.task()
    hall.open(hall.deal(task, HALF))
    offer, cheap = hall.deal(task, HALF, nonce=1), hall.deal(task, 1, revision=1)
    signed, again = hall.signatures(offer), hall.signatures(cheap)
    hall.resolver.report(task, {hall.payer.address: POT}, {})
    with refused(hall, "deals: judging has begun"):
        hall.payee.open_deal(offer, signed)
    with refused(hall, "deals: judging has begun"):
        hall.payer.open_deal(cheap, again)


def test_two_that_amend_for_ever_hold_up_nobody_else(hall: Hall) -> None:
    task = hall.task()
    fickle, honest = hall.open(hall.deal(task, 1)), hall.open(hall.deal(task, HALF, payee=hall.third))
    for revision in range(1, 4):
        hall.open(hall.deal(task, revision, revision=revision))
    verdicts = {fickle: BOTH_KEPT, honest: BOTH_KEPT}
    assert hall.resolver.report(task, {hall.payer.address: 100}, verdicts) == (fickle,)
    with refused(hall, "deals: judging has begun"):
        hall.open(hall.deal(task, 4, revision=4))
    now = Verdict(payer_kept=True, payee_kept=True, revision=3)
    assert hall.resolver.report(task, {}, {fickle: now}) == ()
    hall.resolver.finish(task, RECORD)
    assert [hall.stranger.settle(task, name).paid for name in (honest, fickle)] == [50, 0]
    assert hall.stranger.collect(task, hall.payer.address) == 50


def test_a_sponsor_cannot_swap_the_resolver_pot_or_deadline_behind_a_signature(hall: Hall) -> None:
    """Deals are signed on a task that is not open yet: the number stands for its terms."""
    deadline = hall.backend.now() + 1_000
    agreed = hall.escrow.task_id(hall.sponsor.address, 100, hall.resolver.address, deadline)
    deal = hall.deal(agreed)
    signed = hall.signatures(deal)
    for pot, resolver, until in (
        (100, hall.sponsor.address, deadline),
        (99, hall.resolver.address, deadline),
        (100, hall.resolver.address, deadline - 500),
    ):
        swapped = hall.sponsor.open_task(pot, resolver, until)
        hall.tasks.append(swapped)
        assert swapped != agreed
        with refused(hall, "deals: task is not open"):
            hall.stranger.open_deal(deal, signed)
    hall.tasks.append(hall.sponsor.open_task(100, hall.resolver.address, deadline))
    hall.stranger.open_deal(deal, signed)


def _gas(hall: Hall, task: int, crowd: Sequence[DealDesk] = ()) -> list[int]:
    """What the rest of a deal's life costs its sides."""
    seen: list[int] = []
    for desk in (hall.payer, hall.payee):
        desk._observe = lambda _, receipt: seen.append(receipt.gas_used)
    deal = hall.deal(task, HALF, deposit=10, nonce=2**255)
    name = hall.payer.open_deal(deal, hall.signatures(deal))
    hall.judge(task, {one.address: 1 for one in crowd}, {name: BOTH_KEPT})
    hall.payee.settle(task, name)
    hall.payee.collect(task, hall.payee.address)
    for desk in (hall.payer, hall.payee):
        desk._observe = lambda *_: None
    return seen


def test_no_crowd_of_deals_tasks_or_participants_makes_anothers_calls_dearer(hall: Hall) -> None:
    hall.payer.deposit(100)
    task = hall.task()
    before = hall.backend.snapshot()
    alone = _gas(hall, task)
    hall.backend.revert(before)
    crowd = [DealDesk(hall.escrow, Account.derive(99, i)) for i in range(4)]
    for i, one in enumerate(crowd):
        hall.backend.fund(one.address, 10**20)
        other = crowd[i - 1]
        for nonce in range(8):
            deal = hall.deal(task, 1, nonce=nonce, payer=one, payee=other)
            hall.third.open_deal(deal, (one.sign(deal), other.sign(deal)))
        hall.third.open_task(0, one.address, hall.backend.now() + 1_000, bytes(31) + bytes([i]))
    crowded = _gas(hall, task, crowd)
    # Some zero bytes of calldata differ; a list that grew would cost hundreds a piece.
    assert all(abs(a - b) < 500 for a, b in zip(alone, crowded, strict=True)), (alone, crowded)
    for name in hall.escrow.deals(task):
        if hall.escrow.state(task, name).status == 1:
            hall.third.settle(task, name)
    for one in crowd:
        assert hall.third.collect(task, one.address) == 1
