"""Parameters as clients write them, and results as they expect them: hex quantities, hex bytes, tags, filters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from headwater.chain.backend import Topic
from headwater.chain.transaction import checksum
from headwater_deploy.node.chain import CALL_GAS, NOBODY, Call
from headwater_deploy.node.failure import bad_params

_QUANTITY: Final = re.compile(r"0x[0-9a-fA-F]{1,64}\Z")
_DATA: Final = re.compile(r"0x(?:[0-9a-fA-F]{2})*\Z")
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}\Z")
_HASH: Final = re.compile(r"0x[0-9a-fA-F]{64}\Z")
_TAGS: Final = ("latest", "pending", "earliest", "safe", "finalized")
_CALL_FIELDS: Final = (
    *("from", "to", "data", "input", "value", "gas", "gasPrice", "maxFeePerGas", "maxPriorityFeePerGas"),
    *("nonce", "type", "chainId", "accessList"),
)
_FILTER_FIELDS: Final = ("address", "topics", "fromBlock", "toBlock", "blockHash")
MAX_FILTER_ITEMS: Final = 1_000
"""Addresses, or topics at one position, that a filter may name: geth's bound."""


def quantity(number: int) -> str:
    """A number as JSON-RPC writes it."""
    return hex(number)


def octets(data: bytes) -> str:
    """Bytes as JSON-RPC writes them."""
    return "0x" + data.hex()


def take(params: Any, least: int, most: int) -> list[Any]:
    """Parameters by position, padded with None up to `most`. Raises RpcFailure."""
    if params is None:
        params = []
    if not isinstance(params, list):
        raise bad_params("non-array args")
    if len(params) > most:
        raise bad_params(f"too many arguments, want at most {most}")
    filled = params + [None] * (most - len(params))
    for index in range(least):
        if filled[index] is None:
            raise bad_params(f"missing value for required argument {index}")
    return filled


