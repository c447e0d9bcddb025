"""Precedence Shapley: the average marginal contribution over the orders that put established players before newcomers.

Players stand in ranks R_1, R_2, …, the lowest first (an ordered partition). Every player of a rank arrives after all
those of lower ranks; within a rank all orders are equally likely. With E the players of lower ranks, a player of rank R
therefore gets its Shapley value in the game that begins where E ends,

    φ_i = Σ_{S ⊆ R \\ i} |S|! (|R| − |S| − 1)! / |R|! · ( v(E ∪ S ∪ i) − v(E ∪ S) )

so 2**|R| values a rank are enough, and the sums of the ranks telescope to v(N) − v(∅). It is the weighted value of a
lexicographic weight system with equal weights (Kalai & Samet, "On weighted Shapley values", International Journal of
Game Theory 16, 1987, whose weight systems are pairs of weights and an ordered partition; weights without ranks are
Shapley's of 1953, in random orders Owen's, "A note on the Shapley value", Management Science 14, 1968). All players in
one rank is the Shapley value.

A newcomer that repeats what is established adds nothing to E, so it gets nothing, however many names it takes; and the
established lose nothing to it. The price: of knowledge that newcomer and established share, the established keep all;
of knowledge worth something only together with theirs, the newcomer gets all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from headwater.credit.coalitions import Bools, Floats
from headwater.credit.errors import GameError
from headwater.credit.exact import shapley
from headwater.credit.game import Game
from headwater.credit.result import Credit


class LaterGame(Game):
    """What `players` add once `earlier` ones are in: v(S ∪ earlier) for the coalitions S of `players`, renumbered.

    Raises:
        GameError: players that are not of the game, twice named, or both earlier and later.
    """

    def __init__(self, game: Game, earlier: Sequence[int], players: Sequence[int]) -> None:
        named = [*earlier, *players]
        if len(set(named)) != len(named) or not all(0 <= player < game.n_players for player in named):
            raise GameError(
                f"players are different ones from 0 to {game.n_players - 1}; got {list(earlier)} before {list(players)}"
            )
        super().__init__(len(players))
        self._game = game
        self._earlier = np.array(earlier, dtype=np.intp)
        self._players = np.array(players, dtype=np.intp)

    def _evaluate(self, members: Bools) -> Floats:
        everybody = np.zeros((len(members), self._game.n_players), dtype=np.bool_)
        everybody[:, self._earlier] = True
        everybody[:, self._players] = members
        return self._game.values(everybody)


def precedence_shapley(
    game: Game, ranks: Sequence[int], *, progress: Callable[[int, int], None] | None = None
) -> Credit:
    """The exact Shapley value over the orders that respect the ranks (the module gives formula and source).

    Args:
        game: of any number of players, at most 24 of them in one rank.
        ranks: (n,), an int for each player; lower ones come first, equal ones in random order, gaps do not matter.
        progress: called as `progress(done, total)`, counted in coalitions, after each block of a rank.

    Raises:
        PlayerLimitError: more than 24 players in a rank. Nothing is estimated in its place.
        GameError: not one int a player, or a value of the game that is not finite.
    """
    n = game.n_players
    blocks = rank_blocks(ranks, n)
    total = sum(1 << len(block) for block in blocks)
    values = np.zeros(n)
    earlier: list[int] = []
    done = 0
    for block in blocks:

        def shifted(more: int, _of: int, before: int = done) -> None:
            if progress is not None:
                progress(before + more, total)

        later = game if len(blocks) == 1 else LaterGame(game, earlier, block)
        values[block] = shapley(later, progress=shifted).values
        earlier += block
        done += 1 << len(block)
    ends = game.values(np.array([[False] * n, [True] * n]))
    return Credit(
        values=values,
        method="precedence_shapley",
        exact=True,
        standard_error=np.zeros(n),
        evaluations=total + 2,
        efficiency_residual=float(values.sum()) - float(ends[1] - ends[0]),
    )


def rank_blocks(ranks: Sequence[int], n_players: int) -> list[list[int]]:
    """The players of each rank, the lowest rank first. Raises GameError unless there is one int a player."""
    if len(ranks) != n_players or any(
        isinstance(rank, bool) or not isinstance(rank, int | np.integer) for rank in ranks
    ):
        raise GameError(f"ranks are ints, one for each of the {n_players} players; got {list(ranks)}")
    return [[i for i, own in enumerate(ranks) if own == rank] for rank in sorted(set(ranks))]
