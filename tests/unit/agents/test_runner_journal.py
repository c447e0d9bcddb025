"""The journal: what a reveal needs is on disk before the commit is sent, and nothing ever sent is forgotten."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from harness import SALT, TOKENS, World, binary
from headwater.chain import ArgumentError, ConnectionFailed, Contract, NotMined, Receipt, Reverted
from headwater.chain.participant import Participant
from headwater_agents.durable.journal import Journal, Kept
from headwater_agents.policies import Commit, Position, Reveal
from headwater_agents.runner.executor import Executor

WHO = "0x" + "ab" * 20
COMMIT = Commit(question=3, forecast=binary(0.7), wager=2**95 + 1, salt=SALT)
POSITION = Position(forecast=binary(0.7), wager=2**95 + 1, salt=SALT, revealed=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with closing(Journal(path)) as journal:
        yield journal


def _reopened(path: Path, who: str, question: int) -> Kept | None:
    with closing(Journal(path)) as other:
        return other.find(who, question)


def test_a_plan_reads_back_to_the_wei_from_a_reopened_journal(journal: Journal, path: Path) -> None:
    journal.plan(WHO, COMMIT)
    kept = Kept(question=3, forecaster=WHO, position=POSITION, state="planned")
    assert journal.find(WHO, 3) == kept
    journal.close()
    assert _reopened(path, WHO, 3) == kept


def test_a_plan_outlives_the_death_of_its_process(path: Path) -> None:
    program = f"""
import os
from pathlib import Path
from headwater_agents.policies import Commit
from headwater_agents.durable.journal import Journal
Journal(Path({str(path)!r})).plan({WHO!r}, Commit(
    question={COMMIT.question}, forecast={COMMIT.forecast}, wager={COMMIT.wager}, salt={COMMIT.salt!r}))
os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", program]).returncode == 9
    kept = _reopened(path, WHO, 3)
    assert kept is not None
    assert kept.position == POSITION


def test_every_write_is_synced(journal: Journal) -> None:
    assert journal._file.connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_states_follow_the_commitment(journal: Journal) -> None:
    journal.plan(WHO, COMMIT)
    for state in ("committed", "revealed"):
        journal.mark(WHO, 3, state)
        kept = journal.find(WHO, 3)
        assert kept is not None
        assert (kept.state, kept.position.revealed) == (state, state == "revealed")
    with pytest.raises(sqlite3.IntegrityError):
        journal.mark(WHO, 3, "lost")


def test_positions_are_apart_by_question_and_forecaster(journal: Journal) -> None:
    journal.plan(WHO, COMMIT)
    assert journal.find(WHO, 4) is None
    assert journal.find("0x" + "cd" * 20, 3) is None
    journal.mark("0x" + "cd" * 20, 3, "revealed")
    kept = journal.find(WHO, 3)
    assert kept is not None
    assert kept.state == "planned"


def test_a_second_plan_does_not_forget_the_first(journal: Journal) -> None:
    first, second = bytes(32), bytes([1] * 32)
    journal.plan(WHO, Commit(question=3, forecast=binary(0.7), wager=5, salt=first))
    journal.mark(WHO, 3, "committed")
    journal.plan(WHO, Commit(question=3, forecast=binary(0.6), wager=6, salt=second))
    found = journal.find(WHO, 3)
    assert found is not None
    assert found.position.salt == second
    assert [(kept.position.salt, kept.state) for kept in journal.history(WHO, 3)] == [
        (first, "committed"),
        (second, "planned"),
    ]
    journal.mark(WHO, 3, "refused")
    found = journal.find(WHO, 3)
    assert found is not None
    assert (found.position.salt, found.state) == (first, "committed")
    journal.mark(WHO, 3, "revealed")
    assert [kept.state for kept in journal.history(WHO, 3)] == ["revealed", "refused"]


class _Watched(Participant):
    """Looks into the journal's file, from outside, at the moment of sending; then sends, or fails to."""

    path: Path
    error: Exception | None = None
    seen: Kept | None = None

    def _send(self, contract: Contract, name: str, *args: object) -> Receipt:
        if name == "commit":
            self.seen = _reopened(self.path, self.address, int(str(args[0])))
        if self.error is not None:
            raise self.error
        return super()._send(contract, name, *args)


@pytest.fixture
def watched(world: World, path: Path) -> _Watched:
    participant = _Watched(world.system, world.forecasters[0].account)
    participant.path = path
    return participant


def test_a_commitment_is_on_disk_when_it_is_sent(world: World, watched: _Watched, journal: Journal) -> None:
    question = world.open(world.series())
    action = Commit(question=question, forecast=binary(0.7), wager=50 * TOKENS, salt=SALT)
    Executor(watched, journal, {}).execute([action])
    assert watched.seen is not None
    assert watched.seen.state == "planned"
    assert watched.seen.position == Position(
        forecast=action.forecast, wager=action.wager, salt=action.salt, revealed=False
    )
    kept = journal.find(watched.address, question)
    assert kept is not None
    assert kept.state == "committed"
    world.travel(world.system.question(question).times.commit_end)
    Executor(watched, journal, {}).execute([Reveal(question=question, forecast=action.forecast, salt=action.salt)])
    kept = journal.find(watched.address, question)
    assert kept is not None
    assert kept.state == "revealed"


@pytest.mark.parametrize("error", [ConnectionFailed("gone"), NotMined("not yet", "0x00"), KeyboardInterrupt()])
def test_a_commitment_that_may_have_been_sent_stays_planned(
    world: World, watched: _Watched, journal: Journal, path: Path, error: Exception
) -> None:
    question = world.open(world.series())
    watched.error = error
    with pytest.raises(type(error)):
        Executor(watched, journal, {}).execute(
            [Commit(question=question, forecast=binary(0.7), wager=50 * TOKENS, salt=SALT)]
        )
    journal.close()
    kept = _reopened(path, watched.address, question)
    assert kept is not None
    assert (kept.state, kept.position.salt) == ("planned", SALT)


def test_a_commitment_that_the_chain_refused_does_not_hide_the_one_that_stands(
    world: World, watched: _Watched, journal: Journal
) -> None:
    question = world.open(world.series())
    executor = Executor(watched, journal, {})
    good = Commit(question=question, forecast=binary(0.7), wager=50 * TOKENS, salt=SALT)
    executor.execute([good])
    with pytest.raises(Reverted, match="a wager only grows"):
        executor.execute([Commit(question=question, forecast=binary(0.6), wager=40 * TOKENS, salt=bytes(32))])
    with pytest.raises(ArgumentError, match="accepted are"):
        executor.execute([Commit(question=question, forecast=binary(0.001), wager=60 * TOKENS, salt=bytes(32))])
    kept = journal.find(watched.address, question)
    assert kept is not None
    assert (kept.state, kept.position.salt, kept.position.wager) == ("committed", SALT, 50 * TOKENS)
    assert [each.state for each in journal.history(watched.address, question)] == ["committed", "refused", "refused"]
