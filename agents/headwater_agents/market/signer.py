"""What the stock x402 scheme settles with: a fee payer, and reads over this thread's connection to the node."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from x402.mechanisms.evm.types import TransactionReceipt, TypedDataDomain, TypedDataField

from headwater.chain import ConnectionFailed, Interface, Receipt, checksum
from headwater.chain.jsonrpc import octets
from headwater_agents.market.connections import Connections
from headwater_agents.market.fee_payer import FeePayer


@dataclass(slots=True)
class Doing:
    """What a thread is at: a payment, and what was seen of the chain meanwhile.

    The scheme turns every exception into "the payment is invalid"; whether the node was lost is therefore noted here.
    """

    payment: str
    lost: list[ConnectionFailed] = field(default_factory=list)
    receipt: Receipt | None = None


_doing: Final[ContextVar[Doing]] = ContextVar("doing")


class NoWallets(ValueError):  # noqa: N818 - says what there is not
    """Contract wallets that are not deployed yet (ERC-6492) are not deployed by this facilitator."""


class Signer:
    """Implements x402's FacilitatorEvmSigner. Thread-safe. Used inside `doing(…)`."""

    def __init__(self, fee_payer: FeePayer, connections: Connections, *, patience: float) -> None:
        """`patience` is how long a settlement is waited for, seconds."""
        self._fee_payer = fee_payer
        self._connections = connections
        self._patience = patience

    @contextmanager
    def doing(self, payment: str) -> Iterator[Doing]:
        """Say which payment this thread is at."""
        doing = Doing(payment)
        token = _doing.set(doing)
        try:
            yield doing
        finally:
            _doing.reset(token)

    def get_addresses(self) -> list[str]:
        """The fee payer's address."""
        return [self._fee_payer.account.address]

    def read_contract(self, address: str, abi: list[dict[str, Any]], function_name: str, *args: Any) -> Any:
        """Call a function on the block to come: its clock, and what waits to be mined, decide a payment."""
        function = Interface.of(abi).function(function_name, len(args))
        request = {"to": checksum(address), "data": "0x" + function.encode(args).hex()}
        return function.decode(octets(self._request("eth_call", request, "pending", context=function_name)))

    def write_contract(
        self, address: str, abi: list[dict[str, Any]], function_name: str, *args: Any, data_suffix: str | None = None
    ) -> str:
        """Send a call; its hash."""
        data = Interface.of(abi).function(function_name, len(args)).encode(args)
        data += bytes.fromhex((data_suffix or "").removeprefix("0x"))
        with self._noting_loss():
            return self._fee_payer.send(checksum(address), data, _doing.get().payment)

    def send_transaction(self, to: str, data: bytes) -> str:
        """Never: what others want sent is not sent. Raises NoWallets."""
        raise NoWallets(f"a wallet at {to} is not deployed here")

    def wait_for_transaction_receipt(self, tx_hash: str) -> TransactionReceipt:
        """The receipt, whatever its status. Raises NotMined when patience is at its end."""
        with self._noting_loss():
            receipt = self._fee_payer.wait(tx_hash, self._patience)
        _doing.get().receipt = receipt
        return TransactionReceipt(receipt.status, receipt.block_number, receipt.tx_hash, list(receipt.logs))

    def verify_typed_data(
        self,
        address: str,
        domain: TypedDataDomain,
        types: dict[str, list[TypedDataField]],
        primary_type: str,
        message: dict[str, Any],
        signature: bytes,
    ) -> bool:
        """Never: it serves Permit2 only, which is not taken."""
        return False

    def get_balance(self, address: str, token_address: str) -> int:
        """Tokens of an address, wei."""
        data = "0x70a08231" + "00" * 12 + checksum(address)[2:]
        return int.from_bytes(octets(self._request("eth_call", {"to": token_address, "data": data}, "latest")), "big")

    def get_chain_id(self) -> int:
        """The node's chain id."""
        with self._noting_loss():
            return self._connections.here().backend.chain_id

    def get_code(self, address: str) -> bytes:
        """Code at an address; empty if there is none."""
        return octets(self._request("eth_getCode", checksum(address), "latest"))

    def _request(self, method: str, *params: Any, context: str = "") -> Any:
        with self._noting_loss():
            return self._connections.here().rpc.request(method, *params, context=context)

    @contextmanager
    def _noting_loss(self) -> Iterator[None]:
        try:
            yield
        except ConnectionFailed as error:
            _doing.get().lost.append(error)
            raise
