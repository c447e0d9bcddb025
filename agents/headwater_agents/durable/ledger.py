"""An account's sent transactions on disk: what was asked for, under which nonce, every signed attempt, how it ended."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from headwater.chain import ArgumentError, TxRequest
from headwater_agents.durable.database import Database
from headwater_agents.durable.fees import Fees

# The unique index is the rule that nothing is sent twice: a nonce belongs to one row for ever, unless the node refused
# everything that was ever signed for it.
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS outbox_accounts (
    account     TEXT PRIMARY KEY,
    first       INTEGER NOT NULL,
    anchor      INTEGER NOT NULL,
    anchor_hash TEXT    NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account    TEXT    NOT NULL,
    nonce      INTEGER NOT NULL,
    label      TEXT    NOT NULL,
    target     TEXT,
    data       BLOB    NOT NULL,
    value      TEXT    NOT NULL,
    gas        INTEGER NOT NULL,
    deadline   INTEGER,
    state      TEXT    NOT NULL CHECK (state IN ('open', 'mined', 'reverted', 'cancelled', 'displaced', 'refused')),
    tx_hash    TEXT,
    block      INTEGER,
    block_hash TEXT,
    final      INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS outbox_nonces ON outbox (account, nonce) WHERE state != 'refused';
CREATE INDEX IF NOT EXISTS outbox_watched ON outbox (account, nonce) WHERE final = 0;
CREATE TABLE IF NOT EXISTS outbox_attempts (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    entry    INTEGER NOT NULL REFERENCES outbox (id),
    tx_hash  TEXT    NOT NULL UNIQUE,
    raw      BLOB    NOT NULL,
    cancels  INTEGER NOT NULL,
    max_fee  INTEGER NOT NULL,
    tip      INTEGER NOT NULL,
    signed   REAL    NOT NULL,
    refused  INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS outbox_by_entry ON outbox_attempts (entry);
"""
_COLUMNS: Final = "id, nonce, label, target, data, value, gas, deadline, state, tx_hash, block, block_hash"


