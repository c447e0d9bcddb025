"""Campaigns on a Ray cluster, where Ray is installed, and how its absence is told where it is not."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaign_cases import ENOUGH, exports, settle, spawn_sweep, sweep, sweep_file
from cli_cases import closed_port, finish

WITHOUT_RAY = importlib.util.find_spec("ray") is None


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return settle(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Address of a cluster of two workers on loopback that these tests start and stop."""
    place = tempfile.mkdtemp(prefix="ray-")  # sockets need a short path
    port = closed_port().rpartition(":")[2]
    program = [sys.executable, "-c", "from ray.scripts.scripts import main; main()", "start", "--head", "--block"]
    options = ["--port", port, "--node-ip-address", "127.0.0.1", "--num-cpus", "2", "--temp-dir", place]
    options += ["--include-dashboard", "false", "--disable-usage-stats"]
    with subprocess.Popen([*program, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as head:
        try:
            assert head.stdout is not None
            said = []
            for line in head.stdout:
                said.append(line)
                if re.search("Ray runtime started", line):
                    break
            else:
                pytest.fail(f"Ray did not start:\n{''.join(said)}")
            drain = threading.Thread(target=head.stdout.read, daemon=True)
            drain.start()
            yield f"127.0.0.1:{port}"
        finally:
            head.terminate()
            head.wait(timeout=ENOUGH)
            shutil.rmtree(place, ignore_errors=True)


@pytest.mark.skipif(WITHOUT_RAY, reason="RAY IS ABSENT, so nothing is tested on a cluster: `pip install ray`")
@pytest.mark.parametrize(("function", "seeds", "code"), [("bet", 40, 0), ("troubled", 20, 1), ("order", 4, 0)])
def test_two_ray_workers_give_the_same_bytes_as_one_process_here(
    cluster: str, here: Path, function: str, seeds: int, code: int
) -> None:
    file = sweep_file(here, function, seeds=seeds)
    with spawn_sweep(file, "--ray", cluster, "--out", "ray", "--json") as process:
        out, err = finish(process, ENOUGH)
    assert process.returncode == code, err
    assert json.loads(out) == json.loads((here / "ray" / "summary.json").read_text())
    assert sweep(file, "--jobs", 1, "--out", "here", "--json").code == code
    assert exports(here / "ray") == exports(here / "here")


@pytest.mark.skipif(WITHOUT_RAY, reason="RAY IS ABSENT, so nothing is tested on a cluster: `pip install ray`")
@pytest.mark.parametrize(("address", "code", "said"), [("", 3, "no Ray cluster answers at"), ("there", 2, "HOST:PORT")])
def test_a_cluster_that_does_not_answer_is_told_and_nothing_is_written(
    here: Path, address: str, code: int, said: str
) -> None:
    file = sweep_file(here)
    with spawn_sweep(file, "--ray", address or closed_port().removeprefix("http://"), "--json") as process:
        out, err = finish(process, ENOUGH)
    assert process.returncode == code
    assert said in json.loads(out)["error"]
    assert err.startswith("headwater: ")
    assert len(err.splitlines()) == 1
    assert not (here / "sweeps").exists()


@pytest.mark.skipif(not WITHOUT_RAY, reason="Ray is installed")
def test_without_ray_a_sweep_says_how_to_install_it(here: Path) -> None:
    outcome = sweep(sweep_file(here), "--ray", "127.0.0.1:6379", "--json")
    assert outcome.code == 2
    assert "`pip install 'headwater[ray]'` adds it" in outcome.json["error"]
    assert not (here / "sweeps").exists()
