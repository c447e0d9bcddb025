"""The embedded chain as a node serves it: py-evm's own headers, exact gas, and every old state still there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from eth.exceptions import OutOfGas as EvmOutOfGas
from eth.exceptions import Revert as EvmRevert
from eth.vm.spoof import SpoofTransaction
from eth_utils.exceptions import ValidationError

from headwater.chain import Receipt, Reverted, TransactionRejected
from headwater.chain.errors import reverted
from headwater.chain.tester import EmbeddedBackend
from headwater.chain.transaction import address_bytes
from headwater_deploy.node.chain import Call, Outcome, least_gas
from headwater_deploy.node.decode import Decoded, floor_gas, intrinsic_gas
from headwater_deploy.node.header import Header


class ServedTester(EmbeddedBackend):
    """py-evm for a node. Implements `ServedChain`."""

    kind: Final = "tester"

    def header(self, number: int) -> Header:
        """Header of a sealed block."""
        found = self._headers[number]
        return Header(
            hash=found.hash,
            parent=found.parent_hash,
            number=number,
            timestamp=found.timestamp,
            gas_used=found.gas_used,
            base_fee=found.base_fee_per_gas,
            state_root=found.state_root,
            transactions_root=found.transaction_root,
            receipts_root=found.receipt_root,
            bloom=found.bloom,
            beacon_root=found.parent_beacon_block_root,
            gas_limit=found.gas_limit,
        )

    def base_fee(self) -> int:
        """Wei per gas in the block to come."""
        return int(self._header.base_fee_per_gas)

    def gas_left(self) -> int:
        """Gas that the open block can still take."""
        return int(self._header.gas_limit - self._header.gas_used)

    def apply(self, transaction: Decoded) -> Receipt:
        """Put a transaction into the open block. Raises TransactionRejected."""
        return self.submit(transaction.signed())

    def run(self, call: Call, at: int | None) -> bytes:
        """What a call gives back. Raises Reverted, TransactionRejected."""
        vm = self._vm_at(at)
        computation = _attempt(vm, call, max(call.gas, _least(call)))
        if computation.is_error:
            raise _failure(computation)
        return bytes(computation.output)

    def again(self, number: int, transactions: Sequence[Decoded]) -> Outcome:
        """How the last of a sealed block's first transactions went."""
        header = self._headers[number].copy(state_root=self._headers[number - 1].state_root, gas_used=0)
        vm = self._chain.get_vm(header)
        for transaction in transactions:
            _, computation = vm.apply_transaction(header, vm.get_transaction_builder().decode(transaction.raw))
        error = computation.error if computation.is_error else None
        if error is None or isinstance(error, EvmRevert):
            return Outcome(bytes(computation.output), None if error is None else "execution reverted")
        return Outcome(b"", "out of gas" if isinstance(error, EvmOutOfGas) else f"{type(error).__name__}: {error}")

    def estimate(self, call: Call) -> int:
        """Gas that a transaction needs. Raises Reverted, TransactionRejected."""
        vm, least = self._vm, _least(call)
        if call.gas < least:
            raise TransactionRejected(f"gas required exceeds allowance ({call.gas})")
        if call.to is not None and not call.data and not vm.state.get_code(address_bytes(call.to)):
            least = 21_000 if call.gas >= 21_000 else least
        first = _attempt(vm, call, call.gas)
        if first.is_error:
            if isinstance(first.error, EvmOutOfGas):
                raise TransactionRejected(f"gas required exceeds allowance ({call.gas})")
            raise _failure(first)
        used = call.gas - first.get_gas_remaining()
        if used <= least:
            return least
        return least_gas(least - 1, call.gas, used, lambda gas: not _attempt(vm, call, gas).is_error)

    def balance_at(self, address: str, at: int | None) -> int:
        """Wei."""
        return int(self._vm_at(at).state.get_balance(address_bytes(address)))

    def nonce_at(self, address: str, at: int | None) -> int:
        """Transactions sent."""
        return int(self._vm_at(at).state.get_nonce(address_bytes(address)))

    def code_of(self, address: str, at: int | None) -> bytes:
        """Deployed code."""
        return bytes(self._vm_at(at).state.get_code(address_bytes(address)))

    def storage_at(self, address: str, slot: int, at: int | None) -> int:
        """A word of storage."""
        return int(self._vm_at(at).state.get_storage(address_bytes(address), slot))

    def time_back(self, timestamp: int) -> None:
        """Let the block to come have an earlier timestamp."""
        self._open(timestamp)

    def forget(self, snapshot: str) -> None:
        """Let go of a snapshot."""
        self._snapshots.pop(snapshot, None)

    def set_balance(self, address: str, wei: int) -> None:
        """Give an account this balance, in a block of its own."""
        self._vm.state.set_balance(address_bytes(address), wei)
        self._seal()

    def _vm_at(self, at: int | None) -> Any:
        return self._vm if at is None else self._chain.get_vm(self._headers[at])

    def _checked(self, tx_hash: str) -> Receipt:
        """A node has receipts of failures too. What is raised keeps its frames alive, so nothing is."""
        return self._receipts[tx_hash]


def _attempt(vm: Any, call: Call, gas: int) -> Any:
    """py-evm's computation for a call, undone. Raises TransactionRejected if it cannot begin.

    The sender is lent what its gas costs, so that it needs none, and sees its balance as it is.
    """
    state, sender = vm.state, address_bytes(call.sender)
    if (held := state.get_balance(sender)) < call.value:
        raise TransactionRejected(
            f"insufficient funds for gas * price + value: address {call.sender} have {held} want {call.value}"
        )
    fee = max(call.gas_price, state.execution_context.base_fee_per_gas)
    unsigned = vm.create_unsigned_transaction(
        nonce=state.get_nonce(sender),
        gas_price=fee,
        gas=gas,
        to=b"" if call.to is None else address_bytes(call.to),
        value=call.value,
        data=call.data,
    )
    snapshot = state.snapshot()
    try:
        state.delta_balance(sender, gas * fee)
        return state.apply_transaction(SpoofTransaction(unsigned, from_=sender))
    except ValidationError as error:
        raise TransactionRejected(str(error)) from error
    finally:
        state.revert(snapshot)
        state.clear_transient_storage()


def _least(call: Call) -> int:
    """Gas that a call costs before it runs."""
    return max(intrinsic_gas(call.data, create=call.to is None), floor_gas(call.data))


def _failure(computation: Any) -> Reverted:
    error = computation.error
    data = bytes(computation.output) if isinstance(error, EvmRevert) else b""
    return reverted(data, context="call", out_of_gas=isinstance(error, EvmOutOfGas))
