"""What an agent cannot afford to lose, in SQLite, before the transaction that needs it is sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from headwater_agents.durable.crash import CrashPoint, reach
from headwater_agents.durable.database import Database, File
from headwater_agents.policies import Commit, Forecast, Position

# A row is never replaced: of a commitment that is sent anew, either may be the one that was mined.
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS commitments (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    question   INTEGER NOT NULL,
    forecaster TEXT    NOT NULL,
    forecast   TEXT    NOT NULL,
    wager      TEXT    NOT NULL,
    salt       BLOB    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('planned', 'committed', 'refused', 'revealed'))
);
CREATE INDEX IF NOT EXISTS by_position ON commitments (question, forecaster);
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A commitment as the journal keeps it.

    `state` is planned (it may have been sent), committed (it was mined), refused (the chain would not have it) or
    revealed.
    """

    question: int
    forecaster: str
    position: Position
    state: str


class Journal:
    """Salts, forecasts and wagers of commitments. A commitment is on disk, synced, when `plan` returns.

    Args:
        place: an agent's file, which stays its owner's to close; or the path of a file that holds nothing else.

    Raises:
        StateError: the disk refuses, or the file is no database. Nothing was changed then.
    """

    def __init__(self, place: Database | Path) -> None:
        self._owned = not isinstance(place, Database)
        self._file = place if isinstance(place, Database) else File(place)
        with self._file.transaction() as db:
            for statement in _SCHEMA.split(";"):
                db.execute(statement)

    def close(self) -> None:
        """Let go of a file of its own."""
        if self._owned:
            self._file.close()

    def plan(self, forecaster: str, action: Commit) -> None:
        """Keep what a commit that is about to be sent will need for its reveal."""
        reach(CrashPoint.JOURNAL_PLANNING)
        with self._file.transaction() as db:
            db.execute(
                "INSERT INTO commitments (question, forecaster, forecast, wager, salt, state) "
                "VALUES (?, ?, ?, ?, ?, 'planned')",
                (action.question, forecaster, json.dumps(action.forecast), str(action.wager), action.salt),
            )
        reach(CrashPoint.JOURNAL_PLANNED)

    def mark(self, forecaster: str, question: int, state: str) -> None:
        """Note what became of the commitment planned last: "committed", "refused" or "revealed"."""
        reach(CrashPoint.JOURNAL_MARKING)
        with self._file.transaction() as db:
            db.execute(
                "UPDATE commitments SET state = ? WHERE id = "
                "(SELECT max(id) FROM commitments WHERE question = ? AND forecaster = ? AND state != 'refused')",
                (state, question, forecaster),
            )
        reach(CrashPoint.JOURNAL_MARKED)

    def find(self, forecaster: str, question: int) -> Kept | None:
        """The newest commitment of a forecaster on a question that was not refused, if one is kept."""
        standing = [kept for kept in self.history(forecaster, question) if kept.state != "refused"]
        return standing[-1] if standing else None

    def history(self, forecaster: str, question: int) -> list[Kept]:
        """Every commitment of a forecaster on a question that was ever about to be sent, oldest first."""
        query = "SELECT forecast, wager, salt, state FROM commitments WHERE question = ? AND forecaster = ? ORDER BY id"
        found = []
        for raw, wager, salt, state in self._file.read(query, question, forecaster):
            forecast: Forecast = tuple(json.loads(raw))
            position = Position(forecast=forecast, wager=int(wager), salt=salt, revealed=state == "revealed")
            found.append(Kept(question=question, forecaster=forecaster, position=position, state=state))
        return found
