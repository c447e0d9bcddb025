"""A swarm's diary: when who was up, also when the supervisor died, and who is killed next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headwater_agents.swarm.diary import Diary, Happening, longest_within, read_diary, together, uptimes
from headwater_agents.swarm.reaper import Reaper
from headwater_agents.swarm.summary import recoveries


def told(*lines: tuple[float, str, str]) -> list[Happening]:
    made: list[Any] = [Happening(time=time, kind=kind, name=name) for time, kind, name in lines]  # type: ignore[arg-type]
    return made


def test_a_process_is_up_from_ready_to_its_kill_and_again_from_ready() -> None:
    happenings = told(
        (1, "start", "a"), (2, "ready", "a"), (5, "kill", "a"), (6, "exit", "a"), (8, "ready", "a"), (9, "alive", "")
    )
    assert uptimes(happenings, "a") == [(2, 5), (8, 9)]
    assert uptimes(happenings, "b") == []
    assert recoveries(happenings, "a") == [3]


def test_a_supervisors_death_ends_everybodys_time_at_its_last_word() -> None:
    happenings = told((1, "ready", "a"), (4, "alive", ""), (60, "resume", ""), (62, "ready", "a"), (70, "exit", "a"))
    assert uptimes(happenings, "a") == [(1, 4), (62, 70)]


def test_only_time_together_and_within_the_window_counts() -> None:
    bot, node = [(0.0, 10.0), (14.0, 30.0)], [(0.0, 16.0), (18.0, 40.0)]
    assert together(bot, node) == [(0.0, 10.0), (14.0, 16.0), (18.0, 30.0)]
    assert longest_within(together(bot, node), 8, 20) == 2
    assert longest_within([], 8, 20) == 0
    assert longest_within([(0.0, 1.0)], 8, 20) < 0.001


def test_what_was_written_is_read_again_but_for_a_torn_last_line(tmp_path: Path) -> None:
    path = tmp_path / "diary.jsonl"
    diary = Diary(path)
    diary.write("start", "a")
    diary.write("exit", "a", code=-9)
    with path.open("a") as file:
        file.write('{"time": 3.0, "ki')
    kept = read_diary(path)
    assert [(each.kind, each.name, each.code) for each in kept] == [("start", "a", None), ("exit", "a", -9)]
    assert Diary(path).count("start", "a") == 1


class Victim:
    """What a reaper sees of a worker."""

    def __init__(self, kills: int = 0) -> None:
        self.state, self.kills = "ready", kills

    def kill(self) -> bool:
        self.kills += 1
        return True


def reap(victims: dict[str, Victim], seed: int, times: int) -> list[str]:
    reaper = Reaper(victims, sorted(victims), 1e-9, seed)  # type: ignore[arg-type]
    found: list[str] = []
    while len(found) < times:
        if (name := reaper.tick()) is not None:
            found.append(name)
    return found


def test_everybody_is_killed_once_before_anybody_is_killed_twice() -> None:
    names = [f"bot-{number}" for number in range(9)]
    victims = {name: Victim() for name in names}
    order = reap(victims, 1, 18)
    assert sorted(order[:9]) == sorted(order[9:]) == names
    assert order[:9] != names, "at random"
    assert reap({name: Victim() for name in names}, 1, 18) == order, "as the seed says"


def test_who_is_down_at_its_turn_is_killed_when_it_is_back() -> None:
    victims = {name: Victim() for name in "abc"}
    victims["b"].state = "starting"
    assert sorted(reap(victims, 1, 2)) == ["a", "c"]
    victims = {name: Victim() for name in "abc"}
    reaper = Reaper(victims, "abc", 1e-9, 1)  # type: ignore[arg-type]
    victims["b"].state = "starting"
    while len([v for v in victims.values() if v.kills]) < 2:
        reaper.tick()
    victims["b"].state = "ready"
    while reaper.spared:
        reaper.tick()
    assert [victim.kills for victim in victims.values()] == [1, 1, 1]


def test_a_resumed_swarm_goes_on_with_those_that_were_spared() -> None:
    victims = {"a": Victim(1), "b": Victim(), "c": Victim(1)}
    assert reap(victims, 1, 1) == ["b"]


@pytest.mark.parametrize("every", [2.0, 10.0])
def test_kills_are_as_far_apart_as_asked_on_average(every: float) -> None:
    reaper = Reaper({"a": Victim()}, ["a"], every, 1)  # type: ignore[dict-item]
    pauses = [reaper._pause() for _ in range(400)]
    assert min(pauses) >= every / 2
    assert max(pauses) <= 1.5 * every
    assert abs(sum(pauses) / 400 / every - 1) < 0.1
