"""Contracts as Python objects: `call` reads, `send` sends and checks, events come decoded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.chain.accounts import Account
from headwater.chain.artifacts import Artifact
from headwater.chain.backend import Backend, Event, Log, Receipt, TxRequest
from headwater.chain.codec import Abi, Interface
from headwater.chain.errors import DecodeError, TransactionRejected
from headwater.chain.transaction import checksum


class Contract:
    """A deployed contract on a backend.

    Arguments are plain Python values: int, bool, bytes, str; an address may be hex, 20 bytes, or anything with an
    `.address`; a struct may be a tuple, a dataclass with the members in ABI order, or a mapping by member name.
    Results come as plain values too, addresses checksummed, structs with attributes by member name.
    """

    __slots__ = ("address", "backend", "interface", "name")

    def __init__(self, backend: Backend, address: str, abi: Abi | Interface, *, name: str = "") -> None:
        self.backend = backend
        self.address = checksum(address)
        self.interface = abi if isinstance(abi, Interface) else Interface.of(abi)
        self.name = name

    def __repr__(self) -> str:
        return f"{self.name or 'Contract'}({self.address})"

    def encode(self, name: str, *args: Any) -> bytes:
        """Calldata of a call. Raises ArgumentError."""
        return self.interface.function(name, len(args)).encode(args)

    def call(self, name: str, *args: Any, sender: Account | str | None = None, block: int | None = None) -> Any:
        """Run a function without sending and return what it returns.

        Overloads are told apart by the number of arguments. `block` reads the state as that block left it. Raises
        ArgumentError, Reverted, DecodeError.
        """
        function = self.interface.function(name, len(args))
        caller = sender.address if isinstance(sender, Account) else sender
        data = self.backend.call(self.address, function.encode(args), caller, block)
        if not data and function.outputs.types and not self.backend.code_at(self.address):
            raise DecodeError(f"there is no contract at {self.address} on {self.backend.name}")
        return function.decode(data)

    def request(self, name: str, *args: Any, gas: int | None = None, value: int = 0) -> TxRequest:
        """The transaction that `send` would send, unsigned. Raises ArgumentError."""
        return TxRequest(self.address, self.encode(name, *args), value, gas)

    def send(self, name: str, *args: Any, sender: Account, gas: int | None = None, value: int = 0) -> Receipt:
        """Send a transaction, wait, check; the receipt's `events` are this contract's, decoded when asked for.

        Raises ArgumentError, Reverted, TransactionRejected, NotMined.
        """
        return self.backend.send(self.request(name, *args, gas=gas, value=value), sender).read_by(self)

    def decode(self, logs: Sequence[Log]) -> tuple[Event, ...]:
        """Those of the logs that are this contract's, decoded, in order."""
        return decode_events(logs, [self])

    def events(self, name: str | None = None, from_block: int = 0, to_block: int | None = None) -> list[Event]:
        """This contract's events in chain order, both blocks included; all names, or one. Raises ArgumentError."""
        topics = [] if name is None else [self.interface.event(name).topic]
        return list(self.decode(self.backend.get_logs(self.address, topics, from_block, to_block)))


def decode_events(logs: Sequence[Log], contracts: Sequence[Contract]) -> tuple[Event, ...]:
    """Decode the logs of several contracts, in order; logs of other addresses, or of no known event, are left out."""
    known = {contract.address: contract.interface for contract in contracts}
    decoded = (known[log.address].decode_log(log) for log in logs if log.address in known)
    return tuple(event for event in decoded if event is not None)


def deploy(
    backend: Backend, artifact: Artifact, *args: Any, sender: Account, gas: int | None = None
) -> tuple[Contract, Receipt]:
    """Deploy an artifact with its constructor arguments; the contract, and the receipt with its events.

    Raises ArgumentError, Reverted, TransactionRejected, NotMined.
    """
    interface = Interface.of(artifact.abi)
    data = artifact.bytecode + interface.encode_constructor(args)
    receipt = backend.send(TxRequest(to=None, data=data, gas=gas), sender)
    if receipt.contract_address is None:
        raise TransactionRejected(f"{backend.name} gave no address for the deployment of {artifact.name}")
    contract = Contract(backend, receipt.contract_address, interface, name=artifact.name)
    return contract, receipt.read_by(contract)
