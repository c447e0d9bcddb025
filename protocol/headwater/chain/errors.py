"""Everything that can go wrong between us and a chain, as one hierarchy.

Backends differ in how they report the same failure: an EVM exception, a JSON-RPC error object, a receipt with
status 0. All of them pass through this module, so callers catch by type and never match message texts.
"""

# ruff: noqa: N818 - the names say what happened; "ChainError" says that it is an error
from __future__ import annotations

from typing import Any, Final, Protocol

from eth_abi.abi import decode as abi_decode
from eth_abi.exceptions import DecodingError


class MinedTransaction(Protocol):
    """What an error keeps of a transaction that was mined and failed: a backend's receipt has it."""

    @property
    def tx_hash(self) -> str:
        """0x-prefixed hash."""

    @property
    def status(self) -> int:
        """0, for it failed."""


ERROR_SELECTOR: Final = bytes.fromhex("08c379a0")
"""First four bytes of revert data that carries a text: `Error(string)`."""

PANIC_SELECTOR: Final = bytes.fromhex("4e487b71")
"""First four bytes of revert data that carries a Solidity panic code: `Panic(uint256)`."""


class HeadwaterError(Exception):
    """Root of everything this library raises on purpose."""


class ContractsNotFound(HeadwaterError):
    """The folder with the Vyper sources, or a contract in it, is not where it has to be."""


class CompileError(HeadwaterError):
    """Vyper refused a source; the message is the compiler's."""


class KeyUnavailable(HeadwaterError, ValueError):
    """A private key, keystore or password is missing, malformed or does not fit."""


class ChainError(HeadwaterError):
    """Root of what goes wrong on, or on the way to, a chain."""


class UnknownChain(ChainError, ValueError):
    """`connect` was given something that names no backend."""


class ConnectionFailed(ChainError):
    """The node does not answer, or what answers does not speak JSON-RPC."""


class WrongChain(ChainError):
    """The node serves another chain id than the one asked for."""


class NotMined(ChainError):
    """A transaction was sent, and no receipt came in time. It may still be mined: `tx_hash` says which to look for."""

    def __init__(self, message: str, tx_hash: str) -> None:
        super().__init__(message)
        self.tx_hash = tx_hash


class TransactionRejected(ChainError):
    """The node refused a transaction before running it: nonce, funds, fee or gas limit. Nothing changed."""


class NonceRejected(TransactionRejected):
    """The node refused a nonce: already used on the chain, or further ahead than it accepts."""


class Underpriced(TransactionRejected):
    """The fee is too low: for a block, for the pool, or to replace what waits under the same nonce."""


class ReplacementUnderpriced(Underpriced):
    """Another transaction waits under the same nonce, and this one does not offer enough more than it."""


class AlreadyKnown(TransactionRejected):
    """The node has this very transaction already."""


