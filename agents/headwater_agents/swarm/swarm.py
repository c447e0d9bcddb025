"""A swarm's life: set up or taken up again, watched until its questions are settled and its cascade is empty."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from headwater_agents.swarm.diary import Diary
from headwater_agents.swarm.files import OPEN_ENTRIES, OPEN_PURCHASES, count
from headwater_agents.swarm.folder import RunFolder
from headwater_agents.swarm.launching import Launcher, Nurslings, Programs
from headwater_agents.swarm.lookout import Lookout
from headwater_agents.swarm.memory import proportional_set
from headwater_agents.swarm.parts import NODE, RESOLVER, cast
from headwater_agents.swarm.ports import free_ports
from headwater_agents.swarm.probe import Probe
from headwater_agents.swarm.processes import node_worker, place, workers
from headwater_agents.swarm.reaper import Reaper
from headwater_agents.swarm.settings import SwarmError
from headwater_agents.swarm.staging import set_stage
from headwater_agents.swarm.worker import Worker

_TICK_S: Final = 0.1
_START_S: Final = 180.0
_STOP_S: Final = 15.0
_EMPTYING_S: Final = 240.0
_QUIET_LOOKS: Final = 3
_DRAIN_AGAIN_S: Final = 3.0


class Stopped(BaseException):
    """The swarm was told to stop at once. It can be taken up again."""


class Phase(StrEnum):
    """What the swarm is about."""

    STARTING = "starting"
    PLAYING = "playing"
    DRAINING = "draining"
    EMPTYING = "emptying the cascade"
    OVER = "over"


@dataclass(kw_only=True, slots=True)
class Measured:
    """Figures of a run: seconds from a process's start until it answered; bytes of memory in the middle of the run."""

    start_s: dict[str, float]
    memory: dict[str, int]
    all_ready_s: float = 0.0


