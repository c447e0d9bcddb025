"""A process that has imported what agents need and forks one whenever it is asked: they start at once and share memory.

    python -m headwater_agents.accord.nursery CONTROL

CONTROL is a socket of JSON lines. Asked {"sockets": n} it answers {"ports": [...]}; asked {"socket": i, "brief": {...}}
it forks that agent and answers {"started": number, "pid": pid}; told {"go": true} it lets them all begin, so that
nobody waits for who is not there yet; asked {"signal": s, "agent": number} it passes the signal on, to children of its
own only. It passes on what agents say, and {"ended": number, "code": code}. It ends with whoever holds the other end,
and so do the agents. An agent is forked before the next one's brief is parsed.
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
from typing import Any, Final

from headwater_agents.accord.brief import Brief
from headwater_agents.accord.process import BUFFER, AgentProcess, bound_socket, datagram_teller

_LONGEST: Final = 1 << 20
_FAILED: Final = 1


class Nursery:
    """Serves until its supervisor is gone."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._heard = b""
        self._sockets: list[socket.socket] = []
        self._children: dict[int, int] = {}
        self._life, self._lifeline_end = os.pipe()
        self._start, self._starting = os.pipe()
        self._said, self._saying = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._said.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self._wakeup, self._waking = os.pipe()
        os.set_blocking(self._waking, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waking, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Until the control socket ends. In a child, until the agent ends."""
        waiter = select.poll()
        for each in (self._control, self._said, self._wakeup):
            waiter.register(each, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in waiter.poll()}
            if self._said.fileno() in ready:
                self._pass_on()
            if self._wakeup in ready:
                os.read(self._wakeup, 4_096)
                self._reap()
            if self._control.fileno() in ready:
                got = self._control.recv(65_536)
                if not got:
                    return
                self._heard += got
                while b"\n" in self._heard:
                    line, self._heard = self._heard.split(b"\n", 1)
                    self._do(json.loads(line))

    def end(self) -> None:
        """End every child, and wait for it."""
        for pid in self._children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in self._children:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)

    def _do(self, asked: dict[str, Any]) -> None:
        if "sockets" in asked:
            self._sockets = [bound_socket() for _ in range(asked["sockets"])]
            self._say({"ports": [each.getsockname()[1] for each in self._sockets]})
        elif "go" in asked:
            os.close(self._starting)
        elif "signal" in asked:
            for pid, number in self._children.items():
                if number == asked["agent"]:
                    with suppress(ProcessLookupError):
                        os.kill(pid, asked["signal"])
        else:
            number = asked["brief"]["number"]
            pid = os.fork()
            if pid == 0:
                self._be(asked)
            self._sockets[asked["socket"]].close()
            self._children[pid] = number
            self._say({"started": number, "pid": pid})

    def _be(self, asked: dict[str, Any]) -> None:
        """In a child: let go of what is the nursery's, be the agent, and end."""
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self._control.close()
            self._said.close()
            for descriptor in (self._lifeline_end, self._starting, self._wakeup, self._waking):
                os.close(descriptor)
            own = self._sockets[asked["socket"]]
            for each in self._sockets:
                if each is not own:
                    each.close()
            self._heard = b""  # which may hold the next one's brief
            brief = Brief.from_json(asked["brief"])
            os.read(self._start, 1)  # which ends when all may begin, or with the nursery
            os.close(self._start)
            AgentProcess(brief, own, datagram_teller(self._saying), self._life).run()
            os._exit(0)
        except BaseException:  # whatever it was, a child never goes on as the nursery
            sys.excepthook(*sys.exc_info())
            sys.stderr.flush()
        finally:
            os._exit(_FAILED)

    def _pass_on(self) -> None:
        while True:
            try:
                data = self._said.recv(_LONGEST, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            self._control.sendall(data + b"\n")

    def _reap(self) -> None:
        for pid in list(self._children):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                self._pass_on()  # what it said before it ended comes first
                self._say({"ended": self._children.pop(pid), "code": os.waitstatus_to_exitcode(status)})

    def _say(self, what: dict[str, Any]) -> None:
        self._control.sendall(json.dumps(what).encode() + b"\n")


def main() -> None:
    """Serve."""
    control = socket.socket(fileno=int(sys.argv[1]))
    nursery = Nursery(control)
    gc.collect()
    gc.freeze()  # so that no child's collector writes to these pages
    try:
        with suppress(BrokenPipeError, ConnectionResetError):
            nursery.serve()
    finally:
        nursery.end()


if __name__ == "__main__":
    main()
