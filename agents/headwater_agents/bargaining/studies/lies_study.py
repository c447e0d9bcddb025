"""The study of lies among agents that share a reward: each beside the truth in the same worlds, with only words and
with evidence; and what evidence does not stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from headwater.report.grids import Grid, number
from headwater.units import WAD
from headwater_agents.bargaining.studies.lies_costs import COST_LIES, play_cost
from headwater_agents.bargaining.studies.lies_credit import CREDIT_LIES, Outcome, renamed
from headwater_agents.bargaining.studies.lies_stall import STALL_LIES, play_stall
from headwater_agents.bargaining.studies.lies_worlds import KINDS_OF_WORLD, TaskWorld, task_world
from headwater_agents.bargaining.studies.moving_arms import StudyError
from headwater_agents.lab.stats import paired, verdicts

SEEDS: Final = 48
METERS: Final = (1.0, 0.75, 0.5, 0.25, 0.0)
NAMES: Final = (1, 2, 3, 4, 5)
"""Names under which one agent hands in its work."""
COPIED: Final = "copied"
CUT: Final = "cut, each part needed"
WORK: Final[dict[str, Callable[[TaskWorld], tuple[Sequence[int], int]]]] = {
    COPIED: lambda world: (world.honest.values, world.liar),
    "spare, copied": lambda world: (world.padded.values, world.idler),
    CUT: lambda world: (world.honest.values, world.liar),
}
"""What is handed in under several names: the task's values and whose work it is."""
ANY: Final = "any one of 3"
_ANY: Final = tuple(WAD * (mask > 0) for mask in range(8))
_METERED: Final = ("overstates its cost by half", "two overstate by half", "not hired, understates by half")

Progress = Callable[[int, int, str], None]
Record = dict[str, Any]


def coop_lies_study(
    *,
    seeds: int = SEEDS,
    seed: int = 1,
    kinds: Sequence[str] = KINDS_OF_WORLD,
    names: Sequence[int] = NAMES,
    progress: Progress | None = None,
) -> Record:
    """Every lie in `seeds` worlds of each kind; gains are paired differences to honest play, as parts of the stake.

    Args:
        seeds: worlds of each kind, 2 to 2,000.
        seed: of the first, 0 or more.
        kinds: of finished tasks.
        names: how many names one agent takes, in the table of names; each 1 to 6.
        progress: called as `progress(steps done, steps, text)`.

    Raises:
        StudyError: other numbers, or a kind of task that there is not.
    """
    if type(seeds) is not int or type(seed) is not int or not 2 <= seeds <= 2_000 or seed < 0:
        raise StudyError(f"{seeds} seeds from {seed}; accepted: 2 to 2,000 from 0 or more")
    if not kinds or not set(kinds) <= set(KINDS_OF_WORLD) or not names or not all(1 <= count <= 6 for count in names):
        raise StudyError(
            f"kinds {list(kinds)}, names {list(names)}; accepted: {', '.join(KINDS_OF_WORLD)}; 1 to 6 names"
        )
    each = range(seed, seed + seeds)
    total = len(kinds) * (seeds + 1) + 2
    done = 0

    def tell(text: str) -> None:
        nonlocal done
        if progress is not None:
            progress(done, total, text)
        done += 1

    credit: list[Record] = []
    cloned: list[Record] = []
    for kind in kinds:
        worlds = []
        for one in each:
            tell(f"{kind}: world {one}")
            worlds.append(task_world(kind, one))
        tell(f"{kind}: lies")
        credit += [
            _row(
                {
                    "lie": lie.name,
                    "world": kind,
                    "told_by": lie.told,
                    "shown_by": lie.shown,
                    "prevented": lie.prevented,
                },
                [lie.play(world) for world in worlds],
            )
            for lie in CREDIT_LIES
            if kind in lie.kinds
        ]
        cloned += [
            _named(kind, work, count, [pick(world) for world in worlds])
            for count in names
            for work, pick in WORK.items()
        ]
    cloned += [_named(ANY, work, count, [(_ANY, 0)]) for count in names for work in (COPIED, CUT)]
    tell("costs")
    costs = [
        _row(
            {
                "lie": lie.name,
                "world": "hire",
                "told_by": "declared",
                "shown_by": "metered",
                "prevented": lie.prevented,
            },
            [play_cost(lie, one) for one in each],
        )
        for lie in COST_LIES
    ]
    meters = [
        {
            "lie": lie.name,
            "meter": meter,
            **paired([play_cost(lie, one, meter).gain(True) for one in each]).to_dict(),
        }
        for lie in COST_LIES
        if lie.name in _METERED
        for meter in METERS
    ]
    tell("stalling")
    stalls = [
        _row(
            {"lie": lie.name, "world": "2×2", "told_by": "promise", "shown_by": "deal", "prevented": lie.prevented},
            [play_stall(lie, one) for one in each],
        )
        for lie in STALL_LIES
    ]
    for rows in (credit, costs, stalls):
        _judge(rows)
    tell("done")
    return {
        "seeds": seeds,
        "seed": seed,
        "kinds": list(kinds),
        "credit": credit,
        "costs": costs,
        "stalls": stalls,
        "meters": meters,
        "names": cloned,
    }


