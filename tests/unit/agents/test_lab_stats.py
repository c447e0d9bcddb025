"""Paired gains and their verdicts: exact on small cases, and at the stated error rate on noise like the lab's."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from headwater.report.errors import StatsError
from headwater.report.stats import wilson
from headwater_agents.lab.stats import Correction, PairedResult, Verdict, adjusted, paired, verdict, verdicts
from headwater_agents.lab.stats.paired import Floats, hull, robust_interval

Noise = Callable[[np.random.Generator, tuple[int, int]], Floats]

# Each has mean 0.
NOISES: dict[str, Noise] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "heavy tails": lambda rng, shape: rng.standard_t(3, size=shape),
    "rare large gains": lambda rng, shape: rng.lognormal(size=shape) - math.exp(0.5),
    "rare large losses": lambda rng, shape: math.exp(0.5) - rng.lognormal(size=shape),
    "often zero": lambda rng, shape: (rng.random(shape) < 0.3) * rng.normal(size=shape),
    "mostly zero": lambda rng, shape: (rng.random(shape) < 0.1) * rng.normal(size=shape),
}
RUNS = 8_000


@pytest.mark.parametrize("name", NOISES)
def test_two_hundred_seeds_of_nothing_are_called_something_at_most_one_time_in_twenty(name: str) -> None:
    rows = NOISES[name](np.random.default_rng(20), (RUNS, 200))
    low, high, p = hull(rows)
    wrong = int(((low > 0) | (high < 0)).sum())
    assert wilson(wrong, RUNS)[0] <= 0.05
    assert wrong > 0.03 * RUNS  # nor is it bought with intervals too wide to find anything
    assert np.array_equal(p <= 0.05, (low > 0) | (high < 0))


@pytest.mark.parametrize("name", ["rare large gains", "rare large losses"])
def test_neither_interval_alone_would_hold_the_rate_on_skewed_or_mostly_zero_differences(name: str) -> None:
    rows = NOISES[name](np.random.default_rng(21), (RUNS, 40))
    student = reference.ttest_1samp(rows, 0.0, axis=1).pvalue <= 0.05
    low, high, _ = hull(rows)
    assert student.mean() > 0.09
    assert ((low > 0) | (high < 0)).mean() < 0.065


@pytest.mark.parametrize("gain", [0.3, -0.3])
def test_the_interval_holds_a_mean_that_is_not_zero(gain: float) -> None:
    rows = NOISES["heavy tails"](np.random.default_rng(22), (RUNS, 200)) + gain
    low, high, _ = hull(rows)
    held = int(((low <= gain) & (gain <= high)).sum())
    assert wilson(held, RUNS)[1] >= 0.95
    assert held < 0.97 * RUNS


def test_without_skew_it_is_students_interval() -> None:
    sample = [-3.0, -2.0, 0.5, 3.0, 4.0, 6.5, 1.75]
    mirrored = np.array(sample + [3.5 - value for value in sample])
    result = paired(mirrored)
    expected = reference.ttest_1samp(mirrored, 0.0)
    interval = expected.confidence_interval(0.95)
    assert (result.low, result.high) == pytest.approx((interval.low, interval.high))
    assert result.p_value == pytest.approx(expected.pvalue)
    assert result.standard_error == pytest.approx(reference.sem(mirrored))


def test_with_skew_it_reaches_as_far_as_halls_transformation_on_the_side_of_the_tail() -> None:
    sample = np.random.default_rng(5).exponential(size=60)
    result = paired(sample)
    n, root = sample.size, math.sqrt(sample.size)
    skew = reference.skew(sample)
    t = float(reference.t.ppf(0.975, n - 1))

    def transformed(mean: float) -> float:
        ratio = root * (sample.mean() - mean) / sample.std(ddof=1)
        return float(ratio + skew * (2 * ratio**2 + 1) / (6 * root) + skew**2 * ratio**3 / (27 * n))

    assert transformed(result.high) == pytest.approx(-t)
    assert result.low == pytest.approx(sample.mean() - t * reference.sem(sample))
    turned = paired(-sample)
    assert (turned.low, turned.high, turned.p_value) == pytest.approx((-result.high, -result.low, result.p_value))


def test_no_difference_at_all_is_an_empty_interval_and_neutral_for_sure() -> None:
    result = paired([0.0, 1e-15, -1e-13, 0.0])
    assert (result.mean, result.low, result.high, result.p_value, result.nonzero) == (0.0, 0.0, 0.0, 1.0, 0)
    found = verdict(result)
    assert (found.verdict, found.established) == (Verdict.NEUTRAL, True)


@pytest.mark.parametrize(("n", "called"), [(2, False), (5, False), (6, True), (40, True)])
def test_the_same_gain_with_every_seed_is_a_proof_from_the_sixth_seed_on(n: int, called: bool) -> None:
    result = paired([-0.25] * n)
    assert result.p_value == 2.0 ** (1 - n)
    assert (result.low, result.high) == ((-0.25, -0.25) if called else (-0.25, 0.0))
    assert verdict(result).verdict is (Verdict.DETERRED if called else Verdict.NEUTRAL)
    assert verdict(result).established is called


def test_few_wins_among_many_zeros_prove_nothing() -> None:
    result = paired([0.0] * 195 + [1.0, 1.1, 1.05, 0.95, 1.0])
    assert reference.ttest_1samp([0.0] * 195 + [1.0, 1.1, 1.05, 0.95, 1.0], 0.0).pvalue < 0.05
    assert (result.nonzero, result.p_value) == (5, 2.0**-4)
    assert result.low == 0.0
    assert verdict(result).verdict is Verdict.NEUTRAL


def test_a_single_seed_bounds_nothing() -> None:
    result = paired([3.0])
    assert (result.low, result.high, result.p_value) == (-math.inf, math.inf, 1.0)
    assert math.isnan(result.standard_error)
    assert json.loads(json.dumps(result.to_dict(), allow_nan=False)) == {
        "mean": 3.0, "low": None, "high": None, "standard_error": None,
        "n": 1, "nonzero": 1, "p_value": 1.0, "level": 0.95,
    }  # fmt: skip


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 3)), min_size=2, max_size=30))
def test_the_p_value_and_the_interval_always_agree(values: list[float]) -> None:
    result = paired(values)
    assert result.low <= result.mean + 1e-9
    assert result.mean - 1e-9 <= result.high
    assert (result.p_value <= 0.05 and result.nonzero > 0) == (result.low > 0 or result.high < 0)
    called = verdict(result).verdict
    assert called is (
        Verdict.PROFITABLE if result.low > 0 else Verdict.DETERRED if result.high < 0 else Verdict.NEUTRAL
    )


def test_neutral_is_established_only_within_the_margin() -> None:
    wide = np.array([-0.02, 0.02, -0.01, 0.01] * 5)
    assert (verdict(paired(wide)).verdict, verdict(paired(wide)).established) == (Verdict.NEUTRAL, False)
    assert verdict(paired(wide)).note == "undecided: the interval holds 0 and reaches past ±0.005"
    assert verdict(paired(wide), margin=0.02).established
    assert verdict(paired(wide / 10)).established


def test_a_table_of_nothing_holds_a_wrong_verdict_at_most_one_time_in_twenty() -> None:
    rng = np.random.default_rng(8)
    tables, cells = 400, 30
    wrong = 0
    for _ in range(tables):
        shared = rng.standard_t(3, size=(1, 40))  # cells share their seeds
        _, _, p = hull(shared + rng.standard_t(3, size=(cells, 40)))
        wrong += min(adjusted(p.tolist())) <= 0.05
    assert wilson(wrong, tables)[0] <= 0.05
    assert wrong > 0


def test_benjamini_and_hochberg_keep_the_share_of_wrong_verdicts() -> None:
    rng = np.random.default_rng(9)
    shares = []
    for _ in range(300):
        rows = rng.normal(size=(40, 100))
        rows[:10] += 0.5
        called = np.array(adjusted(hull(rows)[2].tolist(), Correction.BENJAMINI_HOCHBERG)) <= 0.05
        shares.append(called[10:].sum() / max(called.sum(), 1))
        assert called[:10].sum() >= 8
    assert 0.01 < np.mean(shares) < 0.05


def test_adjusted_p_values_are_those_of_published_procedures() -> None:
    p = [0.01, 0.04, 0.03, 0.005]
    assert adjusted(p) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert adjusted(p, Correction.BENJAMINI_HOCHBERG) == pytest.approx(reference.false_discovery_control(p))
    assert adjusted(p, Correction.NONE) == p
    assert adjusted([]) == []


def test_in_a_table_a_weak_finding_is_undecided_and_says_so() -> None:
    even = np.array([-1.0, 1.0] * 20)
    strong, weak, nothing = paired(even + 1.0), paired(even + 0.35), [paired(even)] * 18
    assert verdict(weak).verdict is Verdict.PROFITABLE
    found = verdicts([strong, weak, *nothing])
    assert [finding.verdict for finding in found[:2]] == [Verdict.PROFITABLE, Verdict.NEUTRAL]
    assert found[1].note == "undecided: alone it would be profitable, among 20 it may be chance"
    assert not found[1].established
    assert found[0].result is strong
    assert verdicts([]) == []


def test_intervals_of_plain_means_need_no_sign_to_be_tight() -> None:
    assert robust_interval([200.0, 200.0]).to_dict() == {"mean": 200.0, "low": 200.0, "high": 200.0}
    assert robust_interval([1.0]).high == math.inf
    sample = np.random.default_rng(3).normal(size=30)
    assert robust_interval(sample) == paired(sample).interval


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: paired([]), "at least one value"),
        (lambda: paired([[1.0]]), "one dimension"),
        (lambda: paired([1.0, math.nan]), "value 1 is not finite"),
        (lambda: paired(["many"]), "expected numbers"),
        (lambda: paired([1.0], level=1.0), "level 1.0"),
        (lambda: paired([1.0], resolution=-1.0), "resolution -1.0"),
        (lambda: verdict(paired([1.0]), margin=0.0), "margin 0.0"),
        (lambda: verdicts([paired([1.0]), paired([1.0], level=0.9)]), "share one level"),
        (lambda: adjusted([0.5, 1.5]), "between 0 and 1"),
    ],
)
def test_wrong_input_is_refused(call: Callable[[], PairedResult], said: str) -> None:
    with pytest.raises(StatsError, match=said):
        call()
