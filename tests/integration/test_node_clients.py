"""Clients that others wrote judge the node: web3.py, cast and ethers, each on both chains, on a block a second."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from eth_account import Account as EthAccount
from web3 import HTTPProvider, Web3
from web3.exceptions import ContractLogicError, TransactionNotFound
from web3.middleware import SignAndSendRawMiddlewareBuilder

from headwater.chain import load
from headwater_deploy.node import NodeConfig, RunningNode, start_node
from node_cases import OTHER, PROBE, ROOT, SENDER, find_tool, run_tool

ABSENT = "{} IS ABSENT, so the node is not tested against it: `make clients` in the checkout"
ETHERS = Path(__file__).with_name("node_ethers.cjs")


@pytest.fixture(scope="module", params=["tester", "revm"])
def node(request: pytest.FixtureRequest) -> Iterator[RunningNode]:
    kind: Literal["tester", "revm"] = request.param
    with start_node(NodeConfig(chain=kind)) as running:
        yield running


@pytest.fixture
def web3(node: RunningNode) -> Iterator[Web3]:
    provider = HTTPProvider(node.url)
    client = Web3(provider)
    signer = EthAccount.from_key(SENDER._key.secret)
    client.middleware_onion.inject(SignAndSendRawMiddlewareBuilder.build(signer), layer=0)  # type: ignore[arg-type]
    client.eth.default_account = SENDER.address  # type: ignore[assignment]
    yield client
    for session in provider._request_session_manager.session_cache._data.values():
        session.close()


def deployed(web3: Web3) -> Any:
    """Probe by web3's own defaults: gas estimated, fees asked for, nonce looked up."""
    artifact = load("Probe", PROBE)
    factory = web3.eth.contract(abi=list(artifact.abi), bytecode=artifact.bytecode)
    receipt = web3.eth.wait_for_transaction_receipt(
        factory.constructor(SENDER.address, 5).transact(), poll_latency=0.02
    )
    assert receipt["status"] == 1
    return web3.eth.contract(address=receipt["contractAddress"], abi=list(artifact.abi))


def test_web3_deploys_sends_reads_and_finds_events(web3: Web3, node: RunningNode) -> None:
    probe = deployed(web3)
    since = web3.eth.filter({"address": probe.address})
    blocks = web3.eth.filter("latest")
    before = web3.eth.block_number
    tx_hash = probe.functions.store(41).transact()
    pending = web3.eth.get_transaction(tx_hash)
    assert pending["nonce"] == web3.eth.get_transaction_count(SENDER.address, "pending") - 1
    receipt = web3.eth.wait_for_transaction_receipt(tx_hash, poll_latency=0.02)
    assert probe.functions.value().call() == 41
    (event,) = probe.events.Stored().process_receipt(receipt)
    assert (event["args"]["who"], event["args"]["value"]) == (SENDER.address, 41)
    (found,) = probe.events.Stored.get_logs(from_block=receipt["blockNumber"])
    assert found["transactionHash"] == tx_hash
    (seen,) = since.get_new_entries()
    assert (seen["transactionHash"], seen["blockHash"]) == (tx_hash, receipt["blockHash"])
    assert since.get_new_entries() == []
    assert web3.eth.get_block(blocks.get_new_entries()[-1])["number"] > before
    assert web3.eth.get_logs({"blockHash": receipt["blockHash"], "topics": [None, None, None]}) == []
    (by_hash,) = web3.eth.get_logs({"blockHash": receipt["blockHash"], "topics": [[seen["topics"][0], b"\1" * 32]]})
    assert by_hash["logIndex"] == seen["logIndex"]
    assert web3.eth.uninstall_filter(since.filter_id)


def test_web3_reads_blocks_transactions_and_receipts_in_every_way(web3: Web3) -> None:
    probe = deployed(web3)
    receipt = web3.eth.wait_for_transaction_receipt(probe.functions.store(3).transact(), poll_latency=0.02)
    number, tx_hash = receipt["blockNumber"], receipt["transactionHash"]
    full, light = web3.eth.get_block(number, True), web3.eth.get_block(receipt["blockHash"])
    index = receipt["transactionIndex"]
    assert light["transactions"][index] == tx_hash  # type: ignore[index]
    assert full["transactions"][index] == web3.eth.get_transaction(tx_hash)  # type: ignore[index]
    assert web3.eth.get_transaction_by_block(number, index) == web3.eth.get_transaction(tx_hash)
    assert web3.eth.get_transaction_by_block(receipt["blockHash"], index) == web3.eth.get_transaction(tx_hash)
    assert web3.eth.get_block_receipts(number)[index] == receipt
    assert web3.eth.get_block_transaction_count(number) == len(light["transactions"])  # type: ignore[arg-type]
    parent = web3.eth.get_block(number - 1)
    assert parent["hash"] == light["parentHash"]
    assert parent["timestamp"] < light["timestamp"]
    assert Web3.keccak(web3.eth.get_raw_transaction(tx_hash)) == tx_hash
    with pytest.raises(TransactionNotFound):
        web3.eth.get_transaction(b"\1" * 32)  # type: ignore[arg-type]


def test_web3_reads_state_of_old_blocks(web3: Web3) -> None:
    probe = deployed(web3)
    numbers = []
    for value in (7, 8):
        sent = probe.functions.store(value).transact()
        numbers.append(web3.eth.wait_for_transaction_receipt(sent, poll_latency=0.02)["blockNumber"])
    assert [probe.functions.value().call(block_identifier=number) for number in numbers] == [7, 8]
    slot = [int(web3.eth.get_storage_at(probe.address, 0, number).hex(), 16) for number in numbers]
    assert slot == [7, 8]
    nonces = [web3.eth.get_transaction_count(SENDER.address, number) for number in numbers]
    assert nonces[1] == nonces[0] + 1
    assert web3.eth.get_code(probe.address, numbers[0]) != b""
    assert web3.eth.get_code(probe.address, 0) == b""
    assert web3.eth.get_balance(SENDER.address, 0) == 10**24


