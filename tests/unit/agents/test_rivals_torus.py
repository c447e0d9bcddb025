"""Torus: its chain's own figures, and what an allocator can and cannot do."""

from fractions import Fraction

import pytest

from headwater.units import BPS, WAD
from headwater_agents.lab.mechanisms import EMISSION, LabError, Refused, make
from headwater_agents.lab.mechanisms.allocation import Performance, improvement
from headwater_agents.lab.mechanisms.torus import linear_emission

LOW, HALF, HIGH = (9 * WAD // 10, WAD // 10), (WAD // 2, WAD // 2), (WAD // 10, 9 * WAD // 10)


def test_reproduces_the_chains_split_among_two_agents():
    """renlabs-dev/torus-substrate, pallets/emission0/tests/distribution.rs, `pays_dividends_and_incentives`.

    One validator weighs agent 1 with 10 and agent 2 with 30; it gets half of the emission, they get 1/8 and 3/8.
    """
    paid = linear_emission({"0": 7}, {"0": {"1": 10, "2": 30}}, emission=8 * 10**9)
    assert paid == {"0": 4 * 10**9, "1": 10**9, "2": 3 * 10**9}


def test_reproduces_the_chains_dividends_by_stake():
    """Same file, `pays_dividends_to_stakers`: stakes of 1, 2, 3, 4 behind the same weights share half as 1 : 2 : 3 : 4.

    There they stake on one validator (whose fee is left out here); in the lab each allocates its own stake.
    """
    stakes = {f"staker{each}": each * WAD for each in (1, 2, 3, 4)}
    paid = linear_emission(stakes, {name: {"miner": 1} for name in stakes}, emission=20 * WAD)
    assert paid == {"miner": 10 * WAD} | {f"staker{each}": each * WAD for each in (1, 2, 3, 4)}


def test_reproduces_the_chains_fallback_by_stake():
    """Same pallet, `compute_emissions`: without incentives and dividends all stakeholders are paid by stake."""
    assert linear_emission({"a": 1, "b": 3}, {}, emission=100) == {"a": 25, "b": 75}


def test_incentives_follow_stake_times_normalised_weight():
    stakes, rows = {"a": 2 * WAD, "b": 6 * WAD}, {"a": {"x": 1}, "b": {"x": 1, "y": 2}}
    paid = linear_emission(stakes, rows, emission=10**6, incentives_bps=8_000)
    x = Fraction(2 + 2, 8)
    assert paid["x"] == int(800_000 * x)
    assert paid["y"] == 400_000
    assert (paid["a"], paid["b"]) == (50_000, 150_000)


def play(mechanism, outcomes, reports):
    for outcome in outcomes:
        offer = mechanism.open()
        for name, report in reports.items():
            mechanism.commit(offer.question, name, report, WAD)
        mechanism.seal()
        settled = mechanism.resolve(offer.question, outcome)
    return settled


def field(names, **settings):
    mechanism = make("torus", **settings)
    for name in names:
        mechanism.enroll(name, 100 * WAD)
    return mechanism


def test_honest_allocators_learn_who_performs_after_they_have_paid():
    mechanism = field(("good", "bad", "judge"))
    first = play(mechanism, [1], {"good": HIGH, "bad": LOW})
    assert first.nets["good"] == first.nets["bad"], "nobody knew when the first question was paid"
    second = play(mechanism, [1], {"good": HIGH, "bad": LOW})
    assert second.nets["good"] > first.nets["good"]
    assert second.nets["bad"] < first.nets["bad"], (
        "it keeps its dividend, and the weight of good, who cannot weigh itself"
    )
    assert sum(second.nets.values()) <= EMISSION


def test_nobody_loses_and_the_outcome_is_no_part_of_its_own_questions_pay():
    both = [play(field(("one", "two")), [0, 1, outcome], {"one": LOW, "two": HIGH}) for outcome in (0, 1)]
    assert both[0].nets == both[1].nets
    assert min(both[0].nets.values()) >= 0


def test_stake_can_be_turned_to_an_own_second_identity():
    """The rule is linear, so misallocation pays by stake: what a median would clip passes here."""
    honest, attack = field(("good", "whale", "judge")), field(("good", "whale", "judge"))
    for mechanism in (honest, attack):
        mechanism.enroll("sock", 0)
    attack.allocate("whale", {"sock": 1})
    for mechanism in (honest, attack):
        play(mechanism, [1, 0] * 5, {"good": HALF} | {"judge": HALF})
        play(mechanism, [1] * 5, {"good": HIGH})
    gain = attack.wealth("whale") + attack.wealth("sock") - honest.wealth("whale") - honest.wealth("sock")
    assert gain > 0
    assert attack.wealth("good") < honest.wealth("good")


def test_allocation_is_undone_by_none():
    mechanism = field(("good", "whale"))
    mechanism.enroll("sock", 0)
    mechanism.allocate("whale", {"sock": 1})
    mechanism.allocate("whale", None)
    assert "sock" not in play(mechanism, [1], {"good": HIGH}).nets


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("nobody", {"good": 1}),
        ("whale", {"nobody": 1}),
        ("whale", {"whale": 1}),
        ("whale", {"good": 0}),
        ("whale", {"good": -1}),
        ("whale", {}),
    ],
)
@pytest.mark.parametrize("rule", ["torus", "yuma"])
def test_bad_allocation_is_refused_and_the_old_one_stands(rule, name, weights):
    def pay(mechanism):
        return play(mechanism, [1], {"good": HIGH}).nets

    mechanisms = []
    for _ in range(2):
        mechanism = make(rule)
        for each in ("good", "whale", "sock"):
            mechanism.enroll(each, 100 * WAD)
        mechanism.allocate("whale", {"sock": 1})
        mechanisms.append(mechanism)
    with pytest.raises(Refused):
        mechanisms[0].allocate(name, weights)
    assert pay(mechanisms[0]) == pay(mechanisms[1])


@pytest.mark.parametrize(
    "settings", [{"incentives_bps": BPS + 1}, {"incentives_bps": -1}, {"alpha_bps": 0}, {"alpha_bps": BPS + 1}]
)
def test_settings_out_of_range_are_told(settings):
    with pytest.raises(LabError, match=next(iter(settings))):
        make("torus", **settings)


def test_performance_is_a_moving_average_that_forgets_the_absent():
    performance = Performance(alpha_bps=5_000)
    performance.learn({"one": 8 * WAD, "two": -8 * WAD})
    assert performance.merits() == {"one": 4 * WAD}
    performance.learn({"two": 16 * WAD})
    assert performance.merits() == {"one": 2 * WAD, "two": 6 * WAD}


def test_improvement_is_proper_and_nil_for_the_odds():
    assert improvement(HALF, HALF, 1) == 0
    assert improvement(HIGH, HALF, 1) == WAD // 4 - WAD // 100
    assert improvement(HIGH, HALF, 0) == WAD // 4 - 81 * WAD // 100
