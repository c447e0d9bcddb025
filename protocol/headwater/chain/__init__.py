"""The way to a chain: compile the contracts, connect to a backend, call and send through typed clients.

    backend = connect("revm")  # or "tester", or the URL of a node
    owner, *_ = backend.dev_accounts(3)
    contract, receipt = deploy(backend, load("HeadwaterToken"), ..., sender=owner)

Backends agree on every rule that matters (`Backend`, `LocalControl`), and every failure is one of `errors`.
"""

from headwater.chain.accounts import Account, recover, recover_typed, typed_digest
from headwater.chain.artifacts import MAX_RUNTIME_SIZE, Artifact, contract_names, contracts_folder, load
from headwater.chain.backend import DEFAULT_GAS, Backend, Event, LocalControl, Log, Receipt, TxRequest, local_control
from headwater.chain.client import Contract, decode_events, deploy
from headwater.chain.codec import Interface, decode, encode
from headwater.chain.connect import connect
from headwater.chain.errors import (
    ArgumentError,
    ChainError,
    CompileError,
    ConnectionFailed,
    ContractsNotFound,
    DecodeError,
    HeadwaterError,
    KeyUnavailable,
    NoLocalControl,
    NotMined,
    OutOfGas,
    Reverted,
    RpcError,
    TransactionRejected,
    UnknownChain,
    WrongChain,
)
from headwater.chain.transaction import SignedTransaction, Transaction, address_bytes, checksum, create_address

__all__ = [
    "DEFAULT_GAS",
    "MAX_RUNTIME_SIZE",
    "Account",
    "ArgumentError",
    "Artifact",
    "Backend",
    "ChainError",
    "CompileError",
    "ConnectionFailed",
    "Contract",
    "ContractsNotFound",
    "DecodeError",
    "Event",
    "HeadwaterError",
    "Interface",
    "KeyUnavailable",
    "LocalControl",
    "Log",
    "NoLocalControl",
    "NotMined",
    "OutOfGas",
    "Receipt",
    "Reverted",
    "RpcError",
    "SignedTransaction",
    "Transaction",
    "TransactionRejected",
    "TxRequest",
    "UnknownChain",
    "WrongChain",
    "address_bytes",
    "checksum",
    "connect",
    "contract_names",
    "contracts_folder",
    "create_address",
    "decode",
    "decode_events",
    "deploy",
    "encode",
    "load",
    "local_control",
    "recover",
    "recover_typed",
    "typed_digest",
]
