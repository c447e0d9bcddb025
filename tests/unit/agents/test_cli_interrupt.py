"""The command in a process of its own: Ctrl-C, and readers that go away, leave no half folder and no traceback."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from cli_cases import finish, run, spawn, tree

ENOUGH = 120  # seconds, on the slowest machine


def _wait_for_the_season(place: Path, process: subprocess.Popen[str]) -> None:
    """Until the run's workshop stands with something in its journal."""
    deadline = time.monotonic() + ENOUGH
    while not any(path.stat().st_size > 0 for path in place.glob("*/.run-*/journal.sqlite*")):
        assert time.monotonic() < deadline, "the run did not begin"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)


def test_ctrl_c_during_a_run_leaves_no_folder_and_prints_one_line(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with spawn("run", "--questions", 1000, "--out", "new/run", cwd=tmp_path) as process:
        _wait_for_the_season(tmp_path, process)
        assert (tmp_path / "new").is_dir()
        process.send_signal(signal.SIGINT)
        out, err = finish(process, ENOUGH)
    assert process.returncode == 130
    assert out == ""
    assert err.splitlines()[-1] == "headwater: interrupted"
    assert "Traceback" not in err
    assert tree(tmp_path) == {"mine": b"mine"}


def test_ctrl_c_spares_the_run_that_was_to_be_replaced(tmp_path: Path) -> None:
    old = tmp_path / "new" / "run"
    assert run("run", "--questions", 1, "--out", old).code == 0
    before = tree(tmp_path)
    with spawn("run", "--questions", 1000, "--out", "new/run", "--force", "--json", cwd=tmp_path) as process:
        _wait_for_the_season(tmp_path, process)
        process.send_signal(signal.SIGINT)
        out, err = finish(process, ENOUGH)
    assert (process.returncode, out, err) == (130, "", "headwater: interrupted\n")
    assert tree(tmp_path) == before


def test_ctrl_c_while_the_command_is_still_being_imported(tmp_path: Path) -> None:
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").write_text("raise KeyboardInterrupt")  # as if it came just then
    with spawn("run", cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}) as process:
        out, err = finish(process, ENOUGH)
    assert (process.returncode, out, err) == (130, "", "headwater: interrupted\n")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("args", [["--json"], []])
def test_a_reader_that_goes_away_ends_the_command_quietly(tmp_path: Path, args: list[str]) -> None:
    with spawn("run", "--questions", 1, "--out", "other", *args, cwd=tmp_path) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
        process.wait(timeout=ENOUGH)
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    assert "headwater:" not in err
    assert (tmp_path / "other" / "summary.json").exists()  # what was played is not lost
    assert process.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("args", [["--json"], []])
def test_output_that_cannot_be_written_is_told(tmp_path: Path, args: list[str]) -> None:
    folder = tmp_path / "run"
    assert run("run", "--questions", 1, "--out", folder).code == 0
    with (
        Path("/dev/full").open("w") as full,
        spawn("trace", folder, "member-1", *args, cwd=tmp_path, out=full) as process,
    ):
        _, err = finish(process, ENOUGH)
    assert process.returncode != 0
    assert "headwater: [Errno 28] No space left on device" in err
    assert "Traceback" not in err
