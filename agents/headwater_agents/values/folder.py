"""The folder of a study: summary.json, report.html, the pictures as SVG, and the sweep as a CSV table."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from headwater.safejson import loads
from headwater_agents.values.page import write_study
from headwater_agents.values.society import SocietyError

SUMMARY: Final = "summary.json"
REPORT: Final = "report.html"
CELLS: Final = "cells.csv"
KIND: Final = "values study"


def claim_folder(out: Path | None, name: str, force: bool) -> Path:
    """Where a study's results will go; nothing is made yet.

    Raises SocietyError if `out` exists and may not be replaced: without `force`, or if it holds something else.
    """
    folder = out or Path("runs") / f"values-{name}"
    if not folder.exists():
        return folder
    if not force:
        if out is not None:
            raise SocietyError(f"{folder} exists; choose another --out, or replace it with --force")
        number = 2
        while (other := folder.with_name(f"{folder.name}-{number}")).exists():
            number += 1
        return other
    try:
        known = loads((folder / SUMMARY).read_text(encoding="utf-8")).get("kind") == KIND
    except (OSError, ValueError, AttributeError):
        known = False
    if not known:
        raise SocietyError(f"{folder} exists and is not the folder of a study; it will not be replaced")
    return folder


def write_folder(folder: Path, record: Mapping[str, Any]) -> None:
    """Writes all files of a study; the folder becomes whole at once. Raises OSError if it cannot be made."""
    workshop = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(workshop, ignore_errors=True)
    workshop.mkdir(parents=True)
    try:
        text = json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        (workshop / SUMMARY).write_text(text + "\n", encoding="utf-8", newline="\n")
        _write_cells(workshop / CELLS, record)
        write_study(workshop, record)
        if folder.exists():
            shutil.rmtree(folder)
        workshop.replace(folder)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _write_cells(path: Path, record: Mapping[str, Any]) -> None:
    """A row for each graph and setting; three columns a figure: mean, and the ends of its 95% interval."""
    names = list(dict.fromkeys(name for cell in record["cells"] for name in cell["fields"]))
    head = ["graph", "quantile", "bound_weights", "bound_judgements", "threshold", "samples"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*head, *(f"{name}{end}" for name in names for end in ("", "_low", "_high"))])
        for cell in record["cells"]:
            bounds = cell["bounds"] or {"weights": None, "judgements": None}
            row = [cell["graph"], cell["quantile"], bounds["weights"], bounds["judgements"], cell["threshold"]]
            fields = (cell["fields"].get(name) for name in names)
            told = ([None] * 3 if one is None else [one["mean"], one["low"], one["high"]] for one in fields)
            writer.writerow([*row, cell["samples"], *(figure for each in told for figure in each)])
