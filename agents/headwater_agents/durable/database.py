"""The one SQLite file of an agent: what it cannot afford to lose is in it, synced, before it matters."""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from headwater.chain import HeadwaterError

_APPLICATION: Final = 0x48574247  # "HWBG", so that no other program's file is taken for ours
_BUSY_S: Final = 10.0
_SCHEMA: Final = "CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"


class StateError(HeadwaterError):
    """An agent's file that cannot be used: another process has it, it is another agent's, or the disk refuses."""


class Database:
    """An agent's file, held by one process at a time. A statement is on disk when it returns.

    Threads of the process may each use it: every thread has a connection of its own (WAL; one writes at a time).

    Args:
        path: of the file; made if it is not there.
        about: who and where the agent is (chain id, arena, address, …). Kept at the first opening, held against it at
            every later one.

    Raises:
        StateError: another process holds the file, it belongs to another agent or program, or it cannot be written.
    """

    def __init__(self, path: Path, about: Mapping[str, str]) -> None:
        self.path = path
        self._threads = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._lock = _hold(path)
        try:
            self._claim(dict(about))
        except BaseException:
            self.close()
            raise

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, in autocommit."""
        found: sqlite3.Connection | None = getattr(self._threads, "connection", None)
        if found is None:
            found = sqlite3.connect(self.path, isolation_level=None, timeout=_BUSY_S, check_same_thread=False)
            found.execute("PRAGMA journal_mode = WAL")
            # Durable at every commit, the machine's own death included: that is what a lost salt asks for.
            found.execute("PRAGMA synchronous = FULL")
            self._threads.connection = found
            with self._guard:
                self._open.append(found)
        return found

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Several statements that are kept together or not at all. They do not nest."""
        db = self.connection
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file, in every thread."""
        with self._guard:
            for each in self._open:
                each.close()
            self._open.clear()
        self._lock.close()

    def _claim(self, about: dict[str, str]) -> None:
        try:
            with self.transaction() as db:
                (application,) = db.execute("PRAGMA application_id").fetchone()
                (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
                if application != _APPLICATION and tables:
                    raise StateError(f"{self.path} is another program's database; choose another file")
                db.execute(f"PRAGMA application_id = {_APPLICATION}")
                db.execute(_SCHEMA)
                known = dict(db.execute("SELECT name, value FROM about").fetchall())
                differ = sorted(name for name in about if known and known.get(name) != about[name])
                if differ:
                    was = ", ".join(f"{name} {known.get(name, 'not kept')}" for name in differ)
                    now = ", ".join(f"{name} {about[name]}" for name in differ)
                    raise StateError(f"{self.path} belongs to {was}; this agent has {now}. Choose another file")
                if not known:
                    db.executemany("INSERT INTO about VALUES (?, ?)", about.items())
        except sqlite3.Error as error:
            raise StateError(f"{self.path} cannot be used: {error}") from error


def _hold(path: Path) -> IO[bytes]:
    """The lock beside the file. SQLite's own would keep out our other threads too."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(path.name + ".lock").open("ab")
    except OSError as error:
        raise StateError(f"{path} cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise StateError(f"{path} is held by another process: is this agent running already?") from error
    return lock
