"""The buyer's part of an agent's file: what may be spent, what was, and what came for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from headwater.chain import HeadwaterError
from headwater_agents.durable.database import Database

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS purchases (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    question TEXT    NOT NULL,
    seller   TEXT    NOT NULL,
    token    TEXT    NOT NULL,
    payer    TEXT    NOT NULL,
    payee    TEXT    NOT NULL,
    value    TEXT    NOT NULL,
    nonce    BLOB    NOT NULL,
    before   INTEGER NOT NULL,
    day      INTEGER NOT NULL,
    header   TEXT    NOT NULL,
    state    TEXT    NOT NULL CHECK (state IN ('open', 'bought', 'faulty', 'lost', 'lapsed')),
    settled  INTEGER,
    tx       TEXT    NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX IF NOT EXISTS purchases_open ON purchases (question, seller) WHERE state = 'open';
CREATE INDEX IF NOT EXISTS purchases_question ON purchases (question);
CREATE INDEX IF NOT EXISTS purchases_day ON purchases (day);
CREATE TABLE IF NOT EXISTS evidence (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    purchase INTEGER NOT NULL,
    seller   TEXT    NOT NULL,
    question TEXT    NOT NULL,
    received INTEGER NOT NULL,
    fault    TEXT    NOT NULL,
    body     BLOB    NOT NULL
);
CREATE INDEX IF NOT EXISTS evidence_seller ON evidence (seller);
CREATE INDEX IF NOT EXISTS evidence_purchase ON evidence (purchase);
"""
DAY_S: Final = 86_400


class OverLimit(HeadwaterError):  # noqa: N818 - says what it would be
    """A payment that a limit does not allow; nothing was paid."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a buyer may spend, wei: on one payment, on one question, in one day (UTC, by chain time).

    `seconds` is how long a payment may stay good: until then its money counts as spent, whatever the seller says.
    """

    per_payment: int
    per_question: int
    per_day: int
    seconds: int = 120


class State(StrEnum):
    """What became of a purchase."""

    OPEN = "open"  # paid, perhaps; no answer yet
    BOUGHT = "bought"
    FAULTY = "faulty"  # something came that is not what was sold
    LOST = "lost"  # paid, and nothing came
    LAPSED = "lapsed"  # not paid, and never will be


