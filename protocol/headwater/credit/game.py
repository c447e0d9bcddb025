"""Cooperative games: a number of players and a value for each coalition, evaluated many coalitions at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from headwater.credit.coalitions import (
    BLOCK_BITS,
    Bools,
    Floats,
    check_enumerable,
    check_players,
    coalition_matrix,
    coalition_range,
)
from headwater.credit.errors import GameError


class Game(ABC):
    """A characteristic function v over the coalitions of n players.

    A subclass answers `_evaluate` for a matrix of coalitions; it may answer `_evaluate_range` faster. v(∅) need not
    be zero: every method of credit divides v(N) − v(∅).
    """

    def __init__(self, n_players: int) -> None:
        self._n_players = check_players(n_players)

    @property
    def n_players(self) -> int:
        """Number of players n, at least 1."""
        return self._n_players

    def values(self, coalitions: npt.ArrayLike) -> Floats:
        """Values of coalitions given as a bool or 0/1 integer matrix, shape (m, n); the result has shape (m,).

        Raises:
            GameError: a matrix of another shape or content, or a value that is not finite.
        """
        members = coalition_matrix(coalitions, self.n_players)
        return self._checked(self._evaluate(members), len(members))

    def range_values(self, start: int, stop: int) -> Floats:
        """Values of the coalitions whose bitmasks run from `start` to `stop` - 1, shape (stop - start,).

        Raises:
            PlayerLimitError: more players than bitmasks are enumerated for.
            GameError: a range outside 0 to 2**n, or a value that is not finite.
        """
        check_enumerable(self.n_players, "a range of bitmasks")
        if not 0 <= start <= stop <= 1 << self.n_players:
            raise GameError(
                f"bitmasks of {self.n_players} players run from 0 to {1 << self.n_players}; got {start} to {stop}"
            )
        return self._checked(self._evaluate_range(start, stop), stop - start)

    @abstractmethod
    def _evaluate(self, members: Bools) -> Floats:
        """Values of these coalitions; `members` has shape (m, n) and is not to be changed."""

    def _evaluate_range(self, start: int, stop: int) -> Floats:
        return self._evaluate(coalition_range(self.n_players, start, stop))

    def _checked(self, values: npt.ArrayLike, count: int) -> Floats:
        checked = np.asarray(values, dtype=np.float64)
        if checked.shape != (count,):
            raise GameError(f"a game of {count} coalitions returns values of shape ({count},); got {checked.shape}")
        if not bool(np.isfinite(checked).all()):
            raise GameError("a coalition's value is not finite")
        return checked


class FunctionGame(Game):
    """A game from a function of a bool matrix, shape (m, n), to m values. It is called on up to 2**16 rows at once."""

    def __init__(self, n_players: int, function: Callable[[Bools], npt.ArrayLike]) -> None:
        super().__init__(n_players)
        self._function = function

    def _evaluate(self, members: Bools) -> Floats:
        return np.asarray(self._function(members), dtype=np.float64)


class TableGame(Game):
    """A game from its 2**n values in bitmask order: entry 0 is v(∅), entry 1 is v({0}), entry 2**n - 1 is v(N).

    The table is copied, and read-only from then on.

    Raises:
        PlayerLimitError: more players than bitmasks are enumerated for.
        GameError: a length that is no power of two of at least 2, or an entry that is not finite.
    """

    def __init__(self, table: npt.ArrayLike) -> None:
        values = np.array(table, dtype=np.float64)
        n_players = values.size.bit_length() - 1
        if values.ndim != 1 or n_players < 1 or values.size != 1 << n_players:
            raise GameError(f"a table has one row of 2**n values, n at least 1; got shape {values.shape}")
        super().__init__(n_players)
        check_enumerable(n_players, "a table")
        self._table = self._checked(values, values.size)
        self._table.flags.writeable = False
        self._bits = np.left_shift(1, np.arange(n_players, dtype=np.int64))

    @property
    def table(self) -> Floats:
        """All values, shape (2**n,), read-only."""
        return self._table

    def _evaluate(self, members: Bools) -> Floats:
        return self._table[members @ self._bits]

    def _evaluate_range(self, start: int, stop: int) -> Floats:
        return self._table[start:stop]


def tabulate(game: Game) -> TableGame:
    """Evaluate every coalition once and keep the values: 8 · 2**n bytes.

    Raises:
        PlayerLimitError: more players than bitmasks are enumerated for.
    """
    check_enumerable(game.n_players, "tabulate")
    count = 1 << game.n_players
    table = np.empty(count)
    for start in range(0, count, 1 << BLOCK_BITS):
        stop = min(start + (1 << BLOCK_BITS), count)
        table[start:stop] = game.range_values(start, stop)
    return TableGame(table)
