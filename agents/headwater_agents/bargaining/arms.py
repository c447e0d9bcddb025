"""The arms, measured: the same agents in the same worlds, with more or less to say to each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from headwater.report.grids import NOTHING, Grid, number
from headwater.units import WAD
from headwater_agents.bargaining.arm import Arm
from headwater_agents.bargaining.engine import play
from headwater_agents.bargaining.errors import BargainError
from headwater_agents.bargaining.played import Played
from headwater_agents.bargaining.setting import Setting
from headwater_agents.bargaining.table import Negotiator
from headwater_agents.games import Game
from headwater_agents.lab.stats import paired

Record = dict[str, Any]
Progress = Callable[[int, int, str], None]

FOR_ITSELF = "no-talk, own only"
"""The row of agents who do not talk and do not count on any part of what is earned together."""

LONG: Final = 10**9
"""From here on a setting is left out of captions: an amount in wei, which nobody reads."""


def arms(
    game: Game[Any],
    agents: Sequence[Negotiator],
    seeds: Sequence[int],
    *,
    which: Sequence[Arm | str] = tuple(Arm),
    setting: Setting | None = None,
    progress: Progress | None = None,
) -> Record:
    """Every arm with these agents over the same seeds; where something is earned together, also `FOR_ITSELF`.

    The record is JSON: amounts in tokens, as floats, for tables; the plays themselves are had again with `play`.

    Args:
        game: the rules.
        agents: one a player.
        seeds: at least one, distinct.
        which: the arms.
        setting: how games are played.
        progress: called as `progress(plays done, plays, text)`.

    Raises:
        BargainError: no seeds or some twice, or what `play` refuses.
    """
    if not seeds or len(set(seeds)) != len(seeds):
        raise BargainError(f"arms are compared over distinct seeds, at least one; got {list(seeds)[:8]}")
    at = setting or Setting()
    rows: list[tuple[str, Arm, Setting]] = []
    for each in which:
        arm = Arm.of(each)
        rows.append((arm.value, arm, at))
    plays: dict[str, list[Played]] = {}
    total = len(rows) * len(seeds)
    done = 0

    def run(name: str, arm: Arm, how: Setting) -> None:
        nonlocal done
        plays[name] = []
        for seed in seeds:
            if progress is not None:
                progress(done, total, f"{name}, seed {seed}")
            plays[name].append(play(game, agents, arm, seed, setting=how))
            done += 1

    for name, arm, how in rows:
        run(name, arm, how)
    if any(one.team for results in plays.values() for one in results) and Arm.NO_TALK.value in plays:
        total += len(seeds)
        run(FOR_ITSELF, Arm.NO_TALK, replace(at, counts="own"))
        rows.insert(0, (FOR_ITSELF, Arm.NO_TALK, at))
    if progress is not None:
        progress(done, total, "plays")
    first = plays[rows[0][0]]
    return {
        "game": game.name,
        "settings": game.settings,
        "agents": [{"name": agent.name, **dict(agent.settings)} for agent in agents],
        "seeds": list(seeds),
        "setting": at.as_dict(),
        "baseline": rows[0][0],
        "arms": [_row(name, plays[name], first) for name, _, _ in rows],
    }


def arms_grids(record: Record) -> list[Grid]:
    """The tables of `arms`: what each arm comes to, and who gets what."""
    seeds = len(record["seeds"])
    names = " × ".join(agent["name"] for agent in record["agents"])
    game = f"{record['game']} {_settings(record['settings'])}".strip()
    note = f"{game}; {names}; {seeds} seed{'s' if seeds > 1 else ''}."
    table = Grid(
        title="Arms",
        note=f"{note} Amounts in points, means over seeds; spread: largest payoff less smallest; Δ: all payoffs"
        f" together, beside {record['baseline']} on the same seeds, 95% interval unless it is the same on all.",
        columns=("arm", "success", "together", "Δ", "spread", "deals", "broken", "rounds", "messages", "tokens"),
        rows=tuple(
            (
                row["arm"],
                f"{row['success']:.0%}",
                number(row["total"], 2),
                _told(row["gain"]),
                number(row["spread"], 2),
                number(row["deals"], 1),
                number(row["broken"], 1),
                number(row["rounds"], 1),
                number(row["messages"], 1),
                number(row["tokens"], 0),
            )
            for row in record["arms"]
        ),
    )
    players = range(len(record["agents"]))
    payoffs = Grid(
        title="Payoffs",
        note=f"{note} Points, means over seeds.",
        columns=("arm", *(f"{player} {record['agents'][player]['name']}" for player in players)),
        rows=tuple((row["arm"], *(number(each, 2) for each in row["payoffs"])) for row in record["arms"]),
    )
    return [table, payoffs]


def _row(name: str, plays: Sequence[Played], first: Sequence[Played]) -> Record:
    payoffs = np.array([[payoff / WAD for payoff in one.payoffs] for one in plays])
    more = [sum(one.payoffs) - sum(other.payoffs) for one, other in zip(plays, first, strict=True)]
    gains = [wei / WAD for wei in more]
    gain: Record | None = None
    if plays is not first:
        gain = paired(gains).to_dict() if len(plays) > 1 else {"mean": gains[0], "low": None, "high": None}
        # A game without dice is the same play on every seed: a fact, of which an interval would say too little.
        gain["constant"] = len(plays) > 1 and len(set(more)) == 1
    return {
        "arm": name,
        "success": float(np.mean([one.success for one in plays])),
        "payoffs": payoffs.mean(axis=0).tolist(),
        "total": float(payoffs.sum(axis=1).mean()),
        "gain": gain,
        "spread": float(np.mean([one.spread / WAD for one in plays])),
        "deals": float(np.mean([len(one.settled) for one in plays])),
        "broken": float(np.mean([sum(not (d.payer_kept and d.payee_kept) for d in one.settled) for one in plays])),
        "rounds": float(np.mean([one.rounds for one in plays])),
        "messages": float(np.mean([one.messages for one in plays])),
        "tokens": float(np.mean([one.spent for one in plays])),
        "plays": [
            {
                "seed": one.seed,
                "success": one.success,
                "payoffs": [str(wei) for wei in one.payoffs],
                "division": [str(wei) for wei in one.division.shares],
                "rounds": one.rounds,
                "messages": one.messages,
                "tokens": one.spent,
            }
            for one in plays
        ],
    }


def _settings(settings: dict[str, Any]) -> str:
    short = {key: value for key, value in settings.items() if isinstance(value, str) or _fits(value)}
    return ", ".join(f"{key} {value}" for key, value in short.items())


def _fits(value: object) -> bool:
    return isinstance(value, int) and abs(value) < LONG


def _told(result: Record | None) -> str:
    if result is None:
        return NOTHING
    mean, low, high = (number(result[key], 2) for key in ("mean", "low", "high"))
    if result.get("constant"):
        return f"{mean} on every seed"
    return mean if result["low"] is None else f"{mean} [{low}, {high}]"
