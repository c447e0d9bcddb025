"""Statistics against closed forms, scipy, and their own promises."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as reference

from headwater.report import (
    Interval,
    StatsError,
    bootstrap_interval,
    cumulative,
    log_loss,
    mean_interval,
    reliability,
    wilson,
)


def ar1(rng: np.random.Generator, n: int, phi: float) -> np.ndarray:
    noise = rng.normal(size=n + 50)
    series = np.empty(n + 50)
    series[0] = noise[0]
    for t in range(1, n + 50):
        series[t] = phi * series[t - 1] + noise[t]
    return series[50:]


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50), st.floats(0.5, 0.999))
def test_the_normal_interval_is_scipys(values: list[float], level: float):
    interval = mean_interval(values, level)
    error = reference.sem(values)
    half = reference.norm.ppf((1 + level) / 2) * error
    assert interval.mean == pytest.approx(np.mean(values), abs=1e-6)
    assert interval.high - interval.low == pytest.approx(2 * half, rel=1e-9, abs=1e-6)


def test_one_value_says_nothing_of_its_spread():
    assert mean_interval([3.0]) == Interval(3.0, -math.inf, math.inf)
    assert bootstrap_interval([3.0], np.random.default_rng(1)) == Interval(3.0, -math.inf, math.inf)


def test_a_total_is_the_mean_times_the_number():
    assert Interval(2.0, 1.0, 4.0).scaled(10) == Interval(20.0, 10.0, 40.0)
    assert Interval(2.0, 1.0, 4.0).scaled(-1) == Interval(-2.0, -4.0, -1.0)


def test_the_bootstrap_equals_writing_every_resample_out():
    values = np.random.default_rng(5).normal(size=23)
    interval = bootstrap_interval(values, np.random.default_rng(9), block=5, resamples=400)
    starts = np.random.default_rng(9).integers(0, 19, size=(400, 5))
    resamples = np.array([np.concatenate([values[s : s + 5] for s in row])[:23] for row in starts])
    # Every start is as likely as any other, so the centre is the mean over all starts, block by block.
    whole = np.mean([values[s : s + 5].sum() for s in range(19)])
    last = np.mean([values[s : s + 3].sum() for s in range(19)])
    centre = (4 * whole + last) / 23
    low, high = np.quantile(resamples.mean(axis=1), [0.025, 0.975]) - centre + values.mean()
    assert interval.mean == pytest.approx(values.mean())
    assert (interval.low, interval.high) == pytest.approx((low, high))


def test_the_same_generator_gives_the_same_interval():
    values = np.random.default_rng(2).normal(size=100)
    first = bootstrap_interval(values, np.random.default_rng(3))
    assert first == bootstrap_interval(values, np.random.default_rng(3))
    assert first != bootstrap_interval(values, np.random.default_rng(4))


def test_blocks_cover_an_autocorrelated_mean_where_the_normal_interval_does_not():
    rng = np.random.default_rng(11)
    normal = blocks = 0
    for _ in range(200):
        series = ar1(rng, 400, 0.6)
        interval = mean_interval(series)
        normal += interval.low <= 0 <= interval.high
        interval = bootstrap_interval(series, rng, block=20, resamples=400)
        blocks += interval.low <= 0 <= interval.high
    assert normal < 0.8 * 200
    assert blocks > 0.87 * 200


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_interval([]), "at least one value"),
        (lambda: mean_interval([[1.0]]), "one dimension"),
        (lambda: mean_interval([1.0, math.nan]), "value 1 is not finite"),
        (lambda: mean_interval([1.0, 2.0], level=95), "level 95"),
        (lambda: bootstrap_interval([1.0, 2.0], np.random.default_rng(1), block=3), "block 3: expected 1 to 2"),
        (lambda: bootstrap_interval([1.0, 2.0], np.random.default_rng(1), resamples=10), "10 resamples"),
        (lambda: wilson(3, 2), "3 of 2"),
        (lambda: wilson(0, 0), "0 of 0"),
        (lambda: log_loss([[0.5, 0.5]], [2]), "integers from 0 to 1"),
        (lambda: log_loss([[0.5, 0.4]], [0]), "sum to 1"),
        (lambda: log_loss([0.5, 0.5], [0]), "shapes"),
        (lambda: log_loss([[1.0, 0.0]], [1]), "forecast 0 gave what happened probability 0"),
        (lambda: reliability([1.2], [True]), "between 0 and 1"),
        (lambda: reliability([0.2], [True, False]), "one length"),
        (lambda: reliability([0.2], [True], bins=0), "0 bins"),
    ],
)
def test_numbers_that_make_no_statistic_are_refused(call, message: str):
    with pytest.raises(StatsError, match=message):
        call()


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_is_scipys(pair: tuple[int, int]):
    successes, count = pair
    expected = reference.binomtest(successes, count).proportion_ci(0.95, method="wilson")
    assert wilson(successes, count) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_log_loss_of_a_uniform_forecast_is_ln_k():
    assert log_loss(np.full((7, 5), 0.2), np.arange(7) % 5) == pytest.approx(math.log(5))
    assert log_loss([[0.25, 0.75], [0.9, 0.1]], [1, 0]) == pytest.approx(-(math.log(0.75) + math.log(0.9)) / 2)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=200), st.integers(1, 20))
def test_bins_hold_every_forecast_once(pairs: list[tuple[float, bool]], bins: int):
    result = reliability([p for p, _ in pairs], [hit for _, hit in pairs], bins)
    assert sum(one.count for one in result) == len(pairs)
    assert sum(one.frequency * one.count for one in result) == pytest.approx(sum(hit for _, hit in pairs))
    assert sum(one.forecast * one.count for one in result) == pytest.approx(sum(p for p, _ in pairs))
    for one in result:
        assert one.count > 0
        assert one.low - 1e-12 <= one.forecast <= one.high + 1e-12
        assert one.frequency_low <= one.frequency <= one.frequency_high


def test_a_certain_forecast_falls_into_the_last_bin():
    [one] = reliability([1.0, 0.95], [True, True])
    assert (one.low, one.high, one.count, one.frequency, one.frequency_high) == (0.9, 1.0, 2, 1.0, 1.0)


def test_running_totals_are_exact():
    assert cumulative([10**27, 1, -(10**27)]) == [10**27, 10**27 + 1, 1]


def test_one_block_makes_no_interval():
    for values in ([2.0], [1.0, 3.0]):
        interval = bootstrap_interval(values, np.random.default_rng(1))
        assert (interval.mean, interval.low, interval.high) == (2.0, -math.inf, math.inf)
    assert math.isfinite(bootstrap_interval([1.0, 3.0, 2.0], np.random.default_rng(1)).low)
