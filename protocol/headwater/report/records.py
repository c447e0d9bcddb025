"""A run's records on disk: its summary as JSON, its events as tables.

Reading the tables elsewhere. Amounts reach 2**96, beyond 64-bit integers; these keep every digit:

    DuckDB   SELECT sum(amount) FROM read_csv('Cascade.Pulled.csv', types = {'amount': 'HUGEINT'})
             (HUGEINT has 127 bits; current versions of read_csv_auto choose it by themselves, older ones DOUBLE)
    pandas   pd.read_csv('Cascade.Pulled.csv', converters={'amount': int})      Python integers
    SQLite   CREATE TABLE pulled (block, time, log_index, tx_hash, node, child, version, child_version, "index",
             amount TEXT), then .import --csv --skip 1 Cascade.Pulled.csv pulled. TEXT keeps the digits, SQLite's own
             arithmetic stops at 64 bits: add up in the host language.

Lists and structs are JSON text with whole integers: `(odds::JSON::HUGEINT[])[1]`, `json.loads(odds)[0]`.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from headwater.report.errors import EventError, RunFolderError, SummaryError

Summary = dict[str, Any]
"""A run's summary: JSON objects, wei as decimal strings."""

SECTIONS: Final = (
    "headwater",
    "chain",
    "parameters",
    "world",
    "forecasters",
    "providers",
    "treasury",
    "gas",
    "edges",
    "questions",
    "audit",
    "audit_ok",
)
"""What every summary has."""

COLUMNS: Final = ("block", "time", "log_index", "tx_hash")
"""The columns that every table of events starts with; the event's arguments follow in ABI order."""

TEXT_ARGUMENTS: Final = frozenset({"uri"})
"""Arguments that are free text: read back as they stand, whatever they look like."""

_SAFE_INTEGER = 2**53 - 1
_DECIMAL = re.compile(r"-?[0-9]+")
_FILE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


# ---------------------------------------------------------------- summary


def _canonical(value: Any, where: str, money: bool) -> Any:
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        value = value.tolist()
    if value is None:
        return None
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise SummaryError(f"{where}: key {key!r} is not a string")
        return {key: _canonical(item, f"{where}.{key}", money or key.endswith("_wei")) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item, f"{where}[{index}]", money) for index, item in enumerate(value)]
    if money:
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, str) and _DECIMAL.fullmatch(value):
            return value
        raise SummaryError(f"{where}: {value!r} is no amount of wei; expected an integer or its decimal string")
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _SAFE_INTEGER else str(value)
    if isinstance(value, float):
        if math.isnan(value):
            raise SummaryError(f"{where}: not a number")
        # `+ 0.0` turns a negative zero into zero: the two print differently.
        return float(f"{value:.12g}") + 0.0 if math.isfinite(value) else None
    raise SummaryError(f"{where}: a {type(value).__name__} has no place in a summary")


def canonical_summary(summary: Mapping[str, Any]) -> Summary:
    """The summary as it will stand in the file.

    Integers under a key that ends in `_wei` become decimal strings, also inside lists and objects below it; so do
    other integers beyond 2**53, which JSON readers would round. Floats keep 12 significant digits; an infinite bound
    becomes null. Tuples become lists, numpy values plain ones.

    Raises:
        SummaryError: NaN, a float or other text where wei belongs, a key that is no string, or a value JSON has no
            place for.
    """
    result: Summary = _canonical(summary, "summary", False)
    return result


