"""The study of prices that move: one drift, every way to price it; and where a rule by the index stops helping."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from headwater.report.grids import Grid, number
from headwater_agents.bargaining.studies.moving_arms import (
    ARMS,
    FIXED,
    RENEWED,
    RULE,
    RULE_RENEWED,
    Arm,
    Lies,
    Plan,
    StudyError,
    plan,
)
from headwater_agents.bargaining.studies.moving_play import HaulPlayed, parties, play_haul, rolls_of
from headwater_agents.games.haul import CARRIER, FOLLOWS, SHIPPER, START, Haul
from headwater_agents.lab.stats import paired, verdicts

SEEDS: Final = 48
TABLES: Final = ("arms", "volatility", "steps", "seen", "checkpoints", "resolver", "bluffs")
VOLATILITIES: Final = (0, 2, 4, 6, 8, 10)
STEPS: Final = (1, 2, 3, 4, 8, 16)
SEEN: Final = (100, 75, 50, 25, 0)
RATES: Final = (0.0, 0.1, 0.25, 0.5, 1.0)
CHECKPOINTS: Final = (1, 2, 4)
BLUFFS: Final = (0, 5, 10, 20)
"""By how much more than it is a carrier says the factor to be that only it sees; the whole of it is 40."""

Progress = Callable[[int, int, str], None]
Record = dict[str, Any]


def moving_study(
    *,
    seeds: int = SEEDS,
    seed: int = 1,
    legs: int = 8,
    volatility: int = 6,
    follows: str = "both",
    volatilities: Sequence[int] = VOLATILITIES,
    seen: Sequence[int] = SEEN,
    bluffs: Sequence[int] = BLUFFS,
    progress: Progress | None = None,
) -> Record:
    """Every arm on the same drifts; differences are paired by seed, and in shares of what both can have together.

    The first table's prices are negotiated and signed, message by message; the others' messages are counted.

    Args:
        seeds: drifts, 2 to 10,000.
        seed: of the first, 0 or more.
        legs: of a haul.
        volatility: of the index, where it is not what is varied.
        follows: what moves, in the tables after the first.
        volatilities: that are tried.
        seen: percents of what moves the money that the index shows, that are tried.
        bluffs: of the carrier that are tried, the first of them 0; none leaves the table out.
        progress: called as `progress(cells done, cells, text)`.

    Raises:
        StudyError: other numbers of seeds. SettingsError: a haul that is none.
    """
    if bluffs and bluffs[0] != 0:
        raise StudyError(f"bluffs {list(bluffs)}; accepted: 0 first, which the others are compared with")
    if type(seeds) is not int or type(seed) is not int or not 2 <= seeds <= 10_000 or seed < 0:
        raise StudyError(f"{seeds} seeds from {seed}; accepted: 2 to 10,000 from 0 or more")
    haul = Haul(legs, volatility, follows)
    half = Haul(legs, volatility, "cost", 50)
    cells: list[tuple[str, Record, Haul, Arm, Lies]] = []
    for each in FOLLOWS:
        cells += [("arms", {"follows": each}, Haul(legs, volatility, each), arm, Lies()) for arm in ARMS]
    for moved in volatilities:
        game = Haul(legs, moved, follows)
        cells += [("volatility", {"volatility": moved}, game, arm, Lies()) for arm in (FIXED, RULE, RENEWED)]
    for steps in STEPS:
        cells.append(("steps", {"steps": steps}, haul, replace(RULE, steps=steps), Lies()))
    for part in seen:
        game = Haul(legs, volatility, follows, part)
        cells += [("seen", {"seen": part}, game, arm, Lies()) for arm in (FIXED, RULE, RENEWED, RULE_RENEWED)]
    for every in CHECKPOINTS:
        cells.append(("checkpoints", {"every": every}, haul, replace(RENEWED, checkpoints=every), Lies()))
    for rate in RATES:
        for arm, known in ((FIXED, False), (RULE, False), (RULE, True)):
            lies = Lies(rate=rate, side=CARRIER, known=known)
            cells.append(("resolver", {"rate": rate, "known": known}, haul, arm, lies))
    for arm in (RULE, RENEWED, RULE_RENEWED):
        cells += [("bluffs", {"bluff": bluff}, half, arm, Lies()) for bluff in bluffs]
    drifts = range(seed, seed + seeds)
    worked: Plan | None = None
    found: dict[str, list[Record]] = {table: [] for table in TABLES}
    plays: dict[str, list[list[HaulPlayed]]] = {table: [] for table in TABLES}
    for done, (table, where, game, arm, lies) in enumerate(cells):
        if progress is not None:
            progress(done, len(cells), f"{table}: {arm.name}")
        if worked is None or (worked.game, worked.arm, worked.lies) != (game, arm, lies):
            worked = plan(game, arm, lies)
        played = [
            play_haul(
                worked,
                rolls_of(game, each),
                sign=parties(each) if table == "arms" else None,
                lies=lies,
                bluff=where.get("bluff", 0),
                seed=each,
            )
            for each in drifts
        ]
        found[table].append({**where, "arm": arm.name, **_row(worked, played)})
        plays[table].append(played)
    if progress is not None:
        progress(len(cells), len(cells), "done")
    for table, world in (("arms", "follows"), ("volatility", "volatility"), ("seen", "seen")):
        _compare(found[table], plays[table], world)
    _over_truth(found["resolver"], plays["resolver"])
    _over_truth(found["bluffs"], plays["bluffs"])
    settings = {"seeds": seeds, "seed": seed, "legs": legs, "volatility": volatility, "follows": follows}
    return {**settings, "tables": found}


def moving_grids(record: Record) -> list[Grid]:
    """The study's tables."""
    where = f"{record['seeds']} drifts of {record['legs']} legs"
    gain = "gain over a fixed price: paired, mean and 95% interval, in shares of what both can have; verdicts at 5% "
    middle = f"{where}, volatility {record['volatility']}, both cost and benefit move"
    if record["follows"] != "both":
        middle = f"{where}, volatility {record['volatility']}, the {record['follows']} moves"
    return [
        Grid(
            title="Prices of a haul whose cost or benefit moves",
            note=f"{where}, volatility {record['volatility']}; {gain}for the table (Holm). Off: mean distance of a "
            "payoff from half of the best both could have had on that drift, in points. The best stops where that is "
            "best by what is known then; on a drift that turns, going on can earn a little more.",
            columns=("what moves", "price", "of the best", "gain", "verdict", "off", "legs", "left", "messages"),
            rows=tuple(
                (row["follows"], row["arm"], _percent(row["efficiency"]), *_gain(row), *_rest(row))
                for row in record["tables"]["arms"]
            ),
            texts=2,
        ),
        Grid(
            title="By how much the index moves",
            note=f"{where}; {gain}for the table (Holm).",
            columns=("volatility", "price", "of the best", "gain", "verdict", "off", "legs", "left", "messages"),
            rows=tuple(
                (str(row["volatility"]), row["arm"], _percent(row["efficiency"]), *_gain(row), *_rest(row))
                for row in record["tables"]["volatility"]
            ),
            texts=2,
        ),
        Grid(
            title="By how much of what moves is in the index",
            note=f"{middle}; {gain}for the table (Holm).",
            columns=("seen", "price", "of the best", "gain", "verdict", "off", "legs", "left", "messages"),
            rows=tuple(
                (f"{row['seen']}%", row["arm"], _percent(row["efficiency"]), *_gain(row), *_rest(row))
                for row in record["tables"]["seen"]
            ),
            texts=2,
        ),
        Grid(
            title="By the steps of the rule",
            note=f"{middle}.",
            columns=("steps", "of the best", "off", "legs", "left", "messages"),
            rows=tuple(
                (str(row["steps"]), _percent(row["efficiency"]), *_rest(row)) for row in record["tables"]["steps"]
            ),
        ),
        Grid(
            title="By how often a fixed price may be renegotiated",
            note=f"{middle}. Every leg, every second, every fourth.",
            columns=("every", "of the best", "off", "legs", "left", "messages"),
            rows=tuple(
                (str(row["every"]), _percent(row["efficiency"]), *_rest(row)) for row in record["tables"]["checkpoints"]
            ),
        ),
        Grid(
            title="A resolver who reports the index that is best for the carrier",
            note=f"{middle}. Gains over a truthful resolver under the same price, in points a haul; a fixed price does "
            "not ask for the index. Reckoned with: both know how often it lies before they sign.",
            columns=("lies", "price", "reckoned with", "of the best", "carrier's gain", "shipper's gain", "left"),
            rows=tuple(
                (
                    f"{row['rate']:.0%}",
                    row["arm"],
                    "yes" if row["known"] else "no",
                    _percent(row["efficiency"]),
                    _told(row["carrier_gain"], 1),
                    _told(row["shipper_gain"], 1),
                    _left(row),
                )
                for row in record["tables"]["resolver"]
            ),
            texts=3,
        ),
        Grid(
            title="A carrier that bluffs about what the index does not show",
            note=f"{where}, volatility {record['volatility']}, the cost moves, half of it with the index; the other "
            "factor is the carrier's to tell when a price is renegotiated. Gains over the truth under the same price, "
            "points a haul.",
            columns=("says more by", "price", "of the best", "carrier's gain", "shipper's gain", "revised", "left"),
            rows=tuple(
                (
                    str(row["bluff"]),
                    row["arm"],
                    _percent(row["efficiency"]),
                    _told(row["carrier_gain"], 1),
                    _told(row["shipper_gain"], 1),
                    number(row["revisions"], 1),
                    _left(row),
                )
                for row in record["tables"]["bluffs"]
            ),
            texts=2,
        ),
    ]


