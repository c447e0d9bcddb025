"""Seeds that a gain needs, what two hundred of them find, and where a gain changes sign."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest

from headwater.report.errors import StatsError
from headwater.report.stats import wilson
from headwater_agents.lab.stats import (
    PairedResult,
    borders,
    detectable_gain,
    paired,
    planted_power,
    power,
    seeds_needed,
)
from headwater_agents.lab.stats.paired import Floats, hull

PLANTED = 0.005
"""Per unit of stake."""

SPREAD = 0.018
"""Standard deviation of differences for which 200 seeds are enough, whichever of the noises it is."""

# Each with mean 0 and standard deviation 1.
NOISES: dict[str, Callable[[np.random.Generator, tuple[int, ...]], Floats]] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "heavy tails": lambda rng, shape: rng.standard_t(3, size=shape) / math.sqrt(3),
    "rare large losses": lambda rng, shape: -(rng.lognormal(0, 0.5, shape) - math.exp(0.125)) / 0.6039,
    "often zero": lambda rng, shape: (rng.random(shape) < 0.3) * rng.normal(size=shape) / math.sqrt(0.3),
}


@pytest.mark.parametrize("name", NOISES)
def test_two_hundred_seeds_find_half_a_percent_of_stake_nine_times_in_ten(name: str) -> None:
    rows = PLANTED + SPREAD * NOISES[name](np.random.default_rng(30), (4_000, 200))
    low, _, _ = hull(rows)
    found = int((low > 0).sum())
    assert wilson(found, 4_000)[0] > 0.9


@pytest.mark.parametrize("name", NOISES)
def test_the_power_on_a_pilot_is_that_of_the_noise_it_was_drawn_from(name: str) -> None:
    rng = np.random.default_rng(31)
    pilot = 0.123 + SPREAD * NOISES[name](rng, (2_000,))  # its own mean does not count
    assert planted_power(pilot, PLANTED, 200, rng, runs=1_000) > 0.9
    assert planted_power(pilot, 0.0, 200, rng, runs=1_000) < 0.05
    assert planted_power(pilot, -PLANTED, 200, rng, runs=200) == 0.0


def test_formula_and_simulation_agree_on_normal_noise() -> None:
    rows = PLANTED + 0.03 * np.random.default_rng(32).normal(size=(20_000, 200))
    share = float((hull(rows)[0] > 0).mean())
    assert share == pytest.approx(power(PLANTED, 0.03, 200), abs=0.02)


def test_a_published_sample_size_is_met() -> None:
    # Cohen, "Statistical power analysis for the behavioral sciences", 1988: one sample, d = 0.5, two-sided 5%, 80%.
    assert seeds_needed(0.5, 1.0, chance=0.8) == 34
    assert power(0.5, 1.0, 34) >= 0.8 > power(0.5, 1.0, 33)


@pytest.mark.parametrize("spread", [0.001, 0.02, 0.2])
def test_seeds_needed_are_the_fewest_that_do(spread: float) -> None:
    n = seeds_needed(PLANTED, spread)
    assert power(PLANTED, spread, n) >= 0.9
    assert n == 2 or power(PLANTED, spread, n - 1) < 0.9
    assert detectable_gain(spread, n) <= PLANTED
    assert n == 2 or detectable_gain(spread, n - 1) > PLANTED


def test_two_hundred_seeds_bear_a_spread_of_two_percent_of_stake() -> None:
    assert seeds_needed(PLANTED, 0.0216) <= 200 < seeds_needed(PLANTED, 0.0218)


def test_without_spread_two_seeds_are_enough_for_students_test() -> None:
    assert seeds_needed(PLANTED, 0.0) == 2


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: power(0.0, 1.0, 10), "gain 0.0"),
        (lambda: power(1.0, -1.0, 10), "spread -1.0"),
        (lambda: power(1.0, 1.0, 1), "1 seeds"),
        (lambda: power(1.0, 1.0, 10, level=0.0), "level 0.0"),
        (lambda: seeds_needed(1.0, 1.0, chance=1.0), "chance 1.0"),
        (lambda: seeds_needed(1e-9, 1.0), "is lost in a spread of 1"),
        (lambda: detectable_gain(1.0, 1), "1 seeds"),
        (lambda: planted_power([1.0], 1.0, 10, np.random.default_rng(1)), "at least two finite differences"),
        (lambda: planted_power([1.0, 2.0], 1.0, 5, np.random.default_rng(1)), "at least 6 seeds"),
        (lambda: borders([1.0, 2.0], [paired([1.0])]), "one result for each x"),
        (lambda: borders([2.0, 1.0], [paired([1.0])] * 2), "rise from each point"),
    ],
)
def test_wrong_input_is_refused(call: Callable[[], object], said: str) -> None:
    with pytest.raises(StatsError, match=said):
        call()


def _around(mean: float, half: float = 1.0) -> PairedResult:
    """A result whose interval is mean ± half, about."""
    rows = np.array([-1.0, 1.0] * 20)
    unit = paired(rows)
    result = paired(mean + rows * half / unit.high)
    assert (result.low, result.high) == pytest.approx((mean - half, mean + half))
    return result


def test_a_border_lies_where_the_mean_is_zero_between_where_the_bounds_are() -> None:
    (border,) = borders([0.0, 1.0, 2.0, 3.0], [_around(mean) for mean in (-4.0, -2.0, 2.0, 4.0)])
    assert border.at == pytest.approx(1.5)
    assert (border.low, border.high) == pytest.approx((1.25, 1.75))
    assert border.rising


def test_points_without_a_sign_widen_a_border_and_make_none_of_their_own() -> None:
    (border,) = borders([0, 1, 2, 3, 4], [_around(mean) for mean in (3.0, 0.5, -0.5, 0.5, -3.0)])
    assert not border.rising
    assert border.at == pytest.approx((1.5 + (3 + 0.5 / 3.5)) / 2)
    assert (border.low, border.high) == pytest.approx((0.8, 4 - 2 / 3.5))
    assert borders([0, 1, 2], [_around(mean) for mean in (3.0, 0.5, 3.0)]) == ()
    assert borders([0, 1], [_around(0.5), _around(-0.5)]) == ()
    assert borders([0, 1], [_around(2.0), _around(3.0)]) == ()


def test_a_grid_too_short_leaves_its_border_open() -> None:
    before, after = borders([0, 1, 2, 3], [_around(mean) for mean in (0.5, 2.0, 2.0, -0.5)])
    assert (before.at, before.low, before.rising) == (None, -math.inf, True)
    assert before.high == pytest.approx(1 / 3)
    assert (after.high, after.rising) == (math.inf, False)
    assert after.at == pytest.approx(2.8)
    assert after.low == pytest.approx(2 + 1 / 2.5)
    assert json.loads(json.dumps(before.to_dict(), allow_nan=False))["low"] is None


def test_a_parameter_at_which_the_attack_is_nothing_stands_as_a_zero() -> None:
    (border,) = borders([0, 1], [paired([0.0] * 40), _around(-2.0)])
    assert (border.at, border.low, border.rising) == (0.0, -math.inf, False)


def test_a_border_is_held_by_its_interval_at_the_stated_rate() -> None:
    rng = np.random.default_rng(33)
    x = np.array([0.0, 1.0, 2.0, 3.0])
    held = 0
    for _ in range(400):
        noise = rng.standard_t(3, size=40)  # grid points share their seeds
        results = [paired(gain + noise + rng.normal(size=40)) for gain in 2 * (x - 1.4)]
        held += any(border.rising and border.low <= 1.4 <= border.high for border in borders(x, results))
    assert wilson(held, 400)[1] >= 0.95
    assert wilson(held, 400)[0] > 0.9
