"""What the dice of a play show: they follow from its seed and the number of the step, and from nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from headwater_agents.bargaining.errors import PlayedError
from headwater_agents.games import Game, Record, draw


def rolls(game: Game[Any], state: Any, actions: Mapping[int, str], seed: int, step: int) -> tuple[int, ...]:
    """What a step rolls: dice of its own, the same in every arm, however many were rolled before."""
    return draw(game.dice(state, actions), np.random.default_rng([seed, 1, step]))


def check_rolls(record: Record, seed: int) -> None:
    """Raises PlayedError unless a record, which replays, has the rolls of this seed."""
    game = record.rules()
    state = game.start()
    for number, step in enumerate(record.steps):
        actions = dict(zip(game.acting(state), step.actions, strict=True))
        if rolls(game, state, actions, seed, number) != tuple(step.rolls):
            raise PlayedError(f"step {number} has other rolls than the seed {seed} gives")
        state = game.step(state, actions, step.rolls)
