"""A run of processes from its start to its end, and what became of everybody."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Self

from headwater.values import Population, SocialGraph
from headwater_agents.accord.brief import Rules
from headwater_agents.accord.casting import briefs_of
from headwater_agents.accord.errors import AccordError
from headwater_agents.accord.report import Report
from headwater_agents.accord.stream import Drop
from headwater_agents.swarm.memory import proportional_set

MAX_AGENTS: Final = 1_000
_THREADS: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_SECRETS: Final = ("HEADWATER_KEY", "HEADWATER_PASSWORD")
_START_S: Final = 120.0


@dataclass(slots=True)
class State:
    """How a run stands.

    Attributes:
        rounds: of each agent that lives.
        decided: agents that signed or are alone for good.
        pids: processes that run, by agent.
        ports: where agents listen, in order.
        reports: of those who ended.
        killed: agents that were killed, or ended without a word, and a round that they had reached.
        drops: edges that did not go by a refused estimate, by (who tells of it, neighbour).
        seconds: since all were started.
        decided_seconds: until the last of the living had decided.
        memory: most bytes of an agent's process, proportionally shared, when it decided; None if not known.
    """

    rounds: dict[int, int] = field(default_factory=dict)
    decided: set[int] = field(default_factory=set)
    pids: dict[int, int] = field(default_factory=dict)
    ports: tuple[int, ...] = ()
    reports: dict[int, Report] = field(default_factory=dict)
    killed: dict[int, int] = field(default_factory=dict)
    drops: dict[tuple[int, int], Drop] = field(default_factory=dict)
    seconds: float = 0.0
    decided_seconds: float = 0.0
    memory: int | None = None


def run_processes(
    population: Population,
    graph: SocialGraph,
    rules: Rules,
    *,
    seed: int = 0,
    leaves: Mapping[int, int] | None = None,
    kills: Mapping[int, int] | None = None,
    pauses: Mapping[int, float] | None = None,
    watch: Callable[[State], None] | None = None,
    limit: float | None = None,
) -> State:
    """Start a process an agent, and wait for all of them.

    Args:
        population: n agents, at most 1,000.
        graph: who knows whom.
        rules: of the run.
        seed: of keys.
        leaves: agents that leave by themselves, and in which round.
        kills: agents that are killed (SIGKILL) once they are known to have reached a round.
        pauses: agents whose machines are slow, and by how many seconds a round.
        watch: called whenever there is news.
        limit: seconds from the start; None for none.

    Returns:
        The end.

    Raises:
        AccordError: settings that cannot be, processes that cannot be started or fail, or the limit is passed. No
            process is left behind, then or otherwise.
    """
    if population.n > MAX_AGENTS:
        raise AccordError(f"at most {MAX_AGENTS:,} processes are started; got {population.n:,} agents")
    state = State()
    doomed = dict(kills or {})
    with _Nursery() as nursery:
        nursery.ask({"sockets": population.n})
        state.ports = next(tuple(said["ports"]) for said in nursery.said(_START_S) if "ports" in said)
        briefs = briefs_of(population, graph, rules, seed=seed, ports=state.ports, leaves=leaves, pauses=pauses)
        for index, brief in enumerate(briefs):
            nursery.ask({"socket": index, "brief": brief.to_json()})
        nursery.ask({"go": True})
        began = None
        for said in nursery.said(limit):
            if began is None and len(state.pids) == population.n:
                began = time.monotonic()
            state.seconds = 0.0 if began is None else time.monotonic() - began
            _note(state, said)
            for number in [each for each, at in doomed.items() if state.rounds.get(each, -1) >= at]:
                del doomed[number]
                nursery.ask({"signal": int(signal.SIGKILL), "agent": number})
            if watch is not None:
                watch(state)
            if len(state.reports) + len(state.killed) == population.n and not state.pids:
                return state
    raise AccordError("the process that starts agents ended before they did")


def _note(state: State, said: dict[str, Any]) -> None:
    if "started" in said:
        state.pids[said["started"]] = said["pid"]
        state.rounds[said["started"]] = 0
    elif "round" in said:
        state.rounds[said["agent"]] = said["round"]
    elif "status" in said:
        state.decided.add(said["agent"])
        state.decided_seconds = state.seconds
        if (memory := proportional_set(state.pids.get(said["agent"]))) is not None:
            state.memory = max(memory, state.memory or 0)
    elif "dropped" in said:
        state.drops[said["agent"], said["dropped"]] = Drop.from_json(said["how"])
    elif "report" in said:
        report = Report.from_json(said["report"])
        state.reports[report.number] = report
    elif "ended" in said:
        number = said["ended"]
        state.pids.pop(number, None)
        if said["code"] not in (0, -signal.SIGKILL):
            raise AccordError(f"agent {number} failed (exit code {said['code']}); its error stands above")
        if number not in state.reports:
            state.killed[number] = state.rounds.pop(number, 0)


class _Nursery:
    """The process that forks agents, and the line to it."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair()
        environment = {name: value for name, value in os.environ.items() if name not in _SECRETS}
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "headwater_agents.accord.nursery", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                env=environment | _THREADS,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C is ours, and ends them through us
            )
        self._heard = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with _undisturbed():
            self._ours.close()
            self._process.wait()

    def ask(self, what: dict[str, Any]) -> None:
        try:
            self._ours.sendall(json.dumps(what).encode() + b"\n")
        except OSError as error:
            raise AccordError("the process that starts agents is gone; its error stands above") from error

    def said(self, limit: float | None) -> Iterator[dict[str, Any]]:
        """What it says, until it ends. Raises AccordError if `limit` seconds pass."""
        until = None if limit is None else time.monotonic() + limit
        while True:
            while b"\n" in self._heard:
                line, self._heard = self._heard.split(b"\n", 1)
                yield json.loads(line)
            wait = None if until is None else max(0.0, until - time.monotonic())
            if not select.select([self._ours], [], [], wait)[0]:
                raise AccordError(f"the agents did not end within {limit:g} s")
            got = self._ours.recv(1 << 16)
            if not got:
                return
            self._heard += got


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no second Ctrl-C keep us from waiting for the processes' end."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not the main thread, which gets no signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
