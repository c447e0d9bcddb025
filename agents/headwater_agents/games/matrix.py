"""A game in normal form: everybody chooses once, at once, and a table says what each gets.

The table is the rules' alone: who plays only ever asks the game to be played.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from headwater_agents.games.base import POINT, Die, Floats, Game
from headwater_agents.games.errors import SettingsError

ABSENT: Final = "absent"
MAX_CELLS: Final = 1 << 20
"""Most joint actions of a table."""

MAX_ENTRY: Final = 10**30
"""Greatest size of an entry, in units."""


@dataclass(frozen=True, slots=True)
class MatrixState:
    """What everybody chose; () before."""

    chosen: tuple[str, ...] = ()


class MatrixGame(Game[MatrixState]):
    """n players with k1, …, kn actions, from payoffs of shape (n, k1, …, kn): integers, in units of `unit` wei.

    The actions of a player are "a0", "a1", …, or the names given, one list a player. A table says nothing of somebody
    who is absent: such a player counts as playing its action 0, or the one that `absent` gives for it.

    Raises:
        SettingsError: a ragged table, other entries than integers, a shape that does not fit, more than 2**20 cells, or
            names that are not distinct.
    """

    name: ClassVar[str] = "matrix"

    def __init__(
        self,
        payoffs: Sequence[Any] | np.ndarray[Any, Any],
        unit: int = POINT,
        names: Sequence[Sequence[str]] | None = None,
        absent: Sequence[int] | None = None,
    ) -> None:
        tables, shape = _read(payoffs)
        self.players = len(tables)
        if type(unit) is not int or not 1 <= unit <= MAX_ENTRY:
            raise SettingsError(f"the unit of a matrix game is an int from 1 to 10**30 wei; got {unit!r}")
        self.unit = unit
        self.shape = shape
        self._tables = tables
        self._names = _named(names, shape)
        self._index = tuple({move: number for number, move in enumerate(moves)} for moves in self._names)
        gone = (0,) * self.players if absent is None else tuple(absent)
        if len(gone) != self.players or any(
            type(one) is not int or not 0 <= one < k for one, k in zip(gone, shape, strict=True)
        ):
            raise SettingsError(f"absent names one action a player, by number, below {shape}; got {absent!r}")
        self._absent = gone
        entries = [entry for table in tables for entry in table]
        self._scale = max(1, *(abs(entry) for entry in entries))

    @property
    def settings(self) -> dict[str, Any]:
        """Payoffs as nested lists, unit, names of the actions, and what counts for the absent."""
        return {
            "payoffs": [_nested(table, self.shape) for table in self._tables],
            "unit": self.unit,
            "names": [list(moves) for moves in self._names],
            "absent": list(self._absent),
        }

    def start(self) -> MatrixState:
        """Nobody has chosen."""
        return MatrixState()

    def acting(self, state: MatrixState) -> tuple[int, ...]:
        """Everybody, once."""
        return () if state.chosen else tuple(range(self.players))

    def stage(self, state: MatrixState) -> tuple[int, ...]:
        """The one choice is the one stage."""
        return self.acting(state)

    def moves(self, player: int) -> tuple[str, ...]:
        """The names of the player's actions."""
        return self._names[player]

    def choices(self, state: MatrixState, player: int) -> tuple[str, ...]:
        """All of them, once."""
        return () if state.chosen else self._names[player]

    def idle(self, state: MatrixState, player: int) -> str:
        """To be absent, which counts as one of the actions."""
        return ABSENT

    def default(self, state: MatrixState, player: int) -> str:
        """The action that counts for the absent."""
        return self._names[player][self._absent[player]]

    def dice(self, state: MatrixState, actions: Mapping[int, str]) -> tuple[Die, ...]:
        """None: nothing here is chance."""
        return ()

    def step(self, state: MatrixState, actions: Mapping[int, str], rolls: Sequence[int]) -> MatrixState:
        """Everybody's choice, and the end."""
        self.check(state, actions, rolls)
        return MatrixState(tuple(actions[player] for player in range(self.players)))

    def own(self, state: MatrixState) -> tuple[int, ...]:
        """The cell of the table, in wei; 0 before."""
        if not state.chosen:
            return (0,) * self.players
        cell = 0
        for player, chosen in enumerate(state.chosen):
            cell = cell * self.shape[player] + self._index[player].get(chosen, self._absent[player])
        return tuple(table[cell] * self.unit for table in self._tables)

    def team(self, state: MatrixState) -> int:
        """Nothing is earned together."""
        return 0

    @property
    def purse(self) -> int:
        """The largest sum of what is above zero in a cell."""
        return int(max(sum(max(entry, 0) for entry in cell) for cell in zip(*self._tables, strict=True))) * self.unit

    def observation(self, state: MatrixState, player: int) -> Floats:
        """To choose or over; then, for each player, its action's number over its number of actions, counted from 1."""
        seen = np.zeros(1 + self.players, dtype=np.float32)
        seen[0] = not state.chosen
        for other, chosen in enumerate(state.chosen):
            seen[1 + other] = (1 + self._index[other].get(chosen, self._absent[other])) / self.shape[other]
        return seen

    def bounds(self) -> tuple[Floats, Floats]:
        """0 to 1."""
        return np.zeros(1 + self.players, dtype=np.float32), np.ones(1 + self.players, dtype=np.float32)

    def describe(self, state: MatrixState, player: int) -> str:
        """Who chooses among what; the payoffs are not told."""
        moves = "; ".join(f"player {other}: {', '.join(names)}" for other, names in enumerate(self._names))
        rules = (
            f"{self.players} players choose one action each, all at once, one time; you are player {player}."
            f" The actions are {moves}. What each gets depends on what all choose."
        )
        return f"{rules} It is over: {', '.join(state.chosen)}." if state.chosen else f"{rules} Nobody has chosen yet."

    def slot(self, state: MatrixState, player: int) -> str:
        """One decision each."""
        return f"player {player}"


