"""The study of lies: each beside the truth in the same worlds, without the defence and with it; where that stops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

import numpy as np

from headwater.report.grids import Grid, number
from headwater_agents.lab.stats import paired, verdicts
from headwater_agents.values.gaming.lies import LIES, Enter, Lie
from headwater_agents.values.gaming.stakes import Played, Stakes, StakesError, play
from headwater_agents.values.gaming.worlds import lying_world

SEEDS: Final = 48
POSER: Final = Enter(mixture=1.0)
"""The lie whose borders are shown: it brings the most."""

CARES: Final = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
CAUGHT: Final = (0.0, 0.05, 0.1, 0.25, 0.5, 1.0)
BONDS: Final = (0.0, 1.0, 4.0)

Progress = Callable[[int, int, str], None]
Record = dict[str, Any]


def lies_study(
    stakes: Stakes | None = None,
    *,
    seeds: int = SEEDS,
    seed: int = 1,
    agents: int = 45,
    lies: Sequence[Lie] = LIES,
    progress: Progress | None = None,
) -> Record:
    """Every lie in `seeds` worlds, from `seed` on; gains are paired differences to honest play, in incomes.

    Args:
        stakes: what is at stake; the defaults unless given.
        seeds: from 2 on.
        seed: of the first world, 0 or more.
        agents: in a world, 10 to 300.
        lies: which.
        progress: called as `progress(worlds done, worlds, text)`.

    Raises:
        StakesError: numbers outside these.
    """
    if seeds < 2 or seed < 0 or not 10 <= agents <= 300:
        raise StakesError(f"{seeds} seeds from {seed}, {agents} agents; expected 2 or more, 0 or more, and 10 to 300")
    at = stakes or Stakes()
    played: list[list[Played]] = [[] for _ in lies]
    posers: list[Played] = []
    for done, each in enumerate(range(seed, seed + seeds)):
        if progress is not None:
            progress(done, seeds, f"world {each}")
        world = lying_world(each, agents)
        for index, lie in enumerate(lies):
            played[index].append(play(world, lie))
        posers.append(play(world, POSER))
    if progress is not None:
        progress(seeds, seeds, "worlds")
    arms = {
        "open": [paired([one.gain(at, defended=False) for one in results]) for results in played],
        "held": [paired([one.gain(at, defended=True) for one in results]) for results in played],
    }
    found = {name: verdicts(results) for name, results in arms.items()}
    rows = []
    for index, lie in enumerate(lies):
        results = played[index]
        rows.append(
            {
                "lie": lie.name,
                "goal": lie.goal,
                "in_rich": float(np.mean([one.income > 0 for one in results])),
                "breaks": float(np.mean([one.breaks(at) for one in results])),
                "others": paired([one.others for one in results]).to_dict(),
                "worlds": [asdict(one) for one in results],
                **{
                    name: arms[name][index].to_dict()
                    | {"verdict": found[name][index].verdict.value, "established": found[name][index].established}
                    for name in arms
                },
            }
        )
    return {
        "seeds": seeds,
        "seed": seed,
        "agents": agents,
        "stakes": asdict(at),
        "rows": rows,
        "care": [_border(posers, replace(at, care=care), care=care) for care in CARES],
        "caught": [
            _border(posers, replace(at, caught=caught, bond=bond), caught=caught, bond=bond)
            for bond in BONDS
            for caught in CAUGHT
        ],
        "poser": POSER.name,
    }


def lies_grids(record: Record) -> list[Grid]:
    """The study's tables."""
    stakes = record["stakes"]
    at = (
        f"care {stakes['care']:g}, bond {stakes['bond']:g}, caught {stakes['caught']:g}, rent {stakes['rent']:g}; "
        f"{record['seeds']} worlds of {record['agents']} agents; mean and 95% interval, verdicts at 5% for each column "
        "of the table (Holm)"
    )
    rows = tuple(
        (
            row["lie"],
            row["goal"],
            f"{row['in_rich']:.0%}",
            _told(row["open"]),
            _verdict(row["open"]),
            _told(row["held"]),
            _verdict(row["held"]),
            number(row["others"]["mean"], 4),
        )
        for row in record["rows"]
    )
    lies = Grid(
        title="What lies about values bring, beyond honest play",
        note=f"In incomes of a member. {at}",
        columns=(
            "the liar",
            "what for",
            "in the rich cooperative",
            "gain, no defence",
            "verdict",
            "gain, defence",
            "verdict",
            "others' utility",
        ),
        rows=rows,
        texts=2,
    )
    care = Grid(
        title=f"Where the defence stops: a liar who {record['poser']}, and lives by what it signed",
        note="Gain with the defence, in incomes, by what living by the farthest values would cost.",
        columns=("care", "gain, defence", "breaks its word"),
        rows=tuple((f"{row['care']:g}", _told(row), f"{row['breaks']:.0%}") for row in record["care"]),
        texts=0,
    )
    caught = Grid(
        title="The same by the probability that a breach is proven, and by the bond",
        note="Gain with the defence, in incomes.",
        columns=("bond", "caught", "gain, defence", "breaks its word"),
        rows=tuple(
            (f"{row['bond']:g}", f"{row['caught']:g}", _told(row), f"{row['breaks']:.0%}") for row in record["caught"]
        ),
        texts=0,
    )
    return [lies, care, caught]


def _border(results: Sequence[Played], stakes: Stakes, **where: float) -> Record:
    gains = paired([one.gain(stakes, defended=True) for one in results])
    return {**where, **gains.to_dict(), "breaks": float(np.mean([one.breaks(stakes) for one in results]))}


def _told(result: Record) -> str:
    return f"{number(result['mean'], 3)} [{number(result['low'], 3)}, {number(result['high'], 3)}]"


def _verdict(result: Record) -> str:
    return str(result["verdict"]) if result["established"] else f"{result['verdict']}?"
