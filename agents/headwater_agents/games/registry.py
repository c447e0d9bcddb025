"""The games by name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final, cast

from headwater_agents.games.base import Game
from headwater_agents.games.errors import SettingsError

_GAMES: Final = {
    "escape-room": ("headwater_agents.games.escape", "EscapeRoom"),
    "haul": ("headwater_agents.games.haul", "Haul"),
    "matrix": ("headwater_agents.games.matrix", "MatrixGame"),
    "raid": ("headwater_agents.games.raid", "Raid"),
    "software": ("headwater_agents.games.software", "SoftwareTeam"),
}
"""Imported when asked for: a game may need more than its neighbours."""


def game_names() -> tuple[str, ...]:
    """The games there are, sorted."""
    return tuple(sorted(_GAMES))


def game_from(name: str, settings: Mapping[str, Any] | None = None) -> Game[Any]:
    """The game of this name and these settings.

    Raises:
        SettingsError: no game of this name, or settings that it does not take.
    """
    if name not in _GAMES:
        raise SettingsError(f"there is no game {name[:60]!r}; the games are {', '.join(game_names())}")
    module, kind = _GAMES[name]
    made = cast("type[Game[Any]]", getattr(import_module(module), kind))
    return made.from_settings(settings or {})
