"""The escape room: somebody opens the door if enough others hold the levers, and only who is at the door gains.

The dilemma of Yang et al. (2020, arXiv 2006.06051), in one shot: who holds a lever has nothing from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from headwater_agents.games.base import POINT, Die, Floats, Game
from headwater_agents.games.errors import SettingsError

DOOR: Final = "door"
LEVER: Final = "lever"
STAY: Final = "stay"

OPENED: Final = 10 * POINT
"""Net earning of a player at a door that opens."""

EFFORT: Final = -POINT
"""Earning of everybody else."""

MAX_ESCAPE_PLAYERS: Final = 10_000
_MOVES: Final = (DOOR, LEVER)


@dataclass(frozen=True, slots=True)
class EscapeState:
    """What everybody chose; () before."""

    chosen: tuple[str, ...] = ()


class EscapeRoom(Game[EscapeState]):
    """n players choose door or lever at once. With at least m at levers, whoever is at the door ends at 10, net.

    Everybody else ends at −1, whoever stays away (the idle) too. Two players and one lever are the source's room.

    Raises:
        SettingsError: other than 2 to 10,000 players, or other than 1 to n − 1 levers.
    """

    name: ClassVar[str] = "escape-room"

    def __init__(self, players: int = 2, levers: int = 1) -> None:
        if type(players) is not int or not 2 <= players <= MAX_ESCAPE_PLAYERS:
            raise SettingsError(f"an escape room has 2 to {MAX_ESCAPE_PLAYERS} players; got {players!r}")
        if type(levers) is not int or not 1 <= levers < players:
            raise SettingsError(f"an escape room of {players} players has 1 to {players - 1} levers; got {levers!r}")
        self.players = players
        self.levers = levers

    @property
    def settings(self) -> dict[str, Any]:
        """Players and levers."""
        return {"players": self.players, "levers": self.levers}

    def start(self) -> EscapeState:
        """Nobody has chosen."""
        return EscapeState()

    def acting(self, state: EscapeState) -> tuple[int, ...]:
        """Everybody, once."""
        return () if state.chosen else tuple(range(self.players))

    def stage(self, state: EscapeState) -> tuple[int, ...]:
        """The one choice is the one stage."""
        return self.acting(state)

    def moves(self, player: int) -> tuple[str, ...]:
        """Door and lever."""
        return _MOVES

    def choices(self, state: EscapeState, player: int) -> tuple[str, ...]:
        """Door and lever, once."""
        return () if state.chosen else _MOVES

    def idle(self, state: EscapeState, player: int) -> str:
        """To stay where one is, which ends at −1 too."""
        return STAY

    def default(self, state: EscapeState, player: int) -> str:
        """The door: to hold a lever never pays by itself."""
        return DOOR

    def dice(self, state: EscapeState, actions: Mapping[int, str]) -> tuple[Die, ...]:
        """None: nothing here is chance."""
        return ()

    def step(self, state: EscapeState, actions: Mapping[int, str], rolls: Sequence[int]) -> EscapeState:
        """Everybody's choice, and the end."""
        self.check(state, actions, rolls)
        return EscapeState(tuple(actions[player] for player in range(self.players)))

    def opens(self, state: EscapeState) -> bool:
        """Whether enough levers are held."""
        return state.chosen.count(LEVER) >= self.levers

    def own(self, state: EscapeState) -> tuple[int, ...]:
        """10 at an open door, −1 elsewhere; 0 before."""
        if not state.chosen:
            return (0,) * self.players
        door = OPENED if self.opens(state) else EFFORT
        return tuple(door if chosen == DOOR else EFFORT for chosen in state.chosen)

    def team(self, state: EscapeState) -> int:
        """Nothing is earned together."""
        return 0

    @property
    def purse(self) -> int:
        """10 points for everybody who can be at the door when it opens."""
        return OPENED * (self.players - self.levers)

    def observation(self, state: EscapeState, player: int) -> Floats:
        """Over or not, shares of the players at the door and at levers, the share of levers needed, door or not."""
        chosen = state.chosen
        at = chosen[player] if chosen else ""
        return np.array(
            [
                bool(chosen),
                chosen.count(DOOR) / self.players,
                chosen.count(LEVER) / self.players,
                self.levers / self.players,
                at == DOOR,
                at == LEVER,
            ],
            dtype=np.float32,
        )

    def bounds(self) -> tuple[Floats, Floats]:
        """0 to 1."""
        return np.zeros(6, dtype=np.float32), np.ones(6, dtype=np.float32)

    def describe(self, state: EscapeState, player: int) -> str:
        """The room, and what happened."""
        need = "one lever is" if self.levers == 1 else f"{self.levers} levers are"
        rules = (
            f"{self.players} players are in a locked room; you are player {player}. All choose at once, one time: go to"
            f" the door, or hold a lever. If at least {need} held, the door opens and everybody at the door gets 10"
            " points. Everybody else loses 1 point: whoever holds a lever, and everybody if the door stays shut."
        )
        if not state.chosen:
            return f"{rules} Nobody has chosen yet."
        counted = f"{state.chosen.count(DOOR)} at the door, {state.chosen.count(LEVER)} at levers"
        return f"{rules} It is over: {counted}; the door {'opened' if self.opens(state) else 'stayed shut'}."

    def slot(self, state: EscapeState, player: int) -> str:
        """One decision each."""
        return f"player {player}"
