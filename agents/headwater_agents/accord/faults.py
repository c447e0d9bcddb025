"""A bad network, at the sender's end: loses, delays, repeats and so reorders packets."""

from __future__ import annotations

import heapq

import numpy as np

from headwater_agents.accord.brief import Faults


class BadNetwork:
    """Decides for each packet when it goes out, if at all. `number` is the sending agent's."""

    def __init__(self, faults: Faults, number: int) -> None:
        self._faults = faults
        self._rng = np.random.default_rng([faults.seed, number])
        self._held: list[tuple[float, int, int, bytes]] = []
        self._count = 0
        self.lost = 0

    def send(self, now: float, to: int, data: bytes) -> None:
        """Take a packet in."""
        faults, rng = self._faults, self._rng
        copies = 1 + (faults.duplicate > 0 and rng.random() < faults.duplicate)
        for _ in range(copies):
            if faults.loss > 0 and rng.random() < faults.loss:
                self.lost += 1
                continue
            at = now + (rng.exponential(faults.delay) if faults.delay > 0 else 0.0)
            self._count += 1
            heapq.heappush(self._held, (at, self._count, to, data))

    def due(self) -> float | None:
        """When the next packet goes out."""
        return self._held[0][0] if self._held else None

    def out(self, now: float) -> list[tuple[int, bytes]]:
        """What goes out now, as pairs (to, data)."""
        found = []
        while self._held and self._held[0][0] <= now:
            _, _, to, data = heapq.heappop(self._held)
            found.append((to, data))
        return found
