"""What tests of campaigns share: units of a researcher's own, in a file that tests write where they need it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli_cases import Outcome
from headwater_agents.cli.command import headwater

SOURCE = '''
"""Units on the protocol's own arithmetic."""

import os
from pathlib import Path

import numpy as np

from headwater.twin import wad_ln


def bet(seed, edge=0.0, rounds=20):
    """Log growth of a bet that has an edge, exact in WAD; floats of a product that threads could add up differently."""
    rng = np.random.default_rng(seed)
    wins = rng.random(rounds) < 0.5 + edge
    grown = sum(wad_ln(12 * 10**17) if win else wad_ln(8 * 10**17) for win in wins)
    square = rng.normal(size=(120, 120))
    return {"gain": grown / 10**18 / rounds, "grown": str(grown), "trace": float(np.trace(square @ square))}


def logged(seed):
    """A bet that leaves a line in calls.log; the fifth spins until there is a file named go."""
    with open("calls.log", "a") as log:
        log.write(f"{seed} {os.getpid()}\\n")
    while seed == 5 and not Path("go").exists():
        wad_ln(2 * 10**18)
    return bet(seed)


def troubled(seed):
    """Fails with seed 3, takes its process down with seed 4, returns what is no record with seeds 5 and 6."""
    if seed == 3:
        raise ValueError("out of\\nluck")
    if seed == 4:
        os._exit(9)
    if seed == 5:
        return {"gain": float("nan")}
    if seed == 6:
        return [1]
    print("what a unit prints")
    return bet(seed)


def order(seed):
    """Whatever a set's order and the environment decide."""
    return {"order": "".join({f"{seed}{letter}" for letter in "abcdefgh"}), "threads": os.environ["OMP_NUM_THREADS"]}


def plain():
    return {"answer": 42, "text": "a,b", "nothing": None, "yes": True, "list": [1, {"b": 2}], "key": "mine"}


number = 3
'''

PROGRAM = [sys.executable, "-c", "from headwater_agents.cli import main; main()", "sweep"]

ENOUGH = 120  # seconds, on the slowest machine


def settle(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder, with the units in its mine.py."""
    (folder / "mine.py").write_text(SOURCE)
    monkeypatch.chdir(folder)
    return folder


def sweep_file(folder: Path, function: str = "bet", seeds: object = 8, rest: str = "", name: str = "case") -> Path:
    """A sweep's file, NAME.toml."""
    head = f'[sweep]\nname = "{name}"\nunit = "mine.py:{function}"\n'
    path = folder / f"{name}.toml"
    path.write_text(head + (f"seeds = {seeds}\n" if seeds is not None else "") + rest)
    return path


def sweep(*args: object) -> Outcome:
    """`headwater sweep` in this process, its workers in theirs."""
    result = CliRunner(env={"COLUMNS": "200"}).invoke(headwater, ["sweep", *map(str, args)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result.exit_code, result.stdout, result.stderr)


def spawn_sweep(*args: object, program: list[str] = PROGRAM, **options: Any) -> subprocess.Popen[str]:
    """`headwater sweep` in a process of its own, in the working folder."""
    return subprocess.Popen(
        [*program, *(str(arg) for arg in args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **options,
    )


def exports(folder: Path) -> dict[str, bytes]:
    """The bytes of a sweep's results."""
    return {name: (folder / name).read_bytes() for name in ("results.csv", "results.jsonl", "summary.json")}


def gone(process: int) -> bool:
    """Whether a process has ended, or is but waited for."""
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return not Path("/proc/self").exists() or not Path(f"/proc/{process}").exists()
    return state in "ZX"
