"""What a trial bears out: paired differences over the seeds, verdicts, and borders along the coalition's stake."""

from __future__ import annotations

import csv
import io
import json
import math
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from headwater import __version__
from headwater_agents.adversaries.registry import attacks
from headwater_agents.lab.campaign import Failure, Record, Store, code_version
from headwater_agents.lab.campaign.export import write_whole
from headwater_agents.lab.mechanisms.registry import names
from headwater_agents.lab.stats import LEVEL, MARGIN, Finding, PairedResult, borders, detectable_gain, paired, verdicts
from headwater_agents.trial.cases import label_of
from headwater_agents.trial.plan import Cell, Plan, Trial
from headwater_agents.trial.units import difference

FIELDS: Final = (
    "gain",
    "honest_loss",
    "forecasters_loss",
    "providers_loss",
    "treasury_loss",
    "log_loss",
    "honest_gas",
    "coalition_gas",
)
"""What is told of every cell, each a paired difference to honest play; see `units.difference`. honest_loss is that of
forecasters and providers together."""

_REASONS: Final = 3


@dataclass(frozen=True, slots=True)
class Played:
    """A cell with the seeds of which both arms are known: differences and the attack's own records, seed by seed."""

    cell: Cell
    seeds: tuple[int, ...]
    differences: tuple[dict[str, float], ...]
    attacked: tuple[Record, ...]

    def result(self, field: str) -> PairedResult:
        """Of a field of the differences."""
        return paired([each[field] for each in self.differences])


def played(plan: Plan, store: Store) -> list[Played]:
    """Cells of a plan with what a store knows of them, in order."""
    return [_played(cell, plan.seeds, store) for cell in plan.cells]


def _played(cell: Cell, seeds: range, store: Store) -> Played:
    if cell.setting is None:
        return Played(cell, (), (), ())
    honest = {unit.args["seed"]: record for unit, record in store.records([cell.honest(seed) for seed in seeds])}
    attacked = {unit.args["seed"]: record for unit, record in store.records([cell.attacked(seed) for seed in seeds])}
    both = tuple(seed for seed in seeds if seed in honest and seed in attacked)
    differences = []
    for seed in both:
        found = difference(attacked[seed], honest[seed], cell.stake_unit, foresight=cell.foresight)
        differences.append({**found, "honest_loss": found["forecasters_loss"] + found["providers_loss"]})
    return Played(cell, both, tuple(differences), tuple(attacked[seed] for seed in both))


def summarise(plan: Plan, cells: Sequence[Played], failures: Sequence[Failure] = ()) -> dict[str, Any]:
    """What goes into summary.json: plain values, the same whenever the same plays are summarised.

    Verdicts share one error rate, 1 − level, among all cells of a mechanism in a world (Holm): what is said of one
    mechanism does not hang on which others were played beside it.
    """
    findings = _findings(cells)
    kinds = {label_of(each.cell.case.kind): each.cell.case.kind for each in cells}
    return {
        "headwater": __version__,
        "code": code_version(),
        "command": command_of(plan.trial),
        "trial": plan.trial.to_json(),
        "level": LEVEL,
        "margin": MARGIN,
        "attacks": {
            label: {
                "goal": kind.goal,
                "seen": kind.seen,
                "only": sorted(kind.only),
                "about": (kind.__doc__ or "").strip().split("\n\n")[0],
            }
            for label, kind in kinds.items()
        },
        "cells": [_cell(each, findings.get(index), len(plan.seeds)) for index, each in enumerate(cells)],
        "borders": _borders(cells),
        "failures": [{"key": failure.key, "error": failure.error} for failure in failures],
    }


