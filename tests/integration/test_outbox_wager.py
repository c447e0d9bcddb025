"""A wager is never lost to a missing salt: killed anywhere between deciding and revealing, or run twice by mistake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from crash_server import CrashServer
from harness import World, new_world
from headwater.chain import Account, connect
from headwater.chain.backend import LocalControl
from headwater_agents import durable
from headwater_agents.durable.crash import CrashPoint
from headwater_agents.durable.database import Database
from headwater_agents.durable.outbox import KeyInUse, State
from headwater_agents.runner import executor
from wager_lives import WAGER, Forecaster

LIFE = "wager_lives:live"
TRACED = (str(Path(durable.__file__).parent), str(executor.__file__))
POINTS = [
    *(point for point in CrashPoint if point.startswith("journal.")),
    CrashPoint.OUTBOX_DECIDED,
    CrashPoint.OUTBOX_RECORDED,
    CrashPoint.OUTBOX_SENT,
    CrashPoint.OUTBOX_SEEN,
    CrashPoint.OUTBOX_ENDED,
]


@pytest.fixture(scope="module")
def server() -> Iterator[CrashServer]:
    with CrashServer("wager_lives") as running:
        yield running


@pytest.fixture
def asked(anvil: str) -> Iterator[tuple[World, dict[str, Any]]]:
    """A deployment with an open question, and what a forecaster has to know of them."""
    with closing(connect(anvil)) as node:
        world = new_world(node)
        question = world.open(world.series())
        world.control.mine()
        yield world, {"url": anvil, "addresses": asdict(world.system.addresses), "question": question}


def _check(world: World, question: int, folder: Path, before: int) -> None:
    me = world.forecasters[0].address
    position = world.system.position(question, me)
    assert (position.wager, position.revealed) == (WAGER, True)
    arena = world.system.arena
    for name in ("Committed", "Revealed"):
        assert len([event for event in arena.events(name) if event["forecaster"] == me]) == 1
    assert world.backend.nonce(me) == before + 2
    with closing(Database(folder / "bot.sqlite", {"address": me})) as database:
        assert database.read("SELECT DISTINCT state FROM outbox") == [(State.MINED,)]


@pytest.mark.parametrize(
    ("point", "time"),
    [(point, time) for point in POINTS for time in (1, 2) if time == 1 or not point.startswith("journal.plan")],
)
def test_killed_at_a_crash_point_it_reveals_what_it_wagered_once(
    asked: tuple[World, dict[str, Any]], tmp_path: Path, server: CrashServer, point: CrashPoint, time: int
) -> None:
    world, about = asked
    before = world.backend.nonce(world.forecasters[0].address)
    about["folder"] = str(tmp_path)
    assert server.live(LIFE, about, at=f"{point}:{time}").code == -9
    last = server.live(LIFE, about)
    assert (last.code, last.error) == (0, "")
    _check(world, about["question"], tmp_path, before)


def _at_lines(world: World, about: dict[str, Any], folder: Path, server: CrashServer, stride: int) -> int:
    control = world.backend
    assert isinstance(control, LocalControl)
    before = world.backend.nonce(world.forecasters[0].address)

    def fresh(which: object) -> tuple[str, Path]:
        place = folder / str(which)
        place.mkdir()
        about["folder"] = str(place)
        return control.snapshot(), place

    start, place = fresh("whole")
    whole = server.live(LIFE, about, traced=TRACED)
    assert (whole.code, whole.error) == (0, "")
    _check(world, about["question"], place, before)
    control.revert(start)
    kills = range(1, len(whole.lines) + 1, stride)
    for line in kills:
        start, place = fresh(line)
        # How often it looks before its end depends on the node, so the last lines may not be passed again.
        assert server.live(LIFE, about, line=line, traced=TRACED).code == -9 or line > 0.8 * len(whole.lines)
        last = server.live(LIFE, about)
        assert (last.code, last.error) == (0, ""), f"killed at {whole.lines[line - 1]}"
        _check(world, about["question"], place, before)
        control.revert(start)
    return len(kills)


def test_killed_at_some_lines_it_reveals_what_it_wagered_once(
    asked: tuple[World, dict[str, Any]], tmp_path: Path, server: CrashServer
) -> None:
    assert _at_lines(*asked, tmp_path, server, 41) >= 6


@pytest.mark.slow
def test_killed_at_any_line_it_reveals_what_it_wagered_once(
    asked: tuple[World, dict[str, Any]], tmp_path: Path, server: CrashServer
) -> None:
    assert _at_lines(*asked, tmp_path, server, 1) > 250


@pytest.mark.parametrize("known", [True, False], ids=["both knew the chain", "the second is new"])
def test_a_wager_is_revealed_although_a_second_copy_with_another_file_runs(
    asked: tuple[World, dict[str, Any]], tmp_path: Path, known: bool
) -> None:
    """Both decide before either has sent. Whichever commitment stands, that copy has the salt; one wagers no more."""
    world, about = asked
    account = Account.derive(0, 2)
    files = [Database(tmp_path / f"{name}.sqlite", {"address": account.address}) for name in ("one", "two")]
    one, two = (Forecaster(about, account, file) for file in files)
    one.outbox.recover()
    if known:
        two.outbox.recover()
    one.commit()
    if known:
        with pytest.raises(KeyInUse):
            two.commit()
    else:
        two.commit()
    world.travel(world.system.question(about["question"]).times.commit_end)
    world.control.mine()
    for _ in range(3):
        one.look()
        two.look()
    position = world.system.position(about["question"], account.address)
    assert (position.wager, position.revealed) == (WAGER, True)
    assert [one.salt() is not None, two.salt() is not None] == [known, not known]
    assert [one.safe, two.safe] == [not known, known]
    for copy, file in zip((one, two), files, strict=True):
        copy.node.close()
        file.close()
