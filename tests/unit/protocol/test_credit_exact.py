"""The exact Shapley value: its axioms, its definition over all orders, closed forms, and shapiq."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapiq.game_theory.exact import ExactComputer

from headwater.credit import (
    AdditiveGame,
    AirportGame,
    FunctionGame,
    GloveGame,
    SymmetricGame,
    TableGame,
    UnanimityGame,
    VotingGame,
    coalition_range,
    equal,
    leave_one_out,
    shapley,
    tabulate,
)

RULES = settings(deadline=None, derandomize=True, max_examples=60)


@st.composite
def tables(draw, least=1, most=6):
    n = draw(st.integers(least, most))
    seed = draw(st.integers(0, 2**32 - 1))
    scale = draw(st.sampled_from([1e-6, 1.0, 1e6]))
    return np.random.default_rng(seed).normal(size=1 << n) * scale


def over_all_orders(table):
    """The definition: a player's contribution on arrival, averaged over the n! orders."""
    n = len(table).bit_length() - 1
    totals, orders = np.zeros(n), 0
    for order in permutations(range(n)):
        mask = 0
        for player in order:
            totals[player] += table[mask | 1 << player] - table[mask]
            mask |= 1 << player
        orders += 1
    return totals / orders


def close_to(table):
    return 1e-13 * float(np.abs(table).max())


@RULES
@given(tables())
def test_shapley_is_the_mean_contribution_over_all_orders(table):
    assert shapley(TableGame(table)).values == pytest.approx(over_all_orders(table), rel=0, abs=close_to(table))


@RULES
@given(tables(most=10))
def test_shapley_divides_the_value_of_everybody(table):
    credit = shapley(TableGame(table))
    assert abs(credit.efficiency_residual) <= close_to(table)
    assert credit.values.sum() == pytest.approx(table[-1] - table[0], rel=0, abs=close_to(table))


@RULES
@given(tables(least=2), st.data())
def test_players_who_can_be_exchanged_earn_the_same(table, data):
    n = len(table).bit_length() - 1
    a, b = data.draw(st.permutations(range(n)))[:2]
    masks = np.arange(1 << n)
    swapped = masks & ~(1 << a | 1 << b) | (masks >> a & 1) << b | (masks >> b & 1) << a
    values = shapley(TableGame(table + table[swapped])).values
    assert values[a] == pytest.approx(values[b], rel=0, abs=2 * close_to(table))


@RULES
@given(tables(most=8), st.data())
def test_renaming_players_renames_their_credits(table, data):
    n = len(table).bit_length() - 1
    names = data.draw(st.permutations(range(n)))
    masks = np.arange(1 << n)
    renamed = sum((masks >> new & 1) << old for new, old in enumerate(names))
    values = shapley(TableGame(table)).values
    assert shapley(TableGame(table[renamed])).values == pytest.approx(values[names], rel=0, abs=close_to(table))


@RULES
@given(tables(), st.integers(0, 6), st.floats(-1e3, 1e3))
def test_a_player_who_adds_a_constant_earns_it_and_nobody_else_notices(table, position, constant):
    # The null player is the case constant = 0.
    n = len(table).bit_length() - 1
    position = min(position, n)
    masks = np.arange(2 << n)
    others = masks & ((1 << position) - 1) | masks >> (position + 1) << position
    values = shapley(TableGame(table[others] + constant * (masks >> position & 1))).values
    tolerance = close_to(np.append(table, constant))
    assert values[position] == pytest.approx(constant, rel=0, abs=tolerance)
    assert np.delete(values, position) == pytest.approx(shapley(TableGame(table)).values, rel=0, abs=2 * tolerance)


@RULES
@given(st.integers(1, 8), st.integers(0, 2**32 - 1), st.floats(-5, 5))
def test_the_credit_of_a_sum_of_games_is_the_sum_of_credits(n, seed, factor):
    first, second = np.random.default_rng(seed).normal(size=(2, 1 << n))
    together = shapley(TableGame(first + factor * second)).values
    apart = shapley(TableGame(first)).values + factor * shapley(TableGame(second)).values
    assert together == pytest.approx(apart, rel=0, abs=1e-12)


@RULES
@given(tables(), st.floats(-1e3, 1e3))
def test_a_constant_added_to_every_coalition_changes_nothing(table, constant):
    values = shapley(TableGame(table)).values
    moved = shapley(TableGame(table + constant)).values
    assert moved == pytest.approx(values, rel=0, abs=close_to(np.append(table, constant)))


@pytest.mark.parametrize(
    "game",
    [
        AdditiveGame([0.5, -2.0, 0.0, 7.25]),
        AirportGame([1.0, 5.0, 2.0, 2.0, 9.0, 0.0]),
        AirportGame([3.0]),
        GloveGame(1, 4),
        GloveGame(3, 5),
        GloveGame(0, 3),
        SymmetricGame([1.0, 2.0, 5.0, 5.0, 4.0]),
        UnanimityGame(7, [1, 3, 6]),
        UnanimityGame(1, [0]),
        VotingGame([4, 3, 2, 1], 6),
        VotingGame([3, 2, 2, 1, 0, 7], 5),
        VotingGame([1, 1], 5),
    ],
    ids=lambda game: f"{type(game).__name__}-{game.n_players}",
)
def test_closed_forms_are_reached(game):
    assert shapley(game).values == pytest.approx(game.solution(), rel=0, abs=1e-14)
    assert shapley(game).values == pytest.approx(over_all_orders(tabulate(game).table), rel=0, abs=1e-13)