class RpcError(ChainError):
    """A JSON-RPC error that is neither a revert nor a rejected transaction. `code` is the node's."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class NoLocalControl(ChainError):
    """The node cannot move its clock or take snapshots: it is not a development node."""


class DecodeError(ChainError):
    """Bytes from the chain do not fit the ABI: wrong address, wrong contract or no contract at all."""


class ArgumentError(ChainError, ValueError):
    """A call names no function of the ABI, or its arguments do not fit."""


class Reverted(ChainError):
    """The contract refused; nothing but the fee changed.

    `reason` is the text of the assertion, "" if it has none. `data` is the raw revert data. `panic` is the code of
    a Solidity panic, else None. `receipt` is set when a transaction was mined with status 0, and None for a call.
    """

    def __init__(
        self,
        reason: str,
        *,
        data: bytes = b"",
        panic: int | None = None,
        context: str = "",
        receipt: MinedTransaction | None = None,
    ) -> None:
        super().__init__(f"{context or 'call'} reverted: {reason or 'no reason given'}")
        self.reason = reason
        self.data = data
        self.panic = panic
        self.context = context
        self.receipt = receipt

    @property
    def tx_hash(self) -> str | None:
        """Hash of the transaction that was mined and failed; None for a call."""
        return self.receipt.tx_hash if self.receipt else None


class OutOfGas(Reverted):
    """The gas limit was too low. `reason` is ""."""


def reverted(
    data: bytes,
    *,
    context: str = "",
    receipt: MinedTransaction | None = None,
    out_of_gas: bool = False,
) -> Reverted:
    """Turn raw revert data into the exception to raise.

    Vyper encodes `assert x, "text"` as `Error(string)` and an assertion without a text as no data at all. Data of
    any other shape (a custom error) stays readable in `.data`, under reason "".
    """
    if out_of_gas:
        return OutOfGas("", data=data, context=f"{context or 'call'} ran out of gas and", receipt=receipt)
    reason, panic = "", None
    try:
        if data[:4] == ERROR_SELECTOR:
            (reason,) = abi_decode(["string"], data[4:])
        elif data[:4] == PANIC_SELECTOR:
            (panic,) = abi_decode(["uint256"], data[4:])
            reason = f"panic 0x{panic:02x}"
    except (DecodingError, UnicodeDecodeError):
        reason = ""
    return Reverted(reason, data=data, panic=panic, context=context, receipt=receipt)


# JSON-RPC says "execution reverted" with code 3 (geth, anvil, reth, erigon); some nodes only say so in the text.
_REVERT_CODE: Final = 3
# What a text says, most telling first: "nonce too low" may come with the fees spelt out beside it.
_REJECTIONS: Final[tuple[tuple[str, type[TransactionRejected]], ...]] = (
    ("already known", AlreadyKnown),
    ("already imported", AlreadyKnown),
    ("known transaction", AlreadyKnown),
    ("replacement", ReplacementUnderpriced),
    ("underpriced", Underpriced),
    ("max fee per gas", Underpriced),
    ("feetoolow", Underpriced),
    ("fee too low", Underpriced),
    ("nonce", NonceRejected),
    ("insufficient funds", TransactionRejected),
    ("intrinsic gas", TransactionRejected),
    ("gas limit", TransactionRejected),
    ("exceeds block gas", TransactionRejected),
    ("floor data gas", TransactionRejected),
    ("initcode size", TransactionRejected),
    ("invalid chain id", TransactionRejected),
    ("txpool is full", TransactionRejected),
)
# Nodes and those who rent them out say in these words that they have too much to do; HTTP 429 says the same.
_BUSY_CODES: Final = (-32005, 429)
_BUSY: Final = ("rate limit", "too many requests", "request rate", "request count", "request limit", "limit exceeded")


def from_rpc(error: Any, *, context: str = "") -> ChainError:
    """Turn the `error` member of a JSON-RPC answer into the exception to raise."""
    if not isinstance(error, dict):
        return RpcError(f"{context or 'the node'}: {error}")
    message, code = str(error.get("message", "")), error.get("code")
    data = _revert_data(error.get("data"))
    low = message.lower()
    if data is not None or code == _REVERT_CODE or "revert" in low:
        return reverted(data or b"", context=context)
    if "out of gas" in low or "outofgas" in low:
        return reverted(b"", context=context, out_of_gas=True)
    for text, kind in _REJECTIONS:
        if text in low:
            return kind(f"{context or 'transaction'} was refused by the node: {message}")
    if code in _BUSY_CODES and any(text in low for text in _BUSY):
        return ConnectionFailed(f"{context or 'the node'}: it is overloaded or limits its callers: {message}")
    return RpcError(f"{context or 'the node'}: {message or error}", code if isinstance(code, int) else None)


def _revert_data(data: Any) -> bytes | None:
    """Revert data of an RPC error: a hex string, or one nested under "data" (hardhat); None if there is none."""
    if isinstance(data, dict):
        data = data.get("data")
    if isinstance(data, str) and data.startswith("0x"):
        try:
            return bytes.fromhex(data[2:])
        except ValueError:
            return None
    return None
