"""Agents as processes over UDP: the same agreements as in memory, whatever is lost, and whoever leaves or is killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from accord_cases import one_story, some_graph, some_population, some_rules
from headwater_agents.accord import AccordError, State, compare, replay, run_processes
from headwater_agents.accord.process import HOST
from headwater_agents.cli.command import headwater
from headwater_agents.cli.errors import INTERRUPTED, USAGE

LIMIT_S = 120.0


def running(pid: int) -> bool:
    """Whether a process is there and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_on_a_bad_network_processes_in_step_end_with_the_floats_of_memory() -> None:
    population, graph = some_population(10, 1, 0.9), some_graph(10, 1, 8)
    rules = some_rules(25, patience=30.0, loss=0.15, delay=0.002, duplicate=0.1, seed=3)
    pids: set[int] = set()
    state = run_processes(population, graph, rules, watch=lambda now: pids.update(now.pids.values()), limit=LIMIT_S)
    held = compare(population, graph, rules, state.reports)
    estimates = [state.reports[i].estimate for i in range(10)]
    assert np.array_equal(estimates, replay(population, graph, rules.formation).estimates)
    assert (held.same, held.edges, held.broken) == (True, True, ())
    assert held.estimates < 1e-12
    assert any(len(report.members) > 1 for report in state.reports.values())
    assert sum(report.counts.lost for report in state.reports.values()) > 50
    assert len(pids) == 10
    assert not any(map(running, pids))


def test_processes_out_of_step_with_a_slow_one_sign_the_same_within_the_tolerance() -> None:
    population, graph = some_population(8, 5, 0.9), some_graph(8, 5, 6)
    rules = some_rules(40, 3, patience=30.0, loss=0.1, delay=0.002, seed=4)
    state = run_processes(population, graph, rules, pauses={2: 0.01}, limit=LIMIT_S)
    held = compare(population, graph, rules, state.reports)
    one_story(state.reports)
    assert held.margin > 0.05, "no edge is on the border here"
    assert held.same
    assert held.estimates < 0.05


def test_who_leaves_and_who_is_killed_are_dropped_by_all_and_the_rest_is_as_in_memory() -> None:
    population, graph = some_population(10, 2, 1.2), some_graph(10, 2, 10)
    rules = some_rules(30, patience=1.5, loss=0.05, delay=0.001, seed=5)
    state = run_processes(population, graph, rules, leaves={3: 6}, kills={7: 10, 8: 20}, limit=LIMIT_S)
    held = compare(population, graph, rules, state.reports, state.killed, state.drops)
    assert state.reports[3].status == "left"
    assert set(state.killed) == {7, 8}
    one_story(state.reports)
    assert held.replayed
    assert held.estimates == 0.0, "they are the floats of memory, where the same edges went in the same rounds"
    assert (held.same, held.edges, held.broken) == (True, True, ())
    assert all(not {3, 7, 8} & set(report.members) for number, report in state.reports.items() if number != 3)


def test_other_processes_that_speak_to_an_agent_are_not_heard() -> None:
    population, graph = some_population(4, 3, 0.9), some_graph(4, 3)
    rules = some_rules(25, patience=30.0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind((HOST, 0))

        def shout(state: State) -> None:
            for port in state.ports:
                stranger.sendto(b"HWA1" + os.urandom(80), (HOST, port))

        state = run_processes(population, graph, rules, watch=shout, limit=LIMIT_S)
    assert sum(report.counts.junk for report in state.reports.values()) > 4
    held = compare(population, graph, rules, state.reports)
    assert held.same
    assert held.estimates < 1e-12


def test_a_run_that_takes_too_long_leaves_no_process_behind() -> None:
    pids: set[int] = set()
    with pytest.raises(AccordError, match="did not end within"):
        run_processes(
            some_population(4, 3, 0.9),
            some_graph(4, 3),
            some_rules(50),
            pauses={0: 0.5},
            watch=lambda state: pids.update(state.pids.values()),
            limit=5.0,
        )
    assert pids
    assert not any(map(running, pids))


def test_ctrl_c_ends_every_process_and_says_so() -> None:
    command = [sys.executable, "-c", "from headwater_agents.cli.accord import accord_command; accord_command()"]
    arguments = ["--agents", "5", "--rounds", "100000", "--seed", "2"]
    with subprocess.Popen([*command, *arguments], stderr=subprocess.PIPE, text=True, bufsize=0) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        nursery = 0
        agents: list[int] = []
        until = time.monotonic() + LIMIT_S
        while len(agents) < 5 and time.monotonic() < until:
            with pytest.raises(subprocess.TimeoutExpired):  # it still runs
                process.wait(timeout=0.05)
            for pid in children.read_text().split():
                nursery = int(pid)
                try:
                    agents = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
                except OSError:
                    agents = []
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)[1]
    assert process.returncode == INTERRUPTED
    assert "every agent was ended" in said
    assert "Traceback" not in said
    assert not any(map(running, [nursery, *agents]))


def test_the_command_compares_with_memory_and_tells_it_as_json() -> None:
    result = CliRunner().invoke(
        headwater, ["values", "accord", "--agents", "6", "--rounds", "20", "--loss", "0.1", "--json"]
    )
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["same_as_in_memory"] is True
    assert told["comparison"]["largest_difference_of_estimates"] < 1e-12
    assert sorted(name for each in told["agreements"] for name in each["members"]) == [f"a{i}" for i in range(1, 7)]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--agents", "3", "--leave", "2", "--kill", "2"], "there are only 3 agents"),
        (["--agents", "3", "--graph", "starfish"], "accepted: complete"),
        (["--agents", "0"], "0 is not in the range"),
        (["--loss", "1"], "not in the range"),
    ],
)
def test_wrong_use_is_one_line_that_says_what_is_accepted(arguments: list[str], says: str) -> None:
    result = CliRunner().invoke(headwater, ["values", "accord", *arguments])
    assert result.exit_code == USAGE
    assert says in result.output
    assert "Traceback" not in result.output
