"""What a task settles to: twin against bytecode, to the wei, whatever was signed, rewarded and judged."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deal_cases import RECORD, Hall, id_of, new_hall
from harness import LocalBackend
from headwater.chain.revm import RevmBackend
from headwater.deals import Deal, DealError, Price
from headwater.deals.price import MAX_STATE
from headwater.deals.twin import Paid, Settlement, Verdict, settle_task, share_of
from headwater.units import WAD
from randomised import trials, undone

SHARE = st.one_of(st.sampled_from((0, 1, WAD // 3, WAD // 2, WAD - 1, WAD)), st.integers(0, WAD))
STATE = st.one_of(st.integers(0, 5), st.sampled_from((MAX_STATE - 1, MAX_STATE)), st.integers(0, MAX_STATE))
WEI = st.one_of(st.integers(0, 9), st.integers(0, 10**22))
VERDICT = st.one_of(st.none(), st.builds(Verdict, payer_kept=st.booleans(), payee_kept=st.booleans(), observed=STATE))


@st.composite
def prices(draw: st.DrawFn, most: int = WAD) -> Price:
    """Prices of 1 to 16 steps whose shares are at most `most`."""
    states = sorted(draw(st.sets(STATE.filter(bool), max_size=15)))
    return Price(tuple((state, min(draw(SHARE), most)) for state in (0, *states)))


@pytest.fixture(scope="module")
def hall() -> Hall:
    backend: LocalBackend = RevmBackend(seed=8)
    made = new_hall(backend)
    for desk in made.people[2:5]:
        desk.deposit(5_000 * WAD)
    return made


def _drawn(data: st.DataObject, hall: Hall, task: int) -> list[tuple[Deal, Verdict | None]]:
    """Deals that the contract takes: no free balance overdrawn, no reward promised beyond 100%."""
    sides = hall.people[2:5]
    left = {desk.address: WAD for desk in sides}
    free = {desk.address: 5_000 * WAD for desk in sides}
    found: list[tuple[Deal, Verdict | None]] = []
    for nonce in range(data.draw(st.integers(1, 5))):
        payer, payee = data.draw(st.permutations(sides))[:2]
        deposit = min(data.draw(st.one_of(st.just(0), WEI)), free[payer.address])
        price = data.draw(prices(WAD if deposit else left[payer.address]))
        free[payer.address] -= deposit
        left[payer.address] -= 0 if deposit else price.most
        deal = hall.deal(task, price, deposit=deposit, nonce=nonce, payer=payer, payee=payee)
        found.append((deal, data.draw(VERDICT)))
    return found


@trials(40)
@given(data=st.data(), finished=st.integers(0, 5).map(bool))
def test_every_payment_net_refund_and_remainder_is_the_twins(hall: Hall, data: st.DataObject, finished: bool) -> None:
    with undone(hall.backend):
        pot = data.draw(st.integers(0, 10**22).filter(lambda wei: wei <= 10_000 * WAD))
        task = hall.task(pot)
        before = {desk.address: hall.free(desk) for desk in hall.people}
        deals = _drawn(data, hall, task)
        for deal, _ in deals:
            hall.open(deal)
        rewards: dict[str, int] = {}
        for desk in data.draw(st.permutations(hall.people[2:5]))[: data.draw(st.integers(0, 3))]:
            rewards[desk.address] = data.draw(st.integers(0, pot - sum(rewards.values())))
        hall.resolver.report(task, rewards, {id_of(deal): said for deal, said in deals if said is not None})
        if finished:
            hall.resolver.finish(task, RECORD)
        else:
            hall.pass_deadline(task)
        twin = settle_task(pot, rewards, deals, finished=finished)
        order = data.draw(st.permutations(range(len(deals))))
        for index in order:
            name = id_of(deals[index][0])
            assert hall.escrow.preview(task, name) == twin.paid[index]
            assert hall.stranger.settle(task, name) == twin.paid[index]
        everybody = [desk.address for desk in hall.people]
        if finished:
            assert {a: net for a in everybody if (net := hall.stranger.collect(task, a))} == twin.nets
        else:
            hall.stranger.lapse(task)
            assert twin.nets == {}
        refunds = dict(twin.refunds)
        if twin.returned:
            refunds[hall.sponsor.address] = twin.returned
        spent = {deal.terms.payer: 0 for deal, _ in deals}
        for deal, _ in deals:
            spent[deal.terms.payer] += deal.terms.deposit
        after = {desk.address: hall.free(desk) for desk in hall.people}
        assert after == {a: before[a] - spent.get(a, 0) + refunds.get(a, 0) for a in everybody}
        hall.audit()
        hall.tasks.clear()


@given(price=prices(), observed=STATE)
@example(price=Price(((0, 1), (1, 0))), observed=0)
def test_a_payer_that_breaks_a_deal_never_pays_less(price: Price, observed: int) -> None:
    kept = Verdict(payer_kept=True, payee_kept=True, observed=observed)
    broke = Verdict(payer_kept=False, payee_kept=True, observed=observed)
    assert share_of(price, kept) == price.at(observed) <= share_of(price, broke) == price.most
    assert share_of(price, Verdict(payer_kept=False, payee_kept=False, observed=observed)) == share_of(price, None) == 0


def test_the_escape_room_settles_to_four_and_a_half_each(hall: Hall) -> None:
    """Whoever opens the door earns 10 and pays 55% of it to whoever holds the lever at a loss of 1, borne elsewhere."""
    task, point = 1, WAD
    deal = hall.deal(task, 55 * 10**16)
    reward = {hall.payer.address: 10 * point}
    both = Verdict(payer_kept=True, payee_kept=True)
    assert settle_task(10 * point, reward, [(deal, both)]) == Settlement(
        paid=(Paid(share=55 * 10**16, paid=55 * point // 10, refunded=0),),
        nets={hall.payer.address: 45 * point // 10, hall.payee.address: 55 * point // 10},
        refunds={},
        returned=0,
    )


def test_the_twin_refuses_what_the_contract_would_not_let_happen(hall: Hall) -> None:
    with pytest.raises(DealError, match="rewards of 11 wei out of a pot of 10"):
        settle_task(10, {hall.payer.address: 11}, [])
    with pytest.raises(DealError, match="out of a pot"):
        settle_task(10, {hall.payer.address: 11, hall.payee.address: -1}, [])
    deals = [(hall.deal(1, WAD), None), (hall.deal(1, 1, nonce=1), None)]
    with pytest.raises(DealError, match="promised beyond 100%"):
        settle_task(10, {}, deals)
    for changes in ({"observed": -1}, {"observed": 2**192}, {"revision": 2**32}, {"observed": True}):
        with pytest.raises(DealError, match="accepted: whole numbers from 0"):
            Verdict(payer_kept=True, payee_kept=True, **changes)
