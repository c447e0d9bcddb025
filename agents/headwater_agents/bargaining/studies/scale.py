"""The study of scale: what it takes to plan, to negotiate and to credit with 20, 100 and 1,000 agents.

Plans are those of the symmetric escape room with m levers: found by rollouts that show its players interchangeable
(see `scale_plan`; up to 12 players the engine's own enumeration gives the same plan). Negotiations are really held, one
after the other, in signed messages: leg by leg of the plan, or all through one hub. Credit is sampled, and compared
with games whose Shapley value has a closed form.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from headwater.report.amounts import tokens
from headwater.report.grids import NOTHING, Grid
from headwater_agents.bargaining import BargainError, Greedy, Negotiator, Rational, Rollouts
from headwater_agents.bargaining.studies.scale_credit import METHODS, credit_row, played_room, solved_games
from headwater_agents.bargaining.studies.scale_plan import symmetric_plan, through
from headwater_agents.bargaining.studies.scale_talks import accounts_of, talk_over
from headwater_agents.games import EscapeRoom

SIZES: Final = (20, 100, 1_000)
EACH: Final = (10, 40)
"""Coalition values a player that credit may ask."""

MOST: Final = 8_000
"""Most values that credit may ask, whatever the number of players."""

REPLAYS: Final = 4_096
"""Most replays of a record that credit may ask: each plays all players once."""

SEEDS: Final = 3

LARGE: Final = 500
"""Agents from which on one estimate of each credit is made: it takes up to a minute."""

Progress = Callable[[int, int, str], None]
Record = dict[str, Any]


def levers_of(players: int) -> int:
    """Levers needed in the study's rooms: a twentieth of the players, at least one."""
    return max(1, players // 20)


def scale_study(
    sizes: Sequence[int] = SIZES,
    *,
    seed: int = 1,
    seeds: int = SEEDS,
    each: Sequence[int] = EACH,
    replays: int = REPLAYS,
    progress: Progress | None = None,
) -> Record:
    """Plan, negotiate and credit for each number of agents; a few minutes for 1,000.

    Args:
        sizes: numbers of agents, 13 to 2,000: from 13 on nothing is enumerated.
        seed: of everything drawn, 0 or more.
        seeds: estimates of each credit, 1 or more; from 500 agents on there is one.
        each: budgets of credit, in coalition values a player, 3 or more each; at most 8,000 values in all are asked.
        replays: most replays of a finished room that credit may ask, 100 or more.
        progress: called as `progress(steps done, steps, text)`.

    Raises:
        BargainError: numbers outside these.
    """
    if not sizes or any(not 13 <= n <= 2_000 for n in sizes):
        raise BargainError(f"sizes {list(sizes)}; expected one or more numbers of agents, 13 to 2,000")
    if seed < 0 or seeds < 1 or not each or min(each) < 3 or replays < 100:
        raise BargainError(
            f"seed {seed}, {seeds} seeds, {list(each)} values a player, {replays} replays; expected 0 or more, 1 or"
            " more, 3 or more, 100 or more"
        )
    tell = _Steps(progress, 6 * len(sizes))
    rows, credits = [], []
    for n in sizes:
        rows.append(_bargained(n, seed, tell))
        rng = np.random.default_rng([seed, n])
        tell(f"credit of {n} agents in games with a closed form")
        # Four values a player are what permutations, and the regression, ask at the least.
        budgets = sorted({max(min(times * n, MOST), 4 * n + 10) for times in each})
        draws = range(seeds if n < LARGE else 1)
        for truth in solved_games(n, rng):
            credits += [credit_row(truth, budget, draws) for budget in budgets]
        tell(f"credit of {n} agents by replaying finished rooms")
        for levers in sorted({1, levers_of(n)}):
            truth = played_room(n, levers)
            allowed = sorted({min(budget, replays) for budget in budgets})
            credits += [credit_row(truth, budget, draws) for budget in allowed]
    tell("done")
    return {"seed": seed, "seeds": seeds, "sizes": list(sizes), "bargained": rows, "credits": credits}


def _bargained(n: int, seed: int, tell: _Steps) -> Record:
    room = EscapeRoom(n, levers_of(n))
    tell(f"plan of {n} agents")
    start = time.perf_counter()
    rollouts = Rollouts(room, room.start())
    plan = symmetric_plan(rollouts, np.random.default_rng([seed, n, 1]))
    planned = time.perf_counter() - start
    accounts = accounts_of(n, seed)
    hub = plan.game.players[-1]
    ways: list[tuple[str, str, Any, tuple[Negotiator, Negotiator]]] = [
        ("plan", "rational", plan.legs, (Rational(), Rational())),
        ("plan", "greedy", plan.legs, (Greedy(), Greedy())),
        ("hub", "rational", through(plan, hub), (Rational(), Rational())),
    ]
    talks = []
    for way, temper, legs, agents in ways:
        tell(f"negotiations of {n} agents: {way}, {temper}")
        talked = talk_over(rollouts, plan, legs, agents, accounts)
        talks.append({"way": way, "agents": temper, **talked.as_dict()})
    return {
        "players": n,
        "levers": room.levers,
        "rollouts": rollouts.asked,
        "joint_actions": f"2^{n}",
        "seconds": planned,
        "fair": str(plan.game.fair[0]),
        "worth": str(plan.game.values[-1]),
        "gain": str(plan.game.gain),
        "pairs": n * (n - 1) // 2,
        "talks": talks,
    }


class _Steps:
    """Counts steps, and tells each as it begins."""

    def __init__(self, progress: Progress | None, steps: int) -> None:
        self._progress, self._steps, self._done = progress, steps, 0

    def __call__(self, text: str) -> None:
        if self._progress is not None:
            self._progress(min(self._done, self._steps), self._steps, text)
        self._done += 1


def scale_grids(record: Record) -> list[Grid]:
    """The study's tables."""
    plans = Grid(
        title="Planning together",
        note="The escape room with a twentieth of the players at levers; found by rollouts of counts, once rollouts"
        " have shown that players are interchangeable. Amounts in tokens.",
        columns=(
            "agents",
            "levers",
            "joint actions",
            "rolled out",
            "seconds",
            "worth together",
            "everybody's fair share",
        ),
        rows=tuple(
            (
                f"{row['players']:,}",
                str(row["levers"]),
                row["joint_actions"],
                f"{row['rollouts']:,}",
                f"{row['seconds']:.2f}",
                tokens(int(row["worth"]), 2),
                tokens(int(row["fair"]), 6),
            )
            for row in record["bargained"]
        ),
        texts=0,
    )
    talks = Grid(
        title="Negotiating it",
        note="One negotiation a leg, every message signed and verified, one after the other. Legs are the plan's own,"
        " from payer to payee, or all through one hub, which has to lock what it will pay. Without a plan everybody"
        " would have to talk to everybody.",
        columns=(
            "legs",
            "who",
            "agents",
            "negotiations",
            "agreed",
            "messages",
            "signatures",
            "seconds",
            "locked",
            "farthest from fair",
            "pairs in all",
        ),
        rows=tuple(
            (
                talk["way"],
                talk["agents"],
                f"{row['players']:,}",
                f"{talk['negotiations']:,}",
                f"{talk['agreed']:,}",
                f"{talk['messages']:,}",
                f"{talk['signatures']:,}",
                f"{talk['seconds']:.2f}",
                tokens(int(talk["locked"]), 2),
                tokens(int(talk["unfair"]), 4) if int(talk["unfair"]) >= 10**14 else f"{int(talk['unfair']):,} wei",
                f"{row['pairs']:,}",
            )
            for row in record["bargained"]
            for talk in row["talks"]
        ),
        texts=2,
    )
    credits = Grid(
        title="Crediting it: sampled Shapley values beside closed forms",
        note="Root mean square error over agents and seeds, in parts of the values' own root mean square; in brackets"
        " what the estimates said of themselves, and how often the value lay within 1.96 of it."
        f" {record['seeds']} seeds each, one from 500 agents on; seconds are of one estimate by `adjusted`, the game"
        " included.",
        columns=("game", "agents", "values asked", *METHODS, "seconds"),
        rows=tuple(
            (
                row["game"],
                f"{row['players']:,}",
                f"{row['budget']:,}",
                *(_error(row["methods"].get(method)) for method in METHODS),
                f"{row['methods']['adjusted']['seconds']:.2f}",
            )
            for row in record["credits"]
        ),
    )
    return [plans, talks, credits]


def _error(found: Record | None) -> str:
    if found is None:
        return NOTHING
    if max(found["error"], found["stated"]) < 1e-6:
        return "exact"
    return f"{found['error']:.3%} [{found['stated']:.3%}, {found['covered']:.0%}]"