def _row(worked: Plan, played: Sequence[HaulPlayed]) -> Record:
    best = float(np.sum([one.best for one in played]))
    quitters = [one.quitter for one in played]
    return {
        "price": None if worked.price is None else [[state, str(share)] for state, share in worked.price.steps],
        "efficiency": float(np.sum([one.joint for one in played])) / best if best else 1.0,
        "joint": [one.joint for one in played],
        "off": float(np.mean([one.off for one in played])),
        "payoffs_wei": [[str(wei) for wei in one.payoffs] for one in played],
        "legs": float(np.mean([one.state.leg for one in played])),
        "messages": float(np.mean([one.messages for one in played])),
        "revisions": float(np.mean([one.revisions for one in played])),
        "left_shipper": quitters.count(SHIPPER),
        "left_carrier": quitters.count(CARRIER),
        "unit": float(worked.best[0, START, START if worked.best.shape[2] > 1 else 0]),
    }


def _compare(rows: list[Record], plays: list[list[HaulPlayed]], world: str) -> None:
    """Add each row's gain over the fixed price of the same world, and the table's verdicts, in place."""
    fixed = {row[world]: played for row, played in zip(rows, plays, strict=True) if row["arm"] == FIXED.name}
    compared = []
    for row, played in zip(rows, plays, strict=True):
        if row["arm"] != FIXED.name:
            unit = row["unit"] or 1.0
            pairs = zip(played, fixed[row[world]], strict=True)
            compared.append((row, paired([(one.joint - other.joint) / unit for one, other in pairs])))
    for (row, gains), finding in zip(compared, verdicts([gains for _, gains in compared]), strict=True):
        row["gain"] = gains.to_dict() | {"verdict": finding.verdict.value, "established": finding.established}


