"""What a seller has for sale, and to whom it owes it: signals signed once, and payments bound to their questions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from headwater.chain import Account, HeadwaterError
from headwater.signals import UNREGISTERED, Signal, SignalDomain, SignedSignal, signal_to_json, signing_hash
from headwater_agents.durable.crash import CrashPoint, reach
from headwater_agents.durable.database import Database
from headwater_agents.market.payment import Authorization

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS shelf (
    question TEXT    PRIMARY KEY,
    closes   INTEGER NOT NULL,
    outcomes INTEGER NOT NULL,
    signal   BLOB,
    outcome  INTEGER,
    place    INTEGER
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS shelf_record ON shelf (place) WHERE place IS NOT NULL;
CREATE TABLE IF NOT EXISTS sales (
    payer    TEXT    NOT NULL,
    nonce    BLOB    NOT NULL,
    token    TEXT    NOT NULL,
    payee    TEXT    NOT NULL,
    value    TEXT    NOT NULL,
    before   INTEGER NOT NULL,
    secret   BLOB    NOT NULL,
    question TEXT    NOT NULL,
    settled  TEXT    NOT NULL DEFAULT '',
    handed   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (payer, nonce, token)
) WITHOUT ROWID;
"""


class ShelfError(HeadwaterError, ValueError):
    """Something that cannot be put on the shelf; says why."""


class Stage(StrEnum):
    """How it stands with a question's signal."""

    UNKNOWN = "unknown"
    EARLY = "early"  # the question is known, its signal not made yet
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Sale:
    """A payment that was bound to a question. `settled` is the hash of the transaction that paid, "" before it did.

    It has what `standing` asks for. Wei and seconds.
    """

    payer: str
    nonce: bytes
    token: str
    payee: str
    value: int
    valid_before: int
    secret: bytes
    question: int
    settled: str
    handed: bool


