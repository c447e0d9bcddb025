"""Federations run by Flower, where it is installed: simulated on Ray, and as programs that speak over loopback."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner

from federation_cases import LIAR, NAMES, federation, private
from headwater.learning import Mode
from headwater.learning.explain import audit
from headwater.learning.record import read_record
from headwater_agents.cli.explaining import explain_command
from headwater_agents.cli.flower import federate_command
from headwater_agents.cooperative.flower import FederationError, load
from headwater_agents.cooperative.flower.alone import train_alone
from headwater_agents.cooperative.flower.engine import Engine, federate
from headwater_agents.cooperative.flower.folder import MEMBER, RECORD

WITHOUT = importlib.util.find_spec("flwr") is None or importlib.util.find_spec("ray") is None
LOUD = "FLOWER IS ABSENT, so no federation is run: `make test-flower` runs these where it is"

needs_flower = pytest.mark.skipif(WITHOUT, reason=LOUD)


def run(command: click.Command, *args: object) -> tuple[int, Any]:
    """A command's exit code, and what it prints with --json."""
    done = CliRunner().invoke(command, [*map(str, args), "--json"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done.exit_code, json.loads(done.stdout)


def ours(word: str) -> dict[int, str]:
    """Processes started below this one whose command holds a word, by number: their commands."""
    found, parents = {}, {}
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            number = int(status.parent.name)
            parents[number] = int(status.read_text().split("PPid:")[1].split()[0])
            found[number] = status.with_name("cmdline").read_bytes().replace(b"\0", b" ").decode()

    def below(number: int) -> bool:
        while number in parents and number != os.getpid():
            number = parents[number]
        return number == os.getpid()

    mine = found.pop(os.getpid(), None)  # which may name a file of tests with the word in it
    assert mine is not None
    return {number: command for number, command in found.items() if word in command and below(number)}


def listening(processes: Iterable[int]) -> set[str]:
    """Addresses (IPv4, in hexadecimal, as /proc has them) on which these processes listen."""
    sockets = set()
    for number in processes:
        with contextlib.suppress(OSError):
            sockets |= {str(link.readlink()) for link in Path(f"/proc/{number}/fd").iterdir() if link.is_symlink()}
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {line[1].partition(":")[0] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in sockets}


@needs_flower
@pytest.mark.parametrize(
    ("engine", "mode"), [(Engine.SIMULATION, Mode.PROJECT), (Engine.DEPLOYMENT, Mode.REJECT)], ids=str
)
def test_flower_comes_to_the_models_and_credits_of_one_process(engine: Engine, mode: Mode, tmp_path: Path) -> None:
    cooperative, data, folder = federation(mode), private(), tmp_path / "run"
    seen: dict[int, str] = {}
    told: list[int] = []
    addresses: set[str] = set()

    def progress(done: int, total: int) -> None:
        assert total == cooperative.rounds
        told.append(done)
        seen.update(ours("flower-supernode"))
        addresses.update(listening(ours("flower-")))

    outcome = federate(cooperative, data, folder, engine, progress)
    alone = train_alone(cooperative, data)
    np.testing.assert_allclose(np.load(folder / "model.npy"), alone.theta, rtol=0, atol=1e-12)
    assert outcome.credit == pytest.approx(dict(alone.ledger.totals), rel=0, abs=1e-12)
    assert outcome.shares == pytest.approx(alone.ledger.shares(), rel=0, abs=1e-9)
    assert sum(outcome.weights.values()) == 10_000_000
    assert (outcome.rounds, outcome.absent, told[-1]) == (cooperative.rounds, {}, cooperative.rounds)
    record = read_record(folder / RECORD)
    assert len(record.rounds) == cooperative.rounds
    assert all(finding.holds for finding in audit(record))
    size = cooperative.task.dimension * 8 * len(NAMES) * cooperative.rounds
    assert (outcome.payload.received, outcome.payload.sent) == (size, size)
    if mode is Mode.REJECT:
        assert outcome.credit[LIAR] == outcome.shares[LIAR] == outcome.weights[LIAR] == 0
    if engine is Engine.DEPLOYMENT:
        assert {command.split(f'{MEMBER}="')[1].split('"')[0] for command in seen.values()} == set(NAMES)
        assert addresses == {"0100007F"}  # 127.0.0.1
        assert outcome.traffic is not None
        assert min(outcome.traffic.received, outcome.traffic.sent) > size
    else:
        assert not seen
    assert not ours("flower-")
    assert not ours("flwr-")
    assert not ours("ray")


@needs_flower
def test_a_coordinator_that_cannot_go_on_says_why_in_one_line(tmp_path: Path) -> None:
    broken = replace(federation(), profiles=())
    broken = replace(broken, validation=broken.validation.take([0]))
    object.__setattr__(broken.validation, "labels", np.array([7]))  # a label that the task does not have
    with pytest.raises(FederationError, match="labels 0 to 1") as caught:
        federate(broken, private(), tmp_path / "run", Engine.SIMULATION)
    assert "\n" not in str(caught.value)
    assert not ours("flower-")


@needs_flower
def test_the_command_runs_a_federation_whose_credits_can_be_explained(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    asked = ("--data", "arrests", "--members", 2, "--rounds", 2, "--out", folder)
    code, said = run(federate_command, *asked)
    assert (code, said["engine"]) == (0, "simulation")
    assert said["model_differs_by"] <= 1e-12
    assert said["credit_differs_by"] <= 1e-12
    code, found = run(explain_command, folder, "member-1", 1)
    assert (code, found["sound"]) == (0, True)
    code, again = run(federate_command, *asked)
    assert code != 0
    assert "is in use" in again["error"]


@pytest.mark.skipif(not WITHOUT, reason="Flower and Ray are installed")
def test_without_flower_the_command_says_how_to_install_it(tmp_path: Path) -> None:
    code, said = run(federate_command, "--data", "arrests", "--out", tmp_path / "run")
    assert code != 0
    assert "`pip install 'headwater[flower]'`" in said["error"]
    assert not (tmp_path / "run").exists()


def test_machines_can_be_prepared_without_flower(tmp_path: Path) -> None:
    place = tmp_path / "machines"
    code, said = run(federate_command, "--data", "arrests", "--members", 2, "--prepare", "--out", place)
    assert (code, len(said["steps"])) == (0, 4)
    assert load(place / "coordinator").members == ("member-1", "member-2")
    assert not list((place / "coordinator").glob("**/data.npz"))
    for index in range(2):
        assert [path.name for path in (place / f"member-{index}").iterdir()] == ["data.npz"]


@needs_flower
@pytest.mark.slow
def test_a_round_goes_on_without_a_member_whose_node_dies(tmp_path: Path) -> None:
    cooperative = replace(federation(), patience=20.0)
    killed: list[int] = []

    def progress(done: int, total: int) -> None:
        if done == 1 and not killed:
            killed.extend(number for number, command in ours("flower-supernode").items() if '"bea"' in command)
            for number in killed:
                os.kill(number, signal.SIGKILL)

    outcome = federate(cooperative, private(), tmp_path / "run", Engine.DEPLOYMENT, progress)
    assert len(killed) == 1
    assert outcome.rounds == cooperative.rounds
    assert "bea" in outcome.absent[cooperative.rounds - 1]
    assert 0 not in outcome.absent
    assert outcome.credit["bea"] != 0  # it keeps what it earned before
    assert not ours("flower-")