def _over_truth(rows: list[Record], plays: list[list[HaulPlayed]]) -> None:
    """Add each row's gains over the first of the same price, in which all is true; in place."""
    honest: dict[str, list[HaulPlayed]] = {}
    for row, played in zip(rows, plays, strict=True):
        base = honest.setdefault(row["arm"], played)
        for name, side in (("shipper_gain", SHIPPER), ("carrier_gain", CARRIER)):
            gains = [(a.payoffs[side] - b.payoffs[side]) / 10**18 for a, b in zip(played, base, strict=True)]
            row[name] = paired(gains).to_dict()


def _gain(row: Record) -> tuple[str, str]:
    if "gain" not in row:
        return "–", "–"
    gain = row["gain"]
    return _told(gain, 3), gain["verdict"] if gain["established"] else f"{gain['verdict']}?"


def _rest(row: Record) -> tuple[str, ...]:
    return number(row["off"], 1), number(row["legs"], 1), _left(row), number(row["messages"], 1)


def _left(row: Record) -> str:
    return f"{row['left_shipper']} shippers, {row['left_carrier']} carriers"


def _percent(value: float) -> str:
    return f"{value:.1%}".replace("-", "−")


def _told(result: Record, decimals: int) -> str:
    return f"{number(result['mean'], decimals)} [{number(result['low'], decimals)}, {number(result['high'], decimals)}]"
