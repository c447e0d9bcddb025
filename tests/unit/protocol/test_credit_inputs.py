"""What the games and methods refuse, and that they say what they take."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.credit import (
    MAX_EXACT_PLAYERS,
    AdditiveGame,
    AirportGame,
    CreditError,
    FunctionGame,
    GameError,
    GloveGame,
    PlayerLimitError,
    SymmetricGame,
    TableGame,
    UnanimityGame,
    VotingGame,
    coalition_range,
    leave_one_out,
    shapley,
    tabulate,
)


def never(_):
    raise AssertionError("the game was evaluated")


@pytest.mark.parametrize(
    "call",
    [shapley, tabulate, lambda game: game.range_values(0, 1), lambda game: coalition_range(game.n_players, 0, 1)],
    ids=["shapley", "tabulate", "range_values", "coalition_range"],
)
def test_more_players_than_the_limit_are_refused_before_anything_is_evaluated(call):
    with pytest.raises(PlayerLimitError, match=f"at most {MAX_EXACT_PLAYERS} players; this game has 25"):
        call(FunctionGame(25, never))


@pytest.mark.parametrize("table", [[], [1.0], [1.0, 2.0, 3.0], [[1.0, 2.0], [3.0, 4.0]], 1.0])
def test_a_table_holds_a_power_of_two(table):
    with pytest.raises(GameError, match=r"2\*\*n values"):
        TableGame(table)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_value_is_finite(bad):
    with pytest.raises(GameError, match="not finite"):
        TableGame([0.0, bad])
    with pytest.raises(GameError, match="not finite"):
        shapley(FunctionGame(3, lambda members: np.where(members.all(axis=1), bad, 0.0)))


def test_a_table_is_copied_and_cannot_be_changed():
    source = np.array([0.0, 1.0])
    game = TableGame(source)
    source[1] = 5.0
    assert game.table.tolist() == [0.0, 1.0]
    with pytest.raises(ValueError, match="read-only"):
        game.table[0] = 1.0


@pytest.mark.parametrize(
    ("coalitions", "says"),
    [
        ([1, 0, 1], r"shape \(m, 3\)"),
        ([[1, 0]], r"shape \(m, 3\)"),
        ([[1.0, 0.0, 1.0]], "integer type"),
        ([[2, 0, 1]], "only 0"),
        ([[-1, 0, 1]], "only 0"),
    ],
)
def test_coalitions_are_rows_of_zero_and_one(coalitions, says):
    with pytest.raises(GameError, match=says):
        FunctionGame(3, never).values(coalitions)


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (3, 2), (0, 9)])
def test_a_range_lies_within_the_bitmasks(start, stop):
    with pytest.raises(GameError, match="from 0 to 8"):
        FunctionGame(3, never).range_values(start, stop)
    with pytest.raises(GameError, match="from 0 to 8"):
        coalition_range(3, start, stop)


@pytest.mark.parametrize("returned", [1.0, [1.0], [[1.0]] * 5])
def test_a_function_returns_one_value_a_coalition(returned):
    with pytest.raises(GameError, match=r"values of shape \(5,\)"):
        leave_one_out(FunctionGame(3, lambda _: returned))


@pytest.mark.parametrize("n", [0, -1, 2.0, True, "3"])
def test_a_game_has_a_whole_number_of_players(n):
    with pytest.raises(GameError, match="at least 1"):
        FunctionGame(n, never)


@pytest.mark.parametrize(
    "build",
    [
        lambda: AdditiveGame([]),
        lambda: AdditiveGame([1.0, float("nan")]),
        lambda: AirportGame([1.0, -1.0]),
        lambda: AirportGame([[1.0]]),
        lambda: GloveGame(-1, 3),
        lambda: GloveGame(0, 0),
        lambda: SymmetricGame([1.0]),
        lambda: UnanimityGame(3, []),
        lambda: UnanimityGame(3, [3]),
        lambda: UnanimityGame(3, [-1]),
        lambda: VotingGame([], 1),
        lambda: VotingGame([1, -1], 1),
        lambda: VotingGame([1.5, 1], 1),
        lambda: VotingGame([1, 1], 0),
    ],
)
def test_a_malformed_closed_form_game_is_refused(build):
    with pytest.raises(GameError):
        build()


def test_every_refusal_is_a_value_error():
    assert issubclass(CreditError, ValueError)
    assert issubclass(GameError, CreditError)
    assert issubclass(PlayerLimitError, CreditError)
