"""Yuma consensus: figures that Bittensor's own chain asserts, and what the median stops."""

import pytest

from headwater.units import BPS, WAD
from headwater_agents.lab.mechanisms import EMISSION, LabError, make
from headwater_agents.lab.mechanisms.yuma import consensus_weight, epoch, yuma_emission

LOW, HALF, HIGH = (9 * WAD // 10, WAD // 10), (WAD // 2, WAD // 2), (WAD // 10, 9 * WAD // 10)
EQUAL = {"v0": 10**9, "v1": 10**9, "v2": 10**9}


def wads(values):
    return {key: value / WAD for key, value in values.items()}


def test_reproduces_the_epoch_of_validators_who_weigh_two_servers():
    """opentensor/subtensor, pallets/subtensor/src/tests/epoch_logs.rs,
    `test_validators_weight_two_distinct_servers`.
    """
    decided = epoch(EQUAL, {"v0": {"s3": 65_535}, "v1": {"s4": 65_535}, "v2": {"s3": 65_535}}, {})
    assert wads(decided.consensus) == {"s3": 1, "s4": 0}
    assert wads(decided.incentives) == {"s3": 1, "s4": 0}
    assert wads(decided.dividends) == {"v0": 0.5, "v2": 0.5}
    assert yuma_emission(EQUAL, decided, 1_000_000_000) == {"s3": 500_000_000, "s4": 0, "v0": 250_000_000} | {
        "v2": 250_000_000
    }


def test_reproduces_the_epoch_of_a_validator_who_splits():
    """Same file, `test_validator_splits_weight_across_two_servers`: dividends .25, .25, .5; combined emission below."""
    rows = {"v0": {"s3": 65_535}, "v1": {"s4": 65_535}, "v2": {"s3": 65_535, "s4": 65_535}}
    decided = epoch(EQUAL, rows, {})
    assert wads(decided.consensus) == {"s3": 0.5, "s4": 0.5}
    assert wads(decided.bonds["s3"]) == {"v0": 0.5, "v2": 0.5}
    assert wads(decided.bonds["s4"]) == {"v1": 0.5, "v2": 0.5}
    assert wads(decided.dividends) == {"v0": 0.25, "v1": 0.25, "v2": 0.5}
    paid = yuma_emission(EQUAL, decided, 1_000_000_000)
    combined = {name: amount / 1_000_000_000 for name, amount in paid.items()}
    assert combined == {"v0": 0.125, "v1": 0.125, "v2": 0.25, "s3": 0.25, "s4": 0.25}


def test_reproduces_emission_by_stake_where_nobody_weighs():
    """Same file, `test_simple`: two validators of equal stake without weights share evenly."""
    stakes = {"v0": 1_000_000_000, "v1": 1_000_000_000}
    assert yuma_emission(stakes, epoch(stakes, {}, {}), 1_000_000_000) == {"v0": 500_000_000, "v1": 500_000_000}


def test_reproduces_three_epochs_of_bonds():
    """opentensor/subtensor, pallets/subtensor/tests/epoch.rs, `test_bonds`: stakes 1 to 4, weights 1 : 2 : 3 : 4.

    In the second epoch validator 1 withdraws its weights, in the third validator 2 too. The chain keeps bonds in 16
    bits, which moves its figures by up to 3e-5.
    """
    stakes = {f"v{each}": each for each in (1, 2, 3, 4)}
    weights = {"s1": 16_383, "s2": 32_767, "s3": 49_149, "s4": 65_535}
    published = [
        {"v1": 0.0999999978, "v2": 0.1999999983, "v3": 0.3000000012, "v4": 0.4000000022},
        {"v1": 0.0899967032, "v2": 0.2022211233, "v3": 0.303334432, "v4": 0.404447741},
        {"v1": 0.0809936118, "v2": 0.1819995677, "v3": 0.3158592721, "v4": 0.421147548},
    ]
    emission = [49_999_998, 44_998_351, 40_496_805]
    bonds = {}
    for index, dividends in enumerate(published):
        rows = {f"v{each}": weights for each in (1, 2, 3, 4) if each > index}
        decided = epoch(stakes, rows, bonds)
        bonds = decided.bonds
        assert wads(decided.dividends) == pytest.approx(dividends, abs=3e-5)
        incentives = {"s1": 0.0999975582, "s2": 0.2000012207, "s3": 0.2999926754, "s4": 0.4000085455}
        assert wads(decided.incentives) == pytest.approx(incentives, abs=1e-9)
        paid = yuma_emission(stakes, decided, 1_000_000_000)
        assert paid["v1"] == pytest.approx(emission[index], abs=15_000)
        assert paid["s4"] == pytest.approx(200_004_272, abs=1)


@pytest.mark.parametrize(("kappa", "weight"), [(3_333, 9), (3_334, 5), (6_666, 5), (6_667, 2), (BPS, 2)])
def test_consensus_is_the_largest_weight_with_a_majority_behind_it(kappa, weight):
    assert consensus_weight(EQUAL, {"v0": 2, "v1": 9, "v2": 5}, kappa) == weight


def test_no_consensus_without_a_majority():
    assert consensus_weight(EQUAL, {"v0": 9}) == 0
    assert consensus_weight({"v0": 1, "v1": 1}, {"v0": 9}) == 9, "exactly half is enough, as on the chain"


def play(mechanism, outcomes, reports):
    for outcome in outcomes:
        offer = mechanism.open()
        for name, report in reports.items():
            mechanism.commit(offer.question, name, report, WAD)
        mechanism.seal()
        settled = mechanism.resolve(offer.question, outcome)
    return settled


def field(whale):
    mechanism = make("yuma")
    for name, stake in (("good", 1), ("judge", 100), ("second judge", 100), ("whale", whale), ("sock", 0)):
        mechanism.enroll(name, stake * WAD)
    return mechanism


@pytest.mark.parametrize(("whale", "paid"), [(190, False), (210, True)])
def test_a_minority_cannot_pay_its_own_identity_but_a_majority_can(whale, paid):
    mechanism = field(whale)
    mechanism.allocate("whale", {"sock": 1})
    settled = play(mechanism, [1] * 3, {"good": HIGH})
    assert (settled.nets.get("sock", 0) > 0) == paid
    assert sum(settled.nets.values()) <= EMISSION


def test_a_minority_that_strays_loses_dividends():
    honest, strayed = field(100), field(100)
    strayed.allocate("whale", {"sock": 1})
    for mechanism in (honest, strayed):
        play(mechanism, [1] * 5, {"good": HIGH})
    assert strayed.wealth("whale") + strayed.wealth("sock") < honest.wealth("whale") + honest.wealth("sock")


def test_validators_weigh_by_the_outcome_of_the_question_they_pay():
    mechanism = field(100)
    nets = play(mechanism, [1], {"good": HIGH, "whale": LOW}).nets
    assert nets["good"] > nets["whale"] > 0, "whale has dividends alone"


def test_bonds_of_the_retired_are_lost():
    mechanism = field(100)
    play(mechanism, [1] * 3, {"good": HIGH})
    mechanism.retire("judge")
    assert "judge" not in play(mechanism, [1], {"good": HIGH}).nets


@pytest.mark.parametrize("settings", [{"kappa_bps": 0}, {"kappa_bps": BPS + 1}, {"bond_alpha_bps": 0}])
def test_settings_out_of_range_are_told(settings):
    with pytest.raises(LabError, match=next(iter(settings))):
        make("yuma", **settings)
