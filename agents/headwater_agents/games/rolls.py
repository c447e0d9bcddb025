"""Plays without a record, for those who try out thousands of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

import numpy as np

from headwater_agents.games.base import Die, Game
from headwater_agents.games.record import Choose

S = TypeVar("S")
_BLOCK: Final = 256


class Rolls:
    """Rolls drawn from a generator a block at a time: a tenth of the cost of asking it for each.

    Not the same rolls as `draw` has from that generator, and it has gone on by whole blocks afterwards.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._left: list[float] = []

    def __call__(self, dice: Sequence[Die]) -> tuple[int, ...]:
        """A roll of each die, in order. Uniform to within 2**-53 of the number of its sides."""
        if not dice:
            return ()
        if len(self._left) < len(dice):
            self._left = self._rng.random(max(_BLOCK, len(dice))).tolist()
        left = self._left
        return tuple([die.low + int(left.pop() * (die.high - die.low + 1)) for die in dice])


def finish(game: Game[S], state: S, choose: Choose[S], rolls: Rolls) -> S:
    """Play on from a state to the end, every acting player by `choose`.

    Raises:
        IllegalActionError: `choose` named an action that is not open.
    """
    while acting := game.acting(state):
        actions = {player: choose(state, player) for player in acting}
        dice = game.dice(state, actions)
        state = game.step(state, actions, rolls(dice))
    return state
