"""The fast chain inside this process: revm, the EVM of reth, by way of pyrevm.

It answers as the embedded chain does (`headwater.chain.tester`): the same accounts, addresses, times, outputs, logs
and reasons, one transaction a block unless a `block()` is open. Three things differ:

- Gas costs nothing, and is counted by pyrevm, which takes everything to be one transaction: what an earlier
  transaction has touched is warm. Gas figures of this project are the embedded chain's.
- `send` does not sign: the sender is taken at its word, and the hash is a digest of what was sent. `prepare` signs,
  and `submit` trusts the signed transaction's own account of itself.
- `call` on an old block replays the chain up to it on a second engine; nothing is kept for it but what was sent.

Why pyrevm 0.3.7 and not simular-evm 0.3.0, tried side by side: both run an ERC-20 transfer in about 10 µs. simular's
gas is exact, as it runs real transactions. But it calls through an ABI with arguments as text, names no sender in
calls, gives events as a dictionary by name (which loses repeated ones and their order), gives no revert data, and its
snapshot is the whole state as JSON.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from headwater.chain.accounts import Account
from headwater.chain.backend import DEFAULT_GAS, Log, Topic, TxRequest
from headwater.chain.errors import ArgumentError, TransactionRejected, reverted
from headwater.chain.genesis import (
    BLOCK_GAS_LIMIT,
    CHAIN_ID,
    GENESIS_TIME,
    balances,
)
from headwater.chain.local import LocalChain
from headwater.chain.logs import matches
from headwater.chain.revm_engine import Engine
from headwater.chain.revm_history import History, Poke
from headwater.chain.revm_receipt import RevmReceipt, Sent
from headwater.chain.transaction import SignedTransaction, Transaction, checksum

_NOBODY: Final = "0x" + "00" * 20
_FLOOR_PER_TOKEN: Final = 10


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a snapshot goes back to."""

    checkpoint: Any
    blocks: int
    sent: int
    pokes: int
    timestamp: int