def _read(payoffs: Any) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """Each player's table flat, last player's action fastest, and the shape (k1, …, kn)."""
    if not isinstance(payoffs, np.ndarray):
        try:
            payoffs = np.array(payoffs, dtype=object)
        except ValueError:
            raise SettingsError(
                "the payoffs of a matrix game are one full table a player; this one is ragged"
            ) from None
    players = payoffs.ndim - 1
    if players < 1 or payoffs.shape[0] != players or payoffs.size == 0:
        raise SettingsError(f"payoffs of n players have shape (n, k1, …, kn), no k zero; got {payoffs.shape}")
    if payoffs[0].size > MAX_CELLS:
        raise SettingsError(f"a table has at most 2**20 joint actions; got {payoffs[0].size}")
    tables = tuple(tuple(table.ravel().tolist()) for table in payoffs)
    for entry in itertools.chain.from_iterable(tables):
        if type(entry) is not int or abs(entry) > MAX_ENTRY:
            raise SettingsError(f"payoffs are integers of a size up to 10**30; got {entry!r}")
    return tables, tuple(payoffs.shape[1:])


def _named(names: Sequence[Sequence[str]] | None, shape: tuple[int, ...]) -> tuple[tuple[str, ...], ...]:
    if names is None:
        return tuple(tuple(f"a{number}" for number in range(k)) for k in shape)
    given = tuple(tuple(moves) for moves in names)
    if tuple(len(moves) for moves in given) != shape:
        raise SettingsError(f"names has one name for each action, {shape}; got {tuple(map(len, given))}")
    for moves in given:
        if len(set(moves)) != len(moves) or any(
            not isinstance(move, str) or not 1 <= len(move) <= 64 or not move.isprintable() or move == ABSENT
            for move in moves
        ):
            raise SettingsError(
                f"names of one player's actions are distinct, of 1 to 64 printable characters, and not {ABSENT!r};"
                f" got {moves!r}"
            )
    return given


def _nested(table: Sequence[int], shape: tuple[int, ...]) -> list[Any]:
    if len(shape) == 1:
        return list(table)
    each = len(table) // shape[0]
    return [_nested(table[start : start + each], shape[1:]) for start in range(0, len(table), each)]
