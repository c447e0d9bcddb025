"""Records of a campaign as files that any program reads."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headwater_agents.lab.campaign.unit import Record, Unit, canonical_json

Rows = Sequence[tuple[Unit, Record]]
"""Units with their records, in the order of the file."""


def write_jsonl(path: Path, rows: Rows) -> Path:
    """Lines of JSON, one a unit: {"args", "key", "record"}, floats with every digit. Equal rows, equal bytes."""
    lines = [canonical_json({"key": unit.key, "args": unit.args, "record": record}, unit.key) for unit, record in rows]
    return write_whole(path, "".join(line + "\n" for line in lines))


def write_csv(path: Path, rows: Rows) -> Path:
    """A table with a row a unit: key, arguments, then fields of the record, each in the order of names.

    A field that is named like another column stands as "record.NAME". Lists and objects are JSON text, truth values
    true and false, what is absent or null is empty. Equal rows, equal bytes.
    """
    args = sorted({name for unit, _ in rows for name in unit.args})
    fields = sorted({name for _, record in rows for name in record})
    buffer = io.StringIO()
    table = csv.writer(buffer, lineterminator="\n")
    taken = {"key", *args}
    table.writerow(
        [
            "key",
            *("arg.key" if name == "key" else name for name in args),
            *(f"record.{name}" if name in taken else name for name in fields),
        ]
    )
    for unit, record in rows:
        table.writerow(
            [unit.key, *(_cell(unit.args.get(name)) for name in args), *(_cell(record.get(name)) for name in fields)]
        )
    return write_whole(path, buffer.getvalue())


def write_whole(path: Path, text: str) -> Path:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8", newline="\n")
    return partial.replace(path)


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return value
