"""What every simulated rival must do: conserve money to the wei, refuse what is wrong and change nothing by it."""

import copy
from itertools import pairwise

import numpy as np
import pytest

from headwater.units import BPS, WAD
from headwater_agents.lab.cast import OddsRule
from headwater_agents.lab.mechanisms import EMISSION, LabError, Refused, SelfFinanced, Split, make, names
from headwater_agents.lab.mechanisms.accounts import MAX_HOPS
from headwater_agents.lab.mechanisms.rival import Rival

HALF = (WAD // 2, WAD // 2)
RIVALS = [name for name in names() if name != "headwater"]


def state(mechanism):
    return copy.deepcopy(vars(mechanism))


def same(before, after):
    return repr(_plain(before)) == repr(_plain(after))


def _plain(value):
    if hasattr(value, "__slots__"):
        return {each: _plain(getattr(value, each)) for each in value.__slots__}
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return _plain(vars(value)) if hasattr(value, "__dict__") else value


def report(rng):
    first = int(rng.integers(WAD // 100, 99 * WAD // 100))
    return first, WAD - first


def odd_wei(rng, tokens):
    """Up to so many tokens, to an odd wei."""
    return int(rng.integers(100, tokens)) * WAD + int(rng.integers(0, WAD))


def play(mechanism, rng, rounds=40):
    """A random history: splits with cycles, allocations, newcomers, leavers, questions side by side, voids, odd wei."""
    everybody = [f"agent{each}" for each in range(6)]
    for name in everybody[:4]:
        mechanism.enroll(name, odd_wei(rng, 100_000))
    for name in everybody[4:]:
        mechanism.enroll(name, 0)
    for index in range(rounds):
        for name in everybody:
            others = [other for other in everybody if other != name]
            children = rng.choice(others, size=int(rng.integers(0, 4)), replace=False)
            weights = tuple((str(child), int(rng.integers(1, 10**9))) for child in children)
            mechanism.share(name, Split(int(rng.integers(100, BPS + 1)), weights))
            if hasattr(mechanism, "allocate"):
                named = {str(each): int(rng.integers(1, 10**9)) for each in rng.choice(others, size=2, replace=False)}
                mechanism.allocate(name, named if rng.random() < 0.3 else None)
        offers = [mechanism.open(0), mechanism.open(1, report(rng))]
        for offer in offers:
            for name in everybody:
                if rng.random() < 0.7 and mechanism.stake(name) >= 3 * offer.min_wager:
                    mechanism.commit(offer.question, name, report(rng), mechanism.stake(name) // 3)
        mechanism.seal()
        for offer in offers:
            mechanism.resolve(offer.question, None if rng.random() < 0.1 else int(rng.integers(0, 2)))
        if index % 10 == 9:
            leaver, newcomer = everybody[int(rng.integers(len(everybody)))], f"newcomer{index}"
            mechanism.retire(leaver)
            wallet = mechanism.wealth(leaver) - mechanism.stake(leaver)
            mechanism.enroll(newcomer, wallet, payer=leaver)
            everybody.append(newcomer)
    mechanism.finish()
    return everybody


@pytest.mark.parametrize("name", RIVALS)
@pytest.mark.parametrize("seed", range(3))
def test_wealth_is_what_was_brought_in_and_emitted_to_the_wei(name, seed):
    mechanism = make(name)
    everybody = play(mechanism, np.random.default_rng(seed))
    brought_in = sum(mechanism.brought_in(each) for each in everybody)
    assert sum(mechanism.wealth(each) for each in everybody) == brought_in + mechanism.emitted()
    assert all(mechanism.wealth(each) >= 0 and mechanism.stake(each) >= 0 for each in everybody)
    if isinstance(mechanism, SelfFinanced):
        assert mechanism.emitted() == 0


@pytest.mark.parametrize("name", RIVALS)
def test_no_question_emits_more_than_its_budget_nor_takes_more_than_a_wager(name):
    mechanism, rng = make(name), np.random.default_rng(5)
    for each in ("one", "two", "three"):
        mechanism.enroll(each, 10**24)
    for _ in range(60):
        offer, wagers = mechanism.open(), {}
        for each in ("one", "two", "three"):
            wagers[each] = odd_wei(rng, 1_000)
            mechanism.commit(offer.question, each, report(rng), min(wagers[each], mechanism.stake(each)))
        mechanism.seal()
        settled = mechanism.resolve(offer.question, int(rng.integers(0, 2)))
        assert sum(settled.nets.values()) <= (0 if isinstance(mechanism, SelfFinanced) else EMISSION)
        assert all(net >= -wagers[each] for each, net in settled.nets.items())
        assert sum(settled.flows.values()) == pytest.approx(float(sum(settled.nets.values())), rel=1e-9, abs=1e6)


@pytest.mark.parametrize("name", RIVALS)
def test_void_refunds_everybody(name):
    mechanism = make(name)
    for each in ("one", "two"):
        mechanism.enroll(each, 100 * WAD)
    offer = mechanism.open()
    mechanism.commit(offer.question, "one", (WAD // 10, 9 * WAD // 10), 30 * WAD)
    mechanism.commit(offer.question, "two", (9 * WAD // 10, WAD // 10), 30 * WAD)
    mechanism.seal()
    assert mechanism.stake("one") == 70 * WAD
    assert mechanism.resolve(offer.question, None).nets == {"one": 0, "two": 0}
    assert mechanism.stake("one") == mechanism.stake("two") == 100 * WAD
    assert mechanism.open().odds == HALF


@pytest.mark.parametrize("name", RIVALS)
def test_a_question_without_wagers_pays_nobody(name):
    mechanism = make(name)
    mechanism.enroll("one", 100 * WAD)
    mechanism.enroll("two", 100 * WAD)
    question = mechanism.open().question
    mechanism.seal()
    assert mechanism.resolve(question, 1).nets == {}
    assert (mechanism.wealth("one"), mechanism.emitted()) == (100 * WAD, 0)


@pytest.mark.parametrize("name", RIVALS)
def test_reports_are_seen_unless_secret(name):
    mechanism = make(name)
    mechanism.enroll("one", 10 * WAD)
    offer = mechanism.open()
    mechanism.commit(offer.question, "one", HALF, WAD)
    (seen,) = mechanism.commitments(offer.question)
    assert (seen.name, seen.wager) == ("one", WAD)
    assert seen.report == (None if mechanism.secret_reports else HALF)
    assert not mechanism.binds_weights


BAD_MOVES = {
    "an account again": lambda m, q: m.enroll("one", 1),
    "no name": lambda m, q: m.enroll("", 1),
    "negative stake": lambda m, q: m.enroll("new", -1),
    "unknown payer": lambda m, q: m.enroll("new", 1, payer="nobody"),
    "a wallet too small": lambda m, q: m.enroll("new", 1, payer="one"),
    "a stranger retires": lambda m, q: m.retire("nobody"),
    "a stranger's stake": lambda m, q: m.stake("nobody"),
    "a stranger shares": lambda m, q: m.share("nobody", Split()),
    "a child unknown": lambda m, q: m.share("one", Split(5_000, (("nobody", 1),))),
    "one's own child": lambda m, q: m.share("one", Split(5_000, (("one", 1),))),
    "a child twice": lambda m, q: m.share("one", Split(5_000, (("two", 1), ("two", 1)))),
    "weights too large": lambda m, q: m.share("one", Split(5_000, (("two", 2**96),))),
    "series 0 twice": lambda m, q: m.open(),
    "series 0 posted": lambda m, q: m.open(0, HALF),
    "series 1 without odds": lambda m, q: m.open(1),
    "odds out of bounds": lambda m, q: m.open(1, (WAD, 0)),
    "odds that miss one": lambda m, q: m.open(1, (WAD // 2, WAD // 3)),
    "three odds": lambda m, q: m.open(1, (WAD // 2, WAD // 4, WAD // 4)),
    "float odds": lambda m, q: m.open(1, (0.5, 0.5)),
    "unknown question": lambda m, q: m.commit(99, "one", HALF, WAD),
    "a stranger commits": lambda m, q: m.commit(q, "nobody", HALF, WAD),
    "too small": lambda m, q: m.commit(q, "two", HALF, WAD - 1),
    "negative": lambda m, q: m.commit(q, "two", HALF, -WAD),
    "more than the stake": lambda m, q: m.commit(q, "two", HALF, 101 * WAD),
    "a smaller wager": lambda m, q: m.commit(q, "one", HALF, 9 * WAD),
    "growth beyond the stake": lambda m, q: m.commit(q, "one", HALF, 101 * WAD),
    "a report out of bounds": lambda m, q: m.commit(q, "two", (WAD, 0), WAD),
    "resolved before sealed": lambda m, q: m.resolve(q, 1),
    "revealed by a stranger": lambda m, q: m.reveal(q, "two"),
    "commitments of no question": lambda m, q: m.commitments(99),
}


@pytest.mark.parametrize("move", BAD_MOVES.values(), ids=BAD_MOVES.keys())
def test_refused_move_changes_nothing(move):
    mechanism = make("by_stake")
    mechanism.enroll("one", 100 * WAD)
    mechanism.enroll("two", 100 * WAD)
    question = mechanism.open().question
    mechanism.commit(question, "one", HALF, 10 * WAD)
    before = state(mechanism)
    with pytest.raises(Refused):
        move(mechanism, question)
    assert same(before, state(mechanism))


SEALED_MOVES = {
    "a late wager": lambda m, q: m.commit(q, "two", HALF, WAD),
    "an outcome that cannot be": lambda m, q: m.resolve(q, 2),
    "a question that has ended": lambda m, q: m.resolve(99, 1),
}


@pytest.mark.parametrize("move", SEALED_MOVES.values(), ids=SEALED_MOVES.keys())
def test_refused_move_after_the_seal_changes_nothing(move):
    mechanism = make("by_stake")
    mechanism.enroll("one", 100 * WAD)
    mechanism.enroll("two", 100 * WAD)
    question = mechanism.open().question
    mechanism.commit(question, "one", HALF, 10 * WAD)
    mechanism.seal()
    before = state(mechanism)
    with pytest.raises(Refused):
        move(mechanism, question)
    assert same(before, state(mechanism))


def test_nothing_moves_after_finish():
    mechanism = make("by_stake")
    mechanism.enroll("one", 100 * WAD)
    mechanism.finish()
    mechanism.finish()
    for move in (mechanism.open, mechanism.seal, lambda: mechanism.retire("one"), lambda: mechanism.enroll("two", 1)):
        with pytest.raises(Refused):
            move()
    assert mechanism.wealth("one") == mechanism.brought_in("one") == 100 * WAD


def test_a_wager_may_grow_and_its_report_change():
    mechanism = make("by_stake")
    mechanism.enroll("one", 100 * WAD)
    question = mechanism.open().question
    mechanism.commit(question, "one", HALF, 10 * WAD)
    mechanism.commit(question, "one", (WAD // 4, 3 * WAD // 4), 60 * WAD)
    (seen,) = mechanism.commitments(question)
    assert (seen.wager, seen.report) == (60 * WAD, (WAD // 4, 3 * WAD // 4))
    assert mechanism.stake("one") == 40 * WAD


def test_series_0_keeps_odds_by_the_rule_and_posted_odds_stand():
    rule = OddsRule()
    mechanism, counts = make("equal_split", rule=rule), [0, 0]
    for outcome in (1, 1, 0, None, 1):
        offer = mechanism.open()
        assert offer.odds == tuple(rule.odds(counts))
        assert mechanism.open(7, (WAD // 4, 3 * WAD // 4)).odds == (WAD // 4, 3 * WAD // 4)
        mechanism.seal()
        mechanism.resolve(offer.question, outcome)
        counts = counts if outcome is None else rule.count(counts, outcome)


def test_warm_up_takes_no_wagers():
    mechanism = make("equal_split", warm_up=1)
    mechanism.enroll("one", 100 * WAD)
    first, posted = mechanism.open(), mechanism.open(1, HALF)
    assert (first.capacity, posted.capacity > 0) == (0, True)
    with pytest.raises(Refused, match="takes no wagers"):
        mechanism.commit(first.question, "one", HALF, WAD)
    mechanism.seal()
    mechanism.resolve(first.question, 1)
    assert mechanism.open().capacity > 0


def test_gain_is_passed_on_by_the_split_that_stands_at_payment():
    mechanism = make("by_stake", emission=1_000)
    for name, stake in (("payer", 100 * WAD), ("early", 0), ("late", 0)):
        mechanism.enroll(name, stake)
    mechanism.share("payer", Split(4_000, (("early", 1),)))
    question = mechanism.open().question
    mechanism.commit(question, "payer", HALF, WAD)
    mechanism.seal()
    mechanism.share("payer", Split(4_000, (("late", 1),)))
    settled = mechanism.resolve(question, 1)
    assert settled.nets == {"payer": 1_000}
    assert settled.flows == {"payer": 400.0, "late": 600.0}
    assert (mechanism.wealth("early"), mechanism.wealth("late")) == (0, 600)
    assert mechanism.stake("payer") == 100 * WAD + 400


def test_children_pass_on_in_turn_and_dust_stays_with_the_payer():
    mechanism = make("by_stake", emission=1_001)
    for name, stake in (("payer", WAD), ("a", 0), ("b", 0), ("leaf", 0)):
        mechanism.enroll(name, stake)
    mechanism.share("payer", Split(5_000, (("a", 1), ("b", 2))))
    mechanism.share("a", Split(1_000, (("leaf", 5),)))
    question = mechanism.open().question
    mechanism.commit(question, "payer", HALF, WAD)
    mechanism.seal()
    flows = mechanism.resolve(question, 0).flows
    # 501 of 1,001 go on: 167 and 334, nothing lost; "a" keeps 16 and passes 151 on
    assert flows == {"payer": 500.0, "a": 16.0, "b": 334.0, "leaf": 151.0}


def test_a_cycle_ends_after_its_hops():
    mechanism = make("by_stake", emission=10**28)
    mechanism.enroll("one", WAD)
    mechanism.enroll("two", 0)
    mechanism.share("one", Split(100, (("two", 1),)))
    mechanism.share("two", Split(100, (("one", 1),)))
    question = mechanism.open().question
    mechanism.commit(question, "one", HALF, WAD)
    mechanism.seal()
    mechanism.resolve(question, 0)
    assert mechanism.wealth("one") + mechanism.wealth("two") == WAD + 10**28
    assert MAX_HOPS % 2 == 0  # an even number of hops ends where the cycle began
    assert mechanism.wealth("one") > mechanism.wealth("two")


def test_losses_are_not_passed_on():
    class Burn(Rival):
        name = "burn"

        def pay(self, bets, odds, outcome):
            return {bet.name: -bet.wager for bet in bets}

    mechanism = Burn()
    mechanism.enroll("payer", 10 * WAD)
    mechanism.enroll("child", 0)
    mechanism.share("payer", Split(5_000, (("child", 1),)))
    question = mechanism.open().question
    mechanism.commit(question, "payer", HALF, 4 * WAD)
    mechanism.seal()
    assert mechanism.resolve(question, 1).flows == {"payer": -4.0 * WAD}
    assert (mechanism.stake("payer"), mechanism.wealth("child"), mechanism.emitted()) == (6 * WAD, 0, -4 * WAD)


@pytest.mark.parametrize(
    ("nets", "said"),
    [({"one": -2 * WAD}, "who wagered"), ({"one": EMISSION + 1}, "may emit"), ({"no": 1}, "no account")],
)
def test_a_rule_of_pay_that_breaks_its_bounds_is_caught_before_money_moves(nets, said):
    class Wrong(Rival):
        name = "wrong"

        def pay(self, bets, odds, outcome):
            return nets

    mechanism = Wrong()
    mechanism.enroll("one", 10 * WAD)
    question = mechanism.open().question
    mechanism.commit(question, "one", HALF, WAD)
    mechanism.seal()
    before = state(mechanism)
    with pytest.raises(LabError, match=said):
        mechanism.resolve(question, 1)
    assert same(before, state(mechanism))


def test_equal_split_pays_identities():
    shares = []
    for identities in (1, 2, 5):
        mechanism = make("equal_split")
        mechanism.enroll("honest", 100 * WAD)
        sybils = [f"sybil{each}" for each in range(identities)]
        for each in sybils:
            mechanism.enroll(each, 100 * WAD // identities)
        question = mechanism.open().question
        for each in ("honest", *sybils):
            mechanism.commit(question, each, HALF, mechanism.stake(each))
        mechanism.seal()
        nets = mechanism.resolve(question, 1).nets
        shares.append(sum(nets[each] for each in sybils))
    assert shares == [EMISSION // 2, 2 * (EMISSION // 3), 5 * (EMISSION // 6)]
    assert all(more > less for less, more in pairwise(shares))


@pytest.mark.parametrize("outcome", [0, 1])
def test_by_stake_pays_the_wager_whatever_the_outcome(outcome):
    mechanism = make("by_stake")
    mechanism.enroll("small", WAD)
    mechanism.enroll("large", 3 * WAD)
    question = mechanism.open().question
    mechanism.commit(question, "small", (WAD // 100, 99 * WAD // 100), WAD)
    mechanism.commit(question, "large", (99 * WAD // 100, WAD // 100), 3 * WAD)
    mechanism.seal()
    assert mechanism.resolve(question, outcome).nets == {"small": 25 * WAD, "large": 75 * WAD}