class RevmBackend(LocalChain):
    """The revm chain. Deterministic: the same calls give the same hashes, addresses and timestamps.

    Prague rules; genesis at `genesis_time` (seconds); every block limit BLOCK_GAS_LIMIT; base fee 0. `seed` chooses
    the development accounts. Implements `Backend` and `LocalControl`. Not thread-safe.
    """

    name: Final = "revm"

    def __init__(self, *, seed: int = 0, chain_id: int = CHAIN_ID, genesis_time: int = GENESIS_TIME) -> None:
        self.chain_id: Final = chain_id
        super().__init__(seed)
        held = balances(seed)
        self._engine = Engine(chain_id, held)
        self._history = History(chain_id, held)
        self._times = [genesis_time]
        self._sent: list[Sent] = []
        self._pokes: list[Poke] = []
        self._nonces: dict[str, int] = {}
        self._by_hash: dict[str, Sent] = {}
        self._hashed = 0
        self._snapshots: dict[str, _Mark] = {}
        self._next_snapshot = 0
        # The pending block, as far as it goes.
        self._pending_time = genesis_time + 1
        self._block_start = 0
        self._block_gas = 0
        self._block_logs = 0

    # Backend

    def now(self) -> int:
        """Timestamp of the pending block, in seconds: exactly what the next transaction sees."""
        return self._pending_time

    def block_number(self) -> int:
        """Number of the latest sealed block."""
        return len(self._times) - 1

    def block_time(self, block: int) -> int:
        """Timestamp of a sealed block."""
        if not 0 <= block < len(self._times):
            raise ArgumentError(f"there is no block {block}; the latest is {len(self._times) - 1}")
        return self._times[block]

    def call(self, to: str, data: bytes, sender: str | None = None, block: int | None = None) -> bytes:
        """Run on the pending block (transactions of an open `block()` included), or as block `block` left the state."""
        caller = _NOBODY if sender is None else sender
        if block is None:
            self._engine.at(len(self._times), self._pending_time)
            return self._engine.call(caller, to, data)
        timestamp = self.block_time(block)
        if block == len(self._times) - 1 and not self._pending() and not self._pokes:
            engine = self._engine
        else:
            upto = bisect_left(self._sent, block + 1, key=lambda sent: sent.block)
            engine = self._history.at(self._sent, self._pokes, upto)
        engine.at(block, timestamp)
        return engine.call(caller, to, data)

    def prepare(self, request: TxRequest, account: Account) -> SignedTransaction:
        """Sign with the account's next nonce; all fees are zero."""
        return account.sign_transaction(
            Transaction(
                chain_id=self.chain_id,
                nonce=self.nonce(account.address),
                max_priority_fee=0,
                max_fee=0,
                gas=DEFAULT_GAS if request.gas is None else request.gas,
                to=request.to,
                value=request.value,
                data=request.data,
            )
        )

    def submit(self, signed: SignedTransaction) -> RevmReceipt:
        """Apply to the pending block and, unless a `block()` is open, seal it.

        A transaction that is already on the chain is not run again: its receipt comes back, or its failure.
        """
        if (known := self._find(signed.tx_hash)) is not None:
            return _checked(known)
        said, nonce = signed.transaction, self.nonce(signed.sender)
        if said.chain_id != self.chain_id or said.nonce != nonce:
            raise TransactionRejected(
                f"transaction {signed.tx_hash} is number {said.nonce} on chain {said.chain_id}; "
                f"the next one of {signed.sender} is number {nonce} on chain {self.chain_id}"
            )
        return self._run(signed.sender, said.to, said.data, said.value, said.gas, signed.tx_hash)

    def send(self, request: TxRequest, account: Account) -> RevmReceipt:
        """Run, seal, check; without a signature."""
        gas = request.gas
        return self._run(
            account.address, request.to, request.data, request.value, DEFAULT_GAS if gas is None else gas, None
        )

    def receipt(self, tx_hash: str) -> RevmReceipt | None:
        """Receipt of a transaction, whatever its status; None if it is not on the chain."""
        found = self._find(tx_hash)
        return None if found is None else RevmReceipt(found)

    def get_logs(
        self,
        address: str | Sequence[str] | None = None,
        topics: Sequence[Topic] = (),
        from_block: int = 0,
        to_block: int | None = None,
    ) -> list[Log]:
        """Logs in chain order, both blocks included; those of an open `block()` are there as soon as they happen."""
        first = bisect_left(self._sent, from_block, key=lambda sent: sent.block)
        last = None if to_block is None else bisect_left(self._sent, to_block + 1, key=lambda sent: sent.block)
        wanted = (
            None if address is None else {checksum(a) for a in ([address] if isinstance(address, str) else address)}
        )
        test = matches(None, topics)
        return [log for sent in self._sent[first:last] for log in sent.logs(wanted) if test(log)]

    def balance(self, address: str) -> int:
        """Balance in wei, on the pending block."""
        return int(self._engine.evm.get_balance(checksum(address)))

    def code_at(self, address: str) -> bytes:
        """Deployed code; empty if there is none."""
        return self._engine.code_at(checksum(address))

    def nonce(self, address: str) -> int:
        """Number of transactions the address has sent, those of an open `block()` included."""
        known = self._nonces.get(checksum(address))
        return int(self._engine.evm.basic(address).nonce) if known is None else known

    # LocalControl

    def time_travel(self, timestamp: int) -> None:
        """Let the next transaction, and calls from now on, see `timestamp` (seconds)."""
        self._not_batching("move the clock")
        if timestamp < self._pending_time:
            raise ArgumentError(f"time runs forward: {timestamp} lies before {self._pending_time}")
        self._pending_time = timestamp

    def snapshot(self) -> str:
        """Remember the chain, its pending timestamp included."""
        self._not_batching("take a snapshot")
        self._next_snapshot += 1
        name = f"0x{self._next_snapshot:x}"
        self._snapshots[name] = _Mark(
            self._engine.checkpoint(), len(self._times), len(self._sent), len(self._pokes), self._pending_time
        )
        return name

    def revert(self, snapshot: str) -> None:
        """Go back to a snapshot. It and all later ones are spent; ArgumentError if it is unknown or spent."""
        self._not_batching("go back to a snapshot")
        mark = self._snapshots.get(snapshot)
        if mark is None:
            raise ArgumentError(f"snapshot {snapshot!r} is unknown or spent")
        self._snapshots = {name: m for name, m in self._snapshots.items() if int(name, 16) < int(snapshot, 16)}
        for poke in reversed(self._pokes[mark.pokes :]):
            self._engine.revert(poke.checkpoint)
            poke.write(self._engine, poke.before)
        self._engine.revert(mark.checkpoint)
        for sent in reversed(self._sent[mark.sent :]):
            self._nonces[sent.sender] = sent.nonce
        for sent in self._sent[mark.sent : self._hashed]:
            self._by_hash.pop(sent.tx_hash, None)
        del self._sent[mark.sent :]
        del self._pokes[mark.pokes :]
        del self._times[mark.blocks :]
        self._hashed = min(self._hashed, mark.sent)
        self._history.forget(mark.sent, mark.pokes)
        self._pending_time = mark.timestamp
        self._block_start = mark.sent

    # What only chains in this process can do

    def storage(self, address: str, slot: int) -> int:
        """One word of a contract's storage."""
        return int(self._engine.evm.storage(address, slot))

    def transactions(self) -> Sequence[Sent]:
        """Everything that was sent, in order."""
        return self._sent

    def replayed(self, count: int) -> Engine:
        """An engine of its own, as the first `count` transactions leave it."""
        return History(self.chain_id, balances(self._seed)).at(self._sent, self._pokes, count)

    def words(self) -> dict[str, dict[int, int]]:
        """Every word of storage that is not zero, by address and slot."""
        return self._engine.words()

    def set_storage(self, address: str, slot: int, value: int) -> None:
        """Write one word of a contract's storage, as no transaction did: for states that take too long to reach."""
        self._pokes.append(
            Poke(len(self._sent), self._engine.checkpoint(), address, slot, self.storage(address, slot), value)
        )
        self._engine.evm.insert_account_storage(address, slot, value)

    # Blocks

    def _run(self, sender: str, to: str | None, data: bytes, value: int, gas: int, tx_hash: str | None) -> RevmReceipt:
        if gas != DEFAULT_GAS or self._batching or len(data) > 100_000:
            _require_gas(data, gas, BLOCK_GAS_LIMIT - self._block_gas)
        nonce = self._nonces.get(sender)
        if nonce is None:
            nonce = self.nonce(sender)
        block = len(self._times)
        timestamp = self._pending_time
        sent = Sent(self.chain_id, sender, nonce, to, data, value, gas, block, timestamp, self._block_logs, tx_hash)
        sent.run(self._engine)
        self._nonces[sender] = nonce + 1
        self._sent.append(sent)
        if self._batching:
            self._block_gas += sent.result.gas_used
            self._block_logs += len(sent.raw_logs())
        else:
            self._seal()
        return _checked(sent)

    def _pending(self) -> int:
        return len(self._sent) - self._block_start

    def _seal(self) -> None:
        self._times.append(self._pending_time)
        self._pending_time += 1
        self._block_start = len(self._sent)
        self._block_gas = self._block_logs = 0

    def _find(self, tx_hash: str) -> Sent | None:
        """What has this hash. Hashes are made when the first is looked for, not when a transaction is sent."""
        for sent in self._sent[self._hashed :]:
            self._by_hash[sent.tx_hash] = sent
        self._hashed = len(self._sent)
        return self._by_hash.get(tx_hash)


def _checked(sent: Sent) -> RevmReceipt:
    """Its receipt. Raises Reverted if it failed."""
    receipt = RevmReceipt(sent)
    if sent.failure is not None:
        data, out_of_gas = sent.failure
        context = f"transaction to {sent.to or 'a new contract'}"
        raise reverted(data, context=context, receipt=receipt, out_of_gas=out_of_gas)
    return receipt


def _require_gas(data: bytes, gas: int, left: int) -> None:
    """A gas limit fits the block, and covers the calldata floor of EIP-7623: 10 a token, a zero byte being one token
    and any other byte four. What else it has to cover before it runs, the engine checks. Raises TransactionRejected.
    """
    if gas > left:
        raise TransactionRejected(f"gas limit {gas} is more than the {left} that the block has left")
    zeros = data.count(0)
    least = 21_000 + _FLOOR_PER_TOKEN * (zeros + 4 * (len(data) - zeros))
    if gas < least:
        raise TransactionRejected(f"gas limit {gas} is below the {least} that its data alone costs")
