"""Outboxes on a real node, with a clock that tests wind on: what takes minutes of patience takes no time here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headwater.chain import Account, TxRequest, connect
from headwater.chain.devnode import DevNodeBackend
from headwater.chain.jsonrpc import JsonRpc
from headwater.chain.rpc import RpcBackend
from headwater_agents.durable.database import Database
from headwater_agents.durable.outbox import Clock, OutboxBackend, OutboxConfig

GIFT = 10**15
"""What a test's transaction transfers, wei."""


class Script:
    """A monotonic clock that moves only when somebody sleeps, and does what is due at its times on the way."""

    def __init__(self) -> None:
        self.time = 0.0
        self._due: list[tuple[float, Callable[[], Any]]] = []

    def at(self, seconds: float, deed: Callable[[], Any]) -> None:
        """Do it when the clock gets there."""
        self._due.append((seconds, deed))
        self._due.sort(key=lambda pair: pair[0])

    def clock(self) -> Clock:
        return Clock(monotonic=lambda: self.time, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        until = self.time + seconds
        while self._due and self._due[0][0] <= until:
            self.time, deed = self._due.pop(0)
            deed()
        self.time = until


@dataclass
class Rig:
    """A node, an account with money on it, and outboxes for it."""

    url: str
    node: DevNodeBackend
    rpc: JsonRpc
    folder: Path
    stack: ExitStack
    account: Account = field(default_factory=lambda: Account.derive(0, 1))
    script: Script = field(default_factory=Script)
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    used: int = 0
    automines: bool = True

    def outbox(
        self, name: str = "bot", *, url: str | None = None, clock: Clock | None = None, **config: Any
    ) -> OutboxBackend:
        """An outbox over a file of that name, on the node or on what stands before it."""
        database = Database(self.folder / f"{name}.sqlite", {"address": self.account.address})
        backend = RpcBackend(JsonRpc(url or self.url, timeout=5))
        self.stack.callback(database.close)
        self.stack.callback(backend.close)
        return OutboxBackend(
            backend, self.account, database, OutboxConfig(**config), clock or self.script.clock(), self.tell
        )

    def tell(self, event: str, about: Any) -> None:
        self.told.append((event, dict(about)))

    def events(self) -> list[str]:
        return [event for event, _ in self.told]

    def again(self, name: str = "bot", **options: Any) -> OutboxBackend:
        """The outbox of a process that starts after the one before has died."""
        self.stack.close()
        return self.outbox(name, **options)

    def gift(self) -> TxRequest:
        """A transfer to somebody who has nothing."""
        self.used += 1
        return TxRequest(Account.derive(99, self.used).address, value=GIFT, gas=21_000)

    def received(self, request: TxRequest) -> int:
        """How often it was mined."""
        assert request.to is not None
        return self.node.balance(request.to) // GIFT

    def mined(self) -> int:
        return self.node.mined_count(self.account.address)

    def waiting(self) -> int:
        return self.node.nonce(self.account.address) - self.mined()

    def mine(self) -> None:
        self.node.mine()

    def automine(self, on: bool) -> None:
        self.rpc.request("evm_setAutomine", on)
        self.automines = on

    def elsewhere(self, nonce: int, request: TxRequest, *, max_fee: int = 10**11) -> str:
        """Hash of a transaction that the same key signs outside any outbox."""
        from headwater.chain import Transaction

        signed = self.account.sign_transaction(
            Transaction(self.node.chain_id, nonce, 10**9, max_fee, 21_000, request.to, request.value, request.data)
        )
        self.rpc.request("eth_sendRawTransaction", "0x" + signed.raw.hex())
        until = time.monotonic() + 10
        while self.automines and self.node.receipt(signed.tx_hash) is None:  # anvil answers before it has mined
            assert time.monotonic() < until
        return signed.tx_hash


@contextmanager
def new_rig(url: str, folder: Path, *, ready: bool = False) -> Iterator[Rig]:
    """A rig on a development node, whose mining is put right again at the end. `ready`: the account has its money."""
    node = connect(url)
    assert isinstance(node, DevNodeBackend)
    rpc = JsonRpc(url)
    with ExitStack() as stack:
        rig = Rig(url, node, rpc, folder, stack)
        if not ready:
            node.fund(rig.account.address, 10**21)
        try:
            yield rig
        finally:
            rpc.request("anvil_dropAllTransactions")
            rig.automine(True)
    rpc.close()
    node.close()
