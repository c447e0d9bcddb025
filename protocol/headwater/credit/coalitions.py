"""How coalitions are written: as rows of a matrix, or as ranges of bitmasks in which bit i stands for player i."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from headwater.credit.errors import GameError, PlayerLimitError

Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

MAX_EXACT_PLAYERS: Final = 24
"""Most players for whom all 2**n coalitions are visited (16,777,216 of them)."""

BLOCK_BITS: Final = 16
"""Coalitions are visited 2**16 at a time: their values fill half a megabyte and stay in the cache."""


def check_enumerable(n_players: int, what: str) -> None:
    """Raise PlayerLimitError unless `what` may visit every coalition of this many players."""
    if n_players > MAX_EXACT_PLAYERS:
        raise PlayerLimitError(
            f"{what} visits all 2**n coalitions and takes at most {MAX_EXACT_PLAYERS} players; this game has "
            f"{n_players}. Fewer players, sampled_shapley, leave_one_out or equal are accepted; nothing is sampled "
            "in its place"
        )


def check_players(n_players: int) -> int:
    """The number of players as an int. Raises GameError unless it is a whole number of at least 1."""
    if isinstance(n_players, bool) or not isinstance(n_players, int | np.integer) or n_players < 1:
        raise GameError(f"a game has a whole number of players, at least 1; got {n_players!r}")
    return int(n_players)


def coalition_range(n_players: int, start: int, stop: int) -> Bools:
    """Coalitions `start` to `stop` - 1 in bitmask order, shape (stop - start, n); column i is bit i of the mask.

    Raises:
        PlayerLimitError: more players than bitmasks are enumerated for.
        GameError: not 0 <= start <= stop <= 2**n.
    """
    check_enumerable(check_players(n_players), "a range of bitmasks")
    if not 0 <= start <= stop <= 1 << n_players:
        raise GameError(f"bitmasks of {n_players} players run from 0 to {1 << n_players}; got {start} to {stop}")
    masks = np.arange(start, stop, dtype="<u4")
    bits = np.unpackbits(masks.view(np.uint8).reshape(-1, 4), axis=1, count=n_players, bitorder="little")
    return bits.view(np.bool_)


def coalition_matrix(coalitions: npt.ArrayLike, n_players: int) -> Bools:
    """Check coalitions given as a matrix of 0 and 1 (bool or any integer type), shape (m, n), and return bools."""
    given = np.asarray(coalitions)
    if given.ndim != 2 or given.shape[1] != n_players:
        raise GameError(f"coalitions have shape (m, {n_players}), a column for each player; got shape {given.shape}")
    if given.dtype == np.bool_:
        return given
    if not np.issubdtype(given.dtype, np.integer):
        raise GameError(f"coalitions are of a bool or an integer type; got {given.dtype}")
    if given.size and not bool(((given == 0) | (given == 1)).all()):
        raise GameError("coalitions hold only 0 (out) and 1 (in)")
    return given.astype(np.bool_)
