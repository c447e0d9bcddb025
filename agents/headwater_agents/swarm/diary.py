"""What happened to the processes of a swarm, one line an event, kept over a supervisor's death."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

Kind = Literal["start", "ready", "exit", "kill", "alive", "resume", "drain", "end"]

BEAT_S: Final = 2.0
"""Seconds between two words that the supervisor is alive: what became of processes when it died is known to within."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """One event: wall clock seconds, what, to which process ("" for all), exit code where there is one."""

    time: float
    kind: Kind
    name: str = ""
    code: int | None = None


class Diary:
    """Writes and keeps happenings."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.happenings = read_diary(path)
        self._beaten = 0.0

    def write(self, kind: Kind, name: str = "", code: int | None = None, at: float | None = None) -> None:
        """Note an event, now unless another time is given."""
        made = Happening(time=time.time() if at is None else at, kind=kind, name=name, code=code)
        self.happenings.append(made)
        line: dict[str, Any] = {"time": round(made.time, 3), "kind": kind}
        line |= {"name": name} if name else {}
        line |= {} if code is None else {"code": code}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def beat(self) -> None:
        """Say now and then that the supervisor is alive."""
        if time.time() - self._beaten >= BEAT_S:
            self._beaten = time.time()
            self.write("alive")

    def count(self, kind: Kind, name: str) -> int:
        """How often that happened to a process."""
        return sum(1 for each in self.happenings if each.kind == kind and each.name == name)


def read_diary(path: Path) -> list[Happening]:
    """Happenings in order; a last line that a death cut off is left out."""
    found: list[Happening] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return found
    for line in lines:
        try:
            raw = json.loads(line)
            found.append(Happening(**raw))
        except (ValueError, TypeError):
            continue
    return found


def uptimes(happenings: list[Happening], name: str) -> list[tuple[float, float]]:
    """When a process was ready for work: (from, to), wall clock seconds; to the end of what is known at most.

    A supervisor that dies takes everybody with it, at the last word it wrote or soon after.
    """
    found: list[tuple[float, float]] = []
    since: float | None = None
    last = 0.0
    for each in happenings:
        if each.kind == "resume":
            if since is not None:
                found.append((since, last))
            since = None
        elif each.name == name and each.kind == "ready":
            since = each.time
        elif each.name == name and each.kind in ("exit", "kill") and since is not None:
            found.append((since, each.time))
            since = None
        last = each.time
    if since is not None:
        found.append((since, last))
    return found


def together(one: list[tuple[float, float]], other: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """When both were ready."""
    return [
        (max(begin, first), min(end, last))
        for begin, end in one
        for first, last in other
        if max(begin, first) < min(end, last)
    ]


def longest_within(spans: list[tuple[float, float]], begin: float, end: float) -> float:
    """Longest uninterrupted time of the spans within [begin, end), seconds."""
    return max((min(last, end) - max(first, begin) for first, last in spans), default=0.0)
