"""A chain inside this process: eth-tester's py-evm chain, driven block by block.

The EVM, the gas, the state tries and the block rules are py-evm's own. What is left out is the way there:
JSON-RPC dictionaries, gas estimation, and validating our own blocks twice. One transaction makes one block, one
second after the last, whatever the wall clock says; `block()` puts several into one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from eth.constants import GENESIS_PARENT_HASH, ZERO_ADDRESS
from eth.exceptions import OutOfGas as EvmOutOfGas
from eth.exceptions import Revert as EvmRevert
from eth_tester.backends.pyevm.main import PyEVMBackend
from eth_utils.exceptions import ValidationError

from headwater.chain.accounts import Account
from headwater.chain.backend import DEFAULT_GAS, Log, Receipt, Topic, TxRequest
from headwater.chain.errors import ArgumentError, Reverted, TransactionRejected, reverted
from headwater.chain.genesis import (
    BLOCK_GAS_LIMIT,
    CHAIN_ID,
    GENESIS_TIME,
    balances,
)
from headwater.chain.local import LocalChain
from headwater.chain.logs import matches
from headwater.chain.transaction import SignedTransaction, Transaction, address_bytes, checksum


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a snapshot goes back to."""

    blocks: int
    logs: int
    timestamp: int


class EmbeddedBackend(LocalChain):
    """The embedded chain. Deterministic: the same calls give the same hashes, addresses and timestamps.

    Prague rules; genesis at `genesis_time` (seconds); every block limit BLOCK_GAS_LIMIT. `seed` chooses the
    development accounts. Implements `Backend` and `LocalControl`. Not thread-safe.
    """

    name: Final = "tester"

    def __init__(self, *, seed: int = 0, chain_id: int = CHAIN_ID, genesis_time: int = GENESIS_TIME) -> None:
        self.chain_id: Final = chain_id
        super().__init__(seed)
        pyevm = PyEVMBackend(
            genesis_parameters=PyEVMBackend.generate_genesis_params(
                {"timestamp": genesis_time, "gas_limit": BLOCK_GAS_LIMIT}
            ),
            genesis_state={
                address_bytes(address): {"balance": wei, "nonce": 0, "code": b"", "storage": {}}
                for address, wei in balances(seed).items()
            },
        )
        self._chain: Any = pyevm.chain
        self._chain.chain_id = chain_id
        self._headers: list[Any] = [self._chain.get_canonical_block_header_by_number(0)]
        self._receipts: dict[str, Receipt] = {}
        self._failures: dict[str, Reverted] = {}
        self._logs: list[Log] = []
        self._snapshots: dict[str, _Mark] = {}
        self._next_snapshot = 0
        # The pending block, as far as it goes.
        self._header: Any
        self._vm: Any
        self._transactions: list[Any]
        self._evm_receipts: list[Any]
        self._pending_logs: int
        self._open()

    # Backend

    def now(self) -> int:
        """Timestamp of the pending block, in seconds: exactly what the next transaction sees."""
        return int(self._header.timestamp)

    def block_number(self) -> int:
        """Number of the latest sealed block."""
        return len(self._headers) - 1

    def block_time(self, block: int) -> int:
        """Timestamp of a sealed block."""
        if not 0 <= block < len(self._headers):
            raise ArgumentError(f"there is no block {block}; the latest is {len(self._headers) - 1}")
        return int(self._headers[block].timestamp)

    def call(self, to: str, data: bytes, sender: str | None = None, block: int | None = None) -> bytes:
        """Run on the pending block (transactions of an open `block()` included), or as block `block` left the state."""
        if block is None:
            vm = self._vm
        elif 0 <= block < len(self._headers):
            vm = self._chain.get_vm(self._headers[block])
        else:
            raise ArgumentError(f"there is no block {block}; the latest is {self.block_number()}")
        state, target = vm.state, address_bytes(to)
        caller = address_bytes(sender) if sender else ZERO_ADDRESS
        snapshot = state.snapshot()
        try:
            computation = vm.execute_bytecode(
                origin=caller,
                gas_price=0,
                gas=BLOCK_GAS_LIMIT,
                to=target,
                sender=caller,
                value=0,
                data=data,
                code=state.get_code(target),
            )
        finally:
            state.revert(snapshot)
            state.clear_transient_storage()
        if computation.is_error:
            raise _failure(computation, f"call to {to}")
        return bytes(computation.output)

    def prepare(self, request: TxRequest, account: Account) -> SignedTransaction:
        """Sign with the account's next nonce; the fee is the pending base fee, no tip."""
        fee = int(self._header.base_fee_per_gas)
        transaction = Transaction(
            chain_id=self.chain_id,
            nonce=self.nonce(account.address),
            max_priority_fee=0,
            max_fee=2 * fee,
            gas=DEFAULT_GAS if request.gas is None else request.gas,
            to=request.to,
            value=request.value,
            data=request.data,
        )
        return account.sign_transaction(transaction)

    def submit(self, signed: SignedTransaction) -> Receipt:
        """Apply to the pending block and, unless a `block()` is open, seal it.

        A transaction that is already on the chain is not run again: its receipt comes back, or its failure.
        """
        if signed.tx_hash in self._receipts:
            return self._checked(signed.tx_hash)
        vm, header = self._vm, self._header
        try:
            transaction = vm.get_transaction_builder().decode(signed.raw)
            _require_valid(transaction, self.chain_id)
            evm_receipt, computation = vm.apply_transaction(header, transaction)
        except ValidationError as error:
            raise TransactionRejected(f"transaction {signed.tx_hash} was refused: {error}") from error
        new_header = vm.add_receipt_to_header(header, evm_receipt)
        logs = self._record_logs(evm_receipt.logs, signed.tx_hash)
        to = signed.transaction.to
        failed = computation.is_error
        receipt = Receipt(
            tx_hash=signed.tx_hash,
            status=0 if failed else 1,
            gas_used=new_header.gas_used - header.gas_used,
            block_number=int(header.block_number),
            timestamp=int(header.timestamp),
            contract_address=None if to is not None else checksum(bytes(computation.msg.storage_address)),
            logs=logs,
        )
        self._receipts[signed.tx_hash] = receipt
        if failed:
            self._failures[signed.tx_hash] = _failure(computation, f"transaction to {to or 'a new contract'}", receipt)
        self._header = new_header
        self._transactions.append(transaction)
        self._evm_receipts.append(evm_receipt)
        if not self._batching:
            self._seal()
        return self._checked(signed.tx_hash)

    def send(self, request: TxRequest, account: Account) -> Receipt:
        """Sign, run, seal, check."""
        return self.submit(self.prepare(request, account))

    def receipt(self, tx_hash: str) -> Receipt | None:
        """Receipt of a transaction, whatever its status; None if it is not on the chain."""
        return self._receipts.get(tx_hash)

    def get_logs(
        self,
        address: str | Sequence[str] | None = None,
        topics: Sequence[Topic] = (),
        from_block: int = 0,
        to_block: int | None = None,
    ) -> list[Log]:
        """Logs in chain order, both blocks included; those of an open `block()` are there as soon as they happen."""
        logs = self._logs
        first = bisect_left(logs, from_block, key=lambda log: log.block_number)
        last = len(logs) if to_block is None else bisect_left(logs, to_block + 1, key=lambda log: log.block_number)
        if address is None and not topics:
            return logs[first:last]
        test = matches(address, topics)
        return [log for log in logs[first:last] if test(log)]

    def balance(self, address: str) -> int:
        """Balance in wei, on the pending block."""
        return int(self._vm.state.get_balance(address_bytes(address)))

    def code_at(self, address: str) -> bytes:
        """Deployed code; empty if there is none."""
        return bytes(self._vm.state.get_code(address_bytes(address)))

    def nonce(self, address: str) -> int:
        """Number of transactions the address has sent, those of an open `block()` included."""
        return int(self._vm.state.get_nonce(address_bytes(address)))

    # LocalControl

    def time_travel(self, timestamp: int) -> None:
        """Let the next transaction, and calls from now on, see `timestamp` (seconds)."""
        self._not_batching("move the clock")
        if timestamp < self.now():
            raise ArgumentError(f"time runs forward: {timestamp} lies before {self.now()}")
        self._open(timestamp)

    def snapshot(self) -> str:
        """Remember the chain, its pending timestamp included."""
        self._not_batching("take a snapshot")
        self._next_snapshot += 1
        name = f"0x{self._next_snapshot:x}"
        self._snapshots[name] = _Mark(len(self._headers), len(self._logs), self.now())
        return name

    def revert(self, snapshot: str) -> None:
        """Go back to a snapshot. It and all later ones are spent; ArgumentError if it is unknown or spent."""
        self._not_batching("go back to a snapshot")
        mark = self._snapshots.get(snapshot)
        if mark is None:
            raise ArgumentError(f"snapshot {snapshot!r} is unknown or spent")
        self._snapshots = {name: m for name, m in self._snapshots.items() if int(name, 16) < int(snapshot, 16)}
        del self._headers[mark.blocks :]
        del self._logs[mark.logs :]
        kept = {tx: receipt for tx, receipt in self._receipts.items() if receipt.block_number < mark.blocks}
        self._receipts = kept
        self._failures = {tx: failure for tx, failure in self._failures.items() if tx in kept}
        chaindb = self._chain.chaindb
        chaindb._set_as_canonical_chain_head(chaindb.db, self._headers[-1], GENESIS_PARENT_HASH)
        self._open(mark.timestamp)

    # What only chains in this process can do

    def storage(self, address: str, slot: int) -> int:
        """One word of a contract's storage."""
        return int(self._vm.state.get_storage(address_bytes(address), slot))

    def set_storage(self, address: str, slot: int, value: int) -> None:
        """Write one word of a contract's storage, as no transaction did: for states that take too long to reach.

        It stands until the next block is sealed, and only if that block has a transaction.
        """
        self._vm.state.set_storage(address_bytes(address), slot, value)

    # Blocks

    def _open(self, timestamp: int | None = None) -> None:
        """Start the pending block on top of the latest one."""
        parent = self._headers[-1]
        self._header = self._chain.create_header_from_parent(
            parent, timestamp=parent.timestamp + 1 if timestamp is None else timestamp
        )
        self._chain.header = self._header
        self._vm = self._chain.get_vm(self._header)
        self._transactions = []
        self._evm_receipts = []
        self._pending_logs = 0

    def _pending(self) -> int:
        return len(self._transactions)

    def _seal(self) -> None:
        """Finish the pending block: roots, header, validation by py-evm's rules, and store it."""
        vm = self._vm
        block = vm.set_block_transactions_and_withdrawals(
            vm.get_block(), self._header, tuple(self._transactions), tuple(self._evm_receipts)
        )
        mined = vm.mine_block(block).block
        self._chain.chaindb.persist_block(mined)
        self._headers.append(mined.header)
        self._open()

    def _record_logs(self, evm_logs: Sequence[Any], tx_hash: str) -> tuple[Log, ...]:
        number, first = int(self._header.block_number), self._pending_logs
        logs = tuple(
            Log(
                address=checksum(bytes(log.address)),
                topics=tuple(topic.to_bytes(32, "big") for topic in log.topics),
                data=bytes(log.data),
                block_number=number,
                log_index=first + index,
                tx_hash=tx_hash,
            )
            for index, log in enumerate(evm_logs)
        )
        self._pending_logs += len(logs)
        self._logs.extend(logs)
        return logs

    def _checked(self, tx_hash: str) -> Receipt:
        if tx_hash in self._failures:
            raise self._failures[tx_hash]
        return self._receipts[tx_hash]


def _require_valid(transaction: Any, chain_id: int) -> None:
    """Make up for what py-evm leaves to others, or notices only after it has charged the sender.

    A transaction is for this chain, and its gas limit covers what it costs before it runs: intrinsic gas, and the
    calldata floor of EIP-7623, 10 gas a token, a zero byte being one token and any other byte four.
    """
    if transaction.chain_id != chain_id:
        raise ValidationError(f"it is signed for chain {transaction.chain_id}, this is chain {chain_id}")
    zeros = transaction.data.count(0)
    tokens = zeros + 4 * (len(transaction.data) - zeros)
    least = max(transaction.intrinsic_gas, 21_000 + 10 * tokens)
    if transaction.gas < least:
        raise ValidationError(f"gas limit {transaction.gas} is below the {least} that its data alone costs")


def _failure(computation: Any, context: str, receipt: Receipt | None = None) -> Reverted:
    """The exception for a py-evm computation that failed: only REVERT carries data."""
    error = computation.error
    data = bytes(computation.output) if isinstance(error, EvmRevert) else b""
    return reverted(data, context=context, receipt=receipt, out_of_gas=isinstance(error, EvmOutOfGas))
