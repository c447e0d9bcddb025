"""Processes of a swarm: started in two ways, killed, started again, given up on, and ended with their supervisor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from headwater.chain.accounts import development_key
from headwater_agents.swarm.diary import Diary
from headwater_agents.swarm.launching import Launcher, Nurslings, Programs
from headwater_agents.swarm.probe import read_metrics
from headwater_agents.swarm.settings import SwarmError
from headwater_agents.swarm.worker import Worker

KEY = development_key(5, 5).hex()
WAITING = """
role = "keeper"
name = "keeper"
rpc = "http://127.0.0.1:9"
manifest = "manifest.json"
state = "keeper.sqlite"
"""
MANIFEST = '{"chain_id": 1337, "deployer": "0x", "first_nonce": 0, "config": {}, "contracts": {}, "format": 1}'


def until(what: Callable[[], bool], why: str, seconds: float = 60.0) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.02)


@contextmanager
def launching(way: str, log: Path) -> Iterator[tuple[Launcher, Callable[[], None]]]:
    """A launcher, and what ends the supervisor: its end of the pipe is closed, as when it is killed."""
    reading, writing = os.pipe()
    ends = [writing]

    def die() -> None:
        while ends:
            os.close(ends.pop())

    try:
        if way == "program":
            yield Programs(reading), die
            return
        if sys.platform != "linux":
            pytest.skip("forks on Linux only")
        nursery = Nurslings(reading, log)
        try:
            yield nursery, die
        finally:
            nursery.close()
    finally:
        os.close(reading)
        die()


@pytest.fixture(scope="module", params=["program", "forked"])
def launcher(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """Both ways."""
    with launching(request.param, tmp_path_factory.mktemp("nursery") / "log") as (made, _):
        yield made


@pytest.fixture
def bot(tmp_path: Path) -> list[str]:
    """Arguments of a bot that waits for a node which never comes."""
    (tmp_path / "keeper.toml").write_text(WAITING)
    (tmp_path / "manifest.json").write_text(MANIFEST)
    return ["agent", "keeper", "--config", str(tmp_path / "keeper.toml"), "--log", "json"]


def waits(log: Path) -> bool:
    return log.exists() and "waiting_for_node" in log.read_text()


def test_a_child_runs_says_what_it_does_into_its_log_and_ends_when_asked(
    launcher: Launcher, bot: list[str], tmp_path: Path
) -> None:
    log = tmp_path / "keeper.log"
    child = launcher.start("keeper", bot, KEY, log)
    until(lambda: waits(log), "it says nothing")
    assert child.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.05)
    child.send_signal(signal.SIGTERM)
    assert child.wait(30) == 0
    assert KEY not in log.read_text()


def test_a_childs_key_is_neither_an_argument_nor_its_neighbours(
    launcher: Launcher, bot: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_KEY", development_key(6, 6).hex())
    monkeypatch.setenv("HEADWATER_PASSWORD", "secret")
    log = tmp_path / "keeper.log"
    child = launcher.start("keeper", bot, KEY, log)
    until(lambda: waits(log), "it says nothing")
    if sys.platform == "linux":
        assert KEY.encode() not in Path(f"/proc/{child.pid}/cmdline").read_bytes()
        begun_with = Path(f"/proc/{child.pid}/environ").read_bytes()
        assert development_key(6, 6).hex().encode() not in begun_with, "the supervisor's own key"
        assert b"HEADWATER_PASSWORD" not in begun_with
    child.send_signal(signal.SIGKILL)
    assert child.wait(30) == -signal.SIGKILL


@pytest.mark.parametrize("way", ["program", "forked"])
def test_a_child_ends_when_its_supervisor_does(way: str, bot: list[str], tmp_path: Path) -> None:
    log = tmp_path / "keeper.log"
    with launching(way, tmp_path / "nursery.log") as (launcher, die):
        child = launcher.start("keeper", bot, KEY, log)
        until(lambda: waits(log), "it says nothing")
        die()
        assert_gone(child.pid)
        if isinstance(child, subprocess.Popen):
            child.wait(30)


@pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")
def test_without_the_nursery_nobody_is_started_and_its_children_end_with_the_supervisor(
    bot: list[str], tmp_path: Path
) -> None:
    log = tmp_path / "keeper.log"
    with launching("forked", tmp_path / "nursery.log") as (launcher, die):
        assert isinstance(launcher, Nurslings)
        child = launcher.start("keeper", bot, KEY, log)
        until(lambda: waits(log), "it says nothing")
        os.kill(launcher.pid, signal.SIGKILL)
        assert child.wait(30) != 0, "nobody knows what became of it"
        with pytest.raises(SwarmError, match=r"was not started|is gone; go on by --resume"):
            launcher.start("keeper", bot, KEY, log)
        child.send_signal(signal.SIGTERM)
        die()
        assert_gone(child.pid)


def assert_gone(pid: int) -> None:
    """It is no more, or only its entry is left for its parent."""

    def gone() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    if sys.platform == "linux":
        until(gone, "it is still there")


def worker(launcher: Launcher, arguments: list[str], folder: Path) -> Worker:
    return Worker(
        "keeper",
        "keeper",
        arguments,
        KEY,
        "http://127.0.0.1:9",
        folder / "keeper.log",
        Diary(folder / "diary"),
        launcher,
    )


def test_who_is_killed_is_started_again(launcher: Launcher, bot: list[str], tmp_path: Path) -> None:
    mine = worker(launcher, bot, tmp_path)
    mine.tick()
    first = mine.pid
    assert first is not None
    mine.ready(first, time.time())
    assert mine.state == "ready"
    assert mine.kill()

    def again() -> bool:
        mine.tick()
        return mine.pid not in (None, first)

    until(again, "it is not started again")
    assert (mine.state, mine.kills, mine.restarts) == ("starting", 1, 1)
    mine.ready(first, time.time())
    assert mine.state == "starting", "what its forerunner answered does not count"
    mine.stop()
    assert mine.wait(30) is not None


def test_who_never_gets_ready_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    with launching("program", tmp_path / "unused") as (launcher, _):
        given_up(worker(launcher, ["nonsense"], tmp_path))


def given_up(mine: Worker) -> None:
    def tick() -> bool:
        mine._wait = 0.0  # no pause between starts
        mine.tick()
        return False

    with pytest.raises(
        SwarmError, match=r"keeper does not start: nonsense is no process of a swarm; see .*keeper\.log"
    ):
        until(tick, "it is never given up")


def test_metrics_of_one_name_are_added_up() -> None:
    text = '# HELP a b\n# TYPE a counter\na_total{kind="x"} 2.0\na_total{kind="y"} 3.0\nb 1e3\nnonsense\n'
    assert read_metrics(text) == {"a_total": 5.0, "b": 1_000.0}
