"""Kill -9 the node at any moment: what it had reported, in whatever way, is there when it is started again."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from headwater.chain import Account
from node_cases import NodeProcess, ask, told, transfer

SENDERS = [Account.derive(0, index) for index in range(4)]
LIVES = 3


class Reporter:
    """Sends transactions one after another, and writes down everything it is told, until the node is gone."""

    def __init__(self, url: str, account: Account) -> None:
        self.url, self.account = url, account
        self.sent: list[str] = []
        self.receipts: dict[str, Any] = {}
        self.blocks: dict[int, str] = {}
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            nonce = int(told(self.url, "eth_getTransactionCount", self.account.address, "pending"), 16)
            while True:
                raw = "0x" + transfer(self.account, nonce, to=SENDERS[0].address).hex()
                self.sent.append(told(self.url, "eth_sendRawTransaction", raw))
                nonce += 1
                for tx_hash in self.sent[-20:]:
                    receipt = told(self.url, "eth_getTransactionReceipt", tx_hash)
                    if receipt is not None:
                        self.receipts[tx_hash] = receipt
                        self.blocks[int(receipt["blockNumber"], 16)] = receipt["blockHash"]
        except requests.RequestException:
            pass  # the node was killed, as it should be


@pytest.mark.parametrize(("kind", "block_time"), [("tester", 1), ("tester", 0), ("revm", 0)])
def test_killed_node_comes_back_with_everything_it_ever_reported(tmp_path: Path, kind: str, block_time: int) -> None:
    chance = random.Random(f"{kind} {block_time}")
    options = ("--chain", kind, "--block-time", block_time, "--state", tmp_path / "chain.sqlite")
    sent: list[str] = []
    receipts: dict[str, Any] = {}
    blocks: dict[int, str] = {}

    def all_there(url: str) -> None:
        for tx_hash, receipt in receipts.items():
            assert told(url, "eth_getTransactionReceipt", tx_hash) == receipt
        for number, block_hash in blocks.items():
            assert told(url, "eth_getBlockByNumber", hex(number), False)["hash"] == block_hash
        for tx_hash in sent:
            assert told(url, "eth_getTransactionByHash", tx_hash) is not None, tx_hash

    for _ in range(LIVES):
        with NodeProcess(tmp_path, *options) as node:
            all_there(node.url)
            reporters = [Reporter(node.url, account) for account in SENDERS]
            moment = time.monotonic() + chance.uniform(0.3, 2.0)
            while time.monotonic() < moment or not any(reporter.sent for reporter in reporters):
                reporters[0].thread.join(0.01)
            node.kill()
            for reporter in reporters:
                reporter.thread.join()
                sent += reporter.sent
                receipts |= reporter.receipts
                blocks |= reporter.blocks
    with NodeProcess(tmp_path, *options) as node:
        all_there(node.url)
        deadline = time.monotonic() + 20
        last = [reporter.sent[-1] for reporter in reporters if reporter.sent]
        while any(told(node.url, "eth_getTransactionReceipt", tx_hash) is None for tx_hash in last):
            assert time.monotonic() < deadline, "what waited when it was killed is never sealed"
            # Without a block time, what waits is sealed when the next transaction comes.
            ask(node.url, "eth_blockNumber")
        assert all(told(node.url, "eth_getTransactionReceipt", tx_hash) for tx_hash in sent)
        assert len(set(sent)) == len(sent) > 20
        code, err = node.end()
    assert code == 0, err
