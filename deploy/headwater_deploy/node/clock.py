"""The time that blocks carry: the wall clock's, unless a developer moved it."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Seconds since 1970 by the wall, and whatever `move` and `plan` added."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._offset = 0.0
        self._planned: int | None = None

    def exact(self) -> float:
        """Now, with fractions."""
        return self._wall() + self._offset

    def now(self) -> int:
        """The least timestamp that the next block should have."""
        return int(self.exact()) if self._planned is None else self._planned

    def move(self, seconds: int) -> None:
        """Run ahead by so many more seconds."""
        self._offset += seconds
        if self._planned is not None:
            self._planned += seconds

    def plan(self, timestamp: int) -> None:
        """Stand at a time until the next block is sealed, and go on from there."""
        self._planned = timestamp
        self._offset = timestamp - self._wall()

    def sealed(self, timestamp: int) -> None:
        """A block was sealed: time that stood goes on from its timestamp."""
        if self._planned is not None:
            self._offset = timestamp - self._wall()
            self._planned = None

    @property
    def state(self) -> tuple[float, int | None]:
        """What `restore` takes back."""
        return self._offset, self._planned

    def restore(self, state: tuple[float, int | None]) -> None:
        """Go back to an earlier setting."""
        self._offset, self._planned = state
