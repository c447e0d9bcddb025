"""An agent's file: one process holds it, it knows whose it is, and a disk that refuses changes nothing."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from headwater_agents.durable.database import Database, StateError

ABOUT = {"chain": "31337", "address": "0xA"}
STRICT = ("CREATE TABLE strict (x NOT NULL)", "INSERT INTO strict VALUES (NULL)")
TABLE = "CREATE TABLE IF NOT EXISTS kept (word TEXT)"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(tmp_path / "bot" / "state.sqlite", ABOUT)) as made:
        with made.transaction() as db:
            db.execute(TABLE)
        yield made


def _words(database: Database) -> list[str]:
    return [word for (word,) in database.read("SELECT word FROM kept ORDER BY rowid")]


def _write(database: Database, *statements: str) -> None:
    with database.transaction() as db:
        for statement in statements:
            db.execute(statement)


def test_a_second_process_is_kept_out_until_the_first_lets_go(database: Database) -> None:
    program = (
        "from pathlib import Path\nfrom headwater_agents.durable.database import Database, StateError\n"
        f"try:\n    Database(Path({str(database.path)!r}), {ABOUT!r}).close()\n"
        "except StateError as error:\n    print(error)\n"
    )
    run = [sys.executable, "-c", program]
    said = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert "is held by another process: is this agent running already?" in said
    database.close()
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == ""


def test_a_file_serves_the_agent_it_was_made_for_and_no_other(database: Database) -> None:
    database.close()
    with pytest.raises(StateError, match="belongs to address 0xA; this agent has address 0xB"):
        Database(database.path, {**ABOUT, "address": "0xB"})
    Database(database.path, ABOUT).close()


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be one" * 50, b"\x00" * 5000])
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(StateError, match="cannot be"):
        Database(path, ABOUT)
    assert path.read_bytes() == content


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE theirs (x)")
    with pytest.raises(StateError, match="another program's database"):
        Database(path, ABOUT)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


def test_a_place_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="cannot be used"):
        Database(tmp_path / "file" / "state.sqlite", ABOUT)


def test_a_transaction_is_kept_whole_or_not_at_all(database: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        _write(database, "INSERT INTO kept VALUES ('half')", *STRICT)
    with database.transaction() as db:
        db.execute("INSERT INTO kept VALUES ('whole')")
    assert _words(database) == ["whole"]


def test_every_thread_has_a_connection_and_they_take_turns(database: Database) -> None:
    def write(name: str) -> None:
        for turn in range(20):
            with database.transaction() as db:
                db.execute("INSERT INTO kept VALUES (?)", (f"{name}{turn}",))

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(_words(database))) == 80


def test_every_commit_is_synced(database: Database) -> None:
    assert database.read("PRAGMA synchronous") == [(2,)]  # FULL
    assert database.read("PRAGMA journal_mode") == [("wal",)]


def test_our_own_mistakes_are_not_called_the_disks(database: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        _write(database, *STRICT)


FULL_DISK = """
import json, resource, signal, sys
from pathlib import Path
from headwater_agents.durable.database import Database, StateError

database = Database(Path(sys.argv[1]), {"address": "0xA"})
with database.transaction() as db:
    db.execute("CREATE TABLE kept (word TEXT)")
    db.execute("INSERT INTO kept VALUES ('before')")
size = Path(sys.argv[1] + "-wal").stat().st_size
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
refused = 0
for _ in range(3):
    try:
        with database.transaction() as db:
            db.execute("INSERT INTO kept VALUES (?)", ("x" * 50_000,))
    except StateError as error:
        refused += 1
during = [word for (word,) in database.read("SELECT word FROM kept")]
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
with database.transaction() as db:
    db.execute("INSERT INTO kept VALUES ('after')")
print(json.dumps([refused, during, [word for (word,) in database.read("SELECT word FROM kept")]]))
"""


def test_a_full_disk_is_one_of_our_errors_and_over_when_there_is_room(tmp_path: Path) -> None:
    run = [sys.executable, "-c", FULL_DISK, str(tmp_path / "state.sqlite")]
    said = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == [3, ["before"], ["before", "after"]]
