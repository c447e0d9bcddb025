"""What plays bear out: means over seeds with intervals, paired with the same seeds without a filter."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from headwater import __version__
from headwater.learning import canonical, label, profile_hash
from headwater_agents.cooperative.measure import over_seeds
from headwater_agents.cooperative.problem import make_problem
from headwater_agents.cooperative.tables import SOURCES
from headwater_agents.cooperative.trial import ARMS, Setting
from headwater_agents.lab.campaign import Record, code_version

BASE: Final = "no-filter"
QUALITY: Final = ("accuracy", "loss", "group_accuracy", "group_loss", "others_loss", "gap", "rate_gap")
"""Measures of a model on the test rows; see `measure.Quality`."""


def summarise_run(setting: Setting, seeds: Sequence[int], records: Sequence[Record], command: str) -> dict[str, Any]:
    """Arms beside each other: quality, its difference to no filter on the same seeds, breaches, and credit."""
    arms = [arm for arm in ARMS if arm in records[0]["arms"]]
    return {
        **head("run", setting, seeds, command),
        "members": records[0]["members"],
        "arms": [_arm(arm, records, BASE if BASE in arms else None) for arm in arms],
    }


def summarise_sweep(
    setting: Setting, grid: Sequence[float], seeds: Sequence[int], records: Sequence[Sequence[Record]], command: str
) -> dict[str, Any]:
    """Arms over strictness, `records[i]` being the seeds' at `grid[i]`; each paired with the grid's first point."""
    arms = [arm for arm in ARMS if arm in records[0][0]["arms"]]
    points = [
        {
            "strictness": strictness,
            "arms": [
                {
                    **_arm(arm, rows, None),
                    "cost": {name: _paired(arm, arm, rows, records[0], _at("quality", name)) for name in QUALITY},
                    "groups_cost": {
                        group: _paired(arm, arm, rows, records[0], _at("groups", group))
                        for group in _common(rows, arm, "groups")
                    },
                    "share_change": _changes(arm, rows, records[0]),
                    "halves": _halves(arm, rows, records[0]),
                }
                for arm in arms
            ],
        }
        for strictness, rows in zip(grid, records, strict=True)
    ]
    members = records[0][0]["members"]
    return {**head("sweep", setting, seeds, command), "members": members, "grid": list(grid), "points": points}


def head(kind: str, setting: Setting, seeds: Sequence[int], command: str) -> dict[str, Any]:
    """What every summary begins with: the command, the setting, the data, the profiles."""
    problem = make_problem(setting.data, setting.split(), np.random.default_rng([seeds[0], 0]))
    source = SOURCES.get(setting.data)
    return {
        "kind": f"learn-{kind}",
        "command": command,
        "headwater": __version__,
        "code": code_version(),
        "seeds": list(seeds),
        "setting": {
            "data": setting.data,
            "members": setting.members,
            "rounds": setting.rounds,
            "strictness": None if setting.profiles else setting.strictness,
            "skew": setting.skew,
            "liars": setting.liars,
            "window": setting.window,
        },
        "world": {
            "name": f"{source.package}/{source.item}" if source else "crch/RainIbk",
            "event": problem.event,
            "features": list(problem.features),
            "protected": problem.protected,
            "protected_name": problem.groups[problem.protected],
            "rows": {
                "members": sum(len(part) for part in problem.data.values()),
                "reference": len(problem.reference),
                "validation": len(problem.validation),
                "test": len(problem.test),
            },
        },
        "profiles": [
            {
                "name": profile.name,
                "constraints": [label(each) for each in profile.constraints],
                "hash": "0x" + profile_hash(profile).hex(),
                "canonical": canonical(profile),
            }
            for profile in setting.dealt(problem)
        ],
    }


def interval(values: Sequence[float]) -> dict[str, float | None]:
    """Mean over seeds with its 95% interval; null bounds where a single seed gives none."""
    found = over_seeds(values)
    return {
        "mean": found.mean,
        "low": found.low if math.isfinite(found.low) else None,
        "high": found.high if math.isfinite(found.high) else None,
    }


def _arm(arm: str, records: Sequence[Record], base: str | None) -> dict[str, Any]:
    played = [record["arms"][arm] for record in records]
    kinds = {member["name"]: member["kind"] for member in records[0]["members"]}
    liars = [name for name, kind in kinds.items() if kind != "honest"]
    found: dict[str, Any] = {
        "arm": arm,
        "quality": {name: interval([each["quality"][name] for each in played]) for name in QUALITY},
        "groups": {
            group: interval([each["groups"][group] for each in played]) for group in _common(records, arm, "groups")
        },
        "shares": {name: interval([each["shares"][name] for each in played]) for name in kinds},
        "totals": {name: interval([each["totals"][name] for each in played]) for name in kinds},
        "admitted": {name: interval([each["admitted"][name] for each in played]) for name in kinds},
        "broken": {what: interval([each["broken"][what] for each in played]) for what in played[0]["broken"]},
        "excess": {kind: interval([each["excess"][kind] for each in played]) for kind in played[0]["excess"]},
        "moved": interval([each["moved"] for each in played]),
        "gain": interval([each["gain"] for each in played]),
        "unowned": interval([each["unowned"] for each in played]),
        "early": interval([each["early"] for each in played]),
        "paid_liars": {name: sum(each["shares"][name] > 0 for each in played) for name in liars},
        "liars_share": interval([sum(each["shares"][name] for name in liars) for each in played]),
    }
    if base is not None:
        found["cost"] = {name: _paired(arm, base, records, records, _at("quality", name)) for name in QUALITY}
    return found


def _at(field: str, name: str) -> Callable[[Mapping[str, Any]], float]:
    def read(played: Mapping[str, Any]) -> float:
        return float(played[field][name])

    return read


def _common(records: Sequence[Record], arm: str, field: str) -> list[str]:
    first = records[0]["arms"][arm][field]
    return [name for name in first if all(name in record["arms"][arm][field] for record in records)]


def _paired(
    arm: str,
    base: str,
    records: Sequence[Record],
    bases: Sequence[Record],
    read: Callable[[Mapping[str, Any]], float],
) -> dict[str, float | None]:
    return interval(
        [read(record["arms"][arm]) - read(other["arms"][base]) for record, other in zip(records, bases, strict=True)]
    )


def _changes(arm: str, records: Sequence[Record], bases: Sequence[Record]) -> dict[str, dict[str, float | None]]:
    return {name: _paired(arm, arm, records, bases, _at("shares", name)) for name in records[0]["arms"][arm]["shares"]}


def _halves(arm: str, records: Sequence[Record], bases: Sequence[Record]) -> dict[str, dict[str, float | None]]:
    """How the share of two halves of the honest changes: those whose rows have more protected people, and fewer."""
    found: dict[str, list[float]] = {"more protected rows": [], "fewer protected rows": []}
    for record, base in zip(records, bases, strict=True):
        honest = [member for member in record["members"] if member["kind"] == "honest"]
        ranked = sorted(honest, key=lambda member: (-(member["protected"] or 0.0), member["name"]))
        middle = (len(ranked) + 1) // 2
        for what, half in zip(found, (ranked[:middle], ranked[middle:]), strict=True):
            found[what].append(
                sum(
                    record["arms"][arm]["shares"][member["name"]] - base["arms"][arm]["shares"][member["name"]]
                    for member in half
                )
            )
    return {what: interval(values) for what, values in found.items()}
