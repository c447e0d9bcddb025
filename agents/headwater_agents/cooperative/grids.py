"""A study's results as tables of text, for the terminal, the page and the documentation alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from headwater.report.grids import NOTHING, Grid, bounds, number
from headwater_agents.cooperative.trial import PAYING

Summary = Mapping[str, Any]
Found = Mapping[str, float | None]

_INTERVAL: Final = re.compile(r" \[[^\]]*\]")
_ARMS: Final = {
    "project": "project",
    "reject": "reject",
    "no-filter": "no filter",
    "marginal": "plain marginal",
    "volume": "data volume",
    "shapley": "plain Shapley",
}


def arm_name(arm: str) -> str:
    """An arm in words."""
    return _ARMS[arm]


def spread(found: Found | None, decimals: int = 4, factor: float = 1.0) -> str:
    """A mean with its interval, or the mean alone where a single seed gives none."""
    if found is None or found["mean"] is None:
        return NOTHING
    mean = number(factor * found["mean"], decimals)
    low, high = found["low"], found["high"]
    if low is None or high is None:
        return mean
    return f"{mean} {bounds(number(factor * low, decimals), number(factor * high, decimals))}"


def terse(grid: Grid) -> Grid:
    """A grid without its intervals, as narrow as a terminal; those stand in the report."""
    rows = tuple(tuple(_INTERVAL.sub("", cell) for cell in row) for row in grid.rows)
    return replace(grid, rows=rows, note=grid.note.replace(", 95% intervals", "; intervals stand in the report"))


def run_grids(summary: Summary) -> list[Grid]:
    """Tables of `headwater learn run`."""
    return [_profiles(summary), _quality(summary), _breaches(summary), _credit(summary)]


def sweep_grids(summary: Summary) -> list[Grid]:
    """Tables of `headwater learn sweep`."""
    return [_costs(summary), _groups(summary), _payers(summary)]


def liars_grids(summary: Summary) -> list[Grid]:
    """Tables of `headwater learn liars`."""
    rows = tuple(
        (
            each["kind"],
            arm_name(each["arm"]),
            spread(each["share"], 1, 100),
            f"{each['paid']} of {each['seeds']}",
            spread(each["loss"]),
            spread(each["target_loss"]),
        )
        for each in summary["liars"]
    )
    about = "; ".join(dict.fromkeys(f"{each['kind']}: {each['about']}" for each in summary["liars"]))
    return [
        Grid(
            title="One liar among honest members",
            note=f"Share of credit, %; seeds in which it earned anything; what it did to everybody's loss and to that "
            f"of the smuggler's target ({summary['target']}), nats, beside the same seeds without it. {about}.",
            columns=("liar", "arm", "share", "paid", "Δ loss", "Δ target's loss"),
            rows=rows,
            texts=2,
        )
    ]


def _seeds(summary: Summary) -> str:
    count = len(summary["seeds"])
    return f"{count} seed{'s' if count > 1 else ''}" + (", 95% intervals" if count > 1 else ", so no intervals")


def _profiles(summary: Summary) -> Grid:
    rows = tuple(
        (each["name"], "; ".join(each["constraints"]) or "asks nothing", each["hash"][:18] + "…")
        for each in summary["profiles"]
    )
    return Grid(
        title="Profiles",
        note="What members ask of every update; hash of the canonical form.",
        columns=("profile", "asks", "hash"),
        rows=rows,
        texts=3,
    )


def _quality(summary: Summary) -> Grid:
    rows = []
    for each in summary["arms"]:
        found, cost = each["quality"], each.get("cost") or {}
        rows.append(
            (
                arm_name(each["arm"]),
                spread(found["accuracy"], 3),
                spread(found["loss"]),
                spread(found["gap"], 3),
                spread(cost.get("loss")),
                spread(cost.get("gap"), 3),
            )
        )
    return Grid(
        title="The model on test rows",
        note=f"Loss in nats. Gap: loss of {summary['world']['protected_name']} less that of the others. Δ: paired with "
        f"no filter. {_seeds(summary)}.",
        columns=("arm", "accuracy", "loss", "gap", "Δ loss", "Δ gap"),
        rows=tuple(rows),
    )


def _breaches(summary: Summary) -> Grid:
    kinds = list(summary["arms"][0]["excess"])
    rows = tuple(
        (
            arm_name(each["arm"]),
            *(spread(each["broken"][what], 2) for what in ("proposed", "applied", "mean")),
            *(spread(each["excess"][kind]) for kind in kinds),
        )
        for each in summary["arms"]
        if each["arm"] not in PAYING
    )
    return Grid(
        title="Constraints broken",
        note="Of the declared profiles: how many a proposed update breaks, how many an applied one, how many the mean "
        "that moved the model; then by how much that mean broke each kind, a round.",
        columns=("arm", "proposed", "applied", "mean", *kinds),
        rows=rows,
    )


def _credit(summary: Summary) -> Grid:
    arms = summary["arms"]
    rows = []
    for member in summary["members"]:
        name = member["name"]
        rows.append(
            (
                name if name == member["kind"] else f"{name} ({member['kind']})",
                f"{member['rows']:,}" if member["rows"] else f"claims {member['claims']:.0f}",
                *(spread(each["shares"][name], 1, 100) for each in arms),
            )
        )
    return Grid(
        title="Credit",
        note=f"Share of each member, %. Rows: of seed {summary['seeds'][0]}. {_seeds(summary)}.",
        columns=("member", "rows", *(arm_name(each["arm"]) for each in arms)),
        rows=tuple(rows),
        texts=1,
    )


def _points(summary: Summary) -> list[tuple[float, Mapping[str, Any]]]:
    return [(point["strictness"], arm) for point in summary["points"] for arm in point["arms"]]


def _costs(summary: Summary) -> Grid:
    rows = tuple(
        (
            f"{strictness:g}",
            arm_name(arm["arm"]),
            spread(arm["cost"]["accuracy"], 2, 100),
            spread(arm["cost"]["loss"]),
            spread(arm["cost"]["gap"]),
            spread(arm["broken"]["proposed"], 2),
            spread(arm["liars_share"], 1, 100),
        )
        for strictness, arm in _points(summary)
    )
    return Grid(
        title="What values cost",
        note=f"Test rows, paired with strictness {summary['grid'][0]:g} on the same seeds. Δ accuracy in points, "
        f"losses in nats. Broken: constraints that a proposed update breaks. {_seeds(summary)}.",
        columns=("strictness", "arm", "Δ accuracy", "Δ loss", "Δ gap", "broken", "liars' share %"),
        rows=rows,
        texts=2,
    )


def shown_groups(summary: Summary) -> list[str]:
    """Groups that a sweep shows: the protected one, the others, and the first by name; six at most."""
    groups = sorted(summary["points"][0]["arms"][0]["groups_cost"])
    first = [group for group in (summary["world"]["protected"], "others") if group in groups]
    return [*first, *(group for group in groups if group not in first)][:6]


def _groups(summary: Summary) -> Grid:
    shown = shown_groups(summary)
    rows = tuple(
        (f"{strictness:g}", arm_name(arm["arm"]), *(spread(arm["groups_cost"].get(group)) for group in shown))
        for strictness, arm in _points(summary)
    )
    return Grid(
        title="Who pays, by group",
        note="Δ loss of each group on test rows, nats, paired as above.",
        columns=("strictness", "arm", *shown),
        rows=rows,
        texts=2,
    )


def _payers(summary: Summary) -> Grid:
    halves = list(summary["points"][0]["arms"][0]["halves"])
    names = [member["name"] for member in summary["members"] if member["kind"] == "honest"]
    rows = tuple(
        (
            f"{strictness:g}",
            arm_name(arm["arm"]),
            *(spread(arm["halves"][half], 1, 100) for half in halves),
            *(spread(arm["share_change"][name], 1, 100) for name in names),
        )
        for strictness, arm in _points(summary)
    )
    return Grid(
        title="Who pays, by member",
        note="Δ share of credit in points, paired as above: of the honest half whose rows have more protected people, "
        "of the half with fewer, and of every honest member.",
        columns=("strictness", "arm", *(half.split()[0] for half in halves), *names),
        rows=rows,
        texts=2,
    )