class Shelf:
    """The seller's part of an agent's file. Thread-safe, as the database is."""

    def __init__(
        self, database: Database, account: Account, domain: SignalDomain, agent_id: int = UNREGISTERED
    ) -> None:
        self._database = database
        self._account = account
        self.domain: Final = domain
        self.agent_id: Final = agent_id
        database.connection.executescript(_SCHEMA)

    @property
    def provider(self) -> str:
        """Address that signs."""
        return self._account.address

    # Signals

    def expect(self, question: int, *, outcomes: int, closes: int) -> None:
        """Make a question known: who asks for its signal is told to come back, until the seller has one.

        `closes` is when it is last sold, seconds of chain time: leave a buyer the time to commit.
        """
        self._database.connection.execute(
            "INSERT INTO shelf (question, closes, outcomes) VALUES (?, ?, ?) "
            "ON CONFLICT (question) DO UPDATE SET closes = excluded.closes WHERE signal IS NULL",
            (str(question), closes, outcomes),
        )

    def put(self, question: int, forecast: Sequence[int], time: int) -> SignedSignal:
        """Sign the signal of a question that is expected, once: what was put first stays. WAD, seconds.

        Raises ShelfError if the question is not expected or has another number of outcomes, SignalError if that is
        no forecast.
        """
        row = self._row(question)
        if row is None:
            raise ShelfError(f"question {question} is not expected")
        if len(forecast) != row[1]:
            raise ShelfError(f"question {question} has {row[1]} outcomes, the forecast {len(forecast)}")
        signal = Signal(
            question=question, provider=self.provider, agent_id=self.agent_id, forecast=tuple(forecast), time=time
        )
        raw = self._account.sign_digest(signing_hash(signal, self.domain))
        signed = SignedSignal(signal=signal, signature=raw[:64] + bytes((27 + raw[64],)))
        reach(CrashPoint.SIGNAL_SIGNED)
        self._database.connection.execute(
            "UPDATE shelf SET signal = ? WHERE question = ? AND signal IS NULL",
            (signal_to_json(signed), str(question)),
        )
        reach(CrashPoint.SIGNAL_KEPT)
        return signed

    def stage(self, question: int, now: int) -> Stage:
        """How it stands with a question at a time, seconds."""
        row = self._row(question)
        if row is None:
            return Stage.UNKNOWN
        if now >= row[0]:
            return Stage.CLOSED
        return Stage.EARLY if row[2] is None else Stage.OPEN

    def signal(self, question: int) -> bytes | None:
        """The signed signal of a question as it goes over the wire; the same bytes for everybody."""
        row = self._row(question)
        return None if row is None else row[2]

    def resolve(self, question: int, outcome: int) -> None:
        """Let a question's signal, if there is one, into the record that newcomers learn from."""
        self._database.connection.execute(
            "UPDATE shelf SET outcome = ?, place = (SELECT coalesce(max(place), 0) + 1 FROM shelf) "
            "WHERE question = ? AND signal IS NOT NULL AND outcome IS NULL",
            (outcome, str(question)),
        )

    def record(self, after: int, count: int) -> list[tuple[int, int, bytes]]:
        """(place, outcome, signal) of resolved questions, in the order they were resolved, from after a place."""
        return self._database.connection.execute(
            "SELECT place, outcome, signal FROM shelf WHERE place > ? ORDER BY place LIMIT ?", (after, count)
        ).fetchall()

    def _row(self, question: int) -> tuple[int, int, bytes | None] | None:
        found: tuple[int, int, bytes | None] | None = self._database.connection.execute(
            "SELECT closes, outcomes, signal FROM shelf WHERE question = ?", (str(question),)
        ).fetchone()
        return found

    # Sales

    def bind(self, payment: Authorization, token: str, question: int) -> Sale:
        """Bind a payment to a question, before it is settled; the sale that stands, whichever question it is for."""
        with self._database.transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO sales (payer, nonce, token, payee, value, before, secret, question) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    payment.payer,
                    payment.nonce,
                    token,
                    payment.payee,
                    str(payment.value),
                    min(payment.valid_before, 2**62),
                    payment.secret,
                    str(question),
                ),
            )
            row = db.execute(_SALE + "WHERE payer = ? AND nonce = ? AND token = ?", _key(payment, token)).fetchone()
        return _sale(row)

    def sale(self, payment: Authorization, token: str) -> Sale | None:
        """What a payment is bound to, if it is."""
        row = self._database.connection.execute(
            _SALE + "WHERE payer = ? AND nonce = ? AND token = ?", _key(payment, token)
        ).fetchone()
        return None if row is None else _sale(row)

    def settled(self, sale: Sale, tx_hash: str) -> None:
        """Note that a payment has come in."""
        self._set("settled = ?", tx_hash, sale)

    def handed(self, sale: Sale) -> None:
        """Note that the signal was handed over."""
        self._set("handed = ?", 1, sale)

    def release(self, sale: Sale) -> None:
        """Let go of a payment that has not come in and was refused."""
        self._database.connection.execute(
            "DELETE FROM sales WHERE payer = ? AND nonce = ? AND token = ? AND settled = ''",
            (sale.payer, sale.nonce, sale.token),
        )

    def unsettled(self) -> list[Sale]:
        """Payments that are bound and whose outcome is not known: a settlement was cut off."""
        return [_sale(row) for row in self._database.connection.execute(_SALE + "WHERE settled = ''")]

    def sales(self) -> list[Sale]:
        """Every payment that has come in."""
        return [_sale(row) for row in self._database.connection.execute(_SALE + "WHERE settled != ''")]

    def income(self, question: int) -> int:
        """Wei that came in for a question's signal."""
        rows = self._database.connection.execute(
            "SELECT value FROM sales WHERE question = ? AND settled != ''", (str(question),)
        )
        return sum(int(value) for (value,) in rows)

    def _set(self, change: str, value: object, sale: Sale) -> None:
        self._database.connection.execute(
            f"UPDATE sales SET {change} WHERE payer = ? AND nonce = ? AND token = ?",  # noqa: S608 - two constants
            (value, sale.payer, sale.nonce, sale.token),
        )


_SALE: Final = "SELECT payer, nonce, token, payee, value, before, secret, question, settled, handed FROM sales "


def _key(payment: Authorization, token: str) -> tuple[str, bytes, str]:
    return payment.payer, payment.nonce, token


def _sale(row: tuple[str, bytes, str, str, str, int, bytes, str, str, int]) -> Sale:
    payer, nonce, token, payee, value, before, secret, question, settled, handed = row
    return Sale(payer, nonce, token, payee, int(value), before, secret, int(question), settled, bool(handed))


def record_line(outcome: int, signal: bytes) -> dict[str, object]:
    """A line of the record: the signal as it was sold, and what happened."""
    return {"signal": json.loads(signal), "outcome": outcome}
