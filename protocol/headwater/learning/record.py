"""The record of a cooperative's rounds: JSON lines from which every decision can be derived again.

The first line holds the task, the cooperative's examples (groups, references, the pool that validation is drawn from),
the profiles and the settings; each further line holds a round: model, submissions as revealed, which examples of the
pool were used, and what was decided. Lines are canonical JSON (keys in order, no white space, ASCII); arrays are base64
of little-endian doubles (or 8-byte integers) with their shape, so nothing is lost. Every line names the Keccak-256 of
the one before; the hash of the last line stands for the whole. Members' private data are not in it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
import numpy.typing as npt
from eth_utils.crypto import keccak

from headwater.learning.batch import Batch, Floats, Ints
from headwater.learning.errors import LearningError, RecordError
from headwater.learning.fixed import fixed_update, pack_update
from headwater.learning.policy import profile_fields, profile_from, profile_hash
from headwater.learning.profile import Profile
from headwater.learning.rounds import Ground, Round, Settings, Submission
from headwater.learning.tasks import task_from
from headwater.safejson import loads

VERSION: Final = 1
START: Final = "0x" + "0" * 64


@dataclass(frozen=True, kw_only=True, eq=False)
class Noted:
    """A round as it was noted: what went in, as values, and what was decided, as the line's own fields."""

    number: int
    theta: Floats
    after: Floats
    submissions: tuple[Submission, ...]
    rows: Ints
    decided: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Record:
    """A record as it was read.

    ground, profiles, settings: of all rounds. pool: validation examples are drawn from it. rounds: in order. about:
    what the writer said of the run. links: for each line, whether it names the hash of the one before. root: the last
    line's hash, "0x…".
    """

    ground: Ground
    profiles: tuple[Profile, ...]
    settings: Settings
    pool: Batch
    rounds: tuple[Noted, ...]
    about: Mapping[str, Any]
    links: tuple[bool, ...]
    root: str

    def validation(self, number: int) -> Batch:
        """The examples that round `number` was credited on. Raises RecordError for a round that is not there."""
        if not 0 <= number < len(self.rounds):
            raise RecordError(f"the record holds rounds 0 to {len(self.rounds) - 1}; not {number}")
        return self.pool.take(self.rounds[number].rows)


