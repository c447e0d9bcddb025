"""When a task succeeded."""

from __future__ import annotations

from typing import Any

from headwater_agents.bargaining.rollouts import MOST_PROFILES, Rollouts
from headwater_agents.games import Game, Record, replay


def succeeded(game: Game[Any], record: Record) -> bool:
    """Whether a finished task succeeded.

    Where the final state says whether it is `won`, as a raid's does: that. Where something is earned together: if that
    is above zero. Otherwise, in a game of one stage without dice: if no
    other joint action would have been worth more to all together. In any other game: if all earned more than nothing
    between them.
    """
    final = replay(record)
    won = getattr(final, "won", None)
    if isinstance(won, bool):
        return won
    if record.team:
        return record.team > 0
    rollouts = Rollouts(game, game.start())
    earned = sum(game.own(final))
    if rollouts.size <= MOST_PROFILES:
        prospects = [rollouts.prospect(next(rollouts.profiles()))]
        if prospects[0].certain:
            return earned == max(sum(rollouts.prospect(profile).payoffs) for profile in rollouts.profiles())
    return earned > 0
