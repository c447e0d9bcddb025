"""Who a swarm consists of, what it is made with, and where it is kept."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from headwater_agents.bots.config import read_config
from headwater_agents.swarm.diary import Diary
from headwater_agents.swarm.folder import RunFolder, to_toml
from headwater_agents.swarm.launching import Programs
from headwater_agents.swarm.parts import FACILITATOR, NODE, RESOLVER, cast
from headwater_agents.swarm.ports import free_ports
from headwater_agents.swarm.processes import node_worker, workers
from headwater_agents.swarm.settings import SwarmSettings, SwarmUsageError


def test_the_whole_cast_and_its_node_are_at_least_twenty_processes() -> None:
    parts = cast(SwarmSettings())
    assert len(parts) + 1 >= 20
    assert parts[0].name == RESOLVER, "who governs comes first"
    assert len({part.index for part in parts}) == len({part.name for part in parts}) == len(parts)


def test_everybody_has_an_account_of_its_own_and_another_with_another_seed() -> None:
    parts = cast(SwarmSettings())
    first, second = ({part.account(seed).address for part in parts} for seed in (1, 2))
    assert len(first) == len(parts)
    assert not first & second


def test_suppliers_are_parts_that_sell() -> None:
    parts = {part.name: part for part in cast(SwarmSettings())}
    for part in parts.values():
        assert all(parts[name].role in ("provider", "aggregator") for name in part.suppliers)


def test_without_a_market_nobody_buys_or_settles() -> None:
    parts = cast(SwarmSettings(market=False))
    assert {part.role for part in parts} == {"resolver", "keeper", "forecaster"}
    assert not any(part.suppliers for part in parts)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"chain": "anvil"}, "accepted: tester, revm, or --rpc URL"),
        ({"rpc": "localhost"}, "must be the http"),
        ({"network": "big"}, "accepted: rain, small"),
        ({"questions": 0}, "questions is 0; accepted: 1 to"),
        ({"questions": True}, "questions is True"),
        ({"reveal": 0}, "reveal is 0; accepted: 1 to"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_what_is_accepted(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(SwarmUsageError, match=said):
        SwarmSettings(**wrong)


def test_a_folder_is_taken_up_with_what_it_was_made_with(tmp_path: Path) -> None:
    settings = SwarmSettings(questions=7, seed=3, network="small")
    RunFolder.create(tmp_path / "run", settings).note(agents={"member-1": 0}, staged=True)
    again = RunFolder.open(tmp_path / "run")
    assert again.settings == settings
    assert again.notes == {"agents": {"member-1": 0}, "staged": True}


def test_a_folder_with_something_in_it_is_not_made_anew(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(SwarmUsageError, match="not empty; choose another --out, or go on with it by --resume"):
        RunFolder.create(tmp_path, SwarmSettings())
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("content", [None, "{", '{"format": 9}', '{"format": 1, "settings": {"x": 1}, "notes": {}}'])
def test_what_is_no_folder_of_a_swarm_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "swarm.json").write_text(content)
    with pytest.raises(SwarmUsageError):
        RunFolder.open(tmp_path)


def test_two_supervisors_do_not_hold_one_folder(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", SwarmSettings())
    other = RunFolder.open(folder.path)
    with folder.held(), pytest.raises(SwarmUsageError, match="is this swarm running"), other.held():
        pass
    with folder.held():
        pass


def test_every_bots_settings_are_what_bots_accept_and_hold_no_key(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", SwarmSettings(questions=5))
    parts = cast(folder.settings)
    folder.note(
        agents={part.name: index for index, part in enumerate(parts)},
        histories={part.name: f"{part.name}.history.jsonl" for part in parts},
        pasts={"member-1": {"questions": 150, "growth": 0.0123}},
        first_day=200,
    )
    ports = {part.name: 20_000 + part.index for part in parts}
    launcher = Programs(0)
    made = workers(folder, Diary(folder.diary), launcher, "http://127.0.0.1:1", ports)
    assert list(made) == [part.name for part in parts]
    for part in parts:
        key = part.account(1)._key.secret.hex()
        assert key not in " ".join(made[part.name].arguments)
        if part.bot:
            config = read_config(folder.config(part.name), part.role)
            assert config.http.port == ports[part.name]
            assert config.market.suppliers == tuple(folder.notes["agents"][name] for name in part.suppliers)
            assert config.market.past == folder.notes["pasts"].get(part.name, {})
            assert key not in folder.config(part.name).read_text()
    node = node_worker(folder, Diary(folder.diary), launcher, 20_500)
    assert (node.name, node.url) == (NODE, "http://127.0.0.1:20500")


def test_settings_files_say_the_same_when_they_are_read_again() -> None:
    tables = {"name": 'a "b" \\ c', "poll": 0.5, "http": {"port": 1, "host": "x"}, "market": {"suppliers": [1, 2]}}
    assert tomllib.loads(to_toml(tables)) == tables


def test_a_port_is_kept_while_it_is_free_and_changed_when_it_is_not() -> None:
    import socket

    had = free_ports(["a", "b"])
    assert free_ports(["a", "b"], had) == had
    with socket.socket() as other:
        other.bind(("127.0.0.1", had["a"]))
        other.listen()
        now = free_ports(["a", "b"], had)
    assert now["a"] != had["a"]
    assert now["b"] == had["b"]
    assert FACILITATOR not in now
