"""The one SQLite file of an agent: what it cannot afford to lose is in it, synced, before it matters."""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

from headwater.chain import HeadwaterError

_APPLICATION: Final = 0x48574247  # "HWBG", so that no other program's file is taken for ours
_BUSY_S: Final = 10.0
_SCHEMA: Final = "CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"


# What only a mistake in our own statements raises; everything else is the disk's or the file's doing.
_OURS: Final = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.NotSupportedError)


class StateError(HeadwaterError):
    """An agent's file that cannot be used: another process has it, it is another agent's, or the disk refuses."""


class File:
    """A SQLite file. A statement is on disk when it returns.

    Threads may each use it: every thread has a connection of its own (WAL; one writes at a time).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._threads = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._guard = threading.Lock()

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, in autocommit. Raises StateError if the file cannot be opened."""
        found: sqlite3.Connection | None = getattr(self._threads, "connection", None)
        if found is None:
            found = _open(self.path)
            self._threads.connection = found
            with self._guard:
                self._open.append(found)
        return found

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Several statements that are kept together or not at all. They do not nest.

        Raises StateError if the disk refuses (full, read-only, broken): then nothing was kept, and the next
        transaction is as good as any once there is room again.
        """
        db = self.connection
        try:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        except BaseException as error:
            _roll_back(db)
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, _OURS):
                raise StateError(f"{self.path} cannot be written: {error}") from error
            raise

    def read(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows of a query. Raises StateError if the file cannot be read."""
        try:
            return self.connection.execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            if isinstance(error, _OURS):
                raise
            raise StateError(f"{self.path} cannot be read: {error}") from error

    def close(self) -> None:
        """Let go of the file, in every thread."""
        with self._guard:
            for each in self._open:
                each.close()
            self._open.clear()


class Database(File):
    """An agent's file, held by one process at a time.

    Args:
        path: of the file; made if it is not there.
        about: who and where the agent is (chain id, arena, address, …). Kept at the first opening, held against it at
            every later one.

    Raises:
        StateError: another process holds the file, it belongs to another agent or program, or it cannot be written.
    """

    def __init__(self, path: Path, about: Mapping[str, str]) -> None:
        super().__init__(path)
        self._lock = _hold(path)
        try:
            self._claim(dict(about))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file, in every thread, and of the lock on it."""
        super().close()
        self._lock.close()

    def _claim(self, about: dict[str, str]) -> None:
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


def _open(path: Path) -> sqlite3.Connection:
    try:
        opened = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S, check_same_thread=False)
    except sqlite3.DatabaseError as error:
        raise StateError(f"{path} cannot be used: {error}") from error
    try:
        opened.execute("PRAGMA journal_mode = WAL")
        # Durable at every commit, the machine's own death included: that is what a lost salt asks for.
        opened.execute("PRAGMA synchronous = FULL")
    except sqlite3.DatabaseError as error:
        opened.close()
        raise StateError(f"{path} cannot be used: {error}") from error
    return opened


def _roll_back(db: sqlite3.Connection) -> None:
    if db.in_transaction:
        # A disk that refuses may refuse this too; SQLite then rolls back when it next opens the file.
        with suppress(sqlite3.DatabaseError):
            db.execute("ROLLBACK")


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
