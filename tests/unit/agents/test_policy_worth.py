"""Re-weighting: shares follow measured worth, start equal, and starve nobody."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.units import WAD
from headwater_agents.policies import (
    BuyerLesson,
    PolicyError,
    Pool,
    PoolConfig,
    WorthConfig,
    equal_shares,
    replay,
    shares,
    to_wad,
    worths,
)
from headwater_agents.policies.worth import TOTAL

ODDS = (WAD // 2, WAD // 2)


def memory(count, sharpness, seed=0):
    """A pool's memory of suppliers with these slopes on the truth: 1 is calibrated, 0 silent, -1 says the opposite."""
    rng = np.random.default_rng(seed)
    pool = Pool(PoolConfig(suppliers=len(sharpness), refit_every=10_000))
    lessons = []
    for _ in range(count):
        score = rng.normal()
        outcome = int(rng.random() < 1 / (1 + np.exp(-score)))
        lessons.append(
            BuyerLesson(
                odds=ODDS,
                signals=tuple(to_wad(np.array([1.0, np.exp(slope * score)]), WAD // 100) for slope in sharpness),
                outcome=outcome,
            )
        )
    return replay(pool, lessons)


@given(
    count=st.integers(0, 40),
    sharpness=st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0]), min_size=1, max_size=6),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_shares_sum_exactly_and_nobody_falls_below_the_floor(count, sharpness, seed):
    config = WorthConfig(min_equal=0.2)
    result = shares(config, memory(count, sharpness, seed))
    assert sum(result) == TOTAL
    assert min(result) >= TOTAL // 5 // len(sharpness) - 1


@pytest.mark.parametrize("suppliers", range(1, 33))
def test_equal_shares_sum_exactly_and_differ_by_at_most_one(suppliers):
    result = equal_shares(suppliers)
    assert sum(result) == TOTAL
    assert max(result) - min(result) <= 1


def test_shares_are_equal_before_any_question():
    assert shares(WorthConfig(), memory(0, [1.0, 0.0, 1.0])) == equal_shares(3)


def test_worth_adds_up_to_the_growth_of_the_whole_pool():
    seen = memory(200, [1.0, 0.5, 0.0])
    # Departures weigh 0.4 each: 0.4 · (1 + 0.5 + 0) is what one supplier of slope 0.5 at weight 1.2 says.
    alone = memory(200, [0.5])
    assert worths(WorthConfig(), seen).sum() == pytest.approx(worths(WorthConfig(), alone)[0], abs=1e-4)


def test_informative_supplier_outearns_the_silent_one_and_copies_share_alike():
    result = shares(WorthConfig(), memory(300, [1.0, 1.0, 0.0]))
    assert result[0] == pytest.approx(result[1], abs=2)
    assert result[0] > 2 * result[2]


def test_harmful_supplier_gets_no_more_than_the_floor():
    config = WorthConfig(shrink=0.0, min_equal=0.1)
    result = shares(config, memory(300, [1.0, -1.0]))
    assert worths(config, memory(300, [1.0, -1.0]))[1] < 0
    assert result == (TOTAL - TOTAL // 20, TOTAL // 20)


def test_shares_move_away_from_equal_as_evidence_grows():
    gaps = []
    for count in (5, 50, 250):
        seen = memory(count, [1.0, 0.0], seed=4)
        result = shares(WorthConfig(), seen)
        gaps.append((result[0] - result[1]) / TOTAL)
    assert gaps == sorted(gaps)
    assert gaps[-1] > 0.2


def test_only_the_window_counts():
    config = WorthConfig(window=50)
    long, short = memory(300, [1.0, 0.0]), memory(300, [1.0, 0.0])
    recent = type(short)(
        odds=short.odds[-50:],
        signals=short.signals[-50:],
        outcomes=short.outcomes[-50:],
        weights=short.weights,
    )
    assert shares(config, long) == shares(config, recent)


@pytest.mark.parametrize(
    "wrong",
    [{"reweigh_every": 0}, {"window": 0}, {"shrink": -1.0}, {"min_equal": 0.0}, {"min_equal": 1.1}, {"p_min": 0}],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(PolicyError):
        WorthConfig(**wrong)
