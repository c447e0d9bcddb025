"""Wagers: never above a third of the stake, the free stake, the capacity; nothing without an expected gain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from headwater.twin import Scale, lock
from headwater.units import BPS, WAD
from headwater_agents.policies import Phase, PolicyError, Question, WagerConfig, kelly_fraction, size_wager, to_wad
from headwater_agents.policies.wager import THIRD_BPS, affordable

P_MIN = WAD // 100


def ask(q, capacity=10**30, rent_bps=25):
    odds = to_wad(np.array([1 - q, q]), P_MIN)
    return Question(id=1, phase=Phase.COMMIT, odds=odds, p_min=P_MIN, capacity=capacity, rent_bps=rent_bps)


def belief(p):
    return to_wad(np.array([1 - p, p]), P_MIN)


WEI = st.integers(0, 2**96 - 1)
CHANCE = st.floats(0.01, 0.99)


@given(
    config=st.builds(
        WagerConfig,
        kelly_bps=st.integers(1, BPS),
        max_stake_bps=st.integers(1, THIRD_BPS),
        max_capacity_bps=st.integers(1, BPS),
    ),
    p=CHANCE,
    q=CHANCE,
    bonded=WEI,
    free=WEI,
    capacity=WEI,
    rent_bps=st.integers(0, 1_000),
    min_wager=WEI,
)
def test_wager_is_within_every_bound_or_nothing(config, p, q, bonded, free, capacity, rent_bps, min_wager):
    question = ask(q, capacity, rent_bps)
    wager = size_wager(config, belief(p), question, bonded=bonded, free=free, min_wager=min_wager)
    if wager == 0:
        return
    assert wager >= min_wager
    assert 3 * wager <= bonded
    assert wager * BPS <= capacity * config.max_capacity_bps
    assert lock(wager, Scale.of(P_MIN, rent_bps)) <= free


@pytest.mark.parametrize(("p", "q"), [(0.7, 0.6), (0.68, 0.6), (0.95, 0.6), (0.3, 0.5), (0.99, 0.02)])
def test_fraction_is_the_growth_optimal_one(p, q):
    question = ask(q)
    fraction = kelly_fraction(belief(p), question)
    chances = np.array([1 - p, p])
    returns = np.log(chances / np.array([1 - q, q])) / -np.log(0.01) - 0.0025
    ceiling = 0.999 / -returns.min()
    exact = minimize_scalar(lambda f: -(chances @ np.log1p(f * returns)), bounds=(0, ceiling), method="bounded").x
    assert fraction == pytest.approx(exact, rel=1e-3)


def test_no_wager_where_rent_eats_the_edge():
    assert kelly_fraction(belief(0.61), ask(0.6)) == 0
    assert size_wager(WagerConfig(), belief(0.61), ask(0.6), bonded=10**24, free=10**24, min_wager=1) == 0
    assert kelly_fraction(belief(0.61), ask(0.6, rent_bps=0)) > 0


def test_reporting_the_odds_is_never_worth_a_wager():
    for rent in (0, 25):
        question = ask(0.6, rent_bps=rent)
        assert size_wager(WagerConfig(), question.odds, question, bonded=10**24, free=10**24, min_wager=1) == 0


def test_warm_up_without_capacity_gets_no_wager():
    assert size_wager(WagerConfig(), belief(0.9), ask(0.6, 0), bonded=10**24, free=10**24, min_wager=1) == 0


def test_less_than_the_minimum_is_nothing():
    sizes = [
        size_wager(WagerConfig(), belief(0.9), ask(0.6), bonded=10_000, free=10_000, min_wager=minimum)
        for minimum in (1, 2_500, 2_501)
    ]
    assert sizes == [2_500, 2_500, 0]


@given(free=WEI, rent_bps=st.integers(0, 1_000))
def test_affordable_is_what_the_lock_leaves_room_for(free, rent_bps):
    scale = Scale.of(P_MIN, rent_bps)
    most = affordable(free, rent_bps)
    assert most == 0 or lock(most, scale) <= free
    assert lock(most + most // 10**12 + 2, scale) > free


@pytest.mark.parametrize(
    "wrong",
    [
        {"kelly_bps": 0},
        {"kelly_bps": BPS + 1},
        {"max_stake_bps": THIRD_BPS + 1},
        {"max_capacity_bps": 0},
        {"max_capacity_bps": BPS + 1},
    ],
)
def test_reckless_settings_are_refused(wrong):
    with pytest.raises(PolicyError):
        WagerConfig(**wrong)