def write_summary(folder: Path, summary: Mapping[str, Any]) -> Path:
    """Writes RUN/summary.json; equal summaries give equal bytes. Returns its path. Makes the folder if need be.

    Raises:
        SummaryError: as `canonical_summary`.
    """
    text = json.dumps(canonical_summary(summary), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return _write(Path(folder) / "summary.json", text + "\n")


def read_summary(folder: Path) -> Summary:
    """Reads RUN/summary.json.

    Raises:
        RunFolderError: no such folder, a folder that is not a run, broken JSON, or a section that is missing.
    """
    path = _folder(folder) / "summary.json"
    if not path.is_file():
        raise RunFolderError(f"{folder} is not a run: it has no summary.json; name the folder that a run wrote")
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise RunFolderError(f"{path} is broken: {error}; was the run interrupted?") from error
    if not isinstance(summary, dict):
        raise RunFolderError(f"{path} is no summary: expected a JSON object")
    if missing := [name for name in SECTIONS if name not in summary]:
        raise RunFolderError(f"{path} is no summary of a run: it lacks {', '.join(missing)}")
    return summary


# ---------------------------------------------------------------- events


class ChainEvent(Protocol):
    """A decoded log as a chain client gives it: `args` by ABI name, in ABI order."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def args(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def address(self) -> str: ...  # noqa: D102
    @property
    def block_number(self) -> int: ...  # noqa: D102
    @property
    def log_index(self) -> int: ...  # noqa: D102
    @property
    def tx_hash(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One event of a run.

    Attributes:
        contract, name: which event, e.g. "Cascade" and "Pulled".
        args: by ABI name in ABI order; integers, truth values, text, bytes as 0x hex, lists, and dicts for structs.
        block, time, log_index, tx_hash: where it stands; time in Unix seconds, log_index counted within the block.
    """

    contract: str
    name: str
    args: Mapping[str, Any]
    block: int
    time: int
    log_index: int
    tx_hash: str


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return "0x" + bytes(value).hex()
    if hasattr(value, "_asdict"):  # structs are decoded as named tuples
        value = value._asdict()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def record_events(
    events: Iterable[ChainEvent], contracts: Mapping[str, str], times: Mapping[int, int]
) -> list[EventRecord]:
    """Records of decoded logs, in the order of the chain.

    Args:
        events: from a chain client.
        contracts: name of the contract at each address.
        times: Unix seconds of each block.

    Raises:
        EventError: an address or a block that is not among them.
    """
    names = {address.lower(): name for address, name in contracts.items()}
    records = []
    for event in events:
        if event.address.lower() not in names:
            raise EventError(f"{event.name} of {event.address}: no contract is named for that address")
        if event.block_number not in times:
            raise EventError(f"{event.name} in block {event.block_number}: the block's time is missing")
        records.append(
            EventRecord(
                contract=names[event.address.lower()],
                name=event.name,
                args={key: _plain(value) for key, value in event.args.items()},
                block=event.block_number,
                time=times[event.block_number],
                log_index=event.log_index,
                tx_hash=event.tx_hash,
            )
        )
    return sorted(records, key=_place)


def event_columns(abis: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, list[str]]:
    """Argument names of every event of contracts (name -> ABI), by "Contract.Event" as `write_events` takes them."""
    return {
        f"{contract}.{entry['name']}": [str(part["name"]) for part in entry["inputs"]]
        for contract, abi in abis.items()
        for entry in abi
        if entry["type"] == "event"
    }


def write_events(
    folder: Path, events: Iterable[EventRecord], columns: Mapping[str, Sequence[str]] | None = None
) -> list[Path]:
    """Writes RUN/events/<Contract>.<Event>.csv, one table an event, rows in the order of the chain.

    Args:
        folder: the run's.
        events: the records.
        columns: argument names by "Contract.Event" (see `event_columns`): these tables are written even without rows.

    Raises:
        EventError: arguments that differ from the table's, or that are called like one of `COLUMNS`.
    """
    tables: dict[str, tuple[list[str], list[EventRecord]]] = {
        table: (list(names), []) for table, names in (columns or {}).items()
    }
    for event in sorted(events, key=_place):
        table = f"{event.contract}.{event.name}"
        names, rows = tables.setdefault(table, (list(event.args), []))
        if set(names) != set(event.args):
            raise EventError(f"{table} has arguments {list(event.args)}; its table has {names}")
        rows.append(event)
    paths = []
    for table, (names, rows) in sorted(tables.items()):
        if clash := set(names) & set(COLUMNS):
            raise EventError(f"{table} has an argument called {sorted(clash)[0]}, which is a column of every table")
        if not all(_FILE_NAME.fullmatch(part) for part in table.split(".", 1)):
            raise EventError(f"{table!r} names no contract and event")
        path = Path(folder) / "events" / f"{table}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            plain = csv.writer(file, lineterminator="\n")
            # By itself the writer leaves a lone carriage return unquoted, where readers end the line.
            quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
            plain.writerow([*COLUMNS, *names])
            for row in rows:
                cells = [_cell(row.args[name]) for name in names]
                writer = quoted if any("\r" in cell for cell in cells) else plain
                writer.writerow([row.block, row.time, row.log_index, row.tx_hash, *cells])
        paths.append(path)
    return paths


def read_events(folder: Path) -> list[EventRecord]:
    """Reads all tables of a run's events back, in the order of the chain.

    A cell is an integer, true or false, JSON text, or else text (addresses and bytes as 0x hex).

    Raises:
        RunFolderError: no such folder, no events in it, or a table that `write_events` did not write.
    """
    tables = sorted((_folder(folder) / "events").glob("*.csv"))
    if not tables:
        raise RunFolderError(f"{folder} is not a run: it has no events/*.csv; name the folder that a run wrote")
    records: list[EventRecord] = []
    for path in tables:
        contract, _, name = path.stem.partition(".")
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            header = next(rows, [])
            if tuple(header[: len(COLUMNS)]) != COLUMNS:
                raise RunFolderError(f"{path} is no table of events: expected the columns {', '.join(COLUMNS)}, ...")
            names = header[len(COLUMNS) :]
            for row in rows:
                try:
                    block, time, log_index, tx_hash, *cells = row
                    args = {key: _value(key, cell) for key, cell in zip(names, cells, strict=True)}
                    records.append(EventRecord(contract, name, args, int(block), int(time), int(log_index), tx_hash))
                except ValueError as error:
                    raise RunFolderError(f"{path}, line {rows.line_num} is broken: {error}") from error
    return sorted(records, key=_place)


def _place(event: EventRecord) -> tuple[int, int]:
    return event.block, event.log_index


def _cell(value: Any) -> str:
    value = _plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return str(value)


def _value(name: str, cell: str) -> Any:
    if name in TEXT_ARGUMENTS:
        return cell
    if _DECIMAL.fullmatch(cell):
        return int(cell)
    if cell in ("true", "false"):
        return cell == "true"
    if cell[:1] in ("[", "{"):
        return json.loads(cell)
    return cell


def _folder(folder: Path) -> Path:
    path = Path(folder)
    if not path.exists():
        raise RunFolderError(f"there is no folder {folder}")
    if not path.is_dir():
        raise RunFolderError(f"{folder} is a file; name the folder that a run wrote")
    return path


def _write(path: Path, text: str) -> Path:
    # Whole or not at all: a run that is interrupted here leaves no half a summary behind.
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8", newline="\n")
    return partial.replace(path)
