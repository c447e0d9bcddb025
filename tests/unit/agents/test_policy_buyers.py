"""Aggregators and forecasters: what they do in each phase, what they announce and when."""

from dataclasses import replace

import numpy as np
import pytest

from headwater.units import WAD
from headwater_agents.policies import (
    Aggregator,
    AggregatorView,
    Announce,
    BuyerConfig,
    BuyerLesson,
    Commit,
    Deposit,
    Forecaster,
    ForecasterConfig,
    ForecasterView,
    Leaf,
    Phase,
    PolicyError,
    PoolConfig,
    Position,
    Question,
    Reveal,
    Signal,
    Supplier,
    WorthConfig,
    derive_salt,
    equal_shares,
    replay,
    to_wad,
)
from headwater_agents.policies.worth import TOTAL

ODDS = (WAD // 2, WAD // 2)
ME = "0x" + "11" * 20
SUPPLIERS = (Supplier(address="0x" + "aa" * 20, version=4), Supplier(address="0x" + "bb" * 20, version=0))
BUYING = BuyerConfig(pool=PoolConfig(suppliers=2), worth=WorthConfig(reweigh_every=10), keep_bps=2_500)
QUESTION = Question(id=5, phase=Phase.COMMIT, odds=ODDS, p_min=WAD // 100, capacity=10**24, rent_bps=25)
SURE = to_wad(np.array([0.1, 0.9]), WAD // 100)


def lessons(count, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        outcome = int(rng.random() < 0.5)
        right = outcome if rng.random() < 0.9 else 1 - outcome
        signal = SURE if right else tuple(reversed(SURE))
        yield BuyerLesson(odds=ODDS, signals=(signal, None), outcome=outcome)


def forecaster_view(policy, memory, **change):
    base = ForecasterView(
        address=ME,
        question=QUESTION,
        suppliers=SUPPLIERS,
        signals=(SURE, ODDS),
        standing=None,
        position=None,
        wallet=0,
        bonded=10**21,
        free=10**21,
        min_wager=10**15,
        memory=memory,
    )
    return replace(base, **change)


@pytest.fixture(scope="module")
def forecaster():
    return Forecaster(ForecasterConfig(seed=99, buying=BUYING))


@pytest.fixture(scope="module")
def learned(forecaster):
    return replay(forecaster, lessons(60))


def aggregator_view(memory, **change):
    base = AggregatorView(
        question=QUESTION, suppliers=SUPPLIERS, signals=(SURE, ODDS), standing=None, sold=False, memory=memory
    )
    return replace(base, **change)


def test_aggregator_sells_the_pool_of_what_it_bought():
    aggregator = Aggregator(BUYING)
    memory = replay(aggregator, lessons(60))
    (signal,) = aggregator.act(aggregator_view(memory))
    assert isinstance(signal, Signal)
    assert signal.forecast == aggregator.pool.forecast(memory.pool, QUESTION, (SURE, ODDS))
    assert signal.forecast[1] > WAD * 7 // 10


def test_aggregator_waits_for_missing_signals_until_the_last_call():
    aggregator = Aggregator(BUYING)
    view = aggregator_view(aggregator.start(), signals=(SURE, None))
    assert aggregator.act(view) == []
    (signal,) = aggregator.act(replace(view, question=replace(QUESTION, last_call=True)))
    assert isinstance(signal, Signal)


@pytest.mark.parametrize(
    "change", [{"sold": True}, {"question": replace(QUESTION, phase=Phase.REVEAL)}], ids=["sold", "late"]
)
def test_aggregator_sells_once_and_in_time(change):
    aggregator = Aggregator(BUYING)
    assert aggregator.act(aggregator_view(aggregator.start(), **change)) == []


def test_forecaster_commits_what_it_pools_with_a_salt_it_can_derive_again(forecaster, learned):
    (action,) = forecaster.act(forecaster_view(forecaster, learned))
    assert isinstance(action, Commit)
    assert action.forecast == forecaster.pool.forecast(learned.pool, QUESTION, (SURE, ODDS))
    assert action.salt == derive_salt(99, ME, QUESTION.id, action.forecast)
    assert 0 < 3 * action.wager <= 10**21


@pytest.mark.parametrize(
    "change",
    [
        {"signals": (SURE, None)},
        {"position": Position(forecast=SURE, wager=1, salt=bytes(32), revealed=False)},
        {"bonded": 0},
        {"free": 0},
        {"min_wager": 10**21},
        {"question": replace(QUESTION, capacity=0)},
        {"question": replace(QUESTION, phase=Phase.CLOSED)},
        {"signals": (ODDS, ODDS)},
    ],
    ids=["signals", "committed", "bonded", "free", "minimum", "warm-up", "closed", "no edge"],
)
def test_forecaster_stays_out(forecaster, learned, change):
    assert forecaster.act(forecaster_view(forecaster, learned, **change)) == []


def test_forecaster_does_not_wager_before_it_has_seen_enough(forecaster):
    for count, expected in ((19, 0), (20, 1)):
        memory = replay(forecaster, lessons(count))
        assert len(forecaster.act(forecaster_view(forecaster, memory))) == expected


def test_forecaster_reveals_what_it_committed_whatever_it_now_believes(forecaster, learned):
    position = Position(forecast=tuple(reversed(SURE)), wager=7, salt=b"\1" * 32, revealed=False)
    view = forecaster_view(forecaster, learned, position=position, question=replace(QUESTION, phase=Phase.REVEAL))
    assert forecaster.act(view) == [Reveal(question=QUESTION.id, forecast=position.forecast, salt=position.salt)]
    assert forecaster.act(replace(view, position=replace(position, revealed=True))) == []
    assert forecaster.act(replace(view, position=None)) == []


def test_first_announcement_shares_equally_and_names_the_suppliers_newest_versions(forecaster):
    view = forecaster_view(forecaster, forecaster.start(), question=None)
    half = TOTAL // 2
    expected = Announce(
        leaves=(
            Leaf(child=SUPPLIERS[0].address, child_version=4, weight=half),
            Leaf(child=SUPPLIERS[1].address, child_version=0, weight=half),
        ),
        keep_bps=2_500,
        buffer=0,
    )
    assert forecaster.act(view) == [expected]


@pytest.mark.parametrize("kind", ["aggregator", "forecaster"])
def test_announcement_is_made_once_then_again_when_worth_or_a_supplier_changes(kind):
    if kind == "aggregator":
        policy = Aggregator(BUYING)
        view = aggregator_view(policy.start(), question=None)
    else:
        policy = Forecaster(ForecasterConfig(seed=1, buying=BUYING))
        view = forecaster_view(policy, policy.start(), question=None)
    (first,) = policy.act(view)
    view = replace(view, standing=first)
    assert policy.act(view) == []
    newer = (replace(SUPPLIERS[0], version=8), SUPPLIERS[1])
    (second,) = policy.act(replace(view, suppliers=newer))
    assert [leaf.child_version for leaf in second.leaves] == [8, 0]
    assert policy.act(replace(view, memory=replay(policy, lessons(9)))) == []
    (third,) = policy.act(replace(view, memory=replay(policy, lessons(10))))
    assert sum(leaf.weight for leaf in third.leaves) == TOTAL
    assert third.leaves[0].weight > third.leaves[1].weight


def test_no_announcement_while_a_question_is_open(forecaster, learned):
    for phase in Phase:
        view = forecaster_view(forecaster, learned, question=replace(QUESTION, phase=phase))
        assert not any(isinstance(action, Announce) for action in forecaster.act(view))


@pytest.mark.parametrize(("wallet", "bonded", "amount"), [(500, 0, 500), (5_000, 400, 600), (0, 0, 0), (500, 1_000, 0)])
def test_forecaster_tops_its_stake_up_from_its_wallet_whatever_is_locked(wallet, bonded, amount):
    policy = Forecaster(ForecasterConfig(seed=1, buying=BUYING, target_stake=1_000))
    view = forecaster_view(policy, policy.start(), question=None, wallet=wallet, bonded=bonded, free=0)
    deposits = [action for action in policy.act(view) if isinstance(action, Deposit)]
    assert deposits == ([Deposit(amount=amount)] if amount else [])


def test_shares_are_kept_between_valuations():
    policy = Aggregator(BUYING)
    seen = [policy.start()]
    for lesson in lessons(25):
        seen.append(policy.learn(seen[-1], lesson))
    changes = [count for count in range(1, 26) if seen[count].shares != seen[count - 1].shares]
    assert changes == [10, 20]
    assert seen[9].shares == equal_shares(2)


def test_salts_differ_by_seed_address_question_and_forecast():
    base = (7, ME, 1, ODDS)
    others = [(8, ME, 1, ODDS), (7, "0x" + "12" * 20, 1, ODDS), (7, ME, 2, ODDS), (7, ME, 1, SURE)]
    salts = {derive_salt(*each) for each in [base, *others]}
    assert len(salts) == 5
    assert {len(salt) for salt in salts} == {32}
    assert derive_salt(*base) in salts


@pytest.mark.parametrize("seed", [-1, 2**256])
def test_impossible_seed_is_refused(seed):
    with pytest.raises(PolicyError):
        derive_salt(seed, ME, 1, ODDS)
    with pytest.raises(PolicyError):
        ForecasterConfig(seed=seed)


@pytest.mark.parametrize("wrong", [{"keep_bps": 99}, {"keep_bps": 10_001}, {"buffer": 1}, {"buffer": -(10**9)}])
def test_settings_the_chain_would_refuse_are_refused(wrong):
    with pytest.raises(PolicyError):
        BuyerConfig(**wrong)


def test_suppliers_that_do_not_fit_the_pool_are_refused(forecaster):
    with pytest.raises(PolicyError, match="suppliers"):
        forecaster.act(forecaster_view(forecaster, forecaster.start(), question=None, suppliers=SUPPLIERS[:1]))