def read_quantity(value: Any, what: str = "a quantity", *, bits: int = 256) -> int:
    """0x-prefixed hex, or a plain JSON number. Raises RpcFailure."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**bits:
        return value
    if isinstance(value, str) and _QUANTITY.match(value) and (number := int(value, 16)) < 2**bits:
        return number
    raise bad_params(f"{what} is 0x and hex digits, at most {bits} bits; got {_shown(value)}")


def read_data(value: Any, what: str = "data") -> bytes:
    """0x-prefixed hex bytes. Raises RpcFailure."""
    if not isinstance(value, str) or not _DATA.match(value):
        raise bad_params(f"{what} is 0x and pairs of hex digits; got {_shown(value)}")
    return bytes.fromhex(value[2:])


def read_address(value: Any, what: str = "an address") -> str:
    """Checksummed form. Raises RpcFailure."""
    if not isinstance(value, str) or not _ADDRESS.match(value):
        raise bad_params(f"{what} is 0x and 40 hex digits; got {_shown(value)}")
    return checksum(value.lower())


def read_hash(value: Any, what: str = "a hash") -> bytes:
    """32 bytes. Raises RpcFailure."""
    if not isinstance(value, str) or not _HASH.match(value):
        raise bad_params(f"{what} is 0x and 64 hex digits; got {_shown(value)}")
    return bytes.fromhex(value[2:])


def read_slot(value: Any) -> int:
    """A storage slot: a quantity, or up to 32 bytes with leading zeros. Raises RpcFailure."""
    return read_quantity(value, "a storage slot")


def read_flag(value: Any, what: str) -> bool:
    """True, false, or left out. Raises RpcFailure."""
    if value is None or isinstance(value, bool):
        return bool(value)
    raise bad_params(f"{what} is true or false; got {_shown(value)}")


def read_tag(value: Any) -> int | str | bytes:
    """A block: a number, a tag (safe and finalized are the latest here), or a hash (EIP-1898). Raises RpcFailure."""
    if value is None:
        return "latest"
    if isinstance(value, dict):
        if "blockHash" in value and "blockNumber" not in value:
            return read_hash(value["blockHash"], "blockHash")
        if "blockNumber" in value and "blockHash" not in value:
            return read_tag(value["blockNumber"])
        raise bad_params("a block is named by blockNumber or by blockHash")
    if isinstance(value, str) and value in _TAGS:
        if value == "earliest":
            return 0
        return "pending" if value == "pending" else "latest"
    if isinstance(value, str) and _HASH.match(value):
        return bytes.fromhex(value[2:])
    return read_quantity(value, f"a block is {', '.join(_TAGS)}, or a number that", bits=64)


def read_call(value: Any) -> Call:
    """A call object. Raises RpcFailure."""
    if not isinstance(value, dict):
        raise bad_params(f"a call is an object; got {_shown(value)}")
    if unknown := sorted(set(value) - set(_CALL_FIELDS)):
        raise bad_params(f"a call has no {_shown(unknown[0])}; accepted: {', '.join(_CALL_FIELDS)}")
    given = {key: item for key, item in value.items() if item is not None}
    data, said = given.get("data"), given.get("input")
    if data is not None and said is not None and data != said:
        raise bad_params('both "data" and "input" are set and not equal')
    if "gasPrice" in given and ("maxFeePerGas" in given or "maxPriorityFeePerGas" in given):
        raise bad_params("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified")
    body = said if data is None else data
    gas = read_quantity(given["gas"], "gas", bits=64) if "gas" in given else CALL_GAS
    return Call(
        sender=read_address(given["from"], "from") if "from" in given else NOBODY,
        to=read_address(given["to"], "to") if given.get("to") not in (None, "0x", "") else None,
        data=b"" if body is None else read_data(body),
        value=read_quantity(given.get("value", "0x0"), "value"),
        gas=min(gas, CALL_GAS),
        gas_price=read_quantity(given.get("gasPrice", given.get("maxFeePerGas", "0x0")), "a fee"),
    )


@dataclass(frozen=True, slots=True)
class LogQuery:
    """A log filter; blocks as `read_tag` gives them, or one block by hash."""

    addresses: tuple[str, ...] | None
    topics: tuple[Topic, ...]
    from_block: int | str | bytes
    to_block: int | str | bytes
    block_hash: bytes | None


def read_filter(value: Any) -> LogQuery:
    """A log filter object. Raises RpcFailure."""
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise bad_params(f"a filter is an object; got {_shown(value)}")
    if unknown := sorted(set(value) - set(_FILTER_FIELDS)):
        raise bad_params(f"a filter has no {_shown(unknown[0])}; accepted: {', '.join(_FILTER_FIELDS)}")
    given = {key: item for key, item in value.items() if item is not None}
    if "blockHash" in given and ("fromBlock" in given or "toBlock" in given):
        raise bad_params("cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other")
    return LogQuery(
        addresses=_addresses(given.get("address")),
        topics=_topics(given.get("topics", [])),
        from_block=read_tag(given.get("fromBlock")),
        to_block=read_tag(given.get("toBlock")),
        block_hash=read_hash(given["blockHash"], "blockHash") if "blockHash" in given else None,
    )


def _addresses(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    items = value if isinstance(value, list) else [value]
    _bounded(items)
    return tuple(read_address(item) for item in items) or None


def _topics(value: Any) -> tuple[Topic, ...]:
    if not isinstance(value, list) or len(value) > 4:
        raise bad_params("topics are a list of at most four positions")
    return tuple(_topic(item) for item in value)


def _topic(item: Any) -> Topic:
    if item is None:
        return None
    if isinstance(item, list):
        _bounded(item)
        # As geth reads it, a null among the alternatives, or no alternative at all, stands for anything.
        if not item or any(one is None for one in item):
            return None
        return tuple(read_hash(one, "a topic") for one in item)
    return read_hash(item, "a topic")


def _bounded(items: Sequence[Any]) -> None:
    if len(items) > MAX_FILTER_ITEMS:
        raise bad_params(f"a filter names at most {MAX_FILTER_ITEMS} addresses, or topics at a position")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
