"""Our node beside anvil, over loopback, in the same run: requests and transactions a second, and what memory they cost.

Every node is a process of its own and seals each transaction at once. One client with one connection asks and waits,
so a rate is the inverse of a round trip; `crowd` is eight such clients. Sends are signed beforehand, ERC-20 transfers,
each until its receipt is there. Anvil is left out where it is not installed (`make clients`).

    python -m bench node [--quick]
"""

from __future__ import annotations

import http.client
import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from headwater.chain import Account, Contract, SignedTransaction, Transaction, connect, deploy, load
from headwater.units import GWEI

ROOT: Final = Path(__file__).resolve().parents[1]
CROWD: Final = 8
BATCH: Final = 100
OURS: Final = [sys.executable, "-c", "from headwater_agents.cli import main; main()", "node", "--port", "0", "--json"]


class Line:
    """A connection to a node that stays open."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)

    def send(self, body: bytes) -> Any:
        """The answer to a body."""
        self._connection.request("POST", "/", body, {"Content-Type": "application/json"})
        return json.loads(self._connection.getresponse().read())

    def ask(self, method: str, *params: Any) -> Any:
        """The result of a request."""
        answer = self.send(_body(method, *params))
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]


@dataclass
class Served:
    """A node in a process, with a token on it, and transfers ready to be sent."""

    url: str
    pid: int
    token: Contract
    owner: Account
    nonce: int

    def transfers(self, count: int) -> list[SignedTransaction]:
        """The owner's next transfers, signed."""
        data = self.token.encode("transfer", self.token.address, 1)
        chain_id = self.token.backend.chain_id
        first, self.nonce = self.nonce, self.nonce + count
        return [
            self.owner.sign_transaction(
                Transaction(chain_id, nonce, GWEI, 50 * GWEI, 100_000, self.token.address, 0, data)
            )
            for nonce in range(first, first + count)
        ]

    def memory(self) -> int:
        """Bytes that the process holds in memory."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * 4_096


def _body(method: str, *params: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode()


@contextmanager
def _process(command: list[str], ready: str) -> Iterator[tuple[str, int]]:
    """Start a node; its URL, found in its first lines, and its process id."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            url = next((found[1] for line in process.stdout if (found := re.search(ready, line))), None)
            if url is None:
                raise RuntimeError(f"{command[0]} did not start")
            # Somebody has to read what it goes on saying, or it stops when the pipe is full.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield url if url.startswith("http") else f"http://{url}", process.pid
        finally:
            process.terminate()


def _anvil() -> str | None:
    return shutil.which(str(ROOT / "node_modules" / "@foundry-rs" / "anvil-linux-amd64" / "bin" / "anvil")) or (
        shutil.which("anvil")
    )


@contextmanager
def _served(kind: str) -> Iterator[Served]:
    if kind == "anvil":
        command = [str(_anvil()), "--port", "0", "--hardfork", "prague"]
        ready = r"Listening on (127\.0\.0\.1:\d+)"
    else:
        command = [*OURS, "--chain", kind, "--block-time", "0", "--dev"]
        ready = r'"url": "([^"]+)"'
    with _process(command, ready) as (url, pid):
        backend = connect(url)
        owner, other = backend.dev_accounts(2)  # type: ignore[attr-defined]
        token, _ = deploy(backend, load("HeadwaterToken"), other.address, 2**90, owner.address, 2**80, sender=owner)
        token.send("transfer", token.address, 1, sender=owner)
        yield Served(url, pid, token, owner, backend.nonce(owner.address))
        backend.close()


def _rate(count: int, work: Callable[[], object]) -> float:
    start = time.perf_counter()
    for _ in range(count):
        work()
    return count / (time.perf_counter() - start)


def _crowd(url: str, body: bytes, count: int) -> float:
    lines = [Line(url) for _ in range(CROWD)]
    with ThreadPoolExecutor(CROWD) as pool:
        start = time.perf_counter()
        list(pool.map(lambda line: [line.send(body) for _ in range(count)], lines))
        return CROWD * count / (time.perf_counter() - start)


def _measure(node: Served, quick: bool) -> dict[str, float]:
    line = Line(node.url)
    count = 200 if quick else 1_000
    balance = {"to": node.token.address, "data": "0x" + node.token.encode("balanceOf", node.owner).hex()}
    call = _body("eth_call", balance, "latest")
    batch = b"[" + b",".join([call] * BATCH) + b"]"
    figures = {
        "plain_per_second": _rate(count, lambda: line.ask("eth_chainId")),
        "calls_per_second": _rate(count, lambda: line.send(call)),
        "crowd_calls_per_second": _crowd(node.url, call, count // 4),
        "batched_calls_per_second": BATCH * _rate(max(count // BATCH, 2), lambda: line.send(batch)),
    }
    before = node.memory()
    for _ in range(count // BATCH * 5):
        line.send(batch)
    figures["bytes_kept_per_call"] = (node.memory() - before) / (count // BATCH * 5 * BATCH)
    signed = node.transfers(count)
    before = node.memory()
    start = time.perf_counter()
    for each in signed:
        line.ask("eth_sendRawTransaction", "0x" + each.raw.hex())
        while line.ask("eth_getTransactionReceipt", each.tx_hash) is None:
            pass
    figures["sends_per_second"] = count / (time.perf_counter() - start)
    figures["bytes_kept_per_transaction"] = (node.memory() - before) / count
    return figures


def run(quick: bool) -> dict[str, Any]:
    """Figures of every node that is there."""
    kinds = ["tester", "revm", *(["anvil"] if _anvil() else [])]
    figures: dict[str, Any] = {}
    for kind in kinds:
        with _served(kind) as node:
            figures[kind] = _measure(node, quick)
    return figures


ROWS: Final = (
    ("plain_per_second", "eth_chainId a second"),
    ("calls_per_second", "eth_call a second"),
    ("crowd_calls_per_second", f"eth_call a second, {CROWD} clients"),
    ("batched_calls_per_second", f"eth_call a second, {BATCH} a batch"),
    ("sends_per_second", "transfers a second, each to its receipt"),
    ("bytes_kept_per_transaction", "bytes of memory a transfer"),
    ("bytes_kept_per_call", "bytes of memory a call"),
)


def table(figures: dict[str, Any]) -> str:
    """The figures as text, each beside its ratio to anvil's."""
    kinds = list(figures)
    anvil = figures.get("anvil")
    lines = [f"{'':42}" + "".join(f"{kind:>22}" for kind in kinds)]
    for key, title in ROWS:
        cells = []
        for kind in kinds:
            value = figures[kind][key]
            ratio = f" ({value / anvil[key]:.2f}×)" if anvil and kind != "anvil" and anvil[key] > 0 else ""
            cells.append(f"{f'{value:,.0f}{ratio}':>22}")
        lines.append(f"{title:42}" + "".join(cells))
    if anvil is None:
        lines.append("anvil is not installed: make clients")
    return "\n".join(lines)
