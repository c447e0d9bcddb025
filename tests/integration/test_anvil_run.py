"""A season on a real node: it passes its audit, and pays everybody what it pays on the embedded chain, to the wei."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cli_cases import closed_port, refused, run, tree
from headwater.chain.jsonrpc import JsonRpc
from headwater.chain.rpc import RpcBackend
from headwater_agents.durable.journal import Journal
from headwater_agents.lab.rain import load_rain
from headwater_agents.runner.season import play_season
from headwater_agents.runner.stage import SeasonConfig, SeasonError

QUESTIONS = 25


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path / "journal.sqlite")) as journal:
        yield journal


def test_a_run_on_a_node_is_the_run_on_the_embedded_chain(anvil: str, tmp_path: Path) -> None:
    args = ["run", "--questions", QUESTIONS, "--seed", 2, "--baselines", "--json"]
    outcome = run(*args, "--chain", anvil, "--out", tmp_path / "node")
    assert (outcome.code, outcome.err) == (0, "")
    on_node = outcome.json
    embedded = run(*args, "--out", tmp_path / "embedded").json
    assert on_node["audit_ok"] is True
    assert len(on_node["audit"]) == 15
    assert on_node["chain"] == {"backend": anvil, "chain_id": 31337}
    assert json.loads((tmp_path / "node" / "summary.json").read_text()) == on_node
    nets = [int(row["net_wei"]) for row in on_node["forecasters"]]
    assert len(nets) == 5
    assert min(nets[:3]) > 0 > nets[3]
    # Contracts at other places cost other calldata; operations and their number are the same.
    costs = [[(row["operation"], row["count"]) for row in each.pop("gas")] for each in (on_node, embedded)]
    assert costs[0] == costs[1]
    assert on_node.pop("chain") != embedded.pop("chain")
    assert on_node == embedded
    names = [set(tree(tmp_path / each)) for each in ("node", "embedded")]
    assert names[0] == names[1]


def test_a_second_run_on_the_same_node_deploys_anew_and_ends_the_same(anvil: str, tmp_path: Path) -> None:
    args = ["run", "--questions", 22, "--seed", 6, "--chain", anvil, "--json"]
    first, second = (run(*args, "--out", tmp_path / name).json for name in ("first", "second"))
    assert second["audit_ok"] is True
    assert [row["net_wei"] for row in first["forecasters"]] == [row["net_wei"] for row in second["forecasters"]]
    assert first["questions"] == second["questions"]


def test_a_season_needs_a_clock_that_it_can_move(anvil: str, journal: Journal) -> None:
    with (
        closing(RpcBackend(JsonRpc(anvil))) as plain,
        pytest.raises(SeasonError, match=r"a season moves the clock, which http://127\.0\.0\.1:\d+ does not"),
    ):
        play_season(plain, load_rain().window(1, burn_in=0), SeasonConfig(), journal)


def test_a_node_that_dies_is_told_and_leaves_no_folder(
    anvil: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node's requests fail from the middle of a season on, as those to a closed port do."""
    request, nobody = JsonRpc.request, closed_port()
    asked: list[str] = []

    def failing(self: JsonRpc, method: str, *params: object, context: str = "") -> object:
        asked.append(method)
        if len(asked) > 400:
            with closing(JsonRpc(nobody)) as dead:
                return request(dead, method, *params, context=context)
        return request(self, method, *params, context=context)

    monkeypatch.setattr(JsonRpc, "request", failing)
    outcome = run("run", "--questions", 30, "--chain", anvil, "--out", tmp_path / "new" / "run", "--json")
    assert outcome.code == 3
    assert outcome.err == f"headwater: cannot reach {nobody}: no connection; is the node running?\n"
    assert tree(tmp_path) == {}


def test_a_chain_id_that_is_not_the_nodes_is_refused(
    anvil: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run("deploy", "--rpc", anvil, "--chain-id", 1, env={"HEADWATER_KEY": "5e" * 32})
    refused(outcome, 2, f"{anvil} serves chain 31337, not chain 1")
    assert tree(tmp_path) == {}
