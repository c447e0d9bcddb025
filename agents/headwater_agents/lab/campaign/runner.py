"""Run what is not known yet, and keep it as it comes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, nullcontext, redirect_stdout
from dataclasses import dataclass

from headwater_agents.lab.campaign.cluster import run_on_ray
from headwater_agents.lab.campaign.errors import CampaignError
from headwater_agents.lab.campaign.processes import run_in_processes
from headwater_agents.lab.campaign.store import Store
from headwater_agents.lab.campaign.unit import Unit
from headwater_agents.lab.campaign.worker import Result, Task

Progress = Callable[[int, int, str], None]
"""Told after every unit: how many are done, of how many, and the unit's key. The first call tells what was known."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A unit that raised, and the line it raised; its traceback is in the store."""

    key: str
    error: str


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """How a campaign went: units run now, units known before, and those that failed, in the order of the units."""

    ran: int
    reused: int
    failures: tuple[Failure, ...]


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_units(
    units: Sequence[Unit],
    store: Store,
    jobs: int | None = None,
    progress: Progress | None = None,
    ray_address: str | None = None,
) -> CampaignReport:
    """Run every unit whose record the store lacks, and keep each as it comes.

    What the store says of the units afterwards does not depend on jobs, on order, nor on how often a run was broken
    off and begun anew. A unit that fails is kept as failed, and tried again the next time. Ctrl-C ends the workers and
    passes on; what is done is kept.

    Args:
        units: with keys of their own; those that ask for the same are run once.
        store: open.
        jobs: processes on this machine; by default one for each core.
        progress: told how far it is.
        ray_address: of a Ray cluster, "HOST:PORT", to run on instead of this machine.

    Raises:
        CampaignError: two units with one key; a unit that names nothing; another process holds the store; Ray is
            not installed.
        ClusterUnreachable: nobody answers at the address.
    """
    if jobs is not None and jobs < 1:
        raise CampaignError(f"jobs is {jobs}; expected at least 1")
    by_digest = _by_digest(units)
    known = store.known(by_digest)
    tasks = [Task(unit, digest) for digest, unit in by_digest.items() if digest not in known]
    tell = progress or (lambda _done, _total, _text: None)
    tell(len(known), len(by_digest), "")
    failed: dict[str, Failure] = {}
    # Ray tells of dead workers on standard output, which is the command's.
    quiet = redirect_stdout(sys.stderr) if ray_address else nullcontext()
    with quiet, closing(_results(tasks, jobs or cores(), ray_address)) as results:
        for done, result in enumerate(results, start=len(known) + 1):
            unit = by_digest[result.digest]
            store.put(unit, result)
            if result.error is not None:
                failed[result.digest] = Failure(unit.key, result.error)
            tell(done, len(by_digest), unit.key)
    failures = tuple(failed[digest] for digest in by_digest if digest in failed)
    return CampaignReport(ran=len(tasks), reused=len(known), failures=failures)


def _by_digest(units: Sequence[Unit]) -> dict[str, Unit]:
    keys: set[str] = set()
    found: dict[str, Unit] = {}
    for unit in units:
        if unit.key in keys:
            raise CampaignError(f"two units have the key {unit.key!r}; every one needs its own")
        keys.add(unit.key)
        found.setdefault(unit.digest(), unit)
    return found


def _results(tasks: list[Task], jobs: int, ray_address: str | None) -> Generator[Result, None, None]:
    if tasks and ray_address is not None:
        return run_on_ray(tasks, ray_address)
    return run_in_processes(tasks, jobs)
