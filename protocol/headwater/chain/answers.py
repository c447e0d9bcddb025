"""What a JSON-RPC node answers, as our records. Pure; whatever does not fit is a DecodeError."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from headwater.chain.backend import Log, Receipt, Topic
from headwater.chain.errors import DecodeError
from headwater.chain.jsonrpc import integer, octets
from headwater.chain.transaction import checksum


@dataclass(frozen=True, slots=True)
class Head:
    """A block: timestamp in seconds, base fee in wei per gas (0 where the chain has none)."""

    number: int
    block_hash: str
    timestamp: int
    base_fee: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where a node sees a transaction: in a block, or (both None) waiting for one."""

    block_number: int | None
    block_hash: str | None


def head(raw: Any) -> Head:
    """A block without its transactions."""
    block = _members(raw, "a block")
    return Head(
        number=integer(block.get("number")),
        block_hash=_text(block.get("hash")),
        timestamp=integer(block.get("timestamp")),
        base_fee=integer(block.get("baseFeePerGas") or "0x0"),
    )


def sighting(raw: Any) -> Sighting:
    """A transaction."""
    found = _members(raw, "a transaction")
    if found.get("blockHash") is None or found.get("blockNumber") is None:
        return Sighting(None, None)
    return Sighting(integer(found["blockNumber"]), _text(found["blockHash"]))


def receipt(raw: Any, timestamp: int) -> Receipt:
    """A receipt whose block has this timestamp (seconds)."""
    found = _members(raw, "a receipt")
    created, logs = found.get("contractAddress"), found.get("logs")
    if not isinstance(logs, list):
        raise DecodeError("the node sent a receipt without logs")
    return Receipt(
        tx_hash=_text(found.get("transactionHash")),
        status=integer(found.get("status")),
        gas_used=integer(found.get("gasUsed")),
        block_number=integer(found.get("blockNumber")),
        timestamp=timestamp,
        contract_address=None if created is None else checksum(_text(created)),
        logs=tuple(log(one) for one in logs),
    )


def log(raw: Any) -> Log:
    """One log entry."""
    found = _members(raw, "a log")
    topics = found.get("topics")
    if not isinstance(topics, list):
        raise DecodeError("the node sent a log without topics")
    return Log(
        address=checksum(_text(found.get("address"))),
        topics=tuple(octets(topic) for topic in topics),
        data=octets(found.get("data")),
        block_number=integer(found.get("blockNumber")),
        log_index=integer(found.get("logIndex")),
        tx_hash=_text(found.get("transactionHash")),
    )


def encode_hex(data: bytes) -> str:
    """0x-prefixed."""
    return "0x" + data.hex()


def encode_topic(topic: Topic) -> Any:
    """One position of a log filter."""
    if topic is None:
        return None
    return encode_hex(topic) if isinstance(topic, bytes) else _topics(topic)


def _topics(topics: Sequence[bytes]) -> list[str]:
    return [encode_hex(one) for one in topics]


def _members(raw: Any, what: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise DecodeError(f"the node sent {str(raw)[:80]!r} where {what} belongs")
    return raw


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise DecodeError(f"the node sent {str(value)[:80]!r} where a text belongs")
    return value
