"""Escape room and games in normal form: what their tables say, and what they refuse."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater_agents.games import (
    POINT,
    EscapeRoom,
    IllegalActionError,
    IllegalRollError,
    MatrixGame,
    SettingsError,
    game_from,
    payoffs,
)


@pytest.mark.parametrize(
    ("first", "second", "earned"),
    [
        ("door", "door", (-1, -1)),
        ("door", "lever", (10, -1)),
        ("lever", "door", (-1, 10)),
        ("lever", "lever", (-1, -1)),
    ],
)
def test_the_escape_room_pays_what_the_source_says(first: str, second: str, earned: tuple[int, int]) -> None:
    game = EscapeRoom()
    state = game.step(game.start(), {0: first, 1: second}, ())
    assert game.own(state) == tuple(points * POINT for points in earned)
    assert game.team(state) == 0
    assert payoffs(game, state) == game.own(state)
    assert game.finished(state)


def test_nothing_is_earned_before_the_choice() -> None:
    game = EscapeRoom(5, 2)
    assert game.own(game.start()) == (0,) * 5
    assert game.acting(game.start()) == game.stage(game.start()) == tuple(range(5))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_door_pays_exactly_who_stands_at_it_when_enough_levers_are_held(data: st.DataObject) -> None:
    players = data.draw(st.integers(2, 12))
    levers = data.draw(st.integers(1, players - 1))
    chosen = data.draw(st.lists(st.sampled_from(["door", "lever", "stay"]), min_size=players, max_size=players))
    game = EscapeRoom(players, levers)
    state = game.step(game.start(), dict(enumerate(chosen)), ())
    opens = sum(one == "lever" for one in chosen) >= levers
    assert game.own(state) == tuple((10 if opens and one == "door" else -1) * POINT for one in chosen)
    assert sum(max(wei, 0) for wei in game.own(state)) <= game.purse


def test_the_escape_room_is_a_dilemma() -> None:
    # Nobody gains by going to a lever alone, whatever the others do; yet all are best off together with m at levers.
    game = EscapeRoom(4, 2)
    total = {}
    for chosen in itertools.product(("door", "lever"), repeat=4):
        own = game.own(game.step(game.start(), dict(enumerate(chosen)), ()))
        total[chosen] = sum(own)
        if chosen[0] == "lever":
            other = game.own(game.step(game.start(), dict(enumerate(("door", *chosen[1:]))), ()))
            assert other[0] >= own[0]
    assert max(total.values()) == (10 * 2 - 2) * POINT
    assert all(chosen.count("lever") == 2 for chosen, sum_ in total.items() if sum_ == max(total.values()))


@pytest.mark.parametrize(
    ("actions", "rolls", "error"),
    [
        ({0: "door"}, (), IllegalActionError),
        ({0: "door", 1: "lever", 2: "door"}, (), IllegalActionError),
        ({0: "door", 2: "lever"}, (), IllegalActionError),
        ({0: "door", 1: "window"}, (), IllegalActionError),
        ({0: "door", 1: "lever"}, (3,), IllegalRollError),
    ],
)
def test_a_room_refuses_what_its_rules_do_not_name(
    actions: dict[int, str], rolls: tuple[int, ...], error: type[Exception]
) -> None:
    game = EscapeRoom()
    state = game.start()
    with pytest.raises(error):
        game.step(state, actions, rolls)
    assert state == game.start()


def test_nobody_chooses_twice() -> None:
    game = EscapeRoom()
    state = game.step(game.start(), {0: "door", 1: "lever"}, ())
    assert game.acting(state) == game.stage(state) == game.choices(state, 0) == ()
    with pytest.raises(IllegalActionError, match="finished"):
        game.step(state, {0: "door", 1: "lever"}, ())


@pytest.mark.parametrize(("players", "levers"), [(1, 1), (2, 0), (2, 2), (3, 4), (10_001, 1), (True, 1), (2.0, 1)])
def test_rooms_that_cannot_be_are_refused(players: int, levers: int) -> None:
    with pytest.raises(SettingsError):
        EscapeRoom(players, levers)


def test_a_table_and_its_room_pay_the_same() -> None:
    table = MatrixGame([[[-1, 10], [-1, -1]], [[-1, -1], [10, -1]]], names=[["door", "lever"]] * 2)
    room = EscapeRoom()
    for chosen in itertools.product(("door", "lever"), repeat=2):
        actions = dict(enumerate(chosen))
        assert table.own(table.step(table.start(), actions, ())) == room.own(room.step(room.start(), actions, ()))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(0, 2**32))
def test_a_cell_of_the_table_is_what_is_earned(shape: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.integers(-50, 50, (len(shape), *shape))
    game = MatrixGame(table, unit=7)
    cell = tuple(int(rng.integers(k)) for k in shape)
    state = game.step(game.start(), {player: f"a{number}" for player, number in enumerate(cell)}, ())
    assert game.own(state) == tuple(7 * int(table[(player, *cell)]) for player in range(len(shape)))
    assert game_from("matrix", game.settings) == game
    assert sum(max(wei, 0) for wei in game.own(state)) <= game.purse
    low, high = game.bounds()
    seen = game.observation(state, 0)
    assert ((low <= seen) & (seen <= high)).all()


def test_an_absent_player_counts_as_the_action_that_is_named_for_it() -> None:
    game = MatrixGame([[[1, 2], [3, 4]], [[5, 6], [7, 8]]], unit=1, absent=[1, 0])
    state = game.step(game.start(), {0: game.idle(game.start(), 0), 1: "a1"}, ())
    assert game.own(state) == (4, 8)
    assert game.idle(state, 0) not in game.moves(0)


@pytest.mark.parametrize(
    "settings_",
    [
        {"payoffs": [[1, 2], [3]]},
        {"payoffs": [[[1, 2]], [[3, 4]], [[5, 6]]]},
        {"payoffs": [[1.5, 2]]},
        {"payoffs": [[True, 2]]},
        {"payoffs": []},
        {"payoffs": [[1, 2]], "unit": 0},
        {"payoffs": [[1, 2]], "names": [["a", "a"]]},
        {"payoffs": [[1, 2]], "names": [["a", "absent"]]},
        {"payoffs": [[1, 2]], "names": [["a"]]},
        {"payoffs": [[1, 2]], "absent": [2]},
        {"payoffs": [[1, 2]], "absent": 1},
        {"payoffs": [[1, 2]], "colour": "red"},
        {},
    ],
)
def test_tables_that_are_none_are_refused(settings_: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        game_from("matrix", settings_)


def test_a_game_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="the games are escape-room"):
        game_from("chess")