class RecordWriter:
    """Writes a record line by line, so that a run that is cut short leaves what was played.

    Args:
        stream: where to; the writer does not close it.
        ground: of all rounds.
        profiles: of all rounds.
        settings: of all rounds.
        pool: examples that validation is drawn from.
        about: anything that JSON can hold, such as a seed.
    """

    def __init__(
        self,
        stream: TextIO,
        ground: Ground,
        profiles: Sequence[Profile],
        settings: Settings,
        pool: Batch,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self._stream = stream
        self.root = START
        self._write(
            {
                "kind": "cooperative",
                "version": VERSION,
                "task": ground.task.describe(),
                "feature_names": list(ground.feature_names),
                "groups": {name: _batch(batch) for name, batch in ground.groups.items()},
                "references": {name: _batch(batch) for name, batch in ground.references.items()},
                "pool": _batch(pool),
                "profiles": [profile_fields(profile) for profile in profiles],
                "profile_hashes": ["0x" + profile_hash(profile).hex() for profile in profiles],
                "settings": {
                    "mode": str(settings.mode),
                    "rule": str(settings.rule),
                    "window": settings.window,
                    "step": settings.step,
                    "shown": settings.shown,
                },
                "about": dict(about or {}),
            }
        )

    def add(self, played: Round, rows: npt.ArrayLike) -> None:
        """Notes a round. rows: which examples of the pool its credit was measured on."""
        self._write(
            {
                "kind": "round",
                "number": played.number,
                "theta": _array(played.theta),
                "rows": _array(np.asarray(rows, dtype=np.int64)),
                "submissions": [
                    {
                        "agent": item.agent,
                        "size": float(item.size),
                        "slot": int(item.slot),
                        "update": _array(np.asarray(item.update, dtype=np.float64)),
                        "vector": vector_hash(item.update),
                    }
                    for item in played.submissions
                ],
                "decided": decisions(played),
                "after": _array(played.after),
            }
        )

    def _write(self, fields: dict[str, Any]) -> None:
        line = json.dumps({**fields, "previous": self.root}, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        self._stream.write(line + "\n")
        self._stream.flush()
        self.root = _hash(line)


def decisions(played: Round) -> dict[str, Any]:
    """What a round decided, as its line holds it: (n,) lists in the order of the submissions, and the round's own."""
    return {
        "admissible": [verdict.admissible for verdict in played.verdicts],
        "reason": [verdict.reason for verdict in played.verdicts],
        "update": [_array(verdict.update) for verdict in played.verdicts],
        "shrink": [verdict.shrink for verdict in played.verdicts],
        "weight": [float(weight) for weight in played.weights],
        "credit": [float(value) for value in played.credit.values],
        "first_order": [float(value) for value in played.credit.first_order],
        "novelty": [float(value) for value in played.credit.novelty],
        "luck": [float(value) for value in played.credit.luck],
        "gain": played.credit.gain,
        "unowned": played.credit.unowned,
        "mean_shrink": played.shrink,
    }


def vector_hash(update: npt.ArrayLike) -> str:
    """Keccak-256 of an update as the court packs it, "0x…"; "" for one that fixed point cannot hold."""
    try:
        return "0x" + keccak(pack_update(fixed_update(update))).hex()
    except LearningError:
        return ""


def read_record(source: Path | str) -> Record:
    """Reads a record from a file. Nothing is checked against anything but its own form: `explain` and `audit` do that.

    Raises:
        RecordError: no such file, or lines that are no record; the message names the line.
    """
    try:
        text = Path(source).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{source} cannot be read as a record: {error}") from None
    return parse_record(text)


def parse_record(text: str) -> Record:
    """Reads a record from its text. Raises RecordError as `read_record` does."""
    lines = text.splitlines()
    if not lines:
        raise RecordError("a record has at least one line; this is empty")
    fields = [_fields(line, at) for at, line in enumerate(lines)]
    links, before = [], START
    for line, entry in zip(lines, fields, strict=True):
        links.append(entry.get("previous") == before)
        before = _hash(line)
    try:
        head = fields[0]
        if head["kind"] != "cooperative" or head["version"] != VERSION:
            raise RecordError(f"line 1: a record begins with a cooperative of version {VERSION}")
        ground = Ground(
            task=task_from(head["task"]),
            groups={name: _read_batch(batch) for name, batch in head["groups"].items()},
            references={name: _read_batch(batch) for name, batch in head["references"].items()},
            feature_names=tuple(head["feature_names"]),
        )
        profiles = tuple(profile_from(entry) for entry in head["profiles"])
        settings, pool, about = Settings(**head["settings"]), _read_batch(head["pool"]), head["about"]
    except (KeyError, TypeError, AttributeError, LearningError) as error:
        raise RecordError(f"line 1: {_said(error)}") from None
    rounds = []
    for at, entry in enumerate(fields[1:]):
        try:
            rounds.append(_noted(entry, at))
        except (KeyError, TypeError, AttributeError, LearningError) as error:
            raise RecordError(f"line {at + 2}: {_said(error)}") from None
    return Record(
        ground=ground,
        profiles=profiles,
        settings=settings,
        pool=pool,
        rounds=tuple(rounds),
        about=about,
        links=tuple(links),
        root=before,
    )


def _noted(entry: dict[str, Any], at: int) -> Noted:
    if entry["kind"] != "round" or entry["number"] != at:
        raise RecordError(f"expected round {at}; got {entry['kind']} {entry['number']}")
    return Noted(
        number=at,
        theta=read_array(entry["theta"]),
        after=read_array(entry["after"]),
        submissions=tuple(
            Submission(agent=item["agent"], size=item["size"], slot=item["slot"], update=read_array(item["update"]))
            for item in entry["submissions"]
        ),
        rows=read_array(entry["rows"]).astype(np.int64),
        decided={**entry["decided"], "vector": [item["vector"] for item in entry["submissions"]]},
    )


def _fields(line: str, at: int) -> dict[str, Any]:
    try:
        fields = loads(line)
    except ValueError as error:
        raise RecordError(f"line {at + 1} is not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise RecordError(f"line {at + 1} is not a JSON object")
    return fields


def _hash(line: str) -> str:
    return "0x" + keccak(line.encode("ascii")).hex()


def _said(error: Exception) -> str:
    return f"no field {error}" if isinstance(error, KeyError) else str(error)


def _array(values: npt.NDArray[Any]) -> dict[str, Any]:
    kind = "i8" if values.dtype.kind in "iu" else "f8"
    packed = np.ascontiguousarray(values).astype("<" + kind).tobytes()
    return {"shape": list(values.shape), "type": kind, "data": base64.b64encode(packed).decode("ascii")}


def read_array(entry: Mapping[str, Any]) -> npt.NDArray[Any]:
    """An array of a line. Raises RecordError for one that cannot be read."""
    if entry["type"] not in ("i8", "f8"):
        raise RecordError(f"an array holds f8 or i8; got {entry['type']!r}")
    try:
        packed = base64.b64decode(entry["data"], validate=True)
        values = np.frombuffer(packed, "<" + entry["type"]).reshape(entry["shape"])
    except (binascii.Error, ValueError) as error:
        raise RecordError(f"an array cannot be read: {error}") from None
    return values.astype(np.int64 if entry["type"] == "i8" else np.float64)


def _batch(batch: Batch) -> dict[str, Any]:
    return {"features": _array(batch.features), "labels": _array(batch.labels)}


def _read_batch(entry: Mapping[str, Any]) -> Batch:
    return Batch(read_array(entry["features"]), read_array(entry["labels"]))