class Swarm:
    """Supervises. Enter it to hold its folder; `play` runs it to its end.

    Args:
        folder: of the run.
        kill_every: mean seconds between two random SIGKILLs; 0 for none.
        show: called again and again with the swarm, to show how it stands.
        tell: told what is being done.
    """

    def __init__(
        self,
        folder: RunFolder,
        *,
        kill_every: float = 0.0,
        show: Callable[[Swarm], None] = lambda swarm: None,
        tell: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.folder = folder
        self.phase = Phase.STARTING
        self.interrupts = 0
        self.watching = False
        """Whether `lookout` is there."""
        self.measured = Measured(start_s={}, memory={})
        self.workers: dict[str, Worker] = {}
        self.kill_every = kill_every
        self._show, self._tell = show, tell
        self._stack = ExitStack()
        self._reaper: Reaper | None = None
        self._since = 0.0
        self._held_back: set[str] = set()

    def __enter__(self) -> Swarm:
        self._stack.enter_context(self.folder.held())
        self.diary = Diary(self.folder.diary)
        if self.diary.happenings:
            self.diary.write("resume")
        reading, writing = os.pipe()
        self._lifeline = reading
        self._stack.callback(os.close, reading)
        self._stack.callback(os.close, writing)
        return self

    def __exit__(self, *_: object) -> None:
        self._end_everything()
        self._stack.close()

    @property
    def rpc(self) -> str:
        """URL of the node."""
        return self.folder.settings.rpc or place(self.folder.notes["ports"][NODE])

    # ------------------------------------------------------------ from start to end

    def play(self) -> None:
        """Start, or go on; return once everything is settled and only the node runs. Raises SwarmError, Stopped."""
        self._set_up()
        self._get_ready()
        self.phase = Phase.PLAYING
        questions = self.folder.settings.questions
        while not (self.lookout.view.idle and (self.lookout.view.asked >= questions or self._drained())):
            self._tick()
            if self._reaper is not None:
                self._reaper.tick()
            if self.interrupts:
                self._drain()
            self._weigh()
        self.phase = Phase.EMPTYING
        self.lookout.finishing = True
        self._empty()
        self.phase = Phase.OVER
        self._show(self)
        self._end(but=NODE)

    def _set_up(self) -> None:
        settings = self.folder.settings
        names = [part.name for part in cast(settings)] + ([] if settings.rpc else [NODE])
        self.folder.note(ports=free_ports(names, self.folder.notes.get("ports")))
        ports: dict[str, int] = self.folder.notes["ports"]
        if not settings.rpc:
            self._tell("starting the node")
            self.workers[NODE] = node_worker(self.folder, self.diary, Programs(self._lifeline), ports[NODE])
            self._probe = Probe(self.workers.values())
            self._probe.start()
            try:
                self._until(lambda: self.workers[NODE].state == "ready", "the node does not answer")
            finally:
                self._probe.stop()
        if not self.folder.notes.get("staged"):
            set_stage(self.folder, self.rpc, self._tell).close()
            self.folder.note(staged=True)
        self.workers |= workers(self.folder, self.diary, self._launcher(), self.rpc, ports)

    def _launcher(self) -> Launcher:
        if sys.platform != "linux":
            return Programs(self._lifeline)  # elsewhere, libraries do not take well to forking
        nursery = Nurslings(self._lifeline, self.folder.log("nursery"))
        self._stack.callback(nursery.close)
        return nursery

    def _get_ready(self) -> None:
        """Start everybody; the resolver last, so that the first question finds everybody there."""
        self._tell(f"starting {len(self.workers)} processes")
        began = time.monotonic()
        self._held_back = {RESOLVER} if RESOLVER in self.workers else set()
        self._probe = Probe(self.workers.values())
        self._probe.start()
        self._stack.callback(self._probe.stop)
        self.lookout = Lookout(self.folder, self.rpc)
        self.lookout.start()
        self.watching = True
        self._stack.callback(self.lookout.stop)
        rest = [worker for worker in self.workers.values() if worker.name not in self._held_back]
        self._until(lambda: all(worker.state == "ready" for worker in rest), "not everybody answers")
        self._held_back = set()
        self._until(lambda: self.workers[RESOLVER].state == "ready", "the resolver does not answer")
        self.measured.all_ready_s = time.monotonic() - began
        self.measured.start_s = {name: round(worker.took, 2) for name, worker in self.workers.items()}
        if self.kill_every:
            self._reaper = Reaper(self.workers, sorted(self.workers), self.kill_every, self.folder.settings.seed)

    def _drain(self) -> None:
        if self.phase is not Phase.DRAINING:
            self.phase = Phase.DRAINING
            self.diary.write("drain")
            self._tell("no more questions: finishing what was begun; Ctrl-C again stops at once")
            self._since = time.monotonic()
        resolver = self.workers[RESOLVER]
        # Again and again: a resolver that was started anew knows nothing of it.
        if resolver.state == "ready" and time.monotonic() - resolver.told_to_drain >= _DRAIN_AGAIN_S:
            resolver.told_to_drain = time.monotonic()
            resolver.tell(signal.SIGUSR1)

    def _drained(self) -> bool:
        # A question may have been opened in the moment of the word, so the next look alone does not tell.
        settings = self.folder.settings
        pause = 2.0 * (settings.lead + 2)
        return self.phase is Phase.DRAINING and time.monotonic() - self._since >= pause

    def _empty(self) -> None:
        self._tell("emptying the cascade")
        until, quiet = time.monotonic() + _EMPTYING_S, 0
        seen = self.lookout.view
        while quiet < _QUIET_LOOKS:
            self._tick()
            if self._reaper is not None and self._reaper.spared:
                self._reaper.tick()  # nobody is let off, though the questions are over
                quiet = 0
            elif self.lookout.view is not seen:
                seen = self.lookout.view
                quiet = quiet + 1 if seen.emptied and not self.unfinished() else 0
            if time.monotonic() > until:
                who = ", ".join(self.unfinished()) or "the keeper"
                raise SwarmError(f"waited {_EMPTYING_S:g} s for {who} to finish; see the logs, and go on by --resume")

    def unfinished(self) -> list[str]:
        """Who is not up, or has a transaction or a purchase under way."""
        busy = []
        for part in cast(self.folder.settings):
            state = self.folder.state(part.name)
            if part.bot and (count(state, OPEN_ENTRIES) != 0 or (part.suppliers and count(state, OPEN_PURCHASES) != 0)):
                busy.append(part.name)
        return sorted({*busy, *(name for name, worker in self.workers.items() if worker.state != "ready")})

    # ------------------------------------------------------------ all the while

    def _tick(self) -> None:
        for worker in self.workers.values():
            if worker.name not in self._held_back:
                worker.tick()
        while not self._probe.fresh.empty():
            worker, pid, at = self._probe.fresh.get_nowait()
            worker.ready(pid, at)
        self.diary.beat()
        self._show(self)
        if self.interrupts > 1:
            raise Stopped
        time.sleep(_TICK_S)

    def _until(self, what: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + _START_S
        while not what():
            self._tick()
            if self.interrupts and not self.folder.notes.get("staged"):
                raise Stopped  # there is nothing to finish
            if time.monotonic() > deadline:
                slow = [worker for worker in self.workers.values() if worker.state != "ready"]
                words = "; ".join(f"{each.name}: {each.last_words() or 'silent'}" for each in slow[:3])
                raise SwarmError(f"{otherwise} after {_START_S:g} s ({words}); see {self.folder.path / 'logs'}")

    def _weigh(self) -> None:
        if not self.measured.memory and self.lookout.view.over >= 1:
            found = {name: proportional_set(worker.pid) for name, worker in self.workers.items()}
            self.measured.memory = {name: size for name, size in found.items() if size is not None}

    def metrics(self, name: str) -> dict[str, float]:
        """What a process counted last."""
        return self._probe.answers[name].metrics if name in self._probe.answers else {}

    # ------------------------------------------------------------ the end

    def _end(self, but: str | None = None) -> None:
        ending = [worker for worker in self.workers.values() if worker.name != but and worker.state != "stopped"]
        for worker in ending:
            worker.stop()
        for worker in ending:
            worker.wait(_STOP_S)

    def _end_everything(self) -> None:
        if hasattr(self, "diary"):
            self._end(but=NODE)
            self._end()
            self.diary.write("end")
