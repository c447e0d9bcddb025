"""The outbox on our own node: killed at every point it passes there, and over a restart of the node itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from crash_scenarios import SCENARIOS
from crash_server import CrashServer
from headwater.chain import Account, TxRequest, connect
from headwater.chain.rpc import RpcBackend
from headwater_agents.durable.crash import CrashPoint
from headwater_agents.durable.database import Database
from headwater_deploy.node import NodeConfig, RunningNode, start_node
from outbox_rig import GIFT

LIFE = "outbox_lives:give"


@pytest.fixture(scope="module")
def server() -> Iterator[CrashServer]:
    with CrashServer("outbox_lives") as running:
        yield running


def _config(folder: Path, block_time: int) -> NodeConfig:
    return NodeConfig(chain="revm", block_time=block_time, state=folder / "node.sqlite")


def _check(node: RunningNode, folder: Path) -> None:
    me = Account.derive(0, 1).address
    with closing(connect(node.url)) as backend:
        assert isinstance(backend, RpcBackend)
        assert [backend.balance(Account.derive(99, index).address) for index in (50, 51)] == [GIFT, GIFT]
        assert (backend.mined_count(me), backend.nonce(me)) == (2, 2)
    with closing(Database(folder / "bot.sqlite", {"address": me})) as database:
        assert database.read("SELECT nonce, state FROM outbox ORDER BY nonce") == [(0, "mined"), (1, "mined")]


@pytest.mark.parametrize("point", SCENARIOS["plain"].points)
@pytest.mark.parametrize("block_time", [0, 1])
def test_killed_there_it_goes_on_where_it_was(
    tmp_path: Path, server: CrashServer, point: CrashPoint, block_time: int
) -> None:
    with start_node(_config(tmp_path, block_time)) as node:
        about = {"url": node.url, "folder": str(tmp_path)}
        assert server.live(LIFE, about, at=point).code == -9
        last = server.live(LIFE, about)
        assert (last.code, last.error) == (0, "")
        _check(node, tmp_path)


def test_a_node_that_was_restarted_is_the_same_chain(tmp_path: Path, server: CrashServer) -> None:
    with start_node(_config(tmp_path, 0)) as node:
        life = server.live(LIFE, {"url": node.url, "folder": str(tmp_path)}, at=f"{CrashPoint.OUTBOX_RECORDED}:2")
        assert life.code == -9
    with start_node(_config(tmp_path, 0)) as node:
        last = server.live(LIFE, {"url": node.url, "folder": str(tmp_path)})
        assert (last.code, last.error) == (0, "")
        _check(node, tmp_path)


def test_a_node_that_began_anew_is_another_chain_and_gets_nothing(tmp_path: Path, server: CrashServer) -> None:
    with start_node(_config(tmp_path, 0)) as node:
        with closing(connect(node.url)) as backend:
            for _ in range(15):  # as a deployment does: a bot comes to a chain that has some blocks
                backend.send(TxRequest(Account.derive(99, 1).address, value=1), Account.derive(0, 2))
        assert server.live(LIFE, {"url": node.url, "folder": str(tmp_path)}).code == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with start_node(_config(elsewhere, 0)) as node:
        life = server.live(LIFE, {"url": node.url, "folder": str(tmp_path)})
        with closing(connect(node.url)) as backend:
            assert backend.nonce(Account.derive(0, 1).address) == 0
    assert "Choose another file, or the node of that chain" in life.error
