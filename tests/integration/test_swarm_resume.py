"""A swarm whose supervisor is killed, drained or stopped: nobody is left running, and it goes on where it was."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from headwater_agents.swarm.diary import read_diary

_PATIENCE_S = 120.0


def until(what: Callable[[], bool], why: str, seconds: float = _PATIENCE_S) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.05)


@contextmanager
def supervisor(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`headwater swarm` on a folder."""
    command = [sys.executable, "-c", "from headwater_agents.cli import main; main()", "swarm", "--plain"]
    with subprocess.Popen(
        [*command, "--out", str(folder), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def processes_of(folder: Path) -> list[int]:
    """Numbers of running processes that have a file of the folder open."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            opened = {str(each.readlink()) for each in (place / "fd").iterdir()}
            if any(each.startswith(str(folder)) for each in opened):
                found.append(int(place.name))
    return found


def in_commits(folder: Path) -> bool:
    """Whether somebody committed in the question that is open."""
    log = folder / "logs" / "copier.log"
    if not log.exists():
        return False
    events = [json.loads(line)["event"] for line in log.read_text().splitlines() if line.startswith("{")]
    return events.count("commit") > events.count("reveal")


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes by /proc")
def test_a_killed_swarm_leaves_nobody_behind_and_a_stopped_one_goes_on_with_the_same_deployment(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with supervisor(folder, "--questions", "3", "--no-market", "--chain", "revm") as first:
        until(lambda: in_commits(folder), "nobody committed")
        assert len(processes_of(folder)) >= 6, "supervisor, node and bots"
        first.kill()
        first.wait()
        until(lambda: not processes_of(folder), "processes were left running", 30)
    deployed = (folder / "manifest.json").read_text()

    with supervisor(folder, "--resume") as second:
        until(lambda: sum(each.kind == "ready" for each in read_diary(folder / "diary.jsonl")) >= 10, "nobody is back")
        second.send_signal(signal.SIGINT)
        until(lambda: any(each.kind == "drain" for each in read_diary(folder / "diary.jsonl")), "it does not drain")
        second.send_signal(signal.SIGINT)
        assert second.wait(60) == 130, "the second Ctrl-C stops at once"
        until(lambda: not processes_of(folder), "processes were left running", 30)

    with supervisor(folder, "--resume", "--json") as third:
        out, said = third.communicate(timeout=300)
    assert third.returncode == 0, said
    summary = json.loads(out)
    assert summary["ok"]
    assert summary["questions"]["asked"] == 3, "what was left to ask is asked"
    assert summary["agents"]["copier"]["commits"] >= 1
    assert (folder / "manifest.json").read_text() == deployed


def test_what_cannot_be_resumed_is_said_in_one_line(tmp_path: Path) -> None:
    with supervisor(tmp_path / "nothing", "--resume") as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "is no folder of a swarm" in said
    assert "Traceback" not in said
