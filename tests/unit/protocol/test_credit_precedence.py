"""Precedence Shapley: its definition over the orders that respect the ranks, what it gives clones, and its shares."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.credit import (
    FunctionGame,
    GameError,
    LogitGrowthGame,
    PlayerLimitError,
    TableGame,
    UnanimityGame,
    credit_shares,
    leave_one_out,
    pooled_growth_game,
    precedence_shapley,
    shapley,
)

RULES = settings(deadline=None, derandomize=True, max_examples=60)


@st.composite
def ranked_games(draw):
    n = draw(st.integers(1, 6))
    ranks = draw(st.lists(st.integers(-1, 2), min_size=n, max_size=n))
    return TableGame(np.random.default_rng(draw(st.integers(0, 999))).normal(size=1 << n)), ranks


def over_all_orders(game, ranks):
    """The definition: marginal contributions averaged over every order that respects the ranks."""
    n = game.n_players
    blocks = [[i for i in range(n) if ranks[i] == rank] for rank in sorted(set(ranks))]
    totals, orders = np.zeros(n), 0
    for parts in product(*(permutations(block) for block in blocks)):
        order = [player for part in parts for player in part]
        rows = np.zeros((n + 1, n), dtype=bool)
        for step, player in enumerate(order, start=1):
            rows[step:, player] = True
        totals[order] += np.diff(game.values(rows))
        orders += 1
    return totals / orders


def quarters(names):
    """Four suppliers; A, B and C know the same 3/4, D another 1/4. A's names come first. All values are dyadic."""

    def value(members):
        return members[:, : names + 2].any(axis=1) * 0.75 + members[:, names + 2] * 0.25

    return FunctionGame(names + 3, value)


@RULES
@given(ranked_games())
def test_the_value_is_the_average_over_the_orders_that_respect_the_ranks(case):
    game, ranks = case
    assert precedence_shapley(game, ranks).values == pytest.approx(over_all_orders(game, ranks), abs=1e-12)


@RULES
@given(ranked_games())
def test_everything_the_game_is_worth_is_divided(case):
    game, ranks = case
    credit = precedence_shapley(game, ranks)
    assert credit.values.sum() == pytest.approx(game.table[-1] - game.table[0], abs=1e-12)
    assert abs(credit.efficiency_residual) < 1e-12


@RULES
@given(ranked_games())
def test_one_rank_is_the_shapley_value_and_gaps_between_ranks_do_not_matter(case):
    game, ranks = case
    one = precedence_shapley(game, [7] * game.n_players)
    assert one.values.tolist() == shapley(game).values.tolist()
    spread = [10 * rank - 3 for rank in ranks]
    assert precedence_shapley(game, spread).values.tolist() == precedence_shapley(game, ranks).values.tolist()


@RULES
@given(ranked_games())
def test_alone_in_the_last_rank_a_player_earns_what_would_be_lost_without_it(case):
    game, ranks = case
    last = precedence_shapley(game, [*ranks[:-1], max(ranks) + 1])
    assert last.values[-1] == pytest.approx(leave_one_out(game).values[-1], abs=1e-12)


def test_a_whole_carrier_is_paid_for_by_its_highest_rank():
    # Kalai & Samet's weighted value of a unanimity game: the weights of the highest class alone count.
    credit = precedence_shapley(UnanimityGame(5, [0, 1, 3, 4]), [0, 1, 2, 1, 1])
    assert credit.values == pytest.approx([0, 1 / 3, 0, 1 / 3, 1 / 3], abs=1e-15)


@pytest.mark.parametrize("names", [2, 4, 6])
def test_clones_ranked_behind_the_established_earn_nothing_and_take_nothing_from_them(names):
    ranks = [0] + [1] * (names - 1) + [0, 0, 0]
    values = precedence_shapley(quarters(names), ranks).values
    assert values[1:names].tolist() == [0.0] * (names - 1)
    assert values[[0, names, names + 1, names + 2]] == pytest.approx([0.25] * 4, abs=1e-15)


def test_the_same_clones_earn_by_shapley_what_their_victims_lose():
    values = shapley(quarters(6)).values
    assert values[:6].sum() == pytest.approx(9 / 16, abs=1e-14)
    assert values[6:] == pytest.approx([3 / 32, 3 / 32, 1 / 4], abs=1e-14)


