"""Random games in normal form: how close each arm comes to the fair split, and how often the Shapley value is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from headwater.report.grids import Grid, number
from headwater.units import WAD
from headwater_agents.bargaining.arm import Arm
from headwater_agents.bargaining.engine import play
from headwater_agents.bargaining.errors import BargainError
from headwater_agents.bargaining.negotiators import Rational
from headwater_agents.bargaining.rollouts import Rollouts
from headwater_agents.bargaining.stage import fair_shares, stage_game
from headwater_agents.games import MatrixGame

Record = dict[str, Any]

ROUNDED: Final = 1_000
"""Wei by which a settled price may miss the agreed one in these games: shares have 18 decimals."""


def random_matrix(seed: int, shape: Sequence[int]) -> MatrixGame:
    """A game of payoffs drawn evenly from −2 to 2 points, to the wei; `shape` is the number of each one's actions."""
    rng = np.random.default_rng([seed, *shape])
    return MatrixGame(rng.integers(-2 * WAD, 2 * WAD, size=(len(shape), *shape), endpoint=True).tolist(), unit=1)


def matrices(shape: Sequence[int] = (3, 3), seeds: Sequence[int] = range(40)) -> Record:
    """Rational agents in random games of one shape, arm by arm. JSON, amounts in points.

    Raises:
        BargainError: no seeds, or fewer than two players.
        TooManyError: a shape with more joint actions than are priced.
    """
    if not seeds or len(shape) < 2:
        raise BargainError(f"random games take at least one seed and two players; got {len(seeds)} and {len(shape)}")
    games = [random_matrix(seed, shape) for seed in seeds]
    stages = [stage_game(Rollouts(game, game.start())) for game in games]
    agents = [Rational()] * len(shape)
    rows = []
    for arm in Arm:
        plays = [play(game, agents, arm, seed) for game, seed in zip(games, seeds, strict=True)]
        missed = [
            max(abs(got - fair) for got, fair in zip(played.payoffs, stage.fair, strict=True)) / WAD
            for played, stage in zip(plays, stages, strict=True)
        ]
        worse = [
            any(got < without - ROUNDED for got, without in zip(played.payoffs, stage.no_deal_payoffs, strict=True))
            for played, stage in zip(plays, stages, strict=True)
        ]
        lost = [(stage.values[-1] - sum(played.payoffs)) / WAD for played, stage in zip(plays, stages, strict=True)]
        rows.append(
            {
                "arm": arm.value,
                "success": float(np.mean([played.success for played in plays])),
                "lost": float(np.mean(lost)),
                "missed": float(np.mean(missed)),
                "most": float(np.max(missed)),
                "worse": float(np.mean(worse)),
                "messages": float(np.mean([played.messages for played in plays])),
            }
        )
    below = [
        any(part < without for part, without in zip(fair_shares(stage.values), stage.no_deal_payoffs, strict=True))
        for stage in stages
    ]
    return {
        "shape": list(shape),
        "seeds": list(seeds),
        "circles": float(np.mean([not stage.equilibrium for stage in stages])),
        "below": float(np.mean(below)),
        "below_at_equilibrium": float(
            np.mean([each and stage.equilibrium for each, stage in zip(below, stages, strict=True)])
        ),
        "arms": rows,
    }


def matrices_grids(records: Sequence[Record]) -> list[Grid]:
    """The tables of `matrices`, for one shape or several."""
    rows, asked = [], []
    for record in records:
        shape = "×".join(map(str, record["shape"]))
        rows += [
            (
                shape,
                row["arm"],
                f"{row['success']:.0%}",
                number(row["lost"], 3),
                number(row["missed"], 3),
                number(row["most"], 3),
                f"{row['worse']:.0%}",
                number(row["messages"], 1),
            )
            for row in record["arms"]
        ]
        asked.append(
            (shape, f"{record['circles']:.0%}", f"{record['below']:.0%}", f"{record['below_at_equilibrium']:.0%}")
        )
    count = len(records[0]["seeds"]) if records else 0
    split = Grid(
        title="Random games",
        note=f"Payoffs even from −2 to 2 points; {count} games of each shape, rational agents. Success: all that was"
        " to be had; lost: points left on the table; missed: largest distance of a payoff from the fair one; worse:"
        " games in which somebody ends below its no-deal payoff.",
        columns=("game", "arm", "success", "lost", "missed", "most", "worse", "messages"),
        rows=tuple(rows),
        texts=2,
    )
    patience = Grid(
        title="Where the Shapley value would leave somebody with less than without a deal",
        note="Share of games: without a pure equilibrium; with somebody's Shapley value below its no-deal payoff, which"
        " the fair split then makes good; the same where the no-deal profile is an equilibrium.",
        columns=("game", "no equilibrium", "somebody below", "below, at an equilibrium"),
        rows=tuple(asked),
    )
    return [split, patience]
