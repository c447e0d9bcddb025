"""A game's state as something to look at in a terminal. Imported by itself: it loads rich.

Fits 80 columns. Nothing in it is read as markup, whatever players are called.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from headwater_agents.games.base import POINT, Game
from headwater_agents.games.errors import SettingsError
from headwater_agents.games.escape import DOOR, LEVER, EscapeRoom, EscapeState
from headwater_agents.games.raid import HERO_HP, TURNS, Raid, RaidState

NAMED: Final = 4
"""Players of a list told by name; the rest are a number."""

_EARNINGS: Final = 6
"""Players of a room whose earnings are told one by one."""

_BOSS_BAR: Final = 40
_HERO_BAR: Final = 20


def scene(game: Game[Any], state: Any, names: Sequence[str] | None = None) -> RenderableType:
    """The state, in a frame; `names` are what the players are called, their numbers otherwise.

    Escape room and raid are drawn; any other game tells in words who is to act and what each has earned.

    Raises:
        SettingsError: other than one name a player.
    """
    called = [f"player {player}" for player in range(game.players)] if names is None else list(names)
    if len(called) != game.players:
        raise SettingsError(f"{game.players} players need as many names; got {len(called)}")
    if isinstance(game, EscapeRoom):
        drawn, below = _room(game, state, called)
    elif isinstance(game, Raid):
        drawn, below = _raid(game, state, called if names else [f"hero {hero}" for hero in range(game.players)])
    else:
        drawn, below = _words(game, state, called)
    return Panel(Group(drawn, Text(below)), title=Text(game.name), title_align="left", width=80)


def points(wei: int) -> str:
    """Points, to as many places as they need, two at most: "10", "0.5", "−1"."""
    return f"{wei / POINT:.2f}".rstrip("0").rstrip(".").replace("-", "−")


def _room(game: EscapeRoom, state: EscapeState, names: Sequence[str]) -> tuple[RenderableType, str]:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(max_width=56)
    opened = game.opens(state)
    look = "open" if opened else "shut"
    grid.add_row(
        Text(f"door, {look}", style="bold green" if opened else "bold red"), Text(_who(state.chosen, DOOR, names))
    )
    held = state.chosen.count(LEVER)
    grid.add_row(
        Text(f"levers, {held} of {game.levers}", style="bold green" if held >= game.levers else "bold"),
        Text(_who(state.chosen, LEVER, names)),
    )
    if not state.chosen:
        return grid, f"{game.players} players are choosing."
    own = game.own(state)
    if game.players <= _EARNINGS:
        return grid, "  ".join(f"{name}: {points(wei)}" for name, wei in zip(names, own, strict=True))
    return (
        grid,
        f"{sum(wei > 0 for wei in own)} of {game.players} got out with {points(max(own))}; the sum {points(sum(own))}",
    )


def _raid(game: Raid, state: RaidState, names: Sequence[str]) -> tuple[RenderableType, str]:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, max_width=18)
    grid.add_column(width=_BOSS_BAR)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_row(Text("boss", style="bold red"), _bar(state.boss, game.boss, _BOSS_BAR, "red"), str(state.boss), "")
    own = game.own(state)
    for hero, hp in enumerate(state.hp):
        style = "dim" if not hp else "green" if hp > HERO_HP / 2 else "yellow" if hp > HERO_HP / 4 else "red"
        name = Text(("▶ " if hero == state.hero else "  ") + names[hero], style="dim" if not hp else "")
        grid.add_row(name, _bar(hp, HERO_HP, _HERO_BAR, style), str(hp), _hero(state, hero, own[hero]))
    if state.hero >= 0:
        return grid, f"turn {state.turn} of 0 to {TURNS - 1}"
    result = f"won in turn {state.turn}" if state.won else "lost"
    dead = f", {state.dead} dead" if state.dead else ""
    return grid, f"{result}{dead}: the team earned {points(game.team(state))}"


def _hero(state: RaidState, hero: int, own: int) -> Text:
    if not state.hp[hero]:
        return Text(f"dead, {points(own)}", style="dim")
    wait = state.ready[hero] - state.turn
    taunt = "taunts!" if hero == state.taunter else f"taunt in {wait}" if wait > 0 else "can taunt"
    return Text(f"{taunt}, {points(own)}", style="bold" if hero == state.taunter else "")


def _words(game: Game[Any], state: Any, names: Sequence[str]) -> tuple[RenderableType, str]:
    acting = game.acting(state)
    told = Text(f"to act: {_listed([names[player] for player in acting])}" if acting else "finished")
    own = [f"{name}: {points(wei)}" for name, wei in zip(names, game.own(state), strict=True)]
    more = f"  and {len(own) - _EARNINGS} more" if len(own) > _EARNINGS else ""
    return told, f"earned: {'  '.join(own[:_EARNINGS])}{more}; together {points(game.team(state))}"


def _who(chosen: Sequence[str], place: str, names: Sequence[str]) -> str:
    return _listed([name for name, at in zip(names, chosen, strict=False) if at == place]) if chosen else ""


def _listed(names: Sequence[str]) -> str:
    if len(names) <= NAMED:
        return ", ".join(names) or "nobody"
    return ", ".join(names[:NAMED]) + f" and {len(names) - NAMED} more"


def _bar(left: int, full: int, width: int, style: str) -> ProgressBar:
    return ProgressBar(
        total=full, completed=left, width=width, style="bright_black", complete_style=style, finished_style=style
    )
