"""Forecasts as integers: exact sums, the clip, the grain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.units import WAD
from headwater_agents.policies import ForecastError, clip, to_floats, to_wad
from headwater_agents.policies.forecast import GRAIN

P_MINS = st.sampled_from([WAD // 1_000, WAD // 100, WAD // 64 + 7])
ROWS = st.lists(st.floats(0, 1), min_size=2, max_size=8).filter(lambda row: sum(row) > 1e-6)


@given(ROWS, P_MINS)
def test_forecast_sums_to_one_exactly_and_respects_the_clip(row, p_min):
    forecast = to_wad(np.array(row), p_min)
    assert sum(forecast) == WAD
    assert min(forecast) >= p_min


@given(ROWS, P_MINS)
def test_forecast_is_within_a_grain_of_the_clipped_floats(row, p_min):
    floor = -(-p_min // GRAIN) * GRAIN / WAD
    assert np.abs(to_floats(to_wad(np.array(row), p_min)) - clip(np.array(row), floor)).max() <= 8e-6


def test_last_bits_of_floats_do_not_reach_the_integers():
    rng = np.random.default_rng(3)
    for _ in range(500):
        row = rng.dirichlet(np.ones(rng.integers(2, 9)))
        assert to_wad(np.nextafter(row, 2.0), WAD // 100) == to_wad(row, WAD // 100)


def test_clip_keeps_the_ratios_of_what_it_does_not_raise():
    clipped = clip(np.array([0.0, 0.2, 0.6, 0.2]), 0.05)
    assert clipped == pytest.approx([0.05, 0.19, 0.57, 0.19])


def test_clip_that_leaves_no_room_is_uniform():
    assert clip(np.array([0.9, 0.1]), 0.5) == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("row", [[1.0], [0.1] * 9, [-0.1, 1.1], [np.nan, 1.0], [np.inf, 1.0], [0.0, 0.0]])
def test_numbers_that_are_no_forecast_are_refused(row):
    with pytest.raises(ForecastError):
        to_wad(np.array(row), WAD // 100)


@pytest.mark.parametrize("p_min", [0, -1, WAD // 2 + GRAIN])
def test_impossible_clip_is_refused(p_min):
    with pytest.raises(ForecastError):
        to_wad(np.array([0.5, 0.5]), p_min)


@pytest.mark.parametrize("forecast", [(WAD,), (WAD, 0), (WAD // 2, WAD // 2 + 1), (WAD // 9,) * 9])
def test_integers_that_are_no_forecast_are_refused(forecast):
    with pytest.raises(ForecastError):
        to_floats(forecast)
