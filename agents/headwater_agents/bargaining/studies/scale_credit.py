"""Sampled credit beside the value itself, in games of many players that have one in closed form."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from headwater.credit import (
    AdditiveGame,
    AirportGame,
    Estimator,
    FunctionGame,
    Game,
    SamplingError,
    VotingGame,
    sampled_shapley,
)
from headwater.credit.coalitions import Floats
from headwater_agents.games import POINT, EscapeRoom, Record, ReplayGame, play

METHODS: Final[tuple[Estimator, ...]] = ("permutations", "paired", "leverage", "adjusted")

Truth = tuple[str, Game, Floats]


def played_room(n: int, levers: int) -> Truth:
    """A finished escape room, replayed from its record without some of its players; in points.

    The last m players held the levers, the n − m others went to the door. Only together with all levers a player at the
    door brings its 11 points; whoever stays away is counted at −1 like everybody else. So with L the levers

        v(S) = 11 · |S ∖ L| · [L ⊆ S] − n,  v(∅) = 0

    which is 11 for each {L, door player} in unanimity, and −1 each: φ = 11 / (m + 1) − 1 at the door and
    11 (n − m) / (m + 1) − 1 at a lever.
    """
    room = EscapeRoom(n, levers)
    record = room_record(room)
    replayed = ReplayGame(record, own=True)
    game = FunctionGame(n, lambda members: replayed.values(members) / POINT)
    at_door = np.arange(n) < n - levers
    truth = 11.0 / (levers + 1) * np.where(at_door, 1.0, n - levers) - 1.0
    return f"finished escape room, {_levers(levers)}", game, truth


def room_record(room: EscapeRoom) -> Record:
    """The record of a room in which the last m players hold the levers."""
    _, record = play(
        room,
        lambda state, player: "lever" if player >= room.players - room.levers else "door",
        np.random.default_rng(0),
    )
    return record


def solved_games(n: int, rng: np.random.Generator) -> list[Truth]:
    """Airport, voting (a tenth of the players with n / 20 votes, at least 2, the others with one), additive."""
    airport = AirportGame(rng.uniform(1, 10, n))
    votes = [max(2, n // 20) if player < n // 10 else 1 for player in range(n)]
    voting = VotingGame(votes, sum(votes) // 2 + 1)
    additive = AdditiveGame(rng.normal(size=n))
    named = (("airport", airport), ("voting", voting), ("additive", additive))
    return [(name, game, game.solution()) for name, game in named]


def credit_row(
    truth: Truth, budget: int, seeds: Sequence[int], methods: Sequence[Estimator] = METHODS
) -> dict[str, Any]:
    """Errors of every estimator on one game: relative to the root mean square of the values themselves.

    `error` is the root mean square miss, `stated` the same of the standard errors, `covered` how often the value was
    within 1.96 of them, `seconds` of one estimate. An estimator whose least is above the budget has no entry.
    """
    name, game, values = truth
    size = float(np.sqrt(np.mean(values**2)))
    found: dict[str, Any] = {}
    for method in methods:
        misses, stated, seconds, asked = [], [], [], 0
        try:
            for seed in seeds:
                start = time.perf_counter()
                credit = sampled_shapley(
                    game, np.random.default_rng([seed, game.n_players]), budget=budget, method=method
                )
                seconds.append(time.perf_counter() - start)
                misses.append(credit.values - values)
                stated.append(credit.standard_error)
                asked = credit.evaluations
        except SamplingError:
            continue
        missed, said = np.array(misses), np.array(stated)
        # Where both are rounding, the intervals of nothing cover nothing.
        covered = (np.abs(missed) <= 1.96 * said + 1e-9 * size).mean()
        found[method] = {
            "error": float(np.sqrt(np.mean(missed**2))) / size,
            "stated": float(np.sqrt(np.mean(said**2))) / size,
            "covered": float(covered),
            "evaluations": asked,
            "seconds": float(np.mean(seconds)),
            "efficiency": float(np.abs(missed.sum(axis=1)).max()),
        }
    return {"game": name, "players": game.n_players, "budget": budget, "methods": found}


def _levers(levers: int) -> str:
    return "one lever" if levers == 1 else f"{levers} levers"
