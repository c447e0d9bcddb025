"""Promotion: the error rate under peeking, the power, one at a time, and what names cost the honest."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headwater.credit import (
    CreditError,
    PromotionTest,
    Standing,
    growth_bound,
    log_capital,
    spent_level,
    trial_growths,
)

ALPHA = 0.05


def ever(growths, bound, alpha):
    return log_capital(growths, bound).max() >= -math.log(alpha)


def skewed(rng, questions):
    """Mean zero, mostly small gains, rarely the largest loss: what a test by averages is slowest to notice."""
    return np.where(rng.uniform(size=questions) < 1 / 21, -1.0, 0.05)


def test_who_adds_nothing_is_promoted_at_most_at_the_stated_rate_however_often_one_looks():
    rng = np.random.default_rng(1)
    runs = 1_000
    hits = sum(ever(skewed(rng, 1_000), 1.0, ALPHA) for _ in range(runs))
    hits_plain = sum(ever(rng.normal(scale=0.2, size=1_000).clip(-1, 1), 1.0, ALPHA) for _ in range(runs))
    # Ville's bound is on the chance; 1,000 runs at exactly 5 % exceed 7 % with a probability of about 0.003.
    assert hits <= 0.07 * runs
    assert hits_plain <= 0.07 * runs


def test_a_significance_test_repeated_at_every_look_would_promote_far_more_often():
    rng = np.random.default_rng(2)
    promoted = 0
    for _ in range(200):
        x = rng.normal(size=1_000)
        count = np.arange(1, 1_001)
        promoted += bool((np.cumsum(x)[20:] / np.sqrt(count[20:]) > 1.645).any())
    assert promoted > 0.25 * 200


def test_a_real_gain_is_found_and_sooner_the_larger_it_is():
    rng = np.random.default_rng(3)
    waits = []
    for gain in (0.02, 0.05):
        crossed = []
        for _ in range(100):
            path = log_capital((gain + rng.normal(scale=0.2, size=3_000)).clip(-1, 1), 1.0)
            assert path.max() >= -math.log(ALPHA)
            crossed.append(int(np.argmax(path >= -math.log(ALPHA))) + 1)
        waits.append(np.mean(crossed))
    assert waits[1] < waits[0] / 2


def test_the_test_one_question_at_a_time_follows_the_whole_path():
    growths = np.random.default_rng(4).uniform(-0.5, 0.6, size=200)
    path = log_capital(growths, 0.5)
    test = PromotionTest(alpha=ALPHA, bound=0.5)
    for index, growth in enumerate(growths):
        test = test.observe(float(growth))
        assert test.peak == pytest.approx(max(0.0, path[: index + 1].max()), abs=1e-12)
    assert test.questions == 200
    assert test.promoted == bool(path.max() >= -math.log(ALPHA))
    assert test.p_value == pytest.approx(math.exp(-max(0.0, path.max())))


def test_the_capital_is_a_fair_game_when_the_newcomer_adds_nothing():
    # All 2**10 histories of ±1/2 are equally likely: the mean capital is one, exactly what a martingale keeps.
    signs = (np.arange(1 << 10)[:, None] >> np.arange(10) & 1) - 0.5
    final = [math.exp(log_capital(row, 0.5)[-1]) for row in signs]
    assert np.mean(final) == pytest.approx(1.0, abs=1e-12)


def test_who_was_promoted_stays_promoted():
    test = PromotionTest(alpha=ALPHA, bound=1.0)
    for _ in range(20):
        test = test.observe(1.0)
    assert test.promoted
    for _ in range(50):
        test = test.observe(-1.0)
    assert test.promoted


def test_the_levels_of_all_tests_sum_to_alpha():
    assert sum(spent_level(ALPHA, test) for test in range(1, 100_001)) == pytest.approx(ALPHA, rel=2e-5)


def test_one_at_a_time_is_promoted_and_the_others_begin_anew():
    standing = Standing.of((0, 1), (2, 3), alpha=ALPHA, bound=1.0)
    assert standing.ranks() == {0: 0, 1: 0, 2: 1, 3: 1}
    steps = 0
    while len(standing.established) == 2:
        standing = standing.observe({2: 0.5, 3: 0.5})
        steps += 1
    assert standing.established == (0, 1, 2)
    assert set(standing.tests) == {3}
    assert standing.tests[3] == PromotionTest(alpha=spent_level(ALPHA, 3), bound=1.0)
    # The twin adds nothing to what is established now, and is never promoted.
    for _ in range(10 * steps):
        standing = standing.observe({3: 0.0})
    assert standing.established == (0, 1, 2)


def test_names_without_worth_lengthen_an_honest_wait_only_by_the_logarithm_of_their_number():
    def wait(before):
        standing = Standing.of((0,), tuple(range(1, before + 2)), alpha=ALPHA, bound=1.0)
        honest, questions = before + 1, 0
        while honest not in standing.established:
            standing = standing.observe(dict.fromkeys(standing.tests, 0.0) | {honest: 0.05})
            questions += 1
        return questions

    alone, ten, hundred = wait(0), wait(9), wait(99)
    assert alone < ten < hundred
    needed = [-math.log(spent_level(ALPHA, test)) for test in (1, 10, 100)]
    # A steady gain makes capital at a steady rate, so waits grow as the logarithms of what is needed do.
    assert (hundred - ten) / (ten - alone) == pytest.approx((needed[2] - needed[1]) / (needed[1] - needed[0]), rel=0.1)


def test_on_trial_nobody_moves_the_forecast_or_loses_by_more_than_the_cap():
    rng = np.random.default_rng(5)
    before, after = rng.uniform(0.01, 0.99, size=(2, 500))
    growths = trial_growths(before, after, 0.3)
    assert growths.min() >= -0.3
    logit = np.log(before / (1 - before))
    near = np.abs(np.log(after / (1 - after)) - logit) <= 0.3
    assert 20 < near.sum() < 480
    assert growths[near] == pytest.approx(np.log(after / before)[near], abs=1e-12)
    moved = 1 / (1 + np.exp(-logit - 0.3 * np.sign(after - before)))
    assert growths[~near] == pytest.approx(np.log(moved / before)[~near], abs=1e-12)


def test_the_bound_is_the_largest_loss_between_clipped_reports():
    assert growth_bound(0.01) == pytest.approx(math.log(99))
    assert growth_bound(0.01, 3) == pytest.approx(math.log(98))


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (lambda: PromotionTest(alpha=0.0, bound=1.0), "alpha"),
        (lambda: PromotionTest(alpha=0.05, bound=0.0), "bound"),
        (lambda: PromotionTest(alpha=0.05, bound=1.0).observe(-1.1), "at least"),
        (lambda: PromotionTest(alpha=0.05, bound=1.0).observe(math.nan), "finite"),
        (lambda: log_capital(np.array([-2.0]), 1.0), "at least"),
        (lambda: spent_level(0.05, 0), "counted from 1"),
        (lambda: growth_bound(0.5), "between 0 and 1/k"),
        (lambda: trial_growths(np.array([0.5]), np.array([1.0]), 1.0), "strictly"),
        (lambda: trial_growths(np.array([0.5]), np.array([0.5]), 0.0), "cap"),
        (lambda: Standing.of((0, 1), (1,), alpha=0.05, bound=1.0), "enters once"),
        (lambda: Standing.of((0,), (1,), alpha=0.05, bound=1.0).observe({2: 0.0}), "newcomers"),
    ],
)
def test_what_does_not_fit_is_refused(refused, said):
    with pytest.raises(CreditError, match=said):
        refused()
