"""The crowd: money is conserved, reports are posteriors, and attackers earn what the rules of the score promise."""

from __future__ import annotations

import dataclasses
import tracemalloc

import numpy as np
import pytest

from headwater.twin import EscrowBatch
from headwater.units import WAD
from headwater_agents.lab.crowd import Crowd, CrowdSetting, play_crowd

SMALL = CrowdSetting(owners=300)


def play(seed=1, rounds=200, **changes):
    return play_crowd(dataclasses.replace(SMALL, **changes), rounds, np.random.default_rng(seed))


ATTACKS = [
    {},
    {"attack": "exaggerate", "attackers": 0.3, "strength": 4},
    {"attack": "copy", "attackers": 0.3},
    {"attack": "collude", "attackers": 0.3},
    {"attack": "sybil", "attackers": 0.3, "strength": 5},
]


@pytest.mark.parametrize("changes", ATTACKS)
def test_money_is_conserved_round_by_round(changes):
    # Large wagers and a short temper, so that names leave and others enter.
    restless = dataclasses.replace(SMALL, wager_bps=2_500, leave_bps=9_800, bankroll=500 * WAD, **changes)
    crowd = Crowd(restless, np.random.default_rng(2))
    for _ in range(120):
        crowd.step()
        came_in = crowd.books.entered.sum() + crowd.books.minted
        assert abs(crowd.unaccounted()) < 1e-12 * came_in
        assert crowd.stake.min() >= 0
        assert crowd.bankroll > 0
    assert crowd.books.departures > 0
    assert crowd.books.providers > 0


def test_a_crowd_is_its_seed():
    first, second, other = play(3), play(3), play(4)
    assert (first.log_loss == second.log_loss).all()
    assert first.honest_gain == second.honest_gain
    assert first.honest_gain != other.honest_gain


def test_reports_of_honest_names_are_calibrated():
    crowd = Crowd(dataclasses.replace(SMALL, owners=400), np.random.default_rng(5))
    said, happened = [], []
    for _ in range(1_500):
        played = crowd.step()
        said.append(played.chances if played.outcome else 1 - played.chances)
        happened.append(played.outcome)
    # The public odds need some rounds to settle; names of one round share its outcome, so rounds are what is counted.
    yes, truth = np.array(said[200:]), np.array(happened[200:])
    for low in (0.2, 0.35, 0.5, 0.65):
        inside = (yes >= low) & (yes < low + 0.1)
        error = (inside * (truth[:, None] - yes)).sum(axis=1)
        spread = error.std() * np.sqrt(len(error)) / inside.sum()
        assert abs(error.sum() / inside.sum()) < 3 * spread + 0.01


def test_honest_names_forecast_better_than_the_public_odds_and_earn():
    result = play(6, rounds=400)
    names, public = result.log_loss[50:].mean(axis=0)
    assert names < public
    assert result.honest_gain > 0
    assert result.providers > 0
    assert np.isnan(result.attacker_gain)


def test_exaggerators_and_copiers_lose_while_honest_names_earn():
    for changes in ATTACKS[1:3]:
        gains = np.array([[r.attacker_gain, r.honest_gain] for r in (play(seed, **changes) for seed in range(5))])
        assert (gains[:, 0] < 0).all(), changes
        assert (gains[:, 0] < gains[:, 1]).all(), changes


def test_copiers_lose_exactly_the_rent():
    crowd = Crowd(dataclasses.replace(SMALL, attack="copy", attackers=0.5, leave_bps=0), np.random.default_rng(7))
    wagered = np.zeros(len(crowd.stake))
    for _ in range(50):
        wagered += crowd.step().wagers
    rent = crowd.scale.log_rent / crowd.scale.log_range
    lost = (crowd.entry - crowd.stake)[crowd.attacking]
    assert lost == pytest.approx(rent * wagered[crowd.attacking], rel=1e-9)


def test_who_shares_signals_knows_more_and_earns_more_than_the_same_owners_alone():
    together = np.mean([play(seed, attack="collude", attackers=0.3).attacker_gain for seed in range(4)])
    alone = np.mean([play(seed, attack="sybil", attackers=0.3, strength=1).attacker_gain for seed in range(4)])
    assert together > alone + 0.01


def test_splitting_a_stake_over_names_changes_nothing_while_nobody_leaves():
    one, five = (play(8, attack="sybil", attackers=0.3, strength=names, leave_bps=0) for names in (1, 5))
    assert five.names == one.names + 4 * 90
    assert five.attacker_gain == pytest.approx(one.attacker_gain, abs=1e-12)
    assert five.honest_gain == pytest.approx(one.honest_gain, abs=1e-12)


def test_a_small_bankroll_dilutes_every_wager():
    ample, scarce = play(9), play(9, bankroll=WAD, emission=WAD // 100)
    assert np.nanmin(ample.filled) > np.nanmin(scarce.filled)
    assert scarce.honest_gain < ample.honest_gain


def test_memory_grows_with_names_and_rounds_as_stated():
    def peak(owners, rounds):
        tracemalloc.start()
        try:
            play(owners=owners, rounds=rounds)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many, long = peak(2_000, 20), peak(22_000, 20), peak(2_000, 2_020)
    assert (many - few) / 20_000 < 500
    assert (long - few) / 2_000 < 64


def test_the_escrows_of_a_crowd_are_the_batch_twins():
    crowd = Crowd(SMALL, np.random.default_rng(10))
    assert isinstance(crowd.escrows, EscrowBatch)
    assert crowd.escrows.keep == pytest.approx(np.full(300, 0.4))
    crowd.step()
    assert not crowd.escrows.due.any()
    assert not crowd.escrows.lock.any()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"owners": 0}, "has owners"),
        ({"strength": 0}, "strength"),
        ({"attack": "bribe"}, "attack is one of"),
        ({"attackers": 1.5}, "attackers"),
        ({"wager_bps": 0}, "wager_bps"),
        ({"stake": 0}, "positive"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        dataclasses.replace(SMALL, **changes)
    with pytest.raises(ValueError, match="at least one round"):
        play(rounds=0)