def command_of(trial: Trial) -> str:
    """The command that plays a trial, but for where its results go."""
    every = set(trial.attacks) == set(attacks())
    words = ["headwater", "attack", *(["--all"] if every else trial.attacks)]
    words += ["--seeds", str(trial.seeds), "--rounds", str(trial.rounds)]
    words += ["--world", "both" if len(trial.worlds) > 1 else trial.worlds[0]]
    if set(trial.mechanisms) == set(names()):
        words.append("--rivals")
    else:
        words += [word for name in trial.mechanisms for word in ("--mechanism", name)]
    words += [] if trial.variants else ["--no-variants"]
    words += ["--adapt", str(trial.adapt)] if trial.adapt else []
    words += ["--chain", trial.chain] if trial.chain != "revm" else []
    words += [word for share in trial.stake_shares for word in ("--stake-share", f"{share:g}")]
    for name, value in trial.changes.items():
        words += ["--set", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
    return shlex.join(words)


def write_differences(path: Path, cells: Sequence[Played]) -> Path:
    """A table with a row for each cell and seed. Equal plays, equal bytes."""
    buffer = io.StringIO()
    table = csv.writer(buffer, lineterminator="\n")
    table.writerow(["attack", "world", "mechanism", "stake_share", "seed", *FIELDS])
    for each in cells:
        cell = each.cell
        for seed, found in zip(each.seeds, each.differences, strict=True):
            row = [cell.case.label, cell.world, cell.mechanism, cell.stake_share, seed]
            table.writerow([*row, *(found[name] for name in FIELDS)])
    return write_whole(path, buffer.getvalue())


def _findings(cells: Sequence[Played]) -> dict[int, Finding]:
    """Verdicts on gains by the cell's place; each mechanism in a world is a family."""
    families: dict[tuple[str, str], list[int]] = {}
    for index, each in enumerate(cells):
        if each.seeds:
            families.setdefault((each.cell.mechanism, each.cell.world), []).append(index)
    found: dict[int, Finding] = {}
    for family in families.values():
        found.update(zip(family, verdicts([cells[index].result("gain") for index in family]), strict=True))
    return found


def _cell(each: Played, finding: Finding | None, wanted: int) -> dict[str, Any]:
    cell = each.cell
    result: dict[str, Any] = {
        "attack": label_of(cell.case.kind),
        "label": cell.case.label,
        "world": cell.world,
        "mechanism": cell.mechanism,
        "parameters": {**cell.case.kind.parameters(), **cell.parameters},
        "stake_share": cell.stake_share,
        "applies": cell.setting is not None,
        "seeds": len(each.seeds),
        "failed": 0 if cell.setting is None else wanted - len(each.seeds),
        "verdict": None,
    }
    if finding is None:
        return result
    refusals: Counter[str] = Counter()
    for record in each.attacked:
        refusals.update(record["refusals"])
    return {
        **result,
        "fields": {name: each.result(name).to_dict() for name in FIELDS},
        "verdict": finding.verdict.value,
        "established": finding.established,
        "adjusted_p_value": finding.p_value,
        "note": finding.note,
        "resolves": _resolves(finding.result),
        "departures": sum(record["departures"] for record in each.attacked) / len(each.attacked),
        "refused": sum(refusals.values()) / len(each.attacked),
        "refusals": [reason for reason, _ in sorted(refusals.items(), key=lambda item: (-item[1], item[0]))][:_REASONS],
    }


def _resolves(gain: PairedResult) -> float | None:
    """The gain that as many seeds with this spread find nine times in ten, were the attack alone in its family; None
    if none is: with few seeds no verdict is possible at all (see `paired`)."""
    if 2.0 ** (1 - gain.n) > 1 - gain.level:
        return None
    return detectable_gain(gain.standard_error * math.sqrt(gain.n), gain.n, level=gain.level)


def _borders(cells: Sequence[Played]) -> list[dict[str, Any]]:
    """Borders of the gain along the coalition's stake, for every attack that was played with more than one."""
    lines: dict[tuple[str, str, str], list[Played]] = {}
    for each in cells:
        if each.seeds:
            lines.setdefault((each.cell.mechanism, each.cell.world, each.cell.case.label), []).append(each)
    found = []
    for (mechanism, world, label), line in lines.items():
        line.sort(key=lambda each: each.cell.stake_share)
        shares = [each.cell.stake_share for each in line]
        if len(line) < 2:
            continue
        where = {"mechanism": mechanism, "world": world, "label": label, "along": "stake_share"}
        found += [{**where, **border.to_dict()} for border in borders(shares, [each.result("gain") for each in line])]
    return found
