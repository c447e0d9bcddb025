"""What an agent cannot afford to lose, in SQLite, before the transaction that needs it is sent."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from headwater_agents.policies import Commit, Forecast, Position

_SCHEMA = """
CREATE TABLE IF NOT EXISTS commitments (
    question   INTEGER NOT NULL,
    forecaster TEXT    NOT NULL,
    forecast   TEXT    NOT NULL,
    wager      TEXT    NOT NULL,
    salt       BLOB    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('planned', 'committed', 'revealed')),
    PRIMARY KEY (question, forecaster)
);
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A commitment as the journal keeps it; `state` is planned, committed or revealed."""

    question: int
    forecaster: str
    position: Position
    state: str


class Journal:
    """Salts, forecasts and wagers of commitments. A commitment is on disk, synced, when `plan` returns."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        # Durable at every commit of the database, which is what a lost salt asks for.
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def plan(self, forecaster: str, action: Commit) -> None:
        """Keep what a commit that is about to be sent will need for its reveal."""
        self._db.execute(
            "INSERT OR REPLACE INTO commitments VALUES (?, ?, ?, ?, ?, 'planned')",
            (action.question, forecaster, json.dumps(action.forecast), str(action.wager), action.salt),
        )

    def mark(self, forecaster: str, question: int, state: str) -> None:
        """Note that a commitment was mined ("committed") or opened ("revealed")."""
        self._db.execute(
            "UPDATE commitments SET state = ? WHERE question = ? AND forecaster = ?", (state, question, forecaster)
        )

    def find(self, forecaster: str, question: int) -> Kept | None:
        """The commitment of a forecaster on a question, if it is kept."""
        row = self._db.execute(
            "SELECT forecast, wager, salt, state FROM commitments WHERE question = ? AND forecaster = ?",
            (question, forecaster),
        ).fetchone()
        if row is None:
            return None
        forecast: Forecast = tuple(json.loads(row[0]))
        position = Position(forecast=forecast, wager=int(row[1]), salt=row[2], revealed=row[3] == "revealed")
        return Kept(question=question, forecaster=forecaster, position=position, state=row[3])
