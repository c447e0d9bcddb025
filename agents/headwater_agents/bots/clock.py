"""What time it is on the chain, whatever this machine's clock says."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

_KEPT: Final = 20


class ChainClock:
    """Chain time (seconds) between blocks: the newest block's, plus what has passed here since it was seen.

    The machine's own clock is trusted only until the first new block arrives, for on a chain that makes blocks only
    when something happens the last one may be old. From then on it may be wrong, or jump, without effect.
    """

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._block = -1
        self._latest = 0
        # Block time less monotonic time. A block is seen late, never early, so the largest is the nearest.
        self._offsets: deque[float] = deque(maxlen=_KEPT)

    def see(self, block: int, timestamp: int) -> None:
        """Take in the newest block; only the first sight of it counts."""
        first, new = self._block < 0, block != self._block
        self._block, self._latest = block, max(self._latest, timestamp) if block >= self._block else timestamp
        if new and not first:
            self._offsets.append(timestamp - self._monotonic())

    def now(self) -> int:
        """Least time the next block can have, as far as one can tell from here."""
        if self._offsets:
            return max(self._latest, int(self._monotonic() + max(self._offsets)))
        return max(self._latest, int(self._wall()))

    @property
    def skew(self) -> float | None:
        """Seconds this machine's clock is ahead of the chain's; None before it is known."""
        if not self._offsets:
            return None
        return self._wall() - (self._monotonic() + max(self._offsets))
