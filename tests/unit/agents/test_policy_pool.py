"""Pools: equal weights before evidence, learned ones after, the public odds where nothing is known."""

from dataclasses import replace

import numpy as np
import pytest

from headwater.units import WAD
from headwater_agents.policies import (
    BuyerLesson,
    Phase,
    PolicyError,
    Pool,
    PoolConfig,
    Question,
    replay,
    to_floats,
    to_wad,
)

P_MIN = WAD // 100
ODDS = (WAD // 2, WAD // 2)
QUESTION = Question(id=1, phase=Phase.COMMIT, odds=ODDS, p_min=P_MIN, capacity=10**21, rent_bps=25)


def wad(*row):
    return to_wad(np.array(row), P_MIN)


def world(count, informed, copies, noise, seed):
    """Lessons with `informed` independent informative signals, each sold by 1 + `copies` suppliers, then `noise`."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        truth = rng.normal(size=informed)
        outcome = int(rng.random() < 1 / (1 + np.exp(-truth.sum())))
        scores = [score for score in truth for _ in range(1 + copies)] + list(rng.normal(size=noise))
        signals = tuple(wad(1 / (1 + np.exp(score)), 1 / (1 + np.exp(-score))) for score in scores)
        yield BuyerLesson(odds=ODDS, signals=signals, outcome=outcome)


def test_pool_without_experience_is_the_public_odds():
    pool = Pool(PoolConfig(suppliers=2))
    assert pool.forecast(pool.start(), QUESTION, (wad(0.9, 0.1), wad(0.8, 0.2))) == ODDS


def test_pool_of_unanimous_silence_is_the_public_odds():
    pool = Pool(PoolConfig(suppliers=3))
    memory = replay(pool, world(60, 3, 0, 0, 0))
    assert pool.forecast(memory, QUESTION, (None, None, None)) == ODDS
    assert pool.forecast(memory, QUESTION, (ODDS, ODDS, ODDS)) == ODDS


def test_missing_signal_counts_as_the_public_odds():
    pool = Pool(PoolConfig(suppliers=2))
    memory = replay(pool, world(60, 2, 0, 0, 0))
    assert pool.forecast(memory, QUESTION, (wad(0.8, 0.2), None)) == pool.forecast(
        memory, QUESTION, (wad(0.8, 0.2), ODDS)
    )


def test_independent_signals_are_added_and_copies_are_not():
    independent = replay(Pool(PoolConfig(suppliers=3)), world(1_500, 3, 0, 0, 1))
    copied = replay(Pool(PoolConfig(suppliers=3)), world(1_500, 1, 2, 0, 1))
    assert independent.weights.sum() > 2
    assert copied.weights.sum() == pytest.approx(1.0, abs=0.2)


def test_noise_loses_its_weight():
    memory = replay(Pool(PoolConfig(suppliers=3)), world(1_500, 2, 0, 1, 2))
    assert abs(memory.weights[2]) < 0.4 * memory.weights[:2].min()


def test_belief_in_the_pool_grows_with_experience():
    pool = Pool(PoolConfig(suppliers=1, refit_every=1_000))
    memory, seen = pool.start(), []
    for lesson in world(60, 1, 0, 0, 3):
        seen.append(to_floats(pool.forecast(memory, QUESTION, (wad(0.1, 0.9),)))[1])
        memory = pool.learn(memory, lesson)
    assert seen == sorted(seen)
    assert seen[0] == 0.5
    assert 0.8 < seen[-1] < 0.95


def test_pool_keeps_the_clip():
    pool = Pool(PoolConfig(suppliers=2, shrink=0.0, prior_total=9.0))
    forecast = pool.forecast(pool.start(), QUESTION, (wad(0.01, 0.99), wad(0.01, 0.99)))
    assert forecast == (P_MIN, WAD - P_MIN)


def test_pool_works_with_more_than_two_outcomes():
    pool = Pool(PoolConfig(outcomes=4, suppliers=2, shrink=0.0, prior_total=1.0))
    odds = (WAD // 4,) * 4
    signals = (wad(0.7, 0.1, 0.1, 0.1), wad(0.1, 0.7, 0.1, 0.1))
    pooled = to_floats(pool.forecast(pool.start(), replace(QUESTION, odds=odds), signals))
    expected = np.sqrt([0.07, 0.07, 0.01, 0.01])
    assert pooled == pytest.approx(expected / expected.sum(), abs=1e-5)


@pytest.mark.parametrize("signals", [(), (ODDS,), (ODDS, ODDS, ODDS), (ODDS, (WAD // 4,) * 4)])
def test_signals_that_do_not_fit_the_pool_are_refused(signals):
    pool = Pool(PoolConfig(suppliers=2))
    with pytest.raises(ValueError, match=r"suppliers|outcomes|shape|inhomogeneous"):
        pool.forecast(pool.start(), QUESTION, signals)


@pytest.mark.parametrize(
    "wrong",
    [
        {"outcomes": 1},
        {"suppliers": 0},
        {"suppliers": 21},
        {"total_precision": 0.0},
        {"spread_precision": 0.0},
        {"shrink": -1.0},
        {"refit_every": 0},
    ],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(PolicyError):
        PoolConfig(**wrong)
