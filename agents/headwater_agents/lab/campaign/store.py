"""What is already known: records of units by digest, in an SQLite file that survives a kill."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Final

from headwater_agents.lab.campaign.errors import CampaignError
from headwater_agents.lab.campaign.unit import Record, Unit, canonical_json
from headwater_agents.lab.campaign.version import code_version
from headwater_agents.lab.campaign.worker import Result

FILE_NAME: Final = "results.sqlite"
"""Of a campaign's store, in its folder."""

_APPLICATION: Final = 0x48575253  # "HWRS", so that no other program's file is taken for ours
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS results (
    digest TEXT PRIMARY KEY,
    key    TEXT NOT NULL,
    call   TEXT NOT NULL,
    args   TEXT NOT NULL,
    code   TEXT NOT NULL,
    record TEXT,
    error  TEXT,
    trace  TEXT NOT NULL,
    CHECK ((record IS NULL) != (error IS NULL))
) WITHOUT ROWID;
"""


class Store:
    """Records of units; one process at a time holds it.

    A record is on disk when `put` returns, and a process that is killed at any moment leaves a file from which the next
    goes on. Records of other code, or of units no longer asked for, stay and are not used. The file, and folders on the
    way to it, are made at the first `put`.

    Args:
        path: of the SQLite file.

    Raises:
        CampaignError: the file is none of ours, or another process holds it.
        OSError: its folder cannot be made; said at once, though it is made later.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._db: sqlite3.Connection | None = None
        if self.path.exists():
            self._db = self._open()
        else:
            _check_place(self.path.parent)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def known(self, digests: Iterable[str]) -> set[str]:
        """Those of the digests whose record is kept."""
        if self._db is None:
            return set()
        kept = {row[0] for row in self._db.execute("SELECT digest FROM results WHERE record IS NOT NULL")}
        return kept.intersection(digests)

    def put(self, unit: Unit, result: Result) -> None:
        """Keep what became of a unit. A failure gives way to whatever comes later; a record stays.

        Raises:
            CampaignError: another process holds the file.
        """
        if self._db is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = self._open()
        self._db.execute(
            "INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE SET "
            "key = excluded.key, record = excluded.record, error = excluded.error, trace = excluded.trace "
            "WHERE record IS NULL",
            (
                result.digest,
                unit.key,
                unit.call,
                canonical_json(dict(unit.args), unit.key),
                code_version(),
                result.record,
                result.error,
                result.trace,
            ),
        )

    def records(self, units: Sequence[Unit]) -> list[tuple[Unit, Record]]:
        """Units whose record is kept, with it, in the order of the units."""
        if self._db is None:
            return []
        found = []
        for unit in units:
            row = self._db.execute("SELECT record FROM results WHERE digest = ?", (unit.digest(),)).fetchone()
            if row and row[0] is not None:
                found.append((unit, json.loads(row[0])))
        return found

    def trace(self, unit: Unit) -> str:
        """The traceback of a unit that failed; empty if none is kept."""
        if self._db is None:
            return ""
        row = self._db.execute("SELECT trace FROM results WHERE digest = ?", (unit.digest(),)).fetchone()
        return str(row[0]) if row else ""

    def _open(self) -> sqlite3.Connection:
        try:
            db = sqlite3.connect(self.path, isolation_level=None, timeout=1.0)
        except sqlite3.Error as error:
            raise CampaignError(f"{self.path} cannot be opened: {error}") from error
        try:
            _claim(db)
        except sqlite3.Error as error:
            db.close()
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                raise CampaignError(
                    f"{self.path} is held by another run; wait for it, or choose another --out"
                ) from error
            raise CampaignError(f"{self.path} is no store of results: {error}") from error
        except CampaignError as error:
            db.close()
            raise CampaignError(f"{self.path} {error}") from None
        return db


def _check_place(folder: Path) -> None:
    there = next(place for place in (folder, *folder.resolve().parents) if place.exists())
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(there))
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(there))


def _claim(db: sqlite3.Connection) -> None:
    """Check that a database is ours or empty, and keep everybody else out of it until it is closed."""
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("PRAGMA journal_mode = WAL")
    # A commit survives the death of any process; of the last ones the machine's own may take some, to be run again.
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("BEGIN IMMEDIATE")
    (application,) = db.execute("PRAGMA application_id").fetchone()
    with closing(db.execute("SELECT count(*) FROM sqlite_master")) as rows:
        (tables,) = rows.fetchone()
    if application != _APPLICATION and tables:
        raise CampaignError("is another program's database; choose another --out")
    db.execute(f"PRAGMA application_id = {_APPLICATION}")
    db.execute(_SCHEMA)
    db.execute("COMMIT")
