"""Killed anywhere and started again, an agent does what it had decided once: at every crash point, and at any line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crash_scenarios import SCENARIOS, check
from crash_server import CrashServer
from headwater.chain import connect, local_control
from headwater_agents import durable
from headwater_agents.durable.crash import CrashPoint
from outbox_rig import new_rig

POINTS = [point for point in CrashPoint if point.startswith("outbox.")]
TRACED = (str(Path(durable.__file__).parent),)
LIFE = "outbox_lives:live"


@pytest.fixture(scope="module")
def server() -> Iterator[CrashServer]:
    with CrashServer("outbox_lives", "headwater_agents.durable.outbox") as running:
        yield running


def _scenario_of(point: CrashPoint) -> str:
    (name,) = [name for name, scenario in SCENARIOS.items() if point in scenario.points]
    return name


def _fund(url: str, folder: Path) -> None:
    with new_rig(url, folder):
        pass


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_crash_point_it_goes_on_where_it_was(
    anvil: str, tmp_path: Path, server: CrashServer, point: CrashPoint
) -> None:
    name = _scenario_of(point)
    _fund(anvil, tmp_path)
    about = {"scenario": name, "url": anvil, "folder": str(tmp_path)}
    assert server.live(LIFE, about, at=point).code == -9
    last = server.live(LIFE, about)
    assert (last.code, last.error) == (0, "")
    with new_rig(anvil, tmp_path) as rig:
        check(rig, SCENARIOS[name])


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_killed_there_again_and_again_it_still_ends_well(
    anvil: str, tmp_path: Path, server: CrashServer, point: CrashPoint
) -> None:
    name = _scenario_of(point)
    _fund(anvil, tmp_path)
    about = {"scenario": name, "url": anvil, "folder": str(tmp_path)}
    for _ in range(3):
        server.live(LIFE, about, at=point)
    for other in (CrashPoint.OUTBOX_RECORDED, CrashPoint.OUTBOX_SENT, CrashPoint.OUTBOX_SEEN, CrashPoint.OUTBOX_ENDED):
        server.live(LIFE, about, at=other)
    last = server.live(LIFE, about)
    assert (last.code, last.error) == (0, "")
    with new_rig(anvil, tmp_path) as rig:
        check(rig, SCENARIOS[name])


def _at_lines(url: str, folder: Path, server: CrashServer, name: str, stride: int) -> int:
    """Kill at every `stride`-th line that the scenario passes; how many times that was."""
    control = local_control(connect(url))
    _fund(url, folder)

    def fresh(which: object) -> tuple[str, dict[str, str]]:
        place = folder / str(which)
        place.mkdir()
        return control.snapshot(), {"scenario": name, "url": url, "folder": str(place)}

    start, about = fresh("whole")
    whole = server.live(LIFE, about, traced=TRACED)
    assert (whole.code, whole.error) == (0, "")
    control.revert(start)
    kills = range(1 + len(name) % stride, len(whole.lines) + 1, stride)
    for line in kills:
        start, about = fresh(line)
        # How often it looks before its end depends on the node, so the last lines may not be passed again.
        assert server.live(LIFE, about, line=line, traced=TRACED).code == -9 or line > 0.8 * len(whole.lines)
        last = server.live(LIFE, about)
        where = f"killed at {whole.lines[line - 1]}"
        assert (last.code, last.error) == (0, ""), where
        with new_rig(url, folder / str(line)) as rig:
            check(rig, SCENARIOS[name])
        control.revert(start)
    return len(kills)


@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_some_lines_it_goes_on_where_it_was(
    anvil: str, tmp_path: Path, server: CrashServer, name: str
) -> None:
    assert _at_lines(anvil, tmp_path, server, name, 53) >= 4


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_any_line_it_goes_on_where_it_was(anvil: str, tmp_path: Path, server: CrashServer, name: str) -> None:
    assert _at_lines(anvil, tmp_path, server, name, 1) > 200


def test_every_crash_point_of_the_outbox_is_passed_by_one_scenario() -> None:
    assert sorted(point for scenario in SCENARIOS.values() for point in scenario.points) == sorted(POINTS)
