"""Asks the processes of a swarm how they are, in a thread of its own, so that a slow one holds up nobody."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import requests

from headwater_agents.swarm.parts import NODE
from headwater_agents.swarm.worker import Worker

_PATIENCE_S: Final = 2.0
_HASTE_S: Final = 0.25
_REST_S: Final = 2.0
_JSON: Final = {"Content-Type": "application/json"}
_ARE_YOU_THERE: Final = b'{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}'


@dataclass(kw_only=True, slots=True)
class Answer:
    """What a process said last: its trouble, and its metrics by name (labels dropped, values added up)."""

    trouble: str = ""
    metrics: dict[str, float] = field(default_factory=dict)


class Probe:
    """Keeps `answers` by name; `fresh` receives (worker, process id, wall clock) of those that begin to answer."""

    def __init__(self, workers: Iterable[Worker]) -> None:
        self._workers = list(workers)
        self.fresh: queue.SimpleQueue[tuple[Worker, int, float]] = queue.SimpleQueue()
        self.answers: dict[str, Answer] = {worker.name: Answer() for worker in self._workers}
        self._next: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="probe", daemon=True)
        self._session = requests.Session()
        self._session.trust_env = False

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()
        self._session.close()

    def _run(self) -> None:
        while not self._stop.wait(0.05):
            for worker in self._workers:
                if worker.state in ("starting", "ready") and time.monotonic() >= self._next.get(worker.name, 0.0):
                    answered = self._ask(worker)
                    pause = _REST_S if answered else _HASTE_S
                    self._next[worker.name] = time.monotonic() + pause

    def _ask(self, worker: Worker) -> bool:
        pid = worker.pid
        try:
            if worker.name == NODE:
                self._session.post(
                    worker.url, data=_ARE_YOU_THERE, headers=_JSON, timeout=_PATIENCE_S
                ).raise_for_status()
                found = Answer()
            else:
                health = self._session.get(worker.url + "/health", timeout=_PATIENCE_S).json()
                found = Answer(trouble=str(health.get("trouble", "")))
                if worker.role != "facilitator":
                    found.metrics = read_metrics(self._session.get(worker.url + "/metrics", timeout=_PATIENCE_S).text)
        except (requests.RequestException, ValueError):
            return False
        self.answers[worker.name] = found
        if worker.state == "starting" and pid is not None:
            self.fresh.put((worker, pid, time.time()))
        return True


def read_metrics(text: str) -> dict[str, float]:
    """Prometheus text by name; values of one name with different labels are added up."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        name, _, value = line.rpartition(" ")
        name = name.partition("{")[0]
        try:
            found[name] = found.get(name, 0.0) + float(value)
        except ValueError:
            continue
    return found
