"""A chain on disk: every sealed block, synced before anybody sees it, and the transactions that wait.

The file holds what was sent and when it was sealed; the state comes back by doing it all again.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from headwater_deploy.node.config import NodeError
from headwater_deploy.node.decode import Decoded
from headwater_deploy.node.header import Header

_APPLICATION: Final = 0x48574E44  # "HWND", so that no other program's file is taken for ours
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blocks (number INTEGER PRIMARY KEY, timestamp INTEGER NOT NULL, hash BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS transactions (
    block INTEGER NOT NULL, position INTEGER NOT NULL, raw BLOB NOT NULL, PRIMARY KEY (block, position)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS waiting (hash TEXT PRIMARY KEY, raw BLOB NOT NULL);
"""


class StoreError(NodeError):
    """The file that keeps the chain cannot be used, or the disk refuses."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A block as the file keeps it."""

    number: int
    timestamp: int
    hash: bytes
    raws: tuple[bytes, ...]


class Store:
    """The file of a node, held by one process at a time. Raises StoreError.

    A block is on the disk when `append` returns, the machine's own death included. A waiting transaction survives the
    death of the process, which is all that a node promises of it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = _hold(path)
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._prepare()
        except sqlite3.Error as error:
            self._lock.close()
            raise StoreError(f"{path} cannot be used: {error}") from error
        except BaseException:
            self._lock.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
        self._lock.close()

    def about(self) -> dict[str, str]:
        """What chain the file keeps; empty in a new file."""
        return dict(self._db.execute("SELECT name, value FROM about").fetchall())

    def begin(self, about: Mapping[str, str]) -> None:
        """Say in a new file what chain it keeps."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT INTO about VALUES (?, ?)", about.items())
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def blocks(self) -> int:
        """How many blocks are kept."""
        return int(self._db.execute("SELECT count(*) FROM blocks").fetchone()[0])

    def read(self) -> Iterator[Sealed]:
        """Kept blocks, in order."""
        for number, timestamp, block_hash in self._db.execute("SELECT * FROM blocks ORDER BY number"):
            rows = self._db.execute("SELECT raw FROM transactions WHERE block = ? ORDER BY position", (number,))
            yield Sealed(number, timestamp, block_hash, tuple(raw for (raw,) in rows))

    def append(self, header: Header, transactions: Sequence[Decoded]) -> None:
        """Keep a block, and let what is in it wait no more."""
        db = self._db
        try:
            db.execute("PRAGMA synchronous = FULL")
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT INTO blocks VALUES (?, ?, ?)", (header.number, header.timestamp, header.hash))
            db.executemany(
                "INSERT INTO transactions VALUES (?, ?, ?)",
                [(header.number, position, each.raw) for position, each in enumerate(transactions)],
            )
            db.executemany("DELETE FROM waiting WHERE hash = ?", [(each.tx_hash,) for each in transactions])
            db.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def wait(self, transaction: Decoded, instead_of: Decoded | None) -> None:
        """Keep a transaction that waits, in place of the one it replaces."""
        db = self._db
        try:
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("BEGIN IMMEDIATE")
            if instead_of is not None:
                db.execute("DELETE FROM waiting WHERE hash = ?", (instead_of.tx_hash,))
            db.execute("INSERT OR IGNORE INTO waiting VALUES (?, ?)", (transaction.tx_hash, transaction.raw))
            db.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def drop(self, hashes: Sequence[str]) -> None:
        """Let transactions wait no more."""
        try:
            self._db.executemany("DELETE FROM waiting WHERE hash = ?", [(each,) for each in hashes])
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def waiting(self) -> list[tuple[str, bytes]]:
        """(hash, raw) of transactions that waited, in the order they came."""
        return self._db.execute("SELECT hash, raw FROM waiting ORDER BY rowid").fetchall()

    def _prepare(self) -> None:
        db = self._db
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application != _APPLICATION and tables:
            raise StoreError(f"{self.path} is another program's database; choose another file")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA application_id = {_APPLICATION}")
        db.executescript(_SCHEMA)

    def _failed(self, error: sqlite3.Error) -> StoreError:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        return StoreError(f"{self.path} cannot be written: {error}")


def _hold(path: Path) -> IO[bytes]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(path.name + ".lock").open("ab")
    except OSError as error:
        raise StoreError(f"{path} cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise StoreError(f"{path} is held by another process: does a node run on it already?") from error
    return lock
