"""The fast chain as a node serves it: headers of our making, gas that nobody pays, no state trie.

Its headers carry real roots of transactions and receipts; the state root is zero, for revm keeps no trie. Old state
is replayed on a second engine when somebody asks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from eth_hash.auto import keccak

from headwater.chain import Receipt, Reverted, TransactionRejected
from headwater.chain.backend import Log
from headwater.chain.genesis import BLOCK_GAS_LIMIT
from headwater.chain.revm import RevmBackend
from headwater.chain.revm_engine import Engine
from headwater.chain.revm_history import Poke
from headwater_deploy.node.chain import Call, Outcome, least_gas
from headwater_deploy.node.decode import Decoded, floor_gas, intrinsic_gas
from headwater_deploy.node.header import EMPTY_ROOT, Header, bloom_of, encode_header, encode_receipt, root_of

_NO_STATE: Final = bytes(32)


class ServedRevm(RevmBackend):
    """revm for a node. Implements `ServedChain`."""

    kind: Final = "revm"

    def __init__(self, *, seed: int, chain_id: int, genesis_time: int) -> None:
        super().__init__(seed=seed, chain_id=chain_id, genesis_time=genesis_time)
        self._applied: list[Decoded] = []
        self._headers = [self._made(bytes(32), 0, genesis_time, [])]

    def header(self, number: int) -> Header:
        """Header of a sealed block."""
        return self._headers[number]

    def base_fee(self) -> int:
        """Always zero."""
        return 0

    def gas_left(self) -> int:
        """Gas that the open block can still take."""
        return BLOCK_GAS_LIMIT - self._block_gas

    def apply(self, transaction: Decoded) -> Receipt:
        """Put a transaction into the open block. Raises TransactionRejected."""
        try:
            receipt: Receipt = self.submit(transaction.signed())
        except Reverted:
            found = self.receipt(transaction.tx_hash)
            assert found is not None  # noqa: S101 - it failed on the chain, so it is there
            receipt = found
        self._applied.append(transaction)
        return receipt

    def run(self, call: Call, at: int | None) -> bytes:
        """What a call gives back. Raises Reverted, TransactionRejected."""
        gas, nonce = max(call.gas, _least(call)), self.nonce(call.sender)
        return self._engine_at(at).attempt(call.sender, nonce, call.to, call.data, call.value, gas)[0]

    def again(self, number: int, transactions: Sequence[Decoded]) -> Outcome:
        """How the last of a sealed block's first transactions went: failures are kept."""
        place = self._upto(number - 1) + len(transactions) - 1
        sent = self._sent[place]
        if sent.failure is not None:
            data, out_of_gas = sent.failure
            return Outcome(data, "out of gas" if out_of_gas else "execution reverted")
        engine = self._history.at(self._sent, self._pokes, place)
        engine.at(sent.block, sent.timestamp)
        return Outcome(engine.attempt(sent.sender, sent.nonce, sent.to, sent.data, sent.value, sent.gas)[0], None)

    def estimate(self, call: Call) -> int:
        """Gas that a transaction needs. Raises Reverted, TransactionRejected."""
        engine, nonce, least = self._engine_at(None), self.nonce(call.sender), _least(call)

        def attempt(gas: int) -> int:
            return engine.attempt(call.sender, nonce, call.to, call.data, call.value, gas)[1]

        def enough(gas: int) -> bool:
            try:
                attempt(gas)
            except (Reverted, TransactionRejected):
                return False
            return True

        if call.gas < least:
            raise TransactionRejected(f"gas required exceeds allowance ({call.gas})")
        used = attempt(call.gas)
        return least if used <= least and enough(least) else least_gas(least - 1, call.gas, used, enough)

    def balance_at(self, address: str, at: int | None) -> int:
        """Wei."""
        return int(self._engine_at(at).evm.get_balance(address))

    def nonce_at(self, address: str, at: int | None) -> int:
        """Transactions sent. Contracts' are not counted by this chain."""
        if at is None:
            return self.nonce(address)
        return sum(sent.sender == address for sent in self._sent[: self._upto(at)])

    def code_of(self, address: str, at: int | None) -> bytes:
        """Deployed code."""
        return self._engine_at(at).code_at(address)

    def storage_at(self, address: str, slot: int, at: int | None) -> int:
        """A word of storage."""
        return int(self._engine_at(at).evm.storage(address, slot))

    def time_back(self, timestamp: int) -> None:
        """Let the block to come have an earlier timestamp."""
        self._pending_time = timestamp

    def forget(self, snapshot: str) -> None:
        """Let go of a snapshot."""
        self._snapshots.pop(snapshot, None)

    def revert(self, snapshot: str) -> None:
        """Go back, headers included."""
        super().revert(snapshot)
        del self._headers[len(self._times) :]

    def set_balance(self, address: str, wei: int) -> None:
        """Give an account this balance, in a block of its own."""
        before = int(self._engine.evm.get_balance(address))
        self._pokes.append(Poke(len(self._sent), self._engine.checkpoint(), address, None, before, wei))
        self._engine.evm.set_balance(address, wei)
        self._seal()

    def _seal(self) -> None:
        number, timestamp, applied = len(self._times), self._pending_time, self._applied
        self._applied = []
        super()._seal()
        self._headers.append(self._made(self._headers[-1].hash, number, timestamp, applied))

    def _made(self, parent: bytes, number: int, timestamp: int, applied: list[Decoded]) -> Header:
        receipts: list[bytes] = []
        logs: list[Log] = []
        gas = 0
        for transaction in applied:
            receipt = self.receipt(transaction.tx_hash)
            assert receipt is not None  # noqa: S101 - it was just applied
            gas += receipt.gas_used
            logs += receipt.logs
            receipts.append(encode_receipt(transaction.kind, receipt.status, gas, receipt.logs))
        roots = root_of([transaction.raw for transaction in applied]), root_of(receipts)
        bloom = bloom_of(logs)
        raw = encode_header(parent, number, timestamp, gas, 0, _NO_STATE, *roots, bloom, EMPTY_ROOT, BLOCK_GAS_LIMIT)
        return Header(keccak(raw), parent, number, timestamp, gas, 0, _NO_STATE, *roots, bloom)

    def _upto(self, block: int) -> int:
        return bisect_left(self._sent, block + 1, key=lambda sent: sent.block)

    def _engine_at(self, at: int | None) -> Engine:
        latest = len(self._times) - 1
        if at is None or (at == latest and not self._pending()):
            engine = self._engine
            number, timestamp = (latest + 1, self._pending_time) if at is None else (at, self._times[at])
        else:
            engine = self._history.at(self._sent, self._pokes, self._upto(at))
            number, timestamp = at, self._times[at]
        engine.at(number, timestamp)
        return engine


def _least(call: Call) -> int:
    """Gas that a call costs before it runs."""
    return max(intrinsic_gas(call.data, create=call.to is None), floor_gas(call.data))
