"""docs/your-own-bot.md does what it says: its commands are run in one shell, in order, as they stand there."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headwater.units import WAD
from headwater_agents.bots.brain import make_policy
from headwater_agents.bots.config import read_config
from headwater_agents.bots.source import make_source
from headwater_agents.lab.rain import load_rain
from headwater_agents.policies import BuyerLesson, Case, ModelForecaster
from headwater_agents.policies.model import ModelError, believed
from own_bot_cases import until

PAGE = Path(__file__).resolve().parents[2] / "docs" / "your-own-bot.md"
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


def files(kind: str) -> dict[str, str]:
    """The page's files of a kind, by the name in their first line."""
    return {text.splitlines()[0].removeprefix("# "): text for found, text in BLOCKS if found == kind}


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


class Shell:
    """One bash that runs blocks one after the other, with job control's bookkeeping, and stops at the first failure."""

    def __init__(self, folder: Path) -> None:
        programs = folder / "bin"
        programs.mkdir()
        call = "from headwater_agents.cli import main; main()"
        for name, how in (("headwater", f"-c {shlex.quote(call)}"), ("pytest", "-m pytest -q")):
            (programs / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {how} "$@"\n')
            (programs / name).chmod(0o755)
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("HEADWATER_", "PYTEST_"))}
        self.process = subprocess.Popen(
            ["bash", "-e"],
            cwd=folder,
            env={**clean, "PATH": f"{programs}:{os.environ['PATH']}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, block: str) -> str:
        """What a block printed; fails with it if a command failed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{block}\necho '--- done'\n")
        self.process.stdin.flush()
        said: list[str] = []
        for line in self.process.stdout:
            if line == "--- done\n":
                return "".join(said)
            said.append(line)
        raise AssertionError(f"the shell ended at:\n{block}\n{''.join(said)}")

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        if self.process.poll() is None:
            os.killpg(
                self.process.pid, signal.SIGKILL
            )  # the shell and the jobs that it started: a session of their own
        self.process.wait(timeout=20)
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell in an empty folder."""
    shell = Shell(tmp_path)
    yield shell
    shell.close()


def test_the_tutorial_ends_with_a_bot_that_was_killed_and_paid(shell: Shell, tmp_path: Path) -> None:
    ports = {"8545": free_port(), "8601": free_port()}

    def placed(text: str) -> str:
        """The page's text; its ports may be taken, so any that are free stand in for them."""
        for port, free in ports.items():
            text = re.sub(rf"\b{port}\b", free, text)
        return text

    def log(name: str, pattern: str) -> Callable[[], bool]:
        return lambda: (tmp_path / name).is_file() and bool(re.search(pattern, (tmp_path / name).read_text()))

    for name, text in files("toml").items():
        (tmp_path / name).write_text(placed(text))
    blocks = [placed(text) for kind, text in BLOCKS if kind == "sh"]
    node, deploy, series, bot, start, beside, look, kill, paid, end = blocks
    shell.run(f"export HEADWATER_RPC=http://127.0.0.1:{ports['8545']}")  # who has the page's port needs no such thing
    shell.run(node)
    until("the node", log("node.log", r"headwater node on http"))
    assert "contracts sent" in shell.run(deploy)
    assert "series 1: 2 outcomes" in shell.run(series)
    assert "3 passed" in shell.run(bot)
    shell.run(start)
    until("the deposit", log("my-bot/log", r"my-bot: deposit amount="))
    shell.run(beside)
    until("the commitment", log("my-bot/log", r"my-bot: commit question=1 "))
    seen = shell.run(look)
    assert '"status": "ok"' in seen
    assert 'headwater_actions_total{kind="commit"} 1.0' in seen
    shell.run(kill)
    until("the reveal", log("my-bot/log", r"my-bot: reveal question=1"))
    until("the settlement", log("keeper.log", r"keeper: settle question=1"))
    net = until("the net", lambda: re.search(r"question 1: settled, .*net (-?[\d.,]+)", shell.run(paid)))
    assert float(net[1].replace(",", "")) > 0
    assert (tmp_path / "my-bot/log").read_text().count("my-bot: ready") == 2  # before and after the kill
    shell.run(end)


@pytest.fixture
def wrapped(tmp_path: Path) -> Callable[..., ModelForecaster[Any]]:
    """A model of the page as a bot's settings name it."""
    for name, text in files("python").items():
        (tmp_path / name).write_text(text)

    def make(use: str, **settings: object) -> ModelForecaster[Any]:
        inside = ", ".join(f"{name} = {json.dumps(value)}" for name, value in settings.items())
        (tmp_path / "bot.toml").write_text(
            'role = "forecaster"\nname = "x"\nrpc = "http://127.0.0.1:1"\nmanifest = "m.json"\nstate = "s.sqlite"\n'
            f'[policy]\nuse = "{use}"\nsettings = {{ {inside} }}\n'
        )
        policy = make_policy(read_config(tmp_path / "bot.toml"), outcomes=2, seed=1)
        assert isinstance(policy, ModelForecaster)
        return policy

    return make


HALF = (WAD // 2, WAD // 2)


def believes(policy: ModelForecaster[Any], memory: Any, reading: float | None) -> tuple[int, ...]:
    return believed(policy.model, memory, Case(odds=np.array([0.5, 0.5]), reading=reading), WAD // 100)


def taught(policy: ModelForecaster[Any], days: int) -> Any:
    memory = policy.start()
    for day in load_rain().days[:days]:
        memory = policy.learn(memory, BuyerLesson(odds=HALF, signals=(), outcome=day.outcome, reading=day.ensemble[2]))
    return memory.own


def test_an_estimator_of_scikit_learn_learns_what_rain_forecasts_mean(
    wrapped: Callable[..., ModelForecaster[Any]],
) -> None:
    pytest.importorskip("sklearn", reason="SCIKIT-LEARN IS ABSENT: it comes with the development packages")
    policy = wrapped("sklearn_bot.py:Sklearn", least=30)
    assert believes(policy, taught(policy, 10), 9.0) == HALF
    memory = taught(policy, 120)
    assert believes(policy, memory, 0.0)[1] < WAD // 2 < believes(policy, memory, 20.0)[1]
    assert believes(policy, memory, None) == HALF


def test_an_agent_that_is_asked_in_words_is_a_model(wrapped: Callable[..., ModelForecaster[Any]]) -> None:
    policy = wrapped("agent_bot.py:Agent", seconds=5.0)
    assert believes(policy, policy.start().own, 4.0) == (WAD - 8 * WAD // 10, 8 * WAD // 10)
    assert believes(policy, policy.start().own, 0.2)[1] == WAD // 4


def test_a_program_in_any_language_is_a_model_and_one_that_fails_or_hangs_is_told_of(
    wrapped: Callable[..., ModelForecaster[Any]], tmp_path: Path
) -> None:
    script = tmp_path / "agent.py"
    script.write_text(
        "import json, sys\n"
        "told = json.load(sys.stdin)\n"
        "wet = (1 + sum(each[2] for each in told['past'])) / (2 + len(told['past']))\n"
        "print(json.dumps({'probabilities': [1 - wet, wet]}))\n"
    )
    policy = wrapped("program_bot.py:Program", command=[sys.executable, str(script)], seconds=60.0)
    outcomes = [day.outcome for day in load_rain().days[:20]]
    expected = (1 + sum(outcomes)) / 22
    assert believes(policy, taught(policy, 20), 1.0)[1] / WAD == pytest.approx(expected, abs=1e-5)
    broken = wrapped("program_bot.py:Program", command=[sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(ModelError, match="CalledProcessError"):
        believes(broken, (), 1.0)
    endless = wrapped("program_bot.py:Program", command=[sys.executable, "-c", "while True: pass"], seconds=0.5)
    with pytest.raises(ModelError, match="TimeoutExpired"):
        believes(endless, (), 1.0)


def test_a_source_of_one_s_own_reads_by_topic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "source.py").write_text(files("python")["source.py"])
    (tmp_path / "readings.json").write_text('{"7": 1.5}')
    (tmp_path / "bot.toml").write_text(
        'role = "provider"\nname = "x"\nrpc = "http://127.0.0.1:1"\nmanifest = "m.json"\nstate = "s.sqlite"\n'
        '[source]\nkind = "source.py:Source"\n'
    )
    monkeypatch.chdir(tmp_path)
    source = make_source(read_config(tmp_path / "bot.toml"))
    assert source.reading((7).to_bytes(32, "big")) == 1.5
    assert source.reading((8).to_bytes(32, "big")) is None
