"""The game of pooled growth, against its definition written out coalition by coalition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import headwater.credit.growth as growth
from headwater.credit import GameError, pooled_growth_game, shapley, tabulate

P_MIN = 0.01


def questions(seed, count, n, k, sharp=1.0, p_min=P_MIN):
    """Odds that satisfy the clip; signals that need not, the less the larger `sharp` is; outcomes."""
    rng = np.random.default_rng(seed)
    odds = p_min + (1 - k * p_min) * rng.dirichlet(np.full(k, 2.0), size=count)
    logits = np.log(odds)[:, None, :] + sharp * rng.normal(size=(count, n, k))
    signals = np.exp(logits - logits.max(axis=2, keepdims=True))
    return signals / signals.sum(axis=2, keepdims=True), odds, rng.integers(0, k, size=count)


def clipped(p, p_min):
    """The closest vector to p in Kullback-Leibler divergence with no entry below p_min, by trying every support.

    The entries at p_min are the smallest, so the candidates are few: raise the j smallest, scale the others.
    """
    order = sorted(range(len(p)), key=lambda index: p[index])
    for raised in range(len(p)):
        at, free = order[:raised], order[raised:]
        scale = (1 - p_min * raised) / math.fsum(p[index] for index in free)
        out = dict.fromkeys(at, p_min) | {index: p[index] * scale for index in free}
        if min(out.values()) >= p_min:
            return [out[index] for index in range(len(p))]
    return [1 / len(p)] * len(p)


def written_out(signals, odds, outcomes, mask, *, wagers, pool, weights, anchor, p_min):
    """v(S), straight from the module's equations."""
    members = [i for i in range(signals.shape[1]) if mask >> i & 1]
    total = 0.0
    for t, outcome in enumerate(outcomes):
        q = odds[t]
        mass = anchor + sum(weights[i] for i in members)
        if not members or mass == 0:
            raw = list(q)
        elif pool == "linear":
            raw = [(anchor * q[c] + sum(weights[i] * signals[t, i, c] for i in members)) / mass for c in range(len(q))]
        elif pool == "log":
            raw = [
                math.exp(
                    (anchor * math.log(q[c]) + sum(weights[i] * math.log(signals[t, i, c]) for i in members)) / mass
                )
                for c in range(len(q))
            ]
        else:
            raw = [q[c] * math.prod((signals[t, i, c] / q[c]) ** weights[i] for i in members) for c in range(len(q))]
        p = clipped([value / math.fsum(raw) for value in raw], p_min)
        total += wagers[t] * (math.log(p[outcome]) - math.log(q[outcome]))
    return total


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 4),
    k=st.sampled_from([2, 3, 8]),
    pool=st.sampled_from(["log", "linear", "evidence"]),
    anchor=st.sampled_from([0.0, 0.3, 1.0]),
    weighted=st.booleans(),
    sharp=st.sampled_from([0.3, 2.0, 6.0]),
    p_min=st.sampled_from([0.001, 0.01, 0.1]),
)
def test_a_coalition_is_worth_the_growth_of_its_clipped_pool(seed, n, k, pool, anchor, weighted, sharp, p_min):
    signals, odds, outcomes = questions(seed, 5, n, k, sharp, p_min)
    rng = np.random.default_rng(seed + 1)
    wagers = rng.uniform(0, 3, size=5) if weighted else None
    weights = rng.uniform(0, 2, size=n) if weighted else None
    game = pooled_growth_game(
        signals, odds, outcomes, wagers=wagers, pool=pool, weights=weights, anchor=anchor, p_min=p_min
    )
    expected = [
        written_out(
            signals,
            odds,
            outcomes,
            mask,
            wagers=np.ones(5) if wagers is None else wagers,
            pool=pool,
            weights=np.ones(n) if weights is None else weights,
            anchor=anchor,
            p_min=p_min,
        )
        for mask in range(1 << n)
    ]
    table = tabulate(game).table
    assert table == pytest.approx(expected, rel=0, abs=1e-11)
    assert table[0] == 0.0


def test_the_clip_is_exercised_by_the_comparison():
    # The comparison above would prove little if its pools never touched P_MIN, with one outcome or with several.
    signals, odds, _ = questions(3, 50, 4, 8, sharp=6.0)
    pooled = odds * np.prod(signals / odds[:, None, :], axis=1)
    low = (pooled / pooled.sum(axis=1, keepdims=True) < P_MIN).sum(axis=1)
    assert (low == 0).sum() < 50
    assert (low > 1).any()


@pytest.mark.parametrize("pool", ["log", "linear", "evidence"])
@pytest.mark.parametrize("k", [2, 3])
def test_log_odds_and_probabilities_say_the_same(pool, k):
    signals, odds, outcomes = questions(5, 30, 5, k)
    reference = np.random.default_rng(6).normal(scale=20, size=(30, 5, 1))
    by_logits = pooled_growth_game(np.log(signals) + reference, odds, outcomes, pool=pool, form="logits")
    by_probabilities = pooled_growth_game(signals, odds, outcomes, pool=pool)
    assert tabulate(by_logits).table == pytest.approx(tabulate(by_probabilities).table, rel=0, abs=1e-11)


@pytest.mark.parametrize("pool", ["log", "linear", "evidence"])
def test_extreme_log_odds_are_clipped_and_never_overflow(pool):
    signals = np.array([[[5_000.0, -5_000.0, 0.0]], [[5_000.0, -5_000.0, 0.0]]])
    odds = np.full((2, 3), 1 / 3)
    game = pooled_growth_game(signals, odds, [0, 1], pool=pool, anchor=0.0, form="logits")
    right, wrong = math.log(1 - 2 * P_MIN) - math.log(1 / 3), math.log(P_MIN) - math.log(1 / 3)
    assert game.values([[1]]) == pytest.approx([right + wrong], rel=1e-12)


