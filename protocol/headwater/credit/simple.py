"""Two credits that need no orders of arrival: what is lost without a player, and the same for everybody."""

from __future__ import annotations

import numpy as np

from headwater.credit.game import Game
from headwater.credit.result import Credit


def leave_one_out(game: Game) -> Credit:
    """Each player's last contribution, v(N) − v(N without i), in n + 2 evaluations, for any number of players.

    It does not divide v(N) − v(∅): players who could replace each other get nothing, however much they are worth
    together. `efficiency_residual` says by how much it misses.
    """
    n = game.n_players
    coalitions = np.ones((n + 2, n), dtype=np.bool_)
    coalitions[np.arange(n), np.arange(n)] = False
    coalitions[n + 1] = False
    values = game.values(coalitions)
    grand, empty = float(values[n]), float(values[n + 1])
    credits = grand - values[:n]
    return Credit(
        values=credits,
        method="leave_one_out",
        exact=True,
        standard_error=np.zeros(n),
        evaluations=n + 2,
        efficiency_residual=float(credits.sum()) - (grand - empty),
    )


def equal(game: Game) -> Credit:
    """The same for everybody, (v(N) − v(∅)) / n, in two evaluations, for any number of players."""
    n = game.n_players
    empty, grand = (float(value) for value in game.values(np.array([[False] * n, [True] * n])))
    credits = np.full(n, (grand - empty) / n)
    return Credit(
        values=credits,
        method="equal",
        exact=True,
        standard_error=np.zeros(n),
        evaluations=2,
        efficiency_residual=float(credits.sum()) - (grand - empty),
    )