def coop_lies_grids(record: Record) -> list[Grid]:
    """The study's tables."""
    note = (
        f"{record['seeds']} worlds of a kind; gain of the liars, others' change, and mean distance of a payoff from "
        "the fair split (with honest play → with the lie); paired means and 95% intervals, verdicts at 5% for each "
        "column of the table (Holm)."
    )
    columns = (
        "the lie",
        "world",
        "words",
        "gain, words",
        "verdict",
        "others",
        "off",
        "evidence",
        "gain, evidence",
        "verdict",
        "others",
        "off",
    )
    titles = {
        "credit": ("Lies about what one did", "Parts of the reward."),
        "costs": ("Lies about costs and benefits", "Parts of what the hire is worth."),
        "stalls": ("Stalling, and breaking one's word", "Parts of what the agreement is worth to both."),
    }
    grids = [
        Grid(
            title=title,
            note=f"{unit} {note}",
            columns=columns,
            rows=tuple(
                (row["lie"], row["world"], row["told_by"], *_half(row, "told"), row["shown_by"], *_half(row, "shown"))
                for row in record[table]
            ),
            texts=3,
        )
        for table, (title, unit) in titles.items()
    ]
    meters = Grid(
        title="By how much of a cost the meter sees",
        note="Gain of the liars with evidence, parts of what the hire is worth. At 0% it is by declaration.",
        columns=("the lie", "seen", "gain"),
        rows=tuple((row["lie"], f"{row['meter']:.0%}", _told(row)) for row in record["meters"]),
        texts=1,
    )
    names = Grid(
        title="One agent under several names, its work replayed",
        note="Gain over one name, parts of the reward: the Shapley value of the replayed task, and the same averaged "
        "only over orders that put the new names last. Spare: the idler's padding. Any one of 3: one of three players "
        "is enough, in closed form.",
        columns=("world", "work", "names", "gain, Shapley", "gain, new names last"),
        rows=tuple(
            (row["world"], row["work"], str(row["names"]), _told(row["plain"]), _told(row["ranked"]))
            for row in record["names"]
        ),
        texts=2,
    )
    return [*grids, meters, names]


def _named(world: str, work: str, count: int, tasks: Sequence[tuple[Sequence[int], int]]) -> Record:
    """What so many names bring in these tasks (values by bitmask, and who takes them), under both ways to replay."""
    row: Record = {"world": world, "work": work, "names": count}
    for name, ranked in (("plain", False), ("ranked", True)):
        gains = []
        for values, player in tasks:
            one, many = (
                renamed(values, player, names, needed=work == CUT, ranked=ranked)[player] for names in (1, count)
            )
            gains.append((many - one) / values[-1])
        # A closed-form world is one exact number, not a sample.
        row[name] = paired(gains).to_dict() if len(gains) > 1 else dict.fromkeys(("mean", "low", "high"), gains[0])
    return row


def _row(what: Record, outcomes: Sequence[Outcome]) -> Record:
    row = dict(what)
    for name, shown in (("told", False), ("shown", True)):
        row[name] = {
            "gain": paired([one.gain(shown) for one in outcomes]).to_dict(),
            "others": paired([one.others(shown) for one in outcomes]).to_dict(),
            "off_honest": float(np.mean([one.off(shown, lied=False) for one in outcomes])),
            "off": float(np.mean([one.off(shown) for one in outcomes])),
            "gains": [one.gain(shown) for one in outcomes],
        }
    return row


def _judge(rows: Sequence[Record]) -> None:
    """Add to each row the verdict on its gain, told and shown, each at one error rate for the table; in place."""
    for name in ("told", "shown"):
        found = verdicts([paired(row[name]["gains"]) for row in rows])
        for row, finding in zip(rows, found, strict=True):
            row[name] |= {"verdict": finding.verdict.value, "established": finding.established}


def _half(row: Record, name: str) -> tuple[str, str, str, str]:
    half = row[name]
    verdict = half["verdict"] if half["established"] else f"{half['verdict']}?"
    off = f"{number(half['off_honest'], 3)} → {number(half['off'], 3)}"
    return _told(half["gain"]), verdict, number(half["others"]["mean"], 3), off


def _told(result: Record) -> str:
    return f"{number(result['mean'], 3)} [{number(result['low'], 3)}, {number(result['high'], 3)}]"