@pytest.mark.parametrize("pool", ["log", "linear", "evidence"])
def test_growth_lies_between_the_clips(pool):
    signals, odds, outcomes = questions(9, 1, 6, 4, sharp=30.0)
    table = tabulate(pooled_growth_game(signals, odds, outcomes, pool=pool)).table
    own = math.log(odds[0, outcomes[0]])
    assert table.min() >= math.log(P_MIN) - own - 1e-12
    assert table.max() <= math.log(1 - 3 * P_MIN) - own + 1e-12


def test_who_repeats_the_public_odds_earns_nothing_as_evidence():
    signals, odds, outcomes = questions(12, 40, 5, 3)
    signals[:, 2] = odds
    with_copier = shapley(pooled_growth_game(signals, odds, outcomes, pool="evidence"))
    without = shapley(pooled_growth_game(np.delete(signals, 2, axis=1), odds, outcomes, pool="evidence"))
    assert with_copier.values[2] == pytest.approx(0.0, abs=1e-12)
    assert np.delete(with_copier.values, 2) == pytest.approx(without.values, rel=0, abs=1e-11)


def test_without_an_anchor_a_lone_supplier_is_worth_its_own_growth():
    signals, odds, outcomes = questions(13, 40, 3, 2, sharp=0.3)
    rows = np.arange(40)
    own = np.log(signals[rows, :, outcomes]) - np.log(odds[rows, outcomes])[:, None]
    for pool in ("log", "linear"):
        game = pooled_growth_game(signals, odds, outcomes, pool=pool, anchor=0.0)
        assert game.values(np.eye(3, dtype=bool)) == pytest.approx(own.sum(axis=0), rel=0, abs=1e-11)


def test_a_supplier_without_weight_changes_no_pool():
    signals, odds, outcomes = questions(14, 20, 3, 3)
    for pool in ("log", "linear", "evidence"):
        for anchor in (0.0, 1.0):
            game = pooled_growth_game(signals, odds, outcomes, pool=pool, weights=[1, 0, 2], anchor=anchor)
            assert shapley(game).values[1] == pytest.approx(0.0, abs=1e-12)


def test_credits_over_questions_add_up_and_scale_with_the_wager():
    signals, odds, outcomes = questions(15, 30, 5, 3)
    wagers = np.random.default_rng(16).uniform(0, 4, size=30)
    whole = shapley(pooled_growth_game(signals, odds, outcomes, wagers=wagers)).values
    parts = sum(
        wagers[t] * shapley(pooled_growth_game(signals[t : t + 1], odds[t : t + 1], outcomes[t : t + 1])).values
        for t in range(30)
    )
    assert whole == pytest.approx(parts, rel=0, abs=1e-11)


def test_values_do_not_depend_on_how_the_work_is_cut(monkeypatch):
    signals, odds, outcomes = questions(17, 40, 6, 3, sharp=4.0)
    whole = tabulate(pooled_growth_game(signals, odds, outcomes)).table
    monkeypatch.setattr(growth, "CHUNK", 7)
    cut = tabulate(pooled_growth_game(signals, odds, outcomes)).table
    assert cut == pytest.approx(whole, rel=0, abs=1e-12)


def good():
    signals, odds, outcomes = questions(1, 4, 3, 3, sharp=0.5)
    return {"signals": signals, "odds": odds, "outcomes": outcomes}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"signals": np.full((4, 3), 0.5)}, "shape \\(T, n, k\\)"),
        ({"signals": np.empty((4, 0, 3))}, "one supplier"),
        ({"signals": np.empty((0, 3, 3))}, "one question"),
        ({"signals": np.ones((4, 3, 1))}, "two outcomes"),
        ({"signals": np.full((4, 3, 3), 0.5)}, "signals sum to one"),
        ({"signals": np.tile([0.0, 0.5, 0.5], (4, 3, 1))}, "signals are probabilities"),
        ({"signals": np.full((4, 3, 3), np.nan)}, "signals are probabilities"),
        ({"signals": np.full((4, 3, 3), np.inf), "form": "logits"}, "finite"),
        ({"odds": np.full((4, 2), 0.5)}, "odds have shape \\(4, 3\\)"),
        ({"odds": np.full((4, 3), 0.3)}, "odds sum to one"),
        ({"odds": np.tile([0.005, 0.495, 0.5], (4, 1))}, "odds are at least p_min"),
        ({"outcomes": [0, 1, 2]}, "outcomes are ints of shape \\(4,\\)"),
        ({"outcomes": [0.0, 1.0, 2.0, 0.0]}, "outcomes are ints"),
        ({"outcomes": [0, 1, 2, 3]}, "0 to 2; got 0 to 3"),
        ({"outcomes": [0, 1, 2, -1]}, "got -1 to 2"),
        ({"wagers": [1.0, 1.0]}, "wagers are finite"),
        ({"wagers": [1.0, 1.0, 1.0, -1.0]}, "wagers are finite"),
        ({"weights": [1.0, np.nan, 1.0]}, "weights are finite"),
        ({"anchor": -1.0}, "anchor"),
        ({"anchor": np.inf}, "anchor"),
        ({"p_min": 0.0}, "p_min is 0.0"),
        ({"p_min": 0.4}, "at most"),
        ({"pool": "median"}, "log, linear, evidence; got 'median'"),
        ({"form": "odds"}, "probabilities, logits; got 'odds'"),
    ],
)
def test_what_makes_no_game_is_refused_with_what_is_accepted(change, says):
    pooled_growth_game(**good())
    with pytest.raises(GameError, match=says):
        pooled_growth_game(**(good() | change))
