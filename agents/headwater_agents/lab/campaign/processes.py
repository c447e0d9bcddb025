"""Workers on this machine: processes that are started afresh, so that a unit sees nothing of ours or of another's."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from headwater_agents.lab.campaign.worker import DIED, ENVIRONMENT, Result, Task, serve


class _Worker:
    """A process, our end of its pipe, and the task it is at."""

    def __init__(self, task: Task) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection: Connection
        self.connection, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=serve, args=(theirs,), daemon=True)
        with _environment(), theirs:
            self.process.start()
        self.give(task)

    def result(self) -> tuple[Result, bool]:
        """What came back, and whether the worker lives on."""
        try:
            result: Result = self.connection.recv()
        except (EOFError, ConnectionError):
            self.process.join()
            return Result(self.task.digest, error=DIED, trace=f"exit code {self.process.exitcode}"), False
        return result, True

    def give(self, task: Task) -> None:
        """Let it perform this task next."""
        self.task = task
        with suppress(ConnectionError):  # it has died, as `result` will find
            self.connection.send(task)

    def end(self) -> None:
        """Make sure that it is gone."""
        self.process.terminate()
        self.process.join()
        self.process.close()
        self.connection.close()


def run_in_processes(tasks: Iterable[Task], jobs: int) -> Generator[Result, None, None]:
    """Results of tasks as they come, from at most `jobs` processes at a time; all of them are gone at the end.

    A process that dies costs the one unit it was at. A caller whose program starts processes by itself must do so under
    `if __name__ == "__main__"`, since workers load the program anew.
    """
    waiting = iter(tasks)
    workers: dict[Connection, _Worker] = {}
    try:
        while True:
            while len(workers) < jobs and (task := next(waiting, None)) is not None:
                worker = _Worker(task)
                workers[worker.connection] = worker
            if not workers:
                return
            for ready in wait(list(workers)):
                assert isinstance(ready, Connection)  # noqa: S101 - for the type
                worker = workers[ready]
                result, alive = worker.result()
                task = next(waiting, None) if alive else None
                if task is None:
                    del workers[ready]
                    worker.end()
                else:
                    worker.give(task)
                yield result
    finally:
        for worker in workers.values():
            worker.end()


@contextmanager
def _environment() -> Iterator[None]:
    """The environment that a process is started with is ours at that moment."""
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
