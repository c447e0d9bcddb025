"""What tests of the node share: a clock to set, transactions of every kind, JSON-RPC by hand, nodes as processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import requests
from eth_account import Account as EthAccount

from cli_cases import finish, spawn
from headwater.chain import Account, Transaction
from headwater.units import GWEI
from headwater_deploy.node import Node, NodeConfig
from headwater_deploy.node.clock import Clock

ROOT = Path(__file__).resolve().parents[1]
PROBE = ROOT / "tests" / "unit" / "protocol" / "chain_contracts"
START = 1_900_000_000
SENDER, OTHER, THIRD = (Account.derive(0, index) for index in range(3))


class Wall:
    """A wall clock that stands until it is set."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def new_node(wall: Wall | None = None, **settings: Any) -> Node:
    """A node without a network, whose time a test moves."""
    return Node(NodeConfig(**settings), clock=Clock(wall or Wall()))


def transfer(
    sender: Account = SENDER,
    nonce: int = 0,
    *,
    tip: int = GWEI,
    max_fee: int = 10 * GWEI,
    gas: int = 21_000,
    to: str | None = OTHER.address,
    value: int = 1,
    data: bytes = b"",
    chain_id: int = 1337,
) -> bytes:
    """A signed EIP-1559 transaction."""
    return sender.sign_transaction(Transaction(chain_id, nonce, tip, max_fee, gas, to, value, data)).raw


def signed_by_eth_account(index: int = 0, **fields: Any) -> bytes:
    """A transaction of any kind, signed by another library."""
    keystore = Account.derive(0, index)._key.secret
    base = {"nonce": 0, "gas": 60_000, "to": OTHER.address, "value": 5, "data": b"\x01\x00", "chainId": 1337}
    return bytes(EthAccount.sign_transaction({**base, **fields}, keystore).raw_transaction)


def post(url: str, body: bytes | str, **headers: str) -> requests.Response:
    """A request as it stands."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(url, data=body, headers={"content-type": "application/json", **named}, timeout=30)


def ask(url: str, method: str, *params: Any) -> dict[str, Any]:
    """The answer to a JSON-RPC request, error or result."""
    answer: dict[str, Any] = post(
        url, json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params)})
    ).json()
    assert answer["jsonrpc"] == "2.0"
    assert answer["id"] == 7
    return answer


def told(url: str, method: str, *params: Any) -> Any:
    """The result of a request that must go well."""
    answer = ask(url, method, *params)
    assert "error" not in answer, answer
    return answer["result"]


def refusal(url: str, method: str, *params: Any) -> tuple[int, str]:
    """(code, message) of a request that must not."""
    answer = ask(url, method, *params)
    assert "result" not in answer, answer
    return answer["error"]["code"], answer["error"]["message"]


class NodeProcess:
    """`headwater node` in a process of its own."""

    def __init__(self, folder: Path, *options: object, env: dict[str, str] | None = None) -> None:
        self.process = spawn("node", "--port", 0, "--json", *options, cwd=folder, env=env or {})
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(finish(self.process, 10))
        self.ready = json.loads(line)
        self.url: str = self.ready["url"]

    def __enter__(self) -> NodeProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        finish(self.process, 30)

    def kill(self) -> None:
        """As if the power had gone."""
        self.process.kill()
        finish(self.process, 30)

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; (exit code, what it said on standard error)."""
        self.process.send_signal(number)
        _, err = finish(self.process, 30)
        return self.process.returncode, err


def find_tool(name: str) -> str | None:
    """A client from the checkout's node_modules, or from PATH."""
    return shutil.which(str(ROOT / "node_modules" / ".bin" / name)) or shutil.which(name)


def run_tool(*command: str, env: dict[str, str] | None = None) -> str:
    """What a program prints; it must end well within a minute."""
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **(env or {})}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