def test_evaluations_are_those_of_each_rank_and_both_ends():
    calls = []
    game = FunctionGame(30, lambda members: calls.append(len(members)) or members.sum(axis=1).astype(float))
    seen = []
    credit = precedence_shapley(
        game, [i // 10 for i in range(30)], progress=lambda done, total: seen.append((done, total))
    )
    assert credit.evaluations == sum(calls) == 3 * 1024 + 2
    assert seen == [(1024, 3072), (2048, 3072), (3072, 3072)]
    assert credit.values == pytest.approx(np.ones(30), abs=1e-12)


def test_a_rank_too_large_to_visit_is_refused_and_so_are_ranks_that_do_not_fit():
    game = FunctionGame(26, lambda members: members.sum(axis=1))
    with pytest.raises(PlayerLimitError, match="at most 24"):
        precedence_shapley(game, [0] * 25 + [1])
    for ranks in ([0] * 25, [0.0] * 26, [True] * 26):
        with pytest.raises(GameError, match="ranks are ints"):
            precedence_shapley(game, ranks)


def sample(n, questions, seed=4):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=questions)
    outcomes = (rng.uniform(size=questions) < 1 / (1 + np.exp(-truth))).astype(int)
    gains = truth[:, None] / n + rng.normal(scale=0.3, size=(questions, n))
    return gains, np.zeros(questions), outcomes


def test_the_logit_game_is_the_evidence_pool_of_two_outcomes():
    gains, base, outcomes = sample(4, 60)
    base = base + 0.4
    said = 1 / (1 + np.exp(-(base[:, None] + gains)))
    odds = 1 / (1 + np.exp(-base))
    pooled = pooled_growth_game(
        np.stack([1 - said, said], axis=2),
        np.stack([1 - odds, odds], axis=1),
        outcomes,
        wagers=np.full(60, 1 / 60),
        pool="evidence",
        p_min=1e-6,
    )
    assert LogitGrowthGame(gains, base, outcomes).range_values(0, 16) == pytest.approx(
        pooled.range_values(0, 16), abs=1e-12
    )


def test_the_logit_game_does_not_overflow():
    game = LogitGrowthGame([[800.0], [-800.0]], [0.0, 0.0], [0, 0])
    assert game.range_values(0, 2) == pytest.approx([0.0, np.log(2) - 400.0])


@pytest.mark.parametrize("rule", ["shapley", "leave-one-out", "precedence", "equal"])
def test_shares_are_not_negative_and_sum_to_one(rule):
    shares = credit_shares(*sample(8, 50), ranks=(0, 0, 1, 1, 2, 2, 2, 2), rule=rule)
    assert shares.shape == (8,)
    assert (shares >= 0).all()
    assert shares.sum() == pytest.approx(1, abs=1e-12)


def test_shares_are_the_positive_credits_in_proportion():
    gains, base, outcomes = sample(5, 80)
    gains[:, 3] *= -1
    credit = shapley(LogitGrowthGame(gains, base, outcomes)).values
    assert credit[3] < 0
    positive = np.maximum(credit, 0)
    assert credit_shares(gains, base, outcomes) == pytest.approx(positive / positive.sum(), abs=1e-12)


@pytest.mark.parametrize("rule", ["shapley", "leave-one-out", "precedence"])
def test_nobody_shares_when_nothing_was_gained_though_equal_pays_everybody(rule):
    gains, base, outcomes = sample(3, 20)
    nothing = np.zeros_like(gains)
    assert credit_shares(nothing, base, outcomes, rule=rule).tolist() == [0.0] * 3
    assert credit_shares(nothing, base, outcomes, rule="equal") == pytest.approx([1 / 3] * 3)


def test_ranks_in_the_shares_take_from_the_newcomer_that_repeats_an_incumbent():
    gains, base, outcomes = sample(2, 400)
    # The second supplier's weight is half a share of the same evidence; its clone carries the other half.
    cloned = np.column_stack([gains[:, 0], gains[:, 1] / 2, gains[:, 1] / 2])
    plain = credit_shares(cloned, base, outcomes)
    ranked = credit_shares(cloned, base, outcomes, ranks=(0, 0, 1), rule="precedence")
    assert plain[1] == pytest.approx(plain[2])
    assert ranked[2] < ranked[1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"gains": np.zeros((3, 0))}, "at least one question"),
        ({"gains": np.full((3, 2), np.nan)}, "finite"),
        ({"base": np.zeros(2)}, "shapes"),
        ({"outcomes": np.array([0, 1, 2])}, "0 or 1"),
        ({"rule": "fair"}, "rule is one of"),
        ({"rule": "precedence", "ranks": (0,)}, "ranks are ints"),
    ],
)
def test_what_does_not_fit_is_refused(change, said):
    fit = {"gains": np.zeros((3, 2)), "base": np.zeros(3), "outcomes": np.array([0, 1, 1])}
    with pytest.raises(GameError, match=said):
        credit_shares(**fit | change)
