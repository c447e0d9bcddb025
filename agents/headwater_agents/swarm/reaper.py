"""Kills processes at random, as the seed says, every one of them before any a second time."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence

from headwater_agents.swarm.worker import Worker


class Reaper:
    """SIGKILLs one of the named workers every `every` seconds on average: half to one and a half times that long.

    They go in rounds, each in another order. Who is down when its turn comes stays at the head of the round.
    """

    def __init__(self, workers: Mapping[str, Worker], names: Sequence[str], every: float, seed: int) -> None:
        done = sum(workers[name].kills for name in names)
        self._random = random.Random(f"{seed}:{done}")
        self._workers, self._names, self._every = workers, list(names), every
        self._round = [name for name in self._shuffled() if workers[name].kills == 0] or self._shuffled()
        self._next = time.monotonic() + self._pause()

    def tick(self) -> str | None:
        """Kill, if it is time; whom."""
        if time.monotonic() < self._next:
            return None
        found = next((name for name in self._round if self._workers[name].state == "ready"), None)
        if found is None or not self._workers[found].kill():
            return None
        self._round.remove(found)
        self._round = self._round or self._shuffled()
        self._next = time.monotonic() + self._pause()
        return found

    @property
    def spared(self) -> list[str]:
        """Who was never killed."""
        return [name for name in self._names if self._workers[name].kills == 0]

    def _shuffled(self) -> list[str]:
        return self._random.sample(self._names, len(self._names))

    def _pause(self) -> float:
        return self._every * self._random.uniform(0.5, 1.5)
