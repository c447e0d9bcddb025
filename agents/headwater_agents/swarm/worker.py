"""One process of a swarm: started, asked how it is, killed, and started again with patience that grows."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from headwater_agents.swarm.diary import Diary
from headwater_agents.swarm.launching import Child, Launcher
from headwater_agents.swarm.settings import SwarmError

_FIRST_WAIT_S: Final = 0.2
_LONGEST_WAIT_S: Final = 15.0
_HEALTHY_S: Final = 20.0
"""Seconds of work after which a process that dies is started again at once."""

_FALSE_STARTS: Final = 6
"""Ends by itself, in a row and before it was ready, after which there is no point in starting it again."""


class Worker:
    """A process under supervision. `url` is where it answers; `restarts` counts starts after the first.

    state: "down", "starting" (it runs, and does not answer yet), "ready" or "stopped" (it should not run).
    """

    def __init__(
        self,
        name: str,
        role: str,
        arguments: Sequence[str],
        secret: str,
        url: str,
        log: Path,
        diary: Diary,
        launcher: Launcher,
    ) -> None:
        self.name, self.role, self.url = name, role, url
        self.arguments = list(arguments)
        self._secret, self._log, self._diary, self._launcher = secret, log, diary, launcher
        self._process: Child | None = None
        self.state = "down"
        self.restarts = max(0, diary.count("start", name) - 1)
        self.kills = diary.count("kill", name)
        self.started = 0.0
        self.took = 0.0
        """Seconds from its last start until it was ready."""
        self.told_to_drain = 0.0
        self._not_before = 0.0
        self._wait = _FIRST_WAIT_S
        self._false_starts = 0
        self._killed = False

    @property
    def pid(self) -> int | None:
        """Of the running process."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start it."""
        self._process = self.once()
        if self._diary.count("start", self.name):
            self.restarts += 1
        self._diary.write("start", self.name)
        self.started = time.monotonic()
        self.state, self._killed, self.told_to_drain = "starting", False, 0.0

    def once(self, *more: str) -> Child:
        """Start it with further arguments, unsupervised."""
        return self._launcher.start(self.name, [*self.arguments, *more], self._secret, self._log)

    def tick(self) -> None:
        """See whether it ended; start it again when it is time. Raises SwarmError if it never will."""
        if self._process is not None and (code := self._process.poll()) is not None:
            self._ended(code)
        if self.state == "down" and self._process is None and time.monotonic() >= self._not_before:
            self.start()

    def ready(self, pid: int, at: float) -> None:
        """Process `pid` answered at a time (wall clock); which may have been its forerunner."""
        if self.state == "starting" and self.pid == pid and not self._killed:
            self.state, self._false_starts = "ready", 0
            self.took = time.monotonic() - self.started
            self._diary.write("ready", self.name, at=at)

    def kill(self) -> bool:
        """SIGKILL, as a test; whether there was anything to kill."""
        if self._process is None or self._process.poll() is not None:
            return False
        self._process.send_signal(signal.SIGKILL)
        self._killed = True
        self.kills += 1
        self._diary.write("kill", self.name)
        return True

    def tell(self, number: signal.Signals) -> None:
        """Send a signal, if it runs."""
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def stop(self) -> None:
        """Ask it to end, for good."""
        self.state = "stopped"
        self.tell(signal.SIGTERM)

    def wait(self, seconds: float) -> int | None:
        """Wait for it to end, and end it by force after that; its exit code, None if it did not run."""
        if self._process is None:
            return None
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGKILL)
            code = self._process.wait()
        self._diary.write("exit", self.name, code)
        self._process = None
        return code

    def last_words(self) -> str:
        """The last line of its log."""
        with suppress(OSError), self._log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 4_096))
            lines = log.read().decode(errors="replace").strip().splitlines()
            return lines[-1] if lines else ""
        return ""

    def _ended(self, code: int) -> None:
        lived = time.monotonic() - self.started
        false_start = self.state == "starting" and not self._killed
        self._process = None
        self._diary.write("exit", self.name, code)
        if self.state == "stopped":
            return
        self.state = "down"
        self._false_starts = self._false_starts + 1 if false_start else 0
        if self._false_starts >= _FALSE_STARTS:
            raise SwarmError(f"{self.name} does not start: {self.last_words() or f'exit code {code}'}; see {self._log}")
        self._wait = _FIRST_WAIT_S if lived >= _HEALTHY_S else min(_LONGEST_WAIT_S, 2 * self._wait)
        self._not_before = time.monotonic() + (_FIRST_WAIT_S if self._killed else self._wait)
