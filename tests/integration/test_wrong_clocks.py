"""A market whose processes have clocks that are hours wrong: they buy, sell, commit and reveal by the chain's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from headwater_agents.swarm import swarm as supervision
from headwater_agents.swarm.diary import Diary
from headwater_agents.swarm.ending import conclude
from headwater_agents.swarm.folder import RunFolder
from headwater_agents.swarm.launching import Child, Launcher
from headwater_agents.swarm.settings import SwarmSettings
from headwater_agents.swarm.swarm import Swarm
from headwater_agents.swarm.worker import Worker

HOUR = 3_600
WRONG = {
    "member-1": HOUR,
    "member-2": -HOUR,
    "member-3": 30 * HOUR,
    "aggregator-a": -HOUR,
    "forecaster-1": 2 * HOUR,
    "copier": -2 * HOUR,
    "keeper": HOUR,
    "resolver": -HOUR,
}
CODE = """
import runpy, sys, time
true, wrong = time.time, int(sys.argv.pop(1))
time.time = lambda: true() + wrong
runpy.run_module("headwater_agents.swarm.child", run_name="__main__", alter_sys=True)
"""


class Wrongly:
    """Starts processes whose wall clock is wrong."""

    def __init__(self, lifeline: int) -> None:
        self._lifeline = lifeline

    def start(self, name: str, arguments: Sequence[str], secret: str, log: Path) -> Child:
        with log.open("ab") as file:
            return subprocess.Popen(
                [sys.executable, "-c", CODE, str(WRONG.get(name, 0)), str(self._lifeline), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env={**os.environ, "HEADWATER_KEY": secret},
                pass_fds=(self._lifeline,),
                start_new_session=True,
            )


def test_a_market_with_wrong_clocks_works_by_the_chains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = supervision.workers

    def wrong(folder: RunFolder, diary: Diary, _: Launcher, *where: Any) -> dict[str, Worker]:
        return made(folder, diary, Wrongly(swarm._lifeline), *where)

    monkeypatch.setattr(supervision, "workers", wrong)
    settings = SwarmSettings(chain="revm", questions=1, network="small", commit=12)
    with Swarm(RunFolder.create(tmp_path / "swarm", settings)) as swarm:
        swarm.play()
        skews = {name: swarm.metrics(name).get("headwater_clock_skew_seconds", 0.0) for name in WRONG}
        summary = conclude(swarm, lambda text: None)
    assert [check for check in summary["checks"] if not check["ok"]] == []
    assert {name: round(skew / HOUR) for name, skew in skews.items()} == {
        name: wrong // HOUR for name, wrong in WRONG.items()
    }
    bought = {(edge["buyer"], edge["seller"]): edge["signals"] for edge in summary["edges"]}
    assert bought == dict.fromkeys(bought, 1)
    assert len(bought) == 4
