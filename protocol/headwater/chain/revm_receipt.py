"""Receipts of the revm chain: they keep what went in and what the engine said, and read it when somebody asks."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterator
from typing import Any, Final

from headwater.chain.backend import Log, Receipt
from headwater.chain.revm_engine import Engine, Failure
from headwater.chain.transaction import address_bytes, checksum, create_address

_set: Final = object.__setattr__


class Sent:
    """A transaction as it was sent and as it went: all that the chain remembers of it.

    A transaction that was submitted signed has the hash of its signed bytes. One that was sent without a signature
    has the BLAKE2b-256 digest of what it said, sender and nonce included: unique on its chain, and the same whenever
    the same is sent again after going back.
    """

    __slots__ = (
        "_hash",
        "block",
        "chain_id",
        "data",
        "failure",
        "first_log",
        "gas",
        "nonce",
        "result",
        "sender",
        "timestamp",
        "to",
        "value",
    )

    def __init__(
        self,
        chain_id: int,
        sender: str,
        nonce: int,
        to: str | None,
        data: bytes,
        value: int,
        gas: int,
        block: int,
        timestamp: int,
        first_log: int,
        tx_hash: str | None,
    ) -> None:
        """`first_log` is the number of logs before it in its block; `tx_hash` None stands for the digest."""
        self.chain_id = chain_id
        self.sender = sender
        self.nonce = nonce
        self.to = to
        self.data = data
        self.value = value
        self.gas = gas
        self.block = block
        self.timestamp = timestamp
        self.first_log = first_log
        self._hash = tx_hash
        self.failure: Failure | None = None
        self.result: Any = None

    def run(self, engine: Engine) -> None:
        """Run on an engine, in its own block. Raises TransactionRejected."""
        engine.at(self.block, self.timestamp)
        if self.to is None:
            self.failure = engine.create(self.sender, self.nonce, self.data, self.value, self.gas)
        else:
            self.failure = engine.transact(self.sender, self.to, self.data, self.value, self.gas)
        self.result = engine.evm.result

    @property
    def tx_hash(self) -> str:
        """0x-prefixed hash, made when first asked for."""
        if self._hash is None:
            to = b"" if self.to is None else address_bytes(self.to)
            head = b"".join(
                number.to_bytes(32, "big") for number in (self.chain_id, self.nonce, self.value, self.gas, len(to))
            )
            said = head + address_bytes(self.sender) + to + self.data
            self._hash = "0x" + hashlib.blake2b(said, digest_size=32).hexdigest()
        return self._hash

    def raw_logs(self) -> list[Any]:
        """pyrevm's logs; none if it failed."""
        return [] if self.failure is not None else list(self.result.logs)

    def logs(self, addresses: Container[str] | None = None) -> Iterator[Log]:
        """Its logs, in order; of these contracts only, if any are named."""
        for index, raw in enumerate(self.raw_logs(), self.first_log):
            address = checksum(raw.address)
            if addresses is None or address in addresses:
                topics, data = raw.data
                yield Log(address, tuple(topics), data, self.block, index, self.tx_hash)


class RevmReceipt(Receipt):
    """The receipt of what was sent."""

    __slots__ = ("_sent",)

    _sent: Sent

    def __init__(self, sent: Sent) -> None:
        _set(self, "_sent", sent)
        _set(self, "_reader", None)

    @property
    def tx_hash(self) -> str:
        """0x-prefixed hash."""
        return self._sent.tx_hash

    @property
    def status(self) -> int:
        """1, or 0 if it failed."""
        return 0 if self._sent.failure is not None else 1

    @property
    def gas_used(self) -> int:
        """Gas by pyrevm's count."""
        return int(self._sent.result.gas_used)

    @property
    def block_number(self) -> int:
        """Block it is in."""
        return self._sent.block

    @property
    def timestamp(self) -> int:
        """Time of that block, seconds."""
        return self._sent.timestamp

    @property
    def contract_address(self) -> str | None:
        """What it deployed; None if it was a call."""
        return create_address(self._sent.sender, self._sent.nonce) if self._sent.to is None else None

    @property
    def logs(self) -> tuple[Log, ...]:
        """Its logs, in order."""
        return tuple(self._sent.logs())
