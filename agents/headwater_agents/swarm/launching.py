"""Two ways to start a process of a swarm: as a program of its own, or forked from one that is warmed up."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from headwater_agents.swarm.settings import SwarmError

_SECRETS: Final = ("HEADWATER_KEY", "HEADWATER_PASSWORD")
_THREADS: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_ANSWER_S: Final = 120.0
_UNKNOWN: Final = 1


class Child(Protocol):
    """A process that was started."""

    @property
    def pid(self) -> int:
        """Its number."""
        ...

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        ...

    def send_signal(self, sig: int, /) -> None:
        """Send a signal, unless it has ended."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""
        ...


class Launcher(Protocol):
    """Starts processes of a swarm."""

    def start(self, name: str, arguments: Sequence[str], secret: str, log: Path) -> Child:
        """Start one, with a private key in its environment ("" for none). Raises SwarmError."""
        ...


class Programs:
    """Starts each as a program of its own. `lifeline` is the reading end of the supervisor's pipe."""

    def __init__(self, lifeline: int) -> None:
        self._lifeline = lifeline

    def start(self, name: str, arguments: Sequence[str], secret: str, log: Path) -> Child:
        """Start one."""
        environment = clean_environment() | ({"HEADWATER_KEY": secret} if secret else {})
        with log.open("ab") as file:
            return subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "headwater_agents.swarm.child", str(self._lifeline), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=environment,
                pass_fds=(self._lifeline,),
                start_new_session=True,  # Ctrl-C is the supervisor's to pass on
            )


class Forked:
    """A child of the nursery."""

    def __init__(self, pid: int, nursery: Nurslings) -> None:
        self.pid = pid
        self.code: int | None = None
        self.ended = threading.Event()
        self._nursery = nursery

    def poll(self) -> int | None:
        """Its exit code, if it has one."""
        return self.code

    def send_signal(self, sig: int, /) -> None:
        """Send a signal, by its parent, which knows whether it still is that process."""
        if self.code is None:
            self._nursery.ask({"signal": int(sig), "pid": self.pid})

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""
        if not self.ended.wait(timeout) or self.code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        return self.code


class Nurslings:
    """Starts processes by forking a warmed-up one. Making one takes as long as one bot would.

    Raises SwarmError if the nursery does not answer or is gone; its children then count as ended, and end with their
    supervisor.
    """

    def __init__(self, lifeline: int, log: Path) -> None:
        self._ours, theirs = socket.socketpair()
        self._guard = threading.Lock()
        self._answers: dict[int, Forked] = {}
        self._children: dict[int, Forked] = {}
        self._news = threading.Condition()
        self._gone = False
        self._asked = 0
        with theirs, log.open("ab") as file:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "headwater_agents.swarm.nursery", str(theirs.fileno()), str(lifeline)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=clean_environment() | _THREADS,
                pass_fds=(theirs.fileno(), lifeline),
                start_new_session=True,
            )
        self.pid = self._process.pid
        self._listener = threading.Thread(target=self._listen, name="nursery", daemon=True)
        self._listener.start()

    def close(self) -> None:
        """End the nursery."""
        self._ours.shutdown(socket.SHUT_RDWR)
        self._process.wait()
        self._listener.join()
        self._ours.close()

    def start(self, name: str, arguments: Sequence[str], secret: str, log: Path) -> Child:
        """Start one."""
        with self._news:
            self._asked += 1
            number = self._asked
        self.ask({"start": number, "name": name, "arguments": list(arguments), "secret": secret, "log": str(log)})
        with self._news:
            self._news.wait_for(lambda: number in self._answers or self._gone, _ANSWER_S)
            found = self._answers.pop(number, None)
        if found is None:
            raise SwarmError(f"the process that starts bots does not answer, so {name} was not started; see its log")
        return found

    def ask(self, what: dict[str, object]) -> None:
        """Send a line."""
        try:
            with self._guard:
                self._ours.sendall(json.dumps(what).encode() + b"\n")
        except OSError as error:
            raise SwarmError("the process that starts bots is gone; go on by --resume") from error

    def _listen(self) -> None:
        with self._ours.makefile("rb") as lines:
            for line in lines:
                said = json.loads(line)
                with self._news:
                    if "started" in said:
                        child = Forked(said["pid"], self)
                        self._children[child.pid] = self._answers[said["started"]] = child
                    elif (ended := self._children.pop(said["ended"], None)) is not None:
                        ended.code = said["code"]
                        ended.ended.set()
                    self._news.notify_all()
        with self._news:
            self._gone = True
            # Nobody will tell of their ends any more. They end with us.
            for child in self._children.values():
                child.code = _UNKNOWN
                child.ended.set()
            self._news.notify_all()


def clean_environment() -> dict[str, str]:
    """Ours without secrets, which every child gets for itself."""
    return {name: value for name, value in os.environ.items() if name not in _SECRETS}
