"""What the terminal shows of a game says what its state says."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from headwater_agents.games import EscapeRoom, Game, MatrixGame, Raid, Rolls, SettingsError, finish
from headwater_agents.games.scene import points, scene


def seen(game: Game[Any], state: Any, names: list[str] | None = None) -> str:
    console = Console(file=io.StringIO(), width=80, color_system=None)
    console.print(scene(game, state, names))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert all(len(line) <= 80 for line in text.splitlines())
    return text


def test_a_room_shows_door_levers_and_who_gained() -> None:
    game = EscapeRoom()
    before = seen(game, game.start())
    assert "door, shut" in before
    assert "2 players are choosing." in before
    after = seen(game, game.step(game.start(), {0: "door", 1: "lever"}, ()), ["[bold]ann[/]", "bo"])
    assert "door, open" in after
    assert "levers, 1 of 1" in after
    assert "[bold]ann[/]: 10  bo: −1" in after


def test_a_crowd_is_counted() -> None:
    game = EscapeRoom(1000, 3)
    state = game.step(game.start(), {player: "lever" if player < 3 else "door" for player in range(1000)}, ())
    text = seen(game, state)
    assert "player 6 and 993 more" in text
    assert "997 of 1000 got out with 10" in text


def test_a_raid_shows_hp_taunts_and_its_end() -> None:
    game = Raid()
    state = game.step(game.start(), {0: "taunt"}, ())
    text = seen(game, state)
    assert "taunts!, 0.5" in text
    assert "▶ hero 1" in text
    assert "2000" in text
    assert "turn 0 of 0 to 9" in text
    won = finish(game, state, game.default, Rolls(np.random.default_rng(1)))
    assert f"won in turn {won.turn}: the team earned {points(game.team(won))}" in seen(game, won)
    lost = finish(game, game.start(), lambda _, __: "fireball", Rolls(np.random.default_rng(1)))
    assert "lost, 4 dead: the team earned −100" in seen(game, lost)


def test_the_bars_grow_with_what_is_left() -> None:
    game = Raid()
    state = game.step(game.start(), {0: "fireball"}, (150,))
    lines = seen(game, state).splitlines()
    assert next(line for line in lines if "boss" in line).count("━") < 40


def test_a_game_without_a_picture_tells_in_words() -> None:
    game = MatrixGame([[[1, 2], [3, 4]], [[4, 3], [2, 1]]])
    assert "to act: player 0, player 1" in seen(game, game.start())
    text = seen(game, game.step(game.start(), {0: "a1", 1: "a0"}, ()), ["row", "column"])
    assert "earned: row: 3  column: 2; together 0" in text


def test_every_player_needs_a_name() -> None:
    with pytest.raises(SettingsError, match="2 players need"):
        scene(EscapeRoom(), EscapeRoom().start(), ["one"])


@pytest.mark.parametrize(
    ("wei", "text"), [(0, "0"), (10**18, "1"), (-(10**18), "−1"), (5 * 10**17, "0.5"), (10**19, "10")]
)
def test_points_are_written_short(wei: int, text: str) -> None:
    assert points(wei) == text
