"""JSON-RPC over HTTP as strangers send it: every malformed request has its answer, and web pages are kept out."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from headwater_deploy.node import NodeConfig, NodeError, RunningNode, start_node
from headwater_deploy.node.server import MAX_BATCH, MAX_BODY
from node_cases import OTHER, SENDER, ask, post, refusal, told, transfer

ONE = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}


@pytest.fixture(scope="module")
def node() -> Iterator[RunningNode]:
    with start_node(NodeConfig(heartbeat=0)) as running:
        yield running


@pytest.fixture
def url(node: RunningNode) -> str:
    return node.url


def test_request_is_answered(url: str) -> None:
    assert ask(url, "eth_chainId") == {"jsonrpc": "2.0", "id": 7, "result": "0x539"}


@pytest.mark.parametrize("name", [1, "a", None, 1.5, "Ω"])
def test_answer_carries_the_requests_id(url: str, name: object) -> None:
    assert post(url, json.dumps({**ONE, "id": name})).json()["id"] == name


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"hello",
        b"\xff\xfe",
        b'{"a":NaN}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"id":' + b"9" * 5_000 + b"}",
    ],
    ids=["nothing", "half", "text", "no utf-8", "NaN", "deep lists", "deep objects", "huge number"],
)
def test_what_is_not_json_is_a_parse_error(url: str, body: bytes) -> None:
    answer = post(url, body)
    assert answer.status_code == 200
    assert answer.json()["error"]["code"] == -32700
    assert answer.json()["id"] is None


@pytest.mark.parametrize(
    "request_",
    [
        5,
        "eth_chainId",
        None,
        {},
        {"id": 1},
        {"jsonrpc": "1.0", "id": 1, "method": "eth_chainId"},
        {"jsonrpc": "2.0", "id": 1, "method": 5},
        {"jsonrpc": "2.0", "id": {}, "method": "eth_chainId"},
        {"jsonrpc": "2.0", "id": True, "method": "eth_chainId"},
        [],
    ],
)
def test_what_is_no_request_is_invalid(url: str, request_: Any) -> None:
    assert post(url, json.dumps(request_)).json()["error"]["code"] == -32600


def test_unknown_method_is_not_found_whatever_its_name(url: str) -> None:
    for name in ("eth_foo", "__class__", "answer", "_do_eth_chainId", "", "x" * 10_000):
        assert refusal(url, name)[0] == -32601


def test_methods_for_developers_are_not_there_unless_asked_for(url: str) -> None:
    for name in ("evm_mine", "evm_snapshot", "evm_revert", "evm_increaseTime", "anvil_setBalance"):
        assert refusal(url, name)[0] == -32601


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_getBalance", []),
        ("eth_getBalance", ["0x12"]),
        ("eth_getBalance", [SENDER.address, "newest"]),
        ("eth_getBalance", [SENDER.address, "latest", 1]),
        ("eth_getBalance", [SENDER.address, {"blockNumber": "0x0", "blockHash": "0x" + "00" * 32}]),
        ("eth_getBalance", {"address": SENDER.address}),
        ("eth_getBlockByNumber", ["0x" + "f" * 65, False]),
        ("eth_getBlockByNumber", ["0x0", "yes"]),
        ("eth_getBlockByNumber", [True, False]),
        ("eth_getBlockByHash", ["0x00", False]),
        ("eth_getTransactionByHash", [5]),
        ("eth_getStorageAt", [SENDER.address, "0x" + "1" * 65]),
        ("eth_call", ["call"]),
        ("eth_call", [{"to": "0x1"}]),
        ("eth_call", [{"to": SENDER.address, "dta": "0x"}]),
        ("eth_call", [{"to": SENDER.address, "data": "0x1"}]),
        ("eth_call", [{"to": SENDER.address, "data": "0x01", "input": "0x02"}]),
        ("eth_call", [{"to": SENDER.address, "gasPrice": "0x1", "maxFeePerGas": "0x1"}]),
        ("eth_call", [{"to": SENDER.address, "value": "-0x1"}]),
        ("eth_call", [{"to": SENDER.address}, "latest", {SENDER.address: {"balance": "0x1"}}]),
        ("eth_estimateGas", []),
        ("eth_sendRawTransaction", ["hello"]),
        ("eth_getLogs", [[]]),
        ("eth_getLogs", [{"topics": "0x"}]),
        ("eth_getLogs", [{"topics": [None] * 5}]),
        ("eth_getLogs", [{"address": [SENDER.address] * 1_001}]),
        ("eth_getLogs", [{"blockHash": "0x" + "00" * 32, "fromBlock": "0x0"}]),
        ("eth_getLogs", [{"from": "0x0"}]),
        ("eth_getLogs", [{"fromBlock": "0x5", "toBlock": "0x0"}]),
        ("eth_feeHistory", ["0x1", "latest", [101]]),
        ("eth_feeHistory", ["0x1", "latest", [5, 1]]),
        ("web3_sha3", ["0xabc"]),
    ],
)
def test_bad_parameters_are_told(url: str, method: str, params: Any) -> None:
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
    error = post(url, json.dumps(body)).json()["error"]
    assert error["code"] == -32602
    assert 0 < len(error["message"]) < 400


def test_batch_is_answered_in_order_and_notifications_are_not_answered(url: str) -> None:
    batch = [{**ONE, "id": 1}, {"jsonrpc": "2.0", "method": "eth_chainId"}, 5, {**ONE, "id": 2, "method": "eth_foo"}]
    answers = post(url, json.dumps(batch)).json()
    assert [(answer["id"], "error" in answer) for answer in answers] == [(1, False), (None, True), (2, True)]


def test_notification_alone_gets_no_answer_but_is_done(node: RunningNode) -> None:
    with start_node(NodeConfig(block_time=0, heartbeat=0)) as fresh:
        raw = "0x" + transfer().hex()
        silent = {"jsonrpc": "2.0", "method": "eth_sendRawTransaction", "params": [raw]}
        for body in (silent, [silent]):
            answer = post(fresh.url, json.dumps(body))
            assert (answer.status_code, answer.content) == (204, b"")
        assert told(fresh.url, "eth_blockNumber") == "0x1"


def test_batch_has_a_limit(url: str) -> None:
    assert len(post(url, json.dumps([ONE] * MAX_BATCH)).json()) == MAX_BATCH
    assert post(url, json.dumps([ONE] * (MAX_BATCH + 1))).json()["error"]["code"] == -32600


def test_oversized_body_is_refused_with_and_without_its_length(url: str) -> None:
    body = json.dumps({**ONE, "params": []}).encode()
    assert post(url, body + b" " * (MAX_BODY - len(body))).json()["result"] == "0x539"
    assert post(url, b" " * (MAX_BODY + 1)).status_code == 413

    def parts() -> Iterator[bytes]:
        for _ in range(MAX_BODY // 65_536 + 1):
            yield b" " * 65_536

    answer = httpx.post(url, content=parts(), headers={"content-type": "application/json"})
    assert answer.status_code == 413


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.168.1.4", "", "[::1", "a b"])
def test_page_that_calls_this_machine_by_another_name_is_refused(url: str, host: str) -> None:
    assert post(url, json.dumps(ONE), host=host).status_code in (400, 403)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8545", "127.0.0.1:1", "[::1]:5"])
def test_names_of_this_machine_are_its_own(url: str, host: str) -> None:
    assert post(url, json.dumps(ONE), host=host).json()["result"] == "0x539"


def test_page_of_another_origin_is_refused_and_is_not_told_that_it_may_ask(url: str) -> None:
    answer = post(url, json.dumps(ONE), origin="https://evil.example")
    assert answer.status_code == 403
    asked = httpx.options(url, headers={"origin": "https://evil.example", "access-control-request-method": "POST"})
    for said in (answer, asked):
        assert "access-control-allow-origin" not in said.headers


def test_form_of_a_page_is_refused(url: str) -> None:
    assert post(url, json.dumps(ONE), content_type="text/plain").status_code == 415
    assert post(url, json.dumps(ONE), content_type="application/json; charset=utf-8").status_code == 200


def test_origin_that_was_named_may_ask() -> None:
    page = "https://wallet.example"
    with start_node(NodeConfig(cors=(page,))) as node:
        asked = httpx.options(
            node.url,
            headers={
                "origin": page,
                "access-control-request-method": "POST",
                "access-control-request-headers": "content-type",
            },
        )
        assert asked.headers["access-control-allow-origin"] == page
        answer = post(node.url, json.dumps(ONE), origin=page)
        assert answer.headers["access-control-allow-origin"] == page
        assert answer.json()["result"] == "0x539"
        assert post(node.url, json.dumps(ONE), origin="https://evil.example").status_code == 403


def test_node_that_others_reach_answers_to_addresses_and_to_names_it_was_given() -> None:
    with start_node(NodeConfig(host="0.0.0.0", allow_hosts=("Node.lan",))) as node:
        url = node.url.replace("0.0.0.0", "127.0.0.1")
        for host, status in (("192.168.1.4:8545", 200), ("node.lan", 200), ("evil.example", 403)):
            assert post(url, json.dumps(ONE), host=host).status_code == status


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_posts_are_answered(url: str, method: str) -> None:
    assert httpx.request(method, url).status_code == 405


def test_connection_that_breaks_off_harms_nobody(url: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    for part in (b"", b"POST / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n{", b"\0" * 100):
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(part)
    assert told(url, "eth_chainId") == "0x539"


def test_crowd_of_clients_is_answered_and_every_transaction_is_sealed_once() -> None:
    with start_node(NodeConfig(chain="revm", heartbeat=0)) as node:
        raws = [transfer(who, nonce, to=OTHER.address) for who in (SENDER, OTHER) for nonce in range(50)]
        with ThreadPoolExecutor(16) as crowd:
            answers = list(crowd.map(lambda raw: ask(node.url, "eth_sendRawTransaction", "0x" + raw.hex()), raws))
            assert all("result" in answer for answer in answers)
        hashes = [answer["result"] for answer in answers]
        waiting = set(hashes)
        deadline = time.monotonic() + 20
        while waiting and time.monotonic() < deadline:
            waiting = {each for each in waiting if told(node.url, "eth_getTransactionReceipt", each) is None}
        assert not waiting
        height = int(told(node.url, "eth_blockNumber"), 16)
        blocks = [told(node.url, "eth_getBlockByNumber", hex(number), False) for number in range(height + 1)]
        assert sorted(each for block in blocks for each in block["transactions"]) == sorted(hashes)
        times = [int(block["timestamp"], 16) for block in blocks]
        assert times == sorted(set(times))


def test_taken_port_is_told(node: RunningNode) -> None:
    port = int(node.url.rpartition(":")[2])
    with pytest.raises(NodeError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"):
        start_node(NodeConfig(port=port))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"chain": "geth"}, "unknown chain"),
        ({"port": 70_000}, "a port is 0 to 65535"),
        ({"block_time": -1}, "block_time is not negative"),
        ({"chain_id": 0}, "a chain id is"),
        ({"accounts": 65}, "begins with 64 development accounts"),
        ({"host": "256.1.1.1"}, "cannot listen on"),
    ],
)
def test_setting_that_makes_no_sense_is_told(settings: Any, said: str) -> None:
    with pytest.raises(NodeError, match=said):
        start_node(NodeConfig(**settings))


def test_stopped_node_lets_go_of_its_port_and_stopping_twice_is_fine() -> None:
    node = start_node(NodeConfig())
    port = int(node.url.rpartition(":")[2])
    node.stop()
    node.stop()
    assert node.wait(0)
    with start_node(NodeConfig(port=port)) as again:
        assert again.url == node.url