@pytest.mark.parametrize(
    ("game", "published"),
    [
        # One left glove among r right ones: r / (r + 1) for its holder.
        (GloveGame(1, 2), [2 / 3, 1 / 6, 1 / 6]),
        # The United Nations' security council: a permanent member holds 421/2145, another 4/2145.
        (VotingGame([7] * 5 + [1] * 10, 39), [421 / 2145] * 5 + [4 / 2145] * 10),
        # Littlechild & Owen's runway with costs 1, 2, 3.
        (AirportGame([1, 2, 3]), [1 / 3, 5 / 6, 11 / 6]),
    ],
    ids=["glove", "security-council", "runway"],
)
def test_published_values_are_reached(game, published):
    assert game.solution() == pytest.approx(published, rel=1e-14)
    assert shapley(game).values == pytest.approx(published, rel=0, abs=1e-14)


def test_shapley_agrees_with_shapiq():
    n = 10
    table = np.random.default_rng(7).normal(size=1 << n)
    game = TableGame(table)
    theirs = ExactComputer(n_players=n, game=game.values)("SV")
    expected = [theirs[(player,)] for player in range(n)]
    assert shapley(game).values == pytest.approx(expected, rel=0, abs=1e-13)


def test_a_game_larger_than_one_block_is_joined_without_a_seam():
    # 18 players: four blocks of 2**16, so that players 16 and 17 are counted by blocks and the others inside them.
    game = VotingGame([1, 5, 2, 3, 1, 1, 4, 2, 6, 1, 1, 3, 2, 2, 1, 5, 8, 4], 27)
    credit = shapley(game)
    assert credit.values == pytest.approx(game.solution(), rel=0, abs=1e-13)
    assert credit.evaluations == 1 << 18


def test_every_coalition_is_asked_for_once_and_progress_reaches_the_end():
    asked = np.zeros(1 << 17, dtype=np.int64)

    def value(members):
        np.add.at(asked, members @ (1 << np.arange(17)), 1)
        return members.sum(axis=1)

    seen = []
    credit = shapley(FunctionGame(17, value), progress=lambda done, total: seen.append((done, total)))
    assert asked.min() == asked.max() == 1
    assert credit.evaluations == 1 << 17
    assert seen == [(1 << 16, 1 << 17), (1 << 17, 1 << 17)]


def test_exact_credits_say_so():
    for method in (shapley, leave_one_out, equal):
        credit = method(GloveGame(2, 3))
        assert credit.method == method.__name__
        assert credit.exact
        assert credit.standard_error.tolist() == [0.0] * 5
        with pytest.raises(ValueError, match="read-only"):
            credit.values[0] = 1.0


@RULES
@given(tables())
def test_leave_one_out_is_the_last_contribution(table):
    n = len(table).bit_length() - 1
    credit = leave_one_out(TableGame(table))
    assert credit.values.tolist() == [table[-1] - table[-1 - (1 << player)] for player in range(n)]
    assert credit.evaluations == n + 2
    assert credit.efficiency_residual == pytest.approx(
        credit.values.sum() - (table[-1] - table[0]), rel=0, abs=close_to(table)
    )


def test_leave_one_out_gives_substitutes_nothing_and_says_what_is_missing():
    credit = leave_one_out(FunctionGame(4, lambda members: members.any(axis=1)))
    assert credit.values.tolist() == [0.0] * 4
    assert credit.efficiency_residual == -1.0


@RULES
@given(tables())
def test_equal_divides_the_value_of_everybody_alike(table):
    n = len(table).bit_length() - 1
    credit = equal(TableGame(table))
    assert credit.values.tolist() == [(table[-1] - table[0]) / n] * n
    assert credit.evaluations == 2
    assert abs(credit.efficiency_residual) <= close_to(table)


def test_leave_one_out_and_equal_take_more_players_than_bitmasks_do():
    game = AirportGame(np.arange(200.0))
    assert leave_one_out(game).values.tolist() == [0.0] * 199 + [1.0]
    assert equal(game).values == pytest.approx([199 / 200] * 200)


def test_bit_i_of_a_mask_is_column_i_of_the_matrix():
    for n, start, stop in ((1, 0, 2), (5, 3, 29), (20, 65_530, 65_545), (24, (1 << 24) - 3, 1 << 24), (4, 7, 7)):
        expected = [[bool(mask >> player & 1) for player in range(n)] for mask in range(start, stop)]
        assert coalition_range(n, start, stop).tolist() == expected


@RULES
@given(tables(most=8))
def test_a_table_reads_the_same_by_matrix_by_range_and_tabulated(table):
    n = len(table).bit_length() - 1
    game = TableGame(table)
    everything = coalition_range(n, 0, 1 << n)
    assert game.values(everything).tolist() == table.tolist()
    assert game.values(everything.astype(np.uint8)).tolist() == table.tolist()
    assert tabulate(FunctionGame(n, game.values)).table.tolist() == table.tolist()