def test_web3_is_told_why_a_call_reverts(web3: Web3) -> None:
    probe = deployed(web3)
    with pytest.raises(ContractLogicError, match="probe: refused"):
        probe.functions.refuse(3).call()
    with pytest.raises(ContractLogicError, match="probe: refused"):
        probe.functions.refuse(3).transact()


def test_web3_asks_for_fees(web3: Web3) -> None:
    deployed(web3)
    history = web3.eth.fee_history(4, "latest", [10, 90])
    assert len(history["baseFeePerGas"]) == len(history["gasUsedRatio"]) + 1 == len(history["reward"]) + 1
    assert web3.eth.gas_price >= web3.eth.max_priority_fee > 0
    assert web3.eth.get_block("pending")["baseFeePerGas"] == history["baseFeePerGas"][-1]


def test_web3_asks_who_it_talks_to(web3: Web3, node: RunningNode) -> None:
    assert web3.is_connected()
    assert web3.client_version.startswith("headwater/")
    assert web3.eth.chain_id == int(web3.net.version) == 1337
    assert web3.net.listening
    assert web3.eth.syncing is False
    assert list(web3.eth.accounts) == []  # keys are the client's
    now = web3.eth.get_block("pending")["timestamp"]
    assert abs(now - time.time()) < 5


@pytest.fixture(scope="module")
def keystores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sender's key as a file, and its password as another."""
    folder = tmp_path_factory.mktemp("keys")
    kept = EthAccount.encrypt(SENDER._key.secret, "a password", kdf="pbkdf2", iterations=1)  # weak, and so fast
    (folder / "key.json").write_text(json.dumps(kept))
    (folder / "password").write_text("a password")
    return folder


def test_cast_sends_calls_and_reads(node: RunningNode, keystores: Path) -> None:
    cast = find_tool("cast")
    if cast is None:
        pytest.skip(ABSENT.format("cast"))
    assert cast
    signer = ["--keystore", str(keystores / "key.json"), "--password-file", str(keystores / "password")]

    def say(*words: str) -> str:
        return run_tool(cast, *words, env={"ETH_RPC_URL": node.url, "NO_COLOR": "1"}).strip()

    def send(*words: str) -> Any:
        return json.loads(say("send", "--json", *signer, *words))

    assert say("chain-id") == "1337"
    assert say("client").startswith("headwater/")
    before = int(say("balance", OTHER.address))
    sent = send(OTHER.address, "--value", "3")
    assert int(say("balance", OTHER.address)) == before + 3
    assert int(sent["status"], 16) == 1
    old = send("--legacy", OTHER.address, "--value", "4")
    assert (int(old["status"], 16), old["type"]) == (1, "0x0")
    artifact = load("Probe", PROBE)
    arguments = SENDER.address[2:].lower().rjust(64, "0") + hex(5)[2:].rjust(64, "0")
    made = send("--create", "0x" + artifact.bytecode.hex() + arguments)
    probe = made["contractAddress"]
    assert say("call", probe, "SCALE()(uint256)") == "5"
    assert int(say("estimate", "--from", SENDER.address, probe, "store(uint256)", "7")) > 60_000
    stored = send(probe, "store(uint256)", "7")
    assert say("storage", probe, "0") == "0x" + "7".rjust(64, "0")
    assert int(say("receipt", stored["transactionHash"], "blockNumber")) == int(stored["blockNumber"], 16)
    logs = json.loads(say("logs", "--json", "--from-block", stored["blockNumber"], "--address", probe))
    assert [log["transactionHash"] for log in logs] == [stored["transactionHash"]]
    block = json.loads(say("block", "--json", "--full", stored["blockNumber"]))
    assert stored["transactionHash"] in [each["hash"] for each in block["transactions"]]
    assert int(say("nonce", SENDER.address)) == int(
        say("rpc", "eth_getTransactionCount", SENDER.address).strip('"'), 16
    )
    assert say("code", probe) == say("rpc", "eth_getCode", probe, "latest").strip('"')
    assert json.loads(say("tx", "--json", stored["transactionHash"]))["input"].startswith("0x6057361d")


def test_ethers_deploys_waits_filters_and_hears_events(node: RunningNode) -> None:
    if find_tool("node") is None or not (ROOT / "node_modules" / "ethers").is_dir():
        pytest.skip(ABSENT.format("ethers"))
    artifact = load("Probe", PROBE)
    told = subprocess.run(
        ["node", str(ETHERS)],
        input=json.dumps(
            {
                "url": node.url,
                "key": "0x" + SENDER._key.secret.hex(),
                "abi": list(artifact.abi),
                "bytecode": "0x" + artifact.bytecode.hex(),
            }
        ),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    said = json.loads(told.stdout)
    assert said["chain"] == "1337"
    assert said["deployed"]
    # ethers takes a base fee of zero for none, and prices as before EIP-1559.
    assert said["fees"] == ["bigint", *["object" if node.chain == "revm" else "bigint"] * 2]
    assert said["value"] == "9"
    assert said["heard"] == "11"
    assert said["found"] == ["5", "9", "11"]
    assert said["refused"] == ["CALL_EXCEPTION", "probe: refused"]
    assert said["low"] == "NONCE_EXPIRED"
    assert said["underpriced"] == "REPLACEMENT_UNDERPRICED"
    assert said["poor"] == "INSUFFICIENT_FUNDS"
    assert said["mined"] == 1
