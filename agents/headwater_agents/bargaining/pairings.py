"""Who meets whom: every kind of agent against every other, and what being so pays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from headwater.deals import Status
from headwater.report.grids import Grid, number
from headwater.units import WAD
from headwater_agents.bargaining.arm import Arm
from headwater_agents.bargaining.engine import play_and_learn
from headwater_agents.bargaining.errors import BargainError
from headwater_agents.bargaining.learning import Learning
from headwater_agents.bargaining.negotiators import Greedy, Rational, Stubborn
from headwater_agents.bargaining.setting import Setting
from headwater_agents.bargaining.table import Negotiator
from headwater_agents.games import EscapeRoom, Game

Record = dict[str, Any]

FIELD: Final[Mapping[str, Negotiator]] = {
    "rational": Rational(),
    "yielding": Rational(gives_way=0.8),
    "greedy": Greedy(),
    "stubborn": Stubborn(),
    "learning": Learning(),
}
"""Whom the pairings set against each other unless told otherwise; `yielding` is a rational agent that gives
four fifths of its fair gain away rather than go without."""

TASKS: Final = 200
"""Tasks of a pairing, unless told otherwise; agents that learn do so from one to the next."""

SETTLED: Final = 40
"""Tasks at the end that count."""


def pairings(
    game: Game[Any] | None = None,
    field: Mapping[str, Negotiator] | None = None,
    *,
    arm: Arm | str = Arm.SHORT_TERM,
    tasks: int = TASKS,
    counted: int = SETTLED,
    seed: int = 0,
    setting: Setting | None = None,
) -> Record:
    """Every ordered pair of kinds, `tasks` times over; means are of the last `counted` tasks. JSON, amounts in tokens.

    Where neither learns and nothing was rolled, one task says it all, and one is played.

    Raises:
        BargainError: a game of other than two players, or more tasks counted than played.
    """
    at = game or EscapeRoom()
    kinds = dict(field or FIELD)
    if at.players != 2:
        raise BargainError(f"pairings are of two; the game {at.name} has {at.players} players")
    if not 1 <= counted <= tasks:
        raise BargainError(f"counted tasks are 1 to {tasks}; got {counted}")
    rows = []
    for first, one in kinds.items():
        for second, other in kinds.items():
            agents: tuple[Negotiator, ...] = (one, other)
            plays = []
            learns = any(isinstance(each, Learning) for each in agents)
            for task in range(tasks):
                played, agents = play_and_learn(at, agents, arm, seed + task, setting=setting)
                plays.append(played)
                if not learns and not any(step.rolls for step in played.record.steps):
                    break
            last = plays[-counted:]
            rows.append(
                {
                    "first": first,
                    "second": second,
                    "payoffs": [sum(p.payoffs[i] for p in last) / WAD / len(last) for i in (0, 1)],
                    "deals": sum(bool(p.settled) for p in last) / len(last),
                    "deadlocks": sum(p.ended(Status.DEADLOCKED) > 0 for p in last) / len(last),
                    "rounds": sum(p.rounds for p in last) / len(last),
                    "asks": [each.favourite if isinstance(each, Learning) else None for each in agents],
                    "tasks": len(plays),
                }
            )
    return {
        "game": at.name,
        "settings": at.settings,
        "arm": Arm.of(arm).value,
        "tasks": tasks,
        "counted": counted,
        "kinds": {name: {"name": each.name, **dict(each.settings)} for name, each in kinds.items()},
        "rows": rows,
    }


def pairings_grids(record: Record) -> list[Grid]:
    """The tables of `pairings`: what each kind gets against each, and the pairs one by one."""
    kinds = list(record["kinds"])
    rows = {(row["first"], row["second"]): row for row in record["rows"]}
    note = (
        f"{record['game']}, {record['arm']}; the last {record['counted']} of {record['tasks']} tasks where one learns."
    )
    got = {
        (mine, other): (rows[mine, other]["payoffs"][0] + rows[other, mine]["payoffs"][1]) / 2
        for mine in kinds
        for other in kinds
    }
    against = Grid(
        title="What each kind gets against each",
        note=f"{note} Points of the row's kind, mean of both seats; last: mean over the columns.",
        columns=("kind", *kinds, "mean"),
        rows=tuple(
            (
                mine,
                *(number(got[mine, other], 2) for other in kinds),
                number(sum(got[mine, other] for other in kinds) / len(kinds), 2),
            )
            for mine in kinds
        ),
    )
    pairs = Grid(
        title="Pair by pair",
        note=f"{note} Points of the first and the second; share of tasks with a deal, offers made; what a learner asks"
        " for most, as a part of what there is to share.",
        columns=("first", "second", "first gets", "second gets", "deals", "offers", "first asks", "second asks"),
        rows=tuple(
            (
                row["first"],
                row["second"],
                *(number(each, 2) for each in row["payoffs"]),
                f"{row['deals']:.0%}",
                number(row["rounds"], 1),
                *("–" if ask is None else f"{ask:.0%}" for ask in row["asks"]),
            )
            for row in record["rows"]
        ),
        texts=2,
    )
    return [against, pairs]