@dataclass(frozen=True, kw_only=True, slots=True)
class Purchase:
    """A payment that was made for a question's signal. It has what `standing` asks for.

    `header` is the payment as it is sent. `settled` is whether it came to money, None as long as that is not known.
    """

    id: int = 0
    question: int
    seller: str
    token: str
    payer: str
    payee: str
    value: int
    nonce: bytes
    valid_before: int
    header: str
    state: State = State.OPEN
    settled: bool | None = None
    tx_hash: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a seller answered a payment with; `fault` is what is wrong with it, "" if nothing is. Time in seconds."""

    seller: str
    question: int
    received: int
    fault: str
    body: bytes


class Purchases:
    """The tables. Thread-safe, as the database is."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database = database
        self._limits = limits
        database.connection.executescript(_SCHEMA)

    def reserve(self, purchase: Purchase, now: int) -> Purchase:
        """Keep a payment before it is sent, if the limits allow it. `now` is chain time, seconds.

        What is reserved counts as spent, until it is known that it never came to money. Raises OverLimit.
        """
        day = now // DAY_S
        limits, value, question = self._limits, purchase.value, str(purchase.question)
        if value > limits.per_payment:
            raise OverLimit(f"{value} wei asked, at most {limits.per_payment} allowed for one payment")
        if purchase.valid_before > now + limits.seconds + 5:  # clocks differ a little
            raise OverLimit(f"a payment good until {purchase.valid_before}; at most {limits.seconds} s are allowed")
        with self._database.transaction() as db:
            for about, spent, limit in (
                ("question", _sum(db.execute(_SPENT + "question = ?", (question,))), limits.per_question),
                ("day", _sum(db.execute(_SPENT + "day = ?", (day,))), limits.per_day),
            ):
                if spent + value > limit:
                    raise OverLimit(f"{spent} wei spent and {value} asked, at most {limit} allowed for one {about}")
            cursor = db.execute(
                "INSERT INTO purchases "
                "(question, seller, token, payer, payee, value, nonce, before, day, header, state) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open')",
                (
                    question,
                    purchase.seller,
                    purchase.token,
                    purchase.payer,
                    purchase.payee,
                    str(value),
                    purchase.nonce,
                    purchase.valid_before,
                    day,
                    purchase.header,
                ),
            )
            row = db.execute(_ROW + "WHERE id = ?", (cursor.lastrowid,)).fetchone()
        return _purchase(row)

    def find(self, question: int, seller: str) -> Purchase | None:
        """The purchase of a question's signal from a seller: bought, or to be asked for again with the same payment."""
        row = self._database.connection.execute(
            _ROW + "WHERE question = ? AND seller = ? AND state IN ('open', 'bought', 'lost')", (str(question), seller)
        ).fetchone()
        return None if row is None else _purchase(row)

    def spent(self, *, question: int | None = None, day: int | None = None) -> int:
        """Wei spent or reserved: in all, on a question, or in a day (days since 1970)."""
        where = [text for text, value in (("question = ?", question), ("day = ?", day)) if value is not None]
        values = [value for value in (None if question is None else str(question), day) if value is not None]
        return _sum(self._database.connection.execute(_SPENT + " AND ".join(["1", *where]), values))

    def answered(self, purchase: Purchase, body: bytes, fault: str, now: int, tx_hash: str = "") -> None:
        """Keep what came for a payment; a fault is what is wrong with it."""
        state = State.FAULTY if fault else State.BOUGHT
        with self._database.transaction() as db:
            db.execute(
                "INSERT INTO evidence (purchase, seller, question, received, fault, body) VALUES (?, ?, ?, ?, ?, ?)",
                (purchase.id, purchase.seller, str(purchase.question), now, fault, body),
            )
            db.execute("UPDATE purchases SET state = ?, tx = ? WHERE id = ?", (state, tx_hash, purchase.id))

    def undecided(self, now: int) -> list[Purchase]:
        """Purchases that cannot be settled any more, and of which it is not known whether they were."""
        rows = self._database.connection.execute(_ROW + "WHERE settled IS NULL AND before < ?", (now,))
        return [_purchase(row) for row in rows]

    def decided(self, purchase: Purchase, *, settled: bool, tx_hash: str = "") -> None:
        """Note whether a payment came to money. An open one is then lost or lapsed."""
        end = State.LOST if settled else State.LAPSED
        self._database.connection.execute(
            "UPDATE purchases SET settled = ?, tx = CASE WHEN ? = '' THEN tx ELSE ? END, "
            "state = CASE WHEN state = 'open' THEN ? ELSE state END WHERE id = ?",
            (settled, tx_hash, tx_hash, end, purchase.id),
        )

    def cut_off(self, since: int) -> list[Purchase]:
        """Purchases that nothing has come for yet, of payments that were good at `since` or later (seconds)."""
        rows = self._database.connection.execute(_ROW + "WHERE state IN ('open', 'lost') AND before >= ?", (since,))
        return [_purchase(row) for row in rows]

    def all(self) -> list[Purchase]:
        """Everything that was ever reserved, oldest first."""
        return [_purchase(row) for row in self._database.connection.execute(_ROW + "ORDER BY id")]

    def evidence(self, seller: str | None = None) -> list[Evidence]:
        """What sellers, or one of them, answered with, oldest first."""
        rows = self._database.connection.execute(
            "SELECT seller, question, received, fault, body FROM evidence WHERE ? IN ('', seller) ORDER BY id",
            (seller or "",),
        )
        return [Evidence(who, int(question), received, fault, body) for who, question, received, fault, body in rows]

    def answer(self, purchase: Purchase) -> bytes:
        """The signal that was bought, as it came."""
        (body,) = self._database.connection.execute(
            "SELECT body FROM evidence WHERE purchase = ? AND fault = ''", (purchase.id,)
        ).fetchone()
        return bytes(body)

    def faults(self) -> dict[str, int]:
        """How often a seller took money for nothing, or answered with what is not what was sold."""
        found = self._database.connection.execute(
            "SELECT seller, count(*) FROM purchases WHERE state IN ('faulty', 'lost') GROUP BY seller"
        )
        return dict(found.fetchall())


# Sums are made here: SQLite's end at 2**63.
_SPENT: Final = "SELECT value FROM purchases WHERE coalesce(settled, 1) = 1 AND "
_ROW: Final = (
    "SELECT id, question, seller, token, payer, payee, value, nonce, before, header, state, settled, tx FROM purchases "
)


def _sum(rows: Iterable[tuple[str]]) -> int:
    return sum(int(value) for (value,) in rows)


def _purchase(row: tuple[int, str, str, str, str, str, str, bytes, int, str, str, int | None, str]) -> Purchase:
    number, question, seller, token, payer, payee, value, nonce, before, header, state, settled, tx_hash = row
    return Purchase(
        id=number,
        question=int(question),
        seller=seller,
        token=token,
        payer=payer,
        payee=payee,
        value=int(value),
        nonce=nonce,
        valid_before=before,
        header=header,
        state=State(state),
        settled=None if settled is None else bool(settled),
        tx_hash=tx_hash,
    )
