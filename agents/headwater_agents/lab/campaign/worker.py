"""What happens where a unit is run: in a process of its own, here or in a cluster."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import traceback
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import Final

from headwater_agents.lab.campaign.errors import CampaignError
from headwater_agents.lab.campaign.unit import Unit, canonical_json, load_callable

ENVIRONMENT: Final = {
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
"""Of every worker: no record depends on the order of sets, nor on how many threads added its floats up."""

DIED: Final = "its process died"
"""What is said of a unit that ended its worker."""


@dataclass(frozen=True, slots=True)
class Task:
    """A unit, and the digest that whoever asks for it expects it to have."""

    unit: Unit
    digest: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a task: `record`, canonical JSON, or `error`, a line; `trace` says where that came from."""

    digest: str
    record: str | None = None
    error: str | None = None
    trace: str = ""


def perform(task: Task) -> Result:
    """Run one unit. Whatever it raises is its result."""
    try:
        if task.unit.digest() != task.digest:
            raise CampaignError("this worker's code, or a file that the unit names, is not that of the campaign")
        record = load_callable(task.unit.call)(**task.unit.args)
        if not isinstance(record, dict):
            raise CampaignError(f"{task.unit.call} returned {type(record).__name__}; expected a dict")
        return Result(task.digest, record=canonical_json(record, f"the record of {task.unit.key}"))
    except (Exception, SystemExit) as error:
        line = " ".join(f"{type(error).__name__}: {error}".split())
        return Result(task.digest, error=line, trace=traceback.format_exc())


def serve(connection: Connection) -> None:
    """Perform tasks that come in until whoever sends them is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; our parent decides what it means
    os.dup2(2, 1)  # what a unit prints is not the command's output
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # a worker that is ended has no time left to flush
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            connection.send(perform(connection.recv()))
        except (EOFError, ConnectionError):
            return


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
