"""What a bot's file says, read from outside while the bot may be running."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

OPEN_ENTRIES: Final = "SELECT count(*) FROM outbox WHERE state = 'open'"
"""Transactions whose end is open."""

OPEN_PURCHASES: Final = "SELECT count(*) FROM purchases WHERE state = 'open'"
"""Payments of which it is not known what became of them."""


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as file:
        yield file


def entries(path: Path, address: str) -> tuple[int | None, list[tuple[int, str]]]:
    """An account's first nonce in its outbox (None before it began), and (nonce, state) of all that was not refused."""
    with reading(path) as file:
        rows = file.execute(
            "SELECT nonce, state FROM outbox WHERE account = ? AND state != 'refused' ORDER BY nonce", (address,)
        ).fetchall()
        first = file.execute("SELECT first FROM outbox_accounts WHERE account = ?", (address,)).fetchone()
    return (None if first is None else int(first[0])), [(int(nonce), str(state)) for nonce, state in rows]


def count(path: Path, query: str) -> int | None:
    """What a query counts; None if the file cannot be read now."""
    try:
        with reading(path) as file:
            (found,) = file.execute(query).fetchone()
            return int(found)
    except sqlite3.Error:
        return None