class State(StrEnum):
    """Where an entry stands. All but open are ends; a reorganisation can undo every end but refused."""

    OPEN = "open"
    MINED = "mined"
    REVERTED = "reverted"
    CANCELLED = "cancelled"
    DISPLACED = "displaced"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Signed bytes that may have been sent. `signed` is the wall clock's, seconds, for people only."""

    tx_hash: str
    raw: bytes
    cancels: bool
    fees: Fees
    signed: float
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A transaction to be: `deadline` in chain seconds; of what was mined its hash, and the block it was seen in.

    A displaced entry's `block` is the latest one when that was found.
    """

    id: int
    nonce: int
    label: str
    request: TxRequest
    deadline: int | None
    state: State
    tx_hash: str | None
    block: int | None
    block_hash: str | None
    attempts: tuple[Attempt, ...]


class Ledger:
    """The entries of one account. What a method wrote is on disk when it returns. Raises StateError."""

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account
        with database.transaction() as db:
            for statement in _SCHEMA.split(";"):
                db.execute(statement)

    def anchor(self) -> tuple[int, str] | None:
        """Number and hash of a block that the chain will keep, once `adopt` has kept one."""
        rows = self._read("SELECT anchor, anchor_hash FROM outbox_accounts WHERE account = ?", self._account)
        return (int(rows[0][0]), str(rows[0][1])) if rows else None

    def adopt(self, first: int, block: int, block_hash: str) -> None:
        """Keep the nonce to begin with, and by which block this chain is known."""
        self._write("INSERT INTO outbox_accounts VALUES (?, ?, ?, ?)", self._account, first, block, block_hash)

    def move_anchor(self, block: int, block_hash: str) -> None:
        """Know the chain by a later block."""
        self._write(
            "UPDATE outbox_accounts SET anchor = ?, anchor_hash = ? WHERE account = ?", block, block_hash, self._account
        )

    def next_nonce(self) -> int:
        """The least nonce that neither an entry nor a transaction before the first one holds."""
        query = (
            "SELECT max((SELECT coalesce(max(first), 0) FROM outbox_accounts WHERE account = ?), "
            "(SELECT coalesce(max(nonce) + 1, 0) FROM outbox WHERE account = ? AND state != 'refused'))"
        )
        ((following,),) = self._read(query, self._account, self._account)
        return int(following)

    def add(self, nonce: int, label: str, request: TxRequest, gas: int, deadline: int | None, first: Attempt) -> Entry:
        """A new open entry with its first attempt."""
        with self._database.transaction() as db:
            cursor = db.execute(
                "INSERT INTO outbox (account, nonce, label, target, data, value, gas, deadline, state) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'open')",
                (self._account, nonce, label, request.to, request.data, str(request.value), gas, deadline),
            )
            entry = int(cursor.lastrowid or 0)
            _insert(db, entry, first)
        return self.get(entry)

    def attempt(self, entry: Entry, attempt: Attempt) -> Entry:
        """One more attempt under the same nonce."""
        with self._database.transaction() as db:
            _insert(db, entry.id, attempt)
        return self.get(entry.id)

    def refuse_attempt(self, entry: Entry, attempt: Attempt) -> Entry:
        """The node would not have this one."""
        self._write("UPDATE outbox_attempts SET refused = 1 WHERE tx_hash = ?", attempt.tx_hash)
        return self.get(entry.id)

    def end(self, entry: Entry, state: State, tx_hash: str | None, block: int | None, block_hash: str | None) -> Entry:
        """How an entry ended, as far as the chain stands."""
        self._write(
            "UPDATE outbox SET state = ?, tx_hash = ?, block = ?, block_hash = ?, final = ? WHERE id = ?",
            str(state), tx_hash, block, block_hash, int(state is State.REFUSED), entry.id,
        )  # fmt: skip
        return self.get(entry.id)

    def reopen(self, entry: Entry) -> Entry:
        """What had ended is open again. Of a displaced entry the caller was told no, so it will be cancelled."""
        deadline = 0 if entry.state is State.DISPLACED else entry.deadline
        self._write(
            "UPDATE outbox SET state = 'open', tx_hash = NULL, block = NULL, block_hash = NULL, final = 0, "
            "deadline = ? WHERE id = ?",
            deadline,
            entry.id,
        )
        return self.get(entry.id)

    def finish(self, block: int) -> None:
        """Stop watching what ended in this block or before."""
        self._write(
            "UPDATE outbox SET final = 1 WHERE account = ? AND final = 0 AND state != 'open' AND block <= ?",
            self._account,
            block,
        )

    def get(self, entry: int) -> Entry:
        """One entry, by its id. Raises ArgumentError if there is none."""
        found = self._entries("account = ? AND id = ?", self._account, entry)
        if not found:
            raise ArgumentError(f"there is no entry {entry} in the outbox of {self._account}")
        return found[0]

    def unfinished(self) -> list[Entry]:
        """Open entries, by nonce."""
        return self._entries("account = ? AND final = 0 AND state = 'open' ORDER BY nonce", self._account)

    def watched(self) -> list[Entry]:
        """Ended entries that are not deep enough to be forgotten, highest nonce first."""
        return self._entries("account = ? AND final = 0 AND state != 'open' ORDER BY nonce DESC", self._account)

    def holding(self, nonce: int) -> list[Entry]:
        """Entries that hold this nonce or a higher one, refused ones included, lowest first."""
        return self._entries("account = ? AND nonce >= ? ORDER BY nonce, id", self._account, nonce)

    def counts(self) -> dict[State, int]:
        """How many entries there are in each state."""
        rows = self._read("SELECT state, count(*) FROM outbox WHERE account = ? GROUP BY state", self._account)
        return {State(state): int(count) for state, count in rows}

    def _entries(self, where: str, *values: str | int) -> list[Entry]:
        found = self._read(f"SELECT {_COLUMNS} FROM outbox WHERE {where}", *values)  # noqa: S608 - ours, all of it
        return [_entry(row, self._attempts(row[0])) for row in found]

    def _attempts(self, entry: int) -> Iterable[Attempt]:
        query = "SELECT tx_hash, raw, cancels, max_fee, tip, signed, refused FROM outbox_attempts WHERE entry = ? "
        for tx_hash, raw, cancels, max_fee, tip, signed, refused in self._read(query + "ORDER BY id", entry):
            yield Attempt(tx_hash, raw, bool(cancels), Fees(max_fee, tip), signed, bool(refused))

    def _read(self, query: str, *values: str | int) -> list[tuple[Any, ...]]:
        return self._database.read(query, *values)

    def _write(self, statement: str, *values: str | int | None) -> None:
        with self._database.transaction() as db:
            db.execute(statement, values)


def _insert(db: sqlite3.Connection, entry: int, attempt: Attempt) -> None:
    db.execute(
        "INSERT INTO outbox_attempts (entry, tx_hash, raw, cancels, max_fee, tip, signed) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            entry,
            attempt.tx_hash,
            attempt.raw,
            int(attempt.cancels),
            attempt.fees.max_fee,
            attempt.fees.tip,
            attempt.signed,
        ),
    )


def _entry(row: tuple[Any, ...], attempts: Iterable[Attempt]) -> Entry:
    entry, nonce, label, to, data, value, gas, deadline, state, tx_hash, block, block_hash = row
    return Entry(
        id=entry,
        nonce=nonce,
        label=label,
        request=TxRequest(to, data, int(value), gas),
        deadline=deadline,
        state=State(state),
        tx_hash=tx_hash,
        block=block,
        block_hash=block_hash,
        attempts=tuple(attempts),
    )
