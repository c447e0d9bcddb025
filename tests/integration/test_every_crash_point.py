"""A whole market, killed at every point that the code names: everybody goes on, and the audit balances to the wei.

Every process gets a list of crash points and is started with the next one each time, until none is left; then it runs
undisturbed to the end. What only a reorganisation, a fee spike or a second copy can reach is killed at in
test_outbox_crash.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headwater_agents.durable.crash import VARIABLE, CrashPoint
from headwater_agents.swarm import swarm as supervision
from headwater_agents.swarm.diary import Diary
from headwater_agents.swarm.ending import conclude
from headwater_agents.swarm.folder import RunFolder
from headwater_agents.swarm.launching import Launcher, Programs
from headwater_agents.swarm.settings import SwarmSettings
from headwater_agents.swarm.swarm import Swarm
from headwater_agents.swarm.worker import Worker

P = CrashPoint
JOURNAL = [P.JOURNAL_PLANNING, P.JOURNAL_PLANNED, P.JOURNAL_MARKING, P.JOURNAL_MARKED]
SENDING = [P.OUTBOX_DECIDED, P.OUTBOX_RECORDED, P.OUTBOX_SENT, P.OUTBOX_SEEN, P.OUTBOX_ENDED]
SELLING = [P.SIGNAL_SIGNED, P.SIGNAL_KEPT, P.SALE_BOUND, P.SALE_SETTLED, P.SALE_NOTED]
BUYING = [P.PURCHASE_SIGNED, P.PURCHASE_KEPT, P.PURCHASE_ANSWERED, P.PURCHASE_DONE]
SETTLING = [P.SETTLEMENT_KEPT, P.SETTLEMENT_SENT, P.SETTLEMENT_MINED]
RARE = {  # killed at by test_outbox_crash, on chains that can be made to reach them
    P.OUTBOX_REFUSED, P.OUTBOX_RAISING, P.OUTBOX_RAISED, P.OUTBOX_RAISE_SENT, P.OUTBOX_CANCELLING,
    P.OUTBOX_CANCEL_RECORDED, P.OUTBOX_CANCEL_SENT, P.OUTBOX_VANISHED, P.OUTBOX_REOPENED, P.OUTBOX_FILLING,
    P.OUTBOX_DISPLACED,
}  # fmt: skip

DOOMS: dict[str, list[CrashPoint]] = {
    "copier": [*JOURNAL, *SENDING],
    "forecaster-1": [*BUYING, *SENDING[:2]],
    "aggregator-a": [*SELLING[:2], *BUYING[2:], P.SALE_SETTLED],
    "member-1": SELLING[:3],
    "member-2": [P.SALE_BOUND, P.SALE_NOTED],
    "member-3": SELLING[3:],
    "facilitator": SETTLING,
    "keeper": SENDING,
    "resolver": SENDING,
}


def test_every_crash_point_of_the_code_is_on_a_list() -> None:
    assert {point for points in DOOMS.values() for point in points} | RARE == set(CrashPoint)


def test_a_market_that_is_killed_at_every_crash_point_balances_to_the_wei(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = {name: list(points) for name, points in DOOMS.items()}
    made = supervision.workers

    def doomed(folder: RunFolder, diary: Diary, _: Launcher, *where: Any) -> dict[str, Worker]:
        # Programs of their own: what is forked has read its environment before.
        found = made(folder, diary, Programs(swarm._lifeline), *where)
        for name, worker in found.items():
            monkeypatch.setattr(worker, "once", _doom(worker.once, left.get(name, [])))
        return found

    monkeypatch.setattr(supervision, "workers", doomed)
    settings = SwarmSettings(chain="revm", questions=7, network="small", commit=8, reveal=6)
    with Swarm(RunFolder.create(tmp_path / "swarm", settings)) as swarm:
        swarm.play()
        died = [each for each in swarm.diary.happenings if each.kind == "exit" and each.code == -signal.SIGKILL]
        summary = conclude(swarm, lambda text: None)
    assert [check for check in summary["checks"] if not check["ok"]] == []
    assert {name: points for name, points in left.items() if points} == {}
    # One life ends for each point, but where the swarm ended before the process came to its last one.
    assert len(died) >= sum(len(points) for points in DOOMS.values()) - len(DOOMS)


def _doom(start: Callable[..., Any], points: list[CrashPoint]) -> Callable[..., Any]:
    """Starts a process that dies at the next of the points, which is then off the list."""

    def once(*args: Any) -> Any:
        if not points:
            return start(*args)
        os.environ[VARIABLE] = points.pop(0)
        try:
            return start(*args)
        finally:
            del os.environ[VARIABLE]

    return once
