"""Workers in a Ray cluster. Ray is an extra: nothing here imports it until somebody asks for a cluster."""

from __future__ import annotations

import importlib
import logging
import os
import socket
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from headwater_agents.lab.campaign.errors import CampaignError, ClusterUnreachable
from headwater_agents.lab.campaign.worker import DIED, ENVIRONMENT, Result, Task, perform

MAX_CHUNK: Final = 16
"""Most units a Ray task holds: enough to hide what a task costs, few enough to lose little when a run is broken off."""


PATIENCE: Final = 5.0
"""Seconds for somebody to answer at the address of a cluster."""


def run_on_ray(tasks: Sequence[Task], address: str) -> Generator[Result, None, None]:
    """Results of tasks as they come from a Ray cluster, over as many tasks at a time as it has cores.

    Every node needs this version of the package and of numpy, and files that units name at the same path; a node that
    differs fails its units rather than give other results.

    Args:
        tasks: what to perform.
        address: "HOST:PORT" of the cluster's head, or "auto" for one on this machine.

    Raises:
        CampaignError: Ray is not installed, or its version is not the cluster's.
        ClusterUnreachable: nobody answers at the address.
    """
    ray = _ray()
    _knock(address)
    _join(ray, address)
    try:
        yield from _gather(ray, tasks)
    finally:
        ray.shutdown()  # of our connection; the cluster and its nodes go on


def _ray() -> Any:
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise CampaignError("Ray is not installed; `pip install 'headwater[ray]'` adds it") from error


def _knock(address: str) -> None:
    """See that somebody listens there, for Ray itself takes minutes to find that nobody does."""
    if address == "auto":
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        raise CampaignError(f"{address!r} is no address of a Ray cluster; expected HOST:PORT, or auto")
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise ClusterUnreachable(
            f"no Ray cluster answers at {address}: {error}; `ray start --head` starts one"
        ) from error


def _join(ray: Any, address: str) -> None:
    try:
        ray.init(
            address=address,
            runtime_env={"env_vars": dict(ENVIRONMENT)},
            log_to_driver=False,
            logging_level=logging.ERROR,
            configure_logging=False,
        )
    except (ConnectionError, TimeoutError, ValueError) as error:
        raise ClusterUnreachable(f"no Ray cluster answers at {address}: {_line(error)}") from error
    except RuntimeError as error:  # as of versions that differ
        raise CampaignError(f"the Ray cluster at {address} cannot be used: {_line(error)}") from error


def _gather(ray: Any, tasks: Sequence[Task]) -> Iterator[Result]:
    workers = max(1, int(ray.cluster_resources().get("CPU", 1)))
    size = max(1, min(MAX_CHUNK, len(tasks) // (4 * workers)))
    remote = ray.remote(num_cpus=1, max_retries=1)(_perform_all)
    waiting = deque(tasks[start : start + size] for start in range(0, len(tasks), size))
    running: dict[Any, Sequence[Task]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < 2 * workers:  # two for each worker, so that none waits for us
                chunk = waiting.popleft()
                running[remote.remote(list(chunk), str(Path.cwd()))] = chunk
            (ready,), _ = ray.wait(list(running), num_returns=1)
            chunk = running.pop(ready)
            try:
                yield from ray.get(ready)
            except ray.exceptions.RayError as error:
                if len(chunk) == 1:
                    died = isinstance(error, ray.exceptions.WorkerCrashedError)
                    yield Result(chunk[0].digest, error=DIED if died else _line(error), trace=str(error))
                else:  # one of them may have taken the others with it
                    waiting.extend([task] for task in chunk)
    finally:
        for reference in running:
            ray.cancel(reference, force=True)


def _perform_all(tasks: Sequence[Task], folder: str) -> list[Result]:
    if Path(folder).is_dir():  # what units name lies relative to it
        os.chdir(folder)
    return [perform(task) for task in tasks]


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}"
