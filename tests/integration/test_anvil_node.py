"""What only a real node shows: connecting to the wrong thing, plain nodes, and what happens behind our back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socket import socket

import pytest

from headwater.chain import (
    Account,
    ArgumentError,
    ConnectionFailed,
    NoLocalControl,
    NotMined,
    Reverted,
    WrongChain,
    connect,
    deploy,
    load,
    local_control,
)
from headwater.chain.devnode import DevNodeBackend
from headwater.chain.jsonrpc import JsonRpc
from headwater.chain.rpc import RpcBackend

SOURCES = Path(__file__).resolve().parents[1] / "unit" / "protocol" / "chain_contracts"


@pytest.fixture
def node(anvil: str) -> Iterator[DevNodeBackend]:
    backend = connect(anvil)
    assert isinstance(backend, DevNodeBackend)
    yield backend
    backend.close()


@pytest.fixture
def plain(anvil: str, node: DevNodeBackend) -> Iterator[RpcBackend]:
    """The node as any other node is used: gas estimated, the latest block read, no control."""
    node.dev_accounts(2)
    backend = RpcBackend(JsonRpc(anvil), receipt_timeout=10)
    yield backend
    backend.close()


def test_plain_node_deploys_sends_calls_and_reverts(plain: RpcBackend) -> None:
    owner = Account.derive(0, 0)
    probe, _ = deploy(plain, load("Probe", SOURCES), owner, 2, sender=owner)
    receipt = probe.send("store", 8, sender=owner)
    assert probe.call("value") == 8
    assert plain.now() == receipt.timestamp
    with pytest.raises(Reverted) as caught:
        probe.send("refuse", 3, sender=owner)
    assert caught.value.reason == "probe: refused"
    assert probe.send("store", 9, sender=owner).status == 1


def test_gas_is_estimated_once_for_a_kind_of_call(plain: RpcBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = Account.derive(0, 0)
    probe, _ = deploy(plain, load("Probe", SOURCES), owner, 2, sender=owner)
    asked: list[str] = []
    request = JsonRpc.request

    def counted(self: JsonRpc, method: str, *params: object, context: str = "") -> object:
        asked.append(method)
        return request(self, method, *params, context=context)

    monkeypatch.setattr(JsonRpc, "request", counted)
    for value in range(1, 6):
        probe.send("store", value, sender=owner)
    probe.send("store_twice", 1, sender=owner)
    assert asked.count("eth_estimateGas") == 2
    assert asked.count("eth_sendRawTransaction") == 6


def test_transaction_that_fails_after_it_was_sent_still_tells_its_reason(plain: RpcBackend) -> None:
    owner = Account.derive(0, 0)
    probe, _ = deploy(plain, load("Probe", SOURCES), owner, 2, sender=owner)
    with pytest.raises(Reverted) as caught:
        probe.send("refuse", 3, sender=owner, gas=200_000)
    assert caught.value.reason == "probe: refused"
    assert caught.value.receipt is not None
    assert caught.value.receipt.status == 0


def test_plain_node_has_no_local_control(plain: RpcBackend) -> None:
    with pytest.raises(NoLocalControl, match="not a development node"):
        local_control(plain)


def test_nonce_used_elsewhere_is_noticed_and_recovered_from(plain: RpcBackend, anvil: str) -> None:
    owner = Account.derive(0, 0)
    probe, _ = deploy(plain, load("Probe", SOURCES), owner, 2, sender=owner)
    elsewhere = RpcBackend(JsonRpc(anvil))
    elsewhere.submit(elsewhere.prepare(probe.request("store", 1), owner))
    elsewhere.close()
    with pytest.raises(Exception, match="nonce"):
        probe.send("store", 2, sender=owner)
    assert probe.call("value") == 1
    probe.send("store", 3, sender=owner)
    assert probe.call("value") == 3


def test_transaction_that_is_not_mined_in_time_names_itself_and_can_be_waited_for_again(
    anvil: str, node: DevNodeBackend
) -> None:
    owner = node.dev_accounts(1)[0]
    probe, _ = deploy(node, load("Probe", SOURCES), owner, 2, sender=owner)
    rpc = JsonRpc(anvil)
    hasty = RpcBackend(rpc, receipt_timeout=0.05)
    signed = hasty.prepare(probe.request("store", 4), owner)
    rpc.request("evm_setAutomine", False)
    try:
        with pytest.raises(NotMined) as caught:
            hasty.submit(signed)
        assert caught.value.tx_hash == signed.tx_hash
        assert node.receipt(signed.tx_hash) is None
        node.mine()
    finally:
        rpc.request("evm_setAutomine", True)
    assert hasty.submit(signed).tx_hash == signed.tx_hash
    assert probe.call("value") == 4
    hasty.close()


def test_wrong_chain_is_refused(anvil: str) -> None:
    with pytest.raises(WrongChain, match="serves chain 31337, not chain 1"):
        connect(anvil, chain_id=1)
    backend = connect(anvil, chain_id=31337)
    assert backend.chain_id == 31337
    backend.close()


def test_unreachable_node_is_named() -> None:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(ConnectionFailed, match=f"cannot reach http://127.0.0.1:{port}: no connection"):
        connect(f"http://127.0.0.1:{port}")


def test_error_does_not_repeat_the_key_in_a_url() -> None:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(ConnectionFailed) as caught:
        connect(f"http://user:hunter2@127.0.0.1:{port}/v3/secret-key?token=abc")
    text = str(caught.value) + repr(caught.value)
    assert not any(secret in text for secret in ("hunter2", "secret-key", "abc"))
    assert caught.value.__suppress_context__


class _Stranger(BaseHTTPRequestHandler):
    """A web server that is no node."""

    status, body = 200, b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"<html>hello</html>", "does not speak JSON-RPC"),
        (200, b"[1, 2]", "does not speak JSON-RPC"),
        (200, b"{}", "does not speak JSON-RPC"),
        (401, b"", "HTTP status 401"),
        (500, b"oops", "HTTP status 500"),
    ],
)
def test_server_that_is_no_node_is_told(status: int, body: bytes, said: str) -> None:
    handler = type("Handler", (_Stranger,), {"status": status, "body": body})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with pytest.raises(ConnectionFailed, match=said):
                connect(f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("url", ["http://", "https:///path", "http://host:port"])
def test_malformed_url_is_refused(url: str) -> None:
    with pytest.raises(ArgumentError):
        connect(url)
