"""`headwater node` as people run it: what it says, how it ends, and what it keeps to itself."""

from __future__ import annotations

import json
import signal
import stat
from pathlib import Path

import pytest

from cli_cases import finish, refused, run, spawn
from headwater.chain import Account, connect
from headwater.chain.devnode import DevNodeBackend
from headwater.chain.rpc import RpcBackend
from headwater_deploy.node import NodeConfig, start_node
from node_cases import NodeProcess, refusal, told, transfer


def test_ready_line_names_the_node_its_chain_and_its_accounts(tmp_path: Path) -> None:
    with NodeProcess(tmp_path, "--chain-id", 77, "--accounts", 2, "--seed", 3) as node:
        assert node.ready == {
            "url": node.url,
            "chain_id": 77,
            "accounts": [Account.derive(3, index).address for index in range(2)],
        }
        assert told(node.url, "eth_getBalance", node.ready["accounts"][1]) == hex(10**24)
        assert node.end() == (0, "")


def test_interrupt_ends_it_as_every_command(tmp_path: Path) -> None:
    with NodeProcess(tmp_path) as node:
        assert node.end(signal.SIGINT) == (130, "headwater: interrupted\n")


def test_banner_tells_addresses_and_no_keys(tmp_path: Path) -> None:
    process = spawn("node", "--port", 0, "--accounts", 2, cwd=tmp_path)
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            break
    process.send_signal(signal.SIGTERM)
    out, err = finish(process, 30)
    said = "".join(lines) + out + err
    assert Account.derive(0, 1).address in said
    for index in range(2):
        assert Account.derive(0, index)._key.secret.hex() not in said.lower()


def test_resumed_node_says_how_far_it_is(tmp_path: Path) -> None:
    options = ("--state", tmp_path / "chain.sqlite", "--block-time", 0)
    with NodeProcess(tmp_path, *options) as node:
        told(node.url, "eth_sendRawTransaction", "0x" + transfer().hex())
        before = told(node.url, "eth_getBlockByNumber", "0x1", True)
        node.end()
    with NodeProcess(tmp_path, *options) as node:
        assert told(node.url, "eth_getBlockByNumber", "0x1", True) == before
        code, err = node.end()
    assert (code, err) == (0, "doing kept blocks again: 1 of 1\n")


def test_wrong_use_is_told_in_one_line(tmp_path: Path) -> None:
    with start_node(NodeConfig()) as node:
        port = node.url.rpartition(":")[2]
        refused(run("node", "--port", port), 2, f"cannot listen on 127.0.0.1:{port}", "in use")
    refused(run("node", "--chain", "geth"), 2, "'geth' is not one of", "tester", "revm")
    refused(run("node", "--port", 70_000), 2, "70000")
    refused(run("node", "--port", 0, "--accounts", 65), 2, "64 development accounts")
    refused(run("node", "--port", 0, "--chain-id", 0), 2, "a chain id is")
    refused(run("node", "--port", 0, "--dev", "--state", tmp_path / "x"), 2, "choose one of the two")
    refused(run("node", "--port", 0, "--state", tmp_path), 2, "cannot be used")
    (tmp_path / "text").write_text("no database " * 100)
    refused(run("node", "--port", 0, "--state", tmp_path / "text"), 2, "not a database")
    refused(run("node", "--port", 0, "--write-keystores", tmp_path / "k"), 2, "$HEADWATER_PASSWORD")
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".lock") == ["text"]


def test_wrong_use_with_json_is_told_as_json_too() -> None:
    outcome = run("node", "--port", 0, "--accounts", 65, "--json")
    assert outcome.code == 2
    assert "64 development accounts" in outcome.json["error"]


def test_keystores_are_readable_by_their_owner_only_and_open_with_the_password(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    with NodeProcess(
        tmp_path, "--accounts", 1, "--write-keystores", folder, env={"HEADWATER_PASSWORD": "a password"}
    ) as node:
        node.end()
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert Account.from_keystore(file, "a password") == Account.derive(0, 0)
    assert json.loads(file.read_text())["version"] == 3
    file.write_text("mine")
    with NodeProcess(
        tmp_path, "--accounts", 1, "--write-keystores", folder, env={"HEADWATER_PASSWORD": "another"}
    ) as node:
        node.end()
    assert file.read_text() == "mine"


@pytest.mark.parametrize("dev", [False, True])
def test_our_own_client_knows_a_development_node_by_its_name(dev: bool) -> None:
    with start_node(NodeConfig(dev=dev)) as node:
        backend = connect(node.url)
        assert type(backend) is (DevNodeBackend if dev else RpcBackend)
        backend.close()
        if not dev:
            assert refusal(node.url, "evm_mine")[0] == -32601
