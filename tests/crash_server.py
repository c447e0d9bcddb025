"""Lives in processes of their own that kill themselves where they are told to: at a crash point, or at any line.

`CrashServer` starts one process that has everything loaded; it forks one for every life, which takes milliseconds.
A life gets a module and function (`crash_scenarios:play`-like, called with a mapping), and is over when that returns.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

TESTS = Path(__file__).parent


@dataclass(frozen=True)
class Life:
    """How it ended: `code` 0, or -9 if it was killed; the lines it passed, in the order of their first pass."""

    code: int
    lines: list[tuple[str, int]]
    error: str


class CrashServer:
    """Enter it, then `live`."""

    def __init__(self, *modules: str) -> None:
        self._modules = modules

    def __enter__(self) -> CrashServer:
        self._process = subprocess.Popen(
            [sys.executable, __file__, *self._modules], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *about: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def live(
        self,
        function: str,
        about: Mapping[str, Any],
        *,
        at: str | None = None,
        line: int | None = None,
        traced: tuple[str, ...] = (),
    ) -> Life:
        """One life of `function` ("module:name"), killed at a crash point or at the first pass of the `line`-th line.

        `traced` are the folders and files whose lines count.
        """
        job = {"function": function, "about": dict(about), "at": at, "line": line, "traced": list(traced)}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return Life(answer["code"], [tuple(line) for line in answer["lines"]], answer["error"])


def _serve() -> None:
    for module in sys.argv[1:]:
        importlib.import_module(module)
    for raw in sys.stdin:
        job = json.loads(raw)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            _live(job, writer)
        os.close(writer)
        with os.fdopen(reader) as told:
            said = told.read()
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        found = json.loads(said) if code != -signal.SIGKILL else {}
        print(json.dumps({"code": code, "lines": found.get("lines", []), "error": found.get("error", "")}), flush=True)


def _live(job: dict[str, Any], writer: int) -> None:
    from headwater_agents.durable import crash

    os.environ[crash.VARIABLE] = job["at"] or ""
    crash._name, crash._left = crash._wanted()
    module, name = job["function"].split(":")
    function = getattr(importlib.import_module(module), name)
    traced, lines, error = tuple(job["traced"]), {}, ""

    def in_frame(frame: FrameType, event: str, argument: object) -> Any:
        if event == "line":
            lines.setdefault((frame.f_code.co_filename, frame.f_lineno))
            if len(lines) == job["line"]:
                os.kill(os.getpid(), signal.SIGKILL)
        return in_frame

    def tracer(frame: FrameType, event: str, argument: object) -> Any:
        return in_frame if frame.f_code.co_filename.startswith(traced) else None

    if traced:
        sys.settrace(tracer)
    try:
        function(job["about"])
    except BaseException:
        sys.settrace(None)
        error = traceback.format_exc()
    sys.settrace(None)
    os.write(writer, json.dumps({"lines": list(lines), "error": error}).encode())
    os._exit(1 if error else 0)


if __name__ == "__main__":
    _serve()
