"""A process that has imported what bots need, and forks one whenever it is asked: a bot starts in no time, and shares
with the others the memory of what none of them changes.

    python -m headwater_agents.swarm.nursery CONTROL LIFELINE

CONTROL is a socket of JSON lines. Asked {"start": n, "name", "arguments", "secret", "log"} it answers {"started": n,
"pid"}; asked {"signal": number, "pid"} it passes the signal on, to children of its own only; and it tells of every
child that ended, {"ended": pid, "code"}. It ends with its supervisor, and so do its children.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headwater_agents.swarm.child import run


@dataclass(frozen=True, slots=True)
class Job:
    """What a child is to be. The secret is not shown."""

    name: str
    arguments: list[str]
    secret: str
    log: str

    def __repr__(self) -> str:
        return f"Job({self.name})"


def warm_up() -> None:
    """Import and load what bots would, once."""
    import headwater_agents.bots.main
    import headwater_agents.cli.agent
    import headwater_agents.cli.facilitator
    import headwater_agents.market.facilitator
    import headwater_agents.market.serving  # noqa: F401
    from headwater_agents.lab.rain import load_rain

    load_rain()
    gc.collect()
    gc.freeze()  # so that no child's collector writes to these pages


class Nursery:
    """Serves until its supervisor is gone. Holds no thread and opens nothing a child must not share."""

    def __init__(self, control: socket.socket, lifeline: int) -> None:
        self._control, self._lifeline = control, lifeline
        self._children: set[int] = set()
        self._heard = b""
        self._wakeup, self._waking = os.pipe()
        os.set_blocking(self._waking, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waking, warn_on_full_buffer=False)

    def serve(self) -> Job | None:
        """In a child, what it is to be; None at the end."""
        watched: list[socket.socket | int] = [self._control, self._lifeline, self._wakeup]
        while True:
            ready, _, _ = select.select(watched, [], [])
            if self._lifeline in ready:
                return None
            if self._wakeup in ready:
                os.read(self._wakeup, 4_096)
                self._reap()
            if self._control in ready:
                got = self._control.recv(65_536)
                if not got:
                    return None
                self._heard += got
                while b"\n" in self._heard:
                    line, self._heard = self._heard.split(b"\n", 1)
                    if (job := self._do(json.loads(line))) is not None:
                        return job

    def _do(self, asked: dict[str, Any]) -> Job | None:
        if "signal" in asked:
            if asked["pid"] in self._children:
                with suppress(ProcessLookupError):
                    os.kill(asked["pid"], asked["signal"])
            return None
        job = Job(asked["name"], asked["arguments"], asked["secret"], asked["log"])
        pid = os.fork()
        if pid == 0:
            return job
        self._children.add(pid)
        self._say({"started": asked["start"], "pid": pid})
        return None

    def _reap(self) -> None:
        for pid in list(self._children):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                self._children.remove(pid)
                self._say({"ended": pid, "code": os.waitstatus_to_exitcode(status)})

    def _say(self, what: dict[str, Any]) -> None:
        self._control.sendall(json.dumps(what).encode() + b"\n")

    def leave(self) -> None:
        """In a child: let go of what is the nursery's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._control.close()
        os.close(self._wakeup)
        os.close(self._waking)


def become(job: Job) -> None:
    """In a child: be a process of its own, with its own log and key."""
    os.setsid()
    with suppress(OSError):
        Path("/proc/self/comm").write_text(job.name[:15], encoding="ascii")
    log = os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for standard in (1, 2):
        os.dup2(log, standard)
    os.close(log)
    os.environ["HEADWATER_KEY"] = job.secret


def main() -> None:
    """Serve; in a child, be what was asked for."""
    control, lifeline = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    warm_up()
    nursery = Nursery(control, lifeline)
    job = nursery.serve()
    if job is not None:
        nursery.leave()
        become(job)
        run(lifeline, job.arguments)


if __name__ == "__main__":
    main()
