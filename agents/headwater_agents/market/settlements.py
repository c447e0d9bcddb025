"""The facilitator's file: every transaction it signed, before it was sent, and whether its outcome was told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from headwater_agents.durable.database import Database
from headwater_agents.durable.fees import Fees

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS settlements (
    hash    TEXT    PRIMARY KEY,
    nonce   INTEGER NOT NULL,
    target  TEXT    NOT NULL,
    data    BLOB    NOT NULL,
    raw     BLOB    NOT NULL,
    fee     TEXT    NOT NULL,
    tip     TEXT    NOT NULL,
    payment TEXT    NOT NULL,
    told    INTEGER NOT NULL DEFAULT 0,
    state   TEXT    NOT NULL CHECK (state IN ('open', 'mined', 'lost'))
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS settlements_open ON settlements (nonce) WHERE state = 'open';
CREATE INDEX IF NOT EXISTS settlements_payment ON settlements (payment);
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A signed transaction that is not known to be mined, and what it offers."""

    tx_hash: str
    nonce: int
    target: str
    data: bytes
    raw: bytes
    fees: Fees
    payment: str


class Settlements:
    """The table. Also what the x402 scheme asks of a pending-settlement store, so that it outlives the process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.connection.executescript(_SCHEMA)

    def keep(self, sent: Sent) -> None:
        """Keep a transaction that is about to be sent."""
        self._database.connection.execute(
            "INSERT INTO settlements (hash, nonce, target, data, raw, fee, tip, payment, state) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'open')",
            (
                sent.tx_hash,
                sent.nonce,
                sent.target,
                sent.data,
                sent.raw,
                str(sent.fees.max_fee),
                str(sent.fees.tip),
                sent.payment,
            ),
        )

    def forget(self, tx_hash: str) -> None:
        """Drop a transaction that the node refused."""
        self._database.connection.execute("DELETE FROM settlements WHERE hash = ?", (tx_hash,))

    def finish(self, mined: Iterable[str], lost: Iterable[str] = ()) -> None:
        """Note which transactions were mined, and which never will be."""
        with self._database.transaction() as db:
            db.executemany("UPDATE settlements SET state = 'mined' WHERE hash = ?", [(each,) for each in mined])
            db.executemany("UPDATE settlements SET state = 'lost' WHERE hash = ?", [(each,) for each in lost])

    def open(self) -> list[Sent]:
        """What may still be mined, by nonce."""
        rows = self._database.connection.execute(
            "SELECT hash, nonce, target, data, raw, fee, tip, payment FROM settlements "
            "WHERE state = 'open' ORDER BY nonce"
        )
        return [
            Sent(tx_hash, nonce, target, data, raw, Fees(int(fee), int(tip)), payment)
            for tx_hash, nonce, target, data, raw, fee, tip, payment in rows
        ]

    # x402's PendingSettlementStore. A success is told once: whoever sells would serve a payment as often as it is told.

    def get(self, key: str) -> str | None:
        """Hash of a payment's transaction whose outcome was not told yet."""
        row = self._database.connection.execute(
            "SELECT hash FROM settlements WHERE payment = ? AND told = 0 AND state != 'lost'", (_name(key),)
        ).fetchone()
        return None if row is None else str(row[0])

    def set(self, key: str, tx_hash: str) -> None:
        """Note that a payment's outcome is still to be told."""
        self._database.connection.execute("UPDATE settlements SET told = 0 WHERE payment = ?", (_name(key),))

    def delete(self, key: str) -> None:
        """Note that a payment's outcome is told."""
        self._database.connection.execute("UPDATE settlements SET told = 1 WHERE payment = ?", (_name(key),))


def behind_gap(opened: Iterable[Sent], confirmed: int) -> tuple[int, list[Sent]]:
    """The first nonce that is free after those that are open in a row, and what lies behind a gap.

    That is never mined: the chain is not the one it was sent to, but one that began anew.
    """
    sents = list(opened)
    nonces = {sent.nonce for sent in sents}
    following = confirmed
    while following in nonces:
        following += 1
    return following, [sent for sent in sents if sent.nonce > following]


def _name(signature: str) -> str:
    """A payment's name, its signature in hex, however the payer has written it."""
    return "0x" + signature.lower().removeprefix("0x")
