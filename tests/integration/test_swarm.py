"""A whole market as processes, killed at random: on our node, which is killed too, and on anvil."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from binaries import find_anvil
from headwater_agents.swarm.ending import conclude
from headwater_agents.swarm.folder import RunFolder
from headwater_agents.swarm.settings import SwarmSettings
from headwater_agents.swarm.swarm import Swarm


@pytest.fixture
def anvil_on_the_wall_clock() -> Iterator[str]:
    """URL of an anvil process of this test's own, whose time is now."""
    binary = find_anvil()
    if binary is None:
        pytest.skip("ANVIL IS ABSENT: `make anvil`, or name it in $ANVIL")
    command = [binary, "--host", "127.0.0.1", "--port", "0", "--hardfork", "prague"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            found = next(filter(None, (re.search(r"Listening on (127\.0\.0\.1:\d+)", line) for line in process.stdout)))
            drain = threading.Thread(target=process.stdout.read, daemon=True)
            drain.start()
            yield f"http://{found[1]}"
        finally:
            process.terminate()
            process.wait(timeout=10)
            drain.join(timeout=10)


def play(folder: Path, kill_every: float, **settings: Any) -> dict[str, Any]:
    """A swarm of the small network from its beginning to its end; its summary.

    Windows are seconds of the wall clock: where the machine was too busy for anybody to sell, once more in longer ones.
    """
    summary = _play(folder, kill_every, {"lead": 5, "commit": 9, "reveal": 6, **settings})
    if any(agent["sold"] for agent in summary["agents"].values()):
        return summary
    longer = {"lead": 10, "commit": 18, "reveal": 12, **settings}
    return _play(folder.with_name("again"), kill_every, longer)


def _play(folder: Path, kill_every: float, settings: dict[str, Any]) -> dict[str, Any]:
    made = RunFolder.create(folder, SwarmSettings(questions=3, network="small", **settings))
    with Swarm(made, kill_every=kill_every) as swarm:
        swarm.play()
        return conclude(swarm, lambda _: None)


def failed(summary: dict[str, Any]) -> list[dict[str, Any]]:
    return [check for check in summary["checks"] if not check["ok"]]


def judge(summary: dict[str, Any], killed: set[str]) -> None:
    """What holds of every swarm, however it was killed."""
    assert failed(summary) == []
    assert summary["ok"]
    assert summary["questions"]["asked"] == 3
    assert {name for name, process in summary["processes"].items() if process["kills"]} == killed
    agents = summary["agents"]
    assert int(agents["copier"]["commits"]) >= 1, "somebody staked"
    assert sum(agent["sold"] for agent in agents.values()) >= 3, "signals were sold"
    assert sum(int(agent["spent"]) for agent in agents.values()) == sum(
        int(agent["earned"]) for agent in agents.values()
    )


def test_on_our_node_everybody_is_killed_and_every_wei_is_accounted_for(tmp_path: Path) -> None:
    summary = play(tmp_path / "run", 4.0)
    judge(summary, set(summary["processes"]))


def test_on_anvil_everybody_else_is_killed_and_every_wei_is_accounted_for(
    tmp_path: Path, anvil_on_the_wall_clock: str
) -> None:
    summary = play(tmp_path / "run", 4.0, rpc=anvil_on_the_wall_clock)
    judge(summary, set(summary["processes"]))
    assert "node" not in summary["processes"]
