"""Numerai: its documentation's own table, the clip, the payout factor, and why it is not proper."""

import pytest

from headwater.units import WAD
from headwater_agents.lab.mechanisms import LabError, make
from headwater_agents.lab.mechanisms.numerai import payout, payout_factor, within

HALF = (WAD // 2, WAD // 2)


def wad(decimal):
    return round(decimal * 10_000) * WAD // 10_000


@pytest.mark.parametrize(
    ("stake", "factor", "corr", "corr_multiplier", "mmc", "mmc_multiplier", "published"),
    [
        (100, 0.8, 0.02, 1.0, 0.002, 2.0, 1.92),
        (100, 0.8, 0.02, 1.0, 0.002, 0.0, 1.6),
        (100, 0.8, -0.03, 1.0, 0.002, 0.5, -2.32),
        (100, 0.8, 0.15, 1.0, 0.1, 2.0, 25),
    ],
)
def test_reproduces_the_documentations_payouts(stake, factor, corr, corr_multiplier, mmc, mmc_multiplier, published):
    """numerai/docs, numerai-tournament/learn.md, "Payouts": the examples, from when the clip was at 25 percent."""
    paid = payout(
        stake * WAD,
        wad(factor),
        wad(corr),
        wad(mmc),
        corr_multiplier=wad(corr_multiplier),
        mmc_multiplier=wad(mmc_multiplier),
        clip=WAD // 4,
    )
    assert paid == wad(published)


def test_reproduces_the_formula_of_today():
    """numerai/docs, numerai-tournament/staking.md: 0.5 CORR + 2 MMC, clipped at 5 percent; threshold 72,000 NMR."""
    assert payout(100 * WAD, WAD, wad(0.02), wad(0.01)) == 3 * WAD
    assert payout(100 * WAD, WAD, wad(0.2), wad(0.1)) == 5 * WAD
    assert payout(100 * WAD, WAD, wad(-0.2), wad(-0.1)) == -5 * WAD
    assert payout_factor(72_000 * WAD, 72_000 * WAD) == WAD
    assert payout_factor(72_000 * WAD, 96_000 * WAD) == 3 * WAD // 4
    assert payout_factor(72_000 * WAD, 0) == WAD


def settle(reports, outcome, **settings):
    mechanism = make("numerai", **settings)
    for name, (_, wager) in reports.items():
        mechanism.enroll(name, wager)
    question = mechanism.open().question
    for name, (first, wager) in reports.items():
        mechanism.commit(question, name, (WAD - wad(first), wad(first)), wager)
    mechanism.seal()
    return mechanism.resolve(question, outcome).nets


def test_scores_are_linear_in_the_report_against_odds_and_meta_model():
    """Two equal wagers at 0.6 and 0.5 over odds of 0.5: the meta model is 0.55, CORR 0.01 and 0, MMC ±0.005."""
    nets = settle({"up": (0.6, 100 * WAD), "odds": (0.5, 100 * WAD)}, 1)
    assert nets == {"up": 100 * WAD * 15 // 1_000, "odds": -WAD}
    assert settle({"up": (0.6, 100 * WAD)}, 0) == {"up": -WAD // 2}


def test_exaggeration_pays_where_the_clip_does_not_bind():
    """The score is improper: with a belief of 0.6 the best report is beyond it, as far as the clip lets it matter."""

    def expected(report):
        return sum(
            chance * settle({"me": (report, 100 * WAD)}, outcome)["me"] for outcome, chance in ((1, 0.6), (0, 0.4))
        )

    assert expected(0.99) > expected(0.8) > expected(0.6) > 0


def test_gains_never_exceed_the_emission_and_what_is_burnt():
    crowd = {f"bull{each}": (0.99, 10_000 * WAD) for each in range(3)} | {"bear": (0.01, WAD)}
    assert 0 < sum(settle(crowd, 1, emission=10 * WAD).values()) < 10 * WAD
    nets = settle(crowd, 1, emission=10 * WAD, score_scale=WAD)
    assert nets["bear"] < 0 < nets["bull0"]
    assert 0 <= 10 * WAD - sum(nets.values()) < 4
    assert within({"a": 3, "b": -1}, 2) == {"a": 3, "b": -1}
    assert within({"a": 30, "b": 10, "c": -4}, 4) == {"a": 6, "b": 2, "c": -4}


@pytest.mark.parametrize("scale", [0, -1, WAD + 1])
def test_scale_out_of_range_is_told(scale):
    with pytest.raises(LabError, match="score_scale"):
        make("numerai", score_scale=scale)
