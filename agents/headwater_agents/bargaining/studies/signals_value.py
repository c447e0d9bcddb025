"""What a signal added to each single question: exact Shapley values question by question, and how sure their mean is.

The Shapley value is linear in the game, and the pooled growth of T questions is a sum over them. So

    φ_i = Σ_t φ_i,t,    φ_i,t = Σ_{S ∌ i} |S|!·(n − |S| − 1)!/n! · (g_t(S ∪ {i}) − g_t(S))

and the spread of φ_i,t over questions says how far the mean may be luck. The pool's weights were fitted to the same
questions, so a guesser's luck counts twice; a standard error does not know that.
"""

from __future__ import annotations

from math import factorial

import numpy as np
import numpy.typing as npt

from headwater.credit import PooledGrowthGame, coalition_range

Floats = npt.NDArray[np.float64]


def contributions(game: PooledGrowthGame) -> Floats:
    """φ_i,t in nats: shape (n, T), of the 2^n coalitions' growths."""
    n = game.n_players
    members = coalition_range(n, 0, 2**n)
    growths = game.growths(members)
    sizes = members.sum(axis=1)
    found = np.empty((n, growths.shape[1]))
    weight = np.array([factorial(size) * factorial(n - size - 1) / factorial(n) for size in range(n)])
    for player in range(n):
        without = np.flatnonzero(~members[:, player])
        found[player] = weight[sizes[without]] @ (growths[without | (1 << player)] - growths[without])
    return found


def measured(added: Floats, came: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Mean of what each seller added to the questions it delivered to, (n,), and the mean's standard error, (n,).

    `added` and `came` have shape (n, T); who never delivered has value 0, and below two deliveries an infinite error.
    """
    values, errors = np.zeros(len(added)), np.full(len(added), np.inf)
    for seller, (row, there) in enumerate(zip(added, came, strict=True)):
        mine = row[there]
        if mine.size:
            values[seller] = mine.mean()
        if mine.size > 1:
            errors[seller] = mine.std(ddof=1) / np.sqrt(mine.size)
    return values, errors
