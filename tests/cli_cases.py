"""What tests of the command share: running it, and what a clear failure looks like."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from headwater_agents.cli.command import headwater

KEY = "0x" + "5e" * 32
"""A key whose digits would be noticed anywhere."""

PROGRAM = [sys.executable, "-c", "from headwater_agents.cli import main; main()"]


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run(*args: object, env: dict[str, str] | None = None) -> Outcome:
    """Run the command in this process, without a key in the environment unless one is given."""
    clean = {"HEADWATER_KEY": None, "HEADWATER_PASSWORD": None, "COLUMNS": "200", **(env or {})}
    result = CliRunner(env=clean).invoke(headwater, [str(arg) for arg in args])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result.exit_code, result.stdout, result.stderr)


def spawn(*args: object, cwd: Path, **options: Any) -> subprocess.Popen[str]:
    """Start the command in a process of its own, which listens to Ctrl-C even where the tests run in the background."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("HEADWATER_")}
    return subprocess.Popen(
        [*PROGRAM, *(str(arg) for arg in args)],
        cwd=cwd,
        env={**env, **options.pop("env", {})},
        stdout=options.pop("out", subprocess.PIPE),
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **options,
    )


def finish(process: subprocess.Popen[str], seconds: float) -> tuple[str, str]:
    """What a process said until it ended, (out, err); it is killed if it has not ended by then."""
    try:
        return process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def refused(outcome: Outcome, code: int, *said: str) -> None:
    """It failed with this code and one clear line that says these things, and printed nothing else."""
    assert outcome.code == code, outcome
    assert outcome.out == ""
    lines = [line for line in outcome.err.splitlines() if line]
    if lines and lines[0].startswith("Usage: headwater"):  # click's own, with a hint before the line
        assert lines[1].startswith("Try 'headwater")
        assert lines.pop(2).startswith("Error: ")
        assert len(lines) == 2
    else:
        assert len(lines) == 1, outcome.err
        assert lines[0].startswith("headwater: ")
    for text in said:
        assert text in outcome.err, (text, outcome.err)


def closed_port() -> str:
    """URL of a place where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def tree(folder: Path) -> dict[str, bytes | None]:
    """Everything in a folder: bytes of files, None for folders."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}
