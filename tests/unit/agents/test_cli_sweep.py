"""`headwater sweep`: what it leaves and prints, that a kill costs nothing, and clear refusals that change nothing."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from campaign_cases import ENOUGH, exports, gone, settle, spawn_sweep, sweep, sweep_file
from cli_cases import finish, refused, tree

GRID = "[fixed]\nrounds = 6\n[grid]\nedge = [-0.4, 0.0, 0.4]\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return settle(tmp_path, monkeypatch)


def test_a_sweep_leaves_results_and_a_summary_and_the_same_bytes_from_one_worker_or_two(here: Path) -> None:
    file = sweep_file(here, "bet", seeds=8, rest=GRID)
    two = sweep(file, "--jobs", 2)
    assert two.code == 0
    one = sweep(file, "--jobs", 1, "--out", "elsewhere", "--json")
    assert (one.code, one.err) == (0, "")
    folder = here / "sweeps" / "case"
    assert sorted(path.name for path in folder.iterdir()) == [
        "results.csv",
        "results.jsonl",
        "results.sqlite",
        "summary.json",
    ]
    assert exports(folder) == exports(here / "elsewhere")
    assert one.json == json.loads((folder / "summary.json").read_text())
    assert [cell["gain"]["verdict"] for cell in one.json["cells"]] == ["deterred", "neutral", "profitable"]
    assert [border["along"] for border in one.json["borders"]] == ["edge"]
    with (folder / "results.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [(row["edge"], row["seed"]) for row in rows] == [
        (edge, str(seed)) for edge in ("-0.4", "0.0", "0.4") for seed in range(1, 9)
    ]
    for text in ("case: 24 of 24 units", "gain (95% interval)", "profitable", "sweeps/case/results.csv"):
        assert text in two.out
    assert "24/24" in two.err


def test_the_same_command_runs_only_what_is_new(here: Path) -> None:
    (here / "go").touch()
    sweep(sweep_file(here, "logged", seeds=3), "--json")
    before = exports(here / "sweeps" / "case")
    assert sweep(sweep_file(here, "logged", seeds=3), "--json").code == 0
    assert exports(here / "sweeps" / "case") == before
    assert sweep(sweep_file(here, "logged", seeds=6), "--json").json["done"] == 6
    assert _called(here) == [1, 2, 3, 4, 5, 6]


def test_a_dry_run_counts_and_changes_nothing(here: Path) -> None:
    file = sweep_file(here, "bet", seeds=8, rest=GRID)
    before = tree(here)
    said = sweep(file, "--dry-run")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "24 units, 0 of them known already.",
        "The first: mine.py:bet with rounds=6, edge=-0.4, seed=1",
    ]
    assert {name for name in tree(here) if "__pycache__" not in name} == set(before)
    sweep(sweep_file(here, "bet", seeds=2, rest=GRID), "--json")
    assert sweep(sweep_file(here, "bet", seeds=8, rest=GRID), "--dry-run", "--json").json == {
        "units": 24,
        "known": 6,
        "first": {
            "key": "edge=-0.4 seed=1",
            "call": "mine.py:bet",
            "args": {"rounds": 6, "edge": -0.4, "seed": 1},
        },
    }


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_sweep_that_is_broken_off_goes_on_and_ends_in_the_same_bytes(here: Path, how: signal.Signals) -> None:
    file = sweep_file(here, "logged", seeds=12)
    with spawn_sweep(file, "--jobs", 2) as process:  # one worker spins at the fifth unit, the other does the rest
        _until(process, lambda: len(_called(here)) == 12 and _kept(here) >= 10)
        process.send_signal(how)
        out, err = finish(process, ENOUGH)
    assert process.returncode == (-signal.SIGKILL if how is signal.SIGKILL else 130)
    assert out == ""
    assert "Traceback" not in err
    if how is signal.SIGINT:
        assert "of 12 units are kept; the same command goes on from there" in err
        assert err.splitlines()[-1] == "headwater: interrupted"
    workers = {int(line.split()[1]) for line in (here / "calls.log").read_text().splitlines()}
    assert len(workers) == 2
    deadline = time.monotonic() + ENOUGH
    while not all(gone(worker) for worker in workers):
        assert time.monotonic() < deadline, "a worker outlives the command"
    assert sorted(path.name for path in (here / "sweeps" / "case").glob("*.*sv")) == []

    (here / "go").touch()
    known = sweep(file, "--dry-run", "--json").json["known"]
    assert 10 <= known <= 11  # what was kept is known; the one that spins is not
    assert sweep(file, "--jobs", 2).code == 0
    assert len(_called(here)) == 12 + 12 - known
    assert sweep(file, "--jobs", 1, "--out", "straight").code == 0
    assert exports(here / "sweeps" / "case") == exports(here / "straight")


def test_units_that_fail_are_told_and_the_others_kept(here: Path) -> None:
    outcome = sweep(sweep_file(here, "troubled", seeds=8), "--jobs", 2, "--json")
    assert outcome.code == 1
    assert outcome.json["done"] == 4
    assert [failure["key"] for failure in outcome.json["failures"]] == [f"seed={seed}" for seed in (3, 4, 5, 6)]
    lines = outcome.err.splitlines()
    assert "headwater: seed=3: ValueError: out of luck" in lines
    assert "headwater: seed=4: its process died" in lines
    assert lines[-1].startswith("headwater: 4 of 8 units failed; the same command tries them again. ")
    assert len((here / "sweeps" / "case" / "results.csv").read_text().splitlines()) == 5
    told = sweep(sweep_file(here, "troubled", seeds="[3, 3]", name="alone"))
    assert told.code == 1
    assert "alone: 0 of 1 units" in told.out


def test_units_without_seeds_or_gains_show_their_fields(here: Path) -> None:
    outcome = sweep(sweep_file(here, "plain", seeds=None))
    assert outcome.code == 0
    assert "42 (? to ?)" in outcome.out
    with (here / "sweeps" / "case" / "results.csv").open(newline="") as table:
        header, row = csv.reader(table)
    assert header == ["key", "answer", "record.key", "list", "nothing", "text", "yes"]
    assert row == ["case", "42", "mine", '[1,{"b":2}]', "", "a,b", "true"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["none.toml"], "none.toml: No such file or directory"),
        (["folder"], "folder: Is a directory"),
        (["bad.toml"], "bad.toml: [grid] edge is empty: the grid has no cell"),
        (["case.toml", "--out", "mine.py"], "mine.py is a file; choose another --out"),
        (["case.toml", "--out", "folder"], "folder exists and is no sweep's folder; choose another --out"),
        (["case.toml", "--out", "mine.py/deeper"], "mine.py: Not a directory"),
        (["case.toml", "--jobs", "0"], "0 is not in the range x>=1"),
        (["case.toml", "--jobs", "2", "--ray", "127.0.0.1:1"], "give one of them"),
        ([], "Missing argument 'FILE'"),
    ],
)
def test_wrong_use_is_told_in_a_line_and_changes_nothing(here: Path, args: list[str], said: str) -> None:
    (here / "folder").mkdir()
    (here / "folder" / "note").write_text("mine too")
    sweep_file(here, "bet", seeds=2)
    sweep_file(here, "bet", seeds=2, rest="[grid]\nedge = []\n", name="bad")
    before = _tree(here)
    outcome = sweep(*args)
    _refused(outcome.code, outcome.out, outcome.err, said)
    assert _tree(here) == before
    if args and "--jobs" not in args:
        assert said in sweep(*args, "--json").json["error"]


def test_another_runs_store_is_left_to_it(here: Path) -> None:
    file = sweep_file(here, "logged", seeds=6)
    with spawn_sweep(file, "--jobs", 2) as process:
        _until(process, lambda: (here / "sweeps" / "case" / "results.sqlite").exists() and len(_called(here)) == 6)
        refused(sweep(file), 2, "is held by another run")
        (here / "go").touch()
        finish(process, ENOUGH)
    assert process.returncode == 0


def _called(folder: Path) -> list[int]:
    log = folder / "calls.log"
    return sorted(int(line.split()[0]) for line in log.read_text().splitlines()) if log.exists() else []


def _kept(folder: Path) -> int:
    """Records on disk, counted in a copy: the sweep that runs keeps everybody else out of its store."""
    copy = folder / "copy"
    copy.mkdir(exist_ok=True)
    for name in ("results.sqlite", "results.sqlite-wal"):
        shutil.copy(folder / "sweeps" / "case" / name, copy / name)
    with closing(sqlite3.connect(copy / "results.sqlite")) as db:
        return int(db.execute("SELECT count(*) FROM results WHERE record IS NOT NULL").fetchone()[0])


def _until(process: subprocess.Popen[str], happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + ENOUGH
    while not happened():
        assert time.monotonic() < deadline, "the sweep did not get there"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)


def _tree(folder: Path) -> dict[str, bytes | None]:
    return {name: content for name, content in tree(folder).items() if "__pycache__" not in name}


def _refused(code: int, out: str, err: str, said: str) -> None:
    assert (code, out) == (2, "")
    assert said in err
    assert len([line for line in err.splitlines() if not line.startswith(("Usage: ", "Try "))]) <= 2
    assert "Traceback" not in err
