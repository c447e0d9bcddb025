"""What a sweep's records amount to: every number over the seeds of a cell, verdicts on gains, and their borders."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from headwater_agents.lab.campaign.errors import CampaignError
from headwater_agents.lab.campaign.grid import SEED, Cell, Sweep
from headwater_agents.lab.campaign.runner import Failure
from headwater_agents.lab.campaign.unit import Record, Unit, canonical_json
from headwater_agents.lab.campaign.version import code_version
from headwater_agents.lab.stats import Finding, PairedResult, borders, paired, robust_interval, verdicts

ARMS: Final = ("attack", "honest")
"""Fields whose difference, attack − honest, is a unit's gain where it has no other: numbers, or wei as text."""

GAIN: Final = "gain"
"""Field that is the gain itself; per unit staked, if whether it is neutral shall be established at ±0.5%."""

Rows = Sequence[tuple[Unit, Record]]


def summarise_sweep(sweep: Sweep, rows: Rows, failures: Sequence[Failure] = ()) -> dict[str, Any]:
    """What goes into summary.json: plain values, the same whenever the same records are summarised.

    Each cell has, under "fields", mean and 95% interval over its seeds of every field that is a number in all of its
    records. If all records of a sweep have a gain (see ARMS and GAIN), each cell also has it under "gain", with its
    verdict at one error rate for the whole sweep (Holm), and "borders" names where along a numeric axis it changes
    sign, the other axes held fixed.

    Raises:
        CampaignError: arms that are no numbers.
    """
    by_cell = _by_cell(sweep, rows)
    summary: dict[str, Any] = {
        "name": sweep.name,
        "unit": sweep.call,
        "code": code_version(),
        "fixed": dict(sweep.fixed),
        "seeds": {"first": sweep.seeds[0], "last": sweep.seeds[-1]} if sweep.seeds else None,
        "units": len(sweep.cells()) * max(1, len(sweep.seeds)),
        "done": len(rows),
        "failures": [{"key": failure.key, "error": failure.error} for failure in failures],
        "cells": [{"args": cell, "seeds": len(records), "fields": _fields(records)} for cell, records in by_cell],
    }
    if rows and all(_has_gain(record) for _, record in rows):
        _add_gains(summary, sweep, by_cell)
    return summary


def _by_cell(sweep: Sweep, rows: Rows) -> list[tuple[Cell, list[Record]]]:
    """Cells in the order of the sweep, each with the records of its seeds."""
    groups: dict[str, list[Record]] = {}
    for unit, record in rows:
        groups.setdefault(_identity(unit.args, with_seeds=bool(sweep.seeds)), []).append(record)
    wanted = [(cell, _identity({**sweep.fixed, **cell}, with_seeds=False)) for cell in sweep.cells()]
    return [(cell, groups.get(identity, [])) for cell, identity in wanted]


def _identity(args: Mapping[str, Any], *, with_seeds: bool) -> str:
    return canonical_json({name: value for name, value in args.items() if not (with_seeds and name == SEED)}, "a cell")


def _fields(records: Sequence[Record]) -> dict[str, Any]:
    result = {}
    for name in sorted(records[0]) if records else ():
        values = [record.get(name) for record in records]
        if all(_is_number(value) for value in values):
            interval = robust_interval([float(value) for value in values])  # type: ignore[arg-type]
            result[name] = {key: bound if math.isfinite(bound) else None for key, bound in interval.to_dict().items()}
    return result


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _has_gain(record: Record) -> bool:
    return _is_number(record.get(GAIN)) or all(arm in record for arm in ARMS)


def _gain(record: Record) -> float:
    if _is_number(record.get(GAIN)):
        return float(record[GAIN])
    attack, honest = (_number(record[arm], arm) for arm in ARMS)
    return float(attack - honest)


def _number(value: Any, arm: str) -> int | float:
    if _is_number(value):
        return value  # type: ignore[no-any-return]
    try:
        return int(value)  # wei: the difference is taken before anything is rounded
    except (TypeError, ValueError) as error:
        raise CampaignError(f"{arm} is {value!r}; expected a number, or wei as a decimal string") from error


def _add_gains(summary: dict[str, Any], sweep: Sweep, by_cell: Sequence[tuple[Cell, list[Record]]]) -> None:
    full = [index for index, (_, records) in enumerate(by_cell) if records]
    results = {index: paired([_gain(record) for record in by_cell[index][1]]) for index in full}
    for index, finding in zip(full, verdicts(list(results.values())), strict=True):
        summary["cells"][index]["gain"] = _finding(finding)
    if len(full) == len(by_cell):
        summary["borders"] = _borders(sweep, [results[index] for index in full])


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        **finding.result.to_dict(),
        "verdict": finding.verdict.value,
        "established": finding.established,
        "adjusted_p_value": finding.p_value,
        "note": finding.note,
    }


def _borders(sweep: Sweep, results: Sequence[PairedResult]) -> list[dict[str, Any]]:
    """Borders along every axis of one number, for every combination of the other axes' points."""
    cells = sweep.cells()
    found = []
    for axis in sweep.axes:
        name = next(iter(axis[0]))
        if len(axis[0]) > 1 or len(axis) < 2 or not all(_is_number(point[name]) for point in axis):
            continue
        lines: dict[str, list[int]] = {}
        for index, cell in enumerate(cells):
            others = {key: value for key, value in cell.items() if key != name}
            lines.setdefault(canonical_json(others, "a cell"), []).append(index)
        for line in lines.values():
            line.sort(key=lambda index: cells[index][name])
            at = {key: value for key, value in cells[line[0]].items() if key != name}
            for border in borders([float(cells[i][name]) for i in line], [results[i] for i in line]):
                found.append({"along": name, "where": at, **border.to_dict()})
    return found
