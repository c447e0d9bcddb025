"""ABI encoding and decoding with one encoder per function, made once.

What is as it should be goes through `words`; everything else through eth_abi, whose word is final.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from typing import Any, Final

from eth_abi.codec import ABICodec
from eth_abi.decoding import AddressDecoder, ContextFramesBytesIO, TupleDecoder
from eth_abi.encoding import AddressEncoder, TupleEncoder
from eth_abi.exceptions import DecodingError, EncodingError
from eth_abi.registry import BaseEquals, registry
from eth_hash.auto import keccak

from headwater.chain.backend import Event, Log
from headwater.chain.errors import ArgumentError, DecodeError
from headwater.chain.transaction import address_bytes, checksum
from headwater.chain.words import tuple_of

_ODD: Final = (ValueError, TypeError, AttributeError, OverflowError)
"""What the fast path raises for a value that eth_abi has to judge."""

Abi = Sequence[Mapping[str, Any]]


class _AddressEncoder(AddressEncoder):
    """Takes hex, 20 bytes, or anything with an `.address` (an Account, a Contract)."""

    @classmethod
    def validate_value(cls, value: Any) -> None:
        try:
            _raw_address(value)
        except ArgumentError as error:
            raise EncodingError(str(error)) from error

    @staticmethod
    def encode_fn(value: Any) -> bytes:  # type: ignore[override]
        return _raw_address(value)


class _AddressDecoder(AddressDecoder):
    """Gives checksummed addresses."""

    decoder_fn = staticmethod(lambda data: checksum(bytes(data)))  # type: ignore[assignment]


def _raw_address(value: Any) -> bytes:
    value = getattr(value, "address", value)
    return address_bytes(checksum(value) if isinstance(value, bytes) else value)


_registry = registry.copy()  # type: ignore[no-untyped-call]
_registry.unregister("address")
_ADDRESS: Final = BaseEquals("address", with_sub=False)  # type: ignore[no-untyped-call]
_registry.register(_ADDRESS, _AddressEncoder, _AddressDecoder, label="address")
_CODEC: Final = ABICodec(_registry)


def _type(component: Mapping[str, Any]) -> str:
    """Canonical type of an ABI component: tuples are written out."""
    kind: str = component["type"]
    if not kind.startswith("tuple"):
        return kind
    return "(" + ",".join(_type(part) for part in component["components"]) + ")" + kind[len("tuple") :]


def _has_tuple(component: Mapping[str, Any]) -> bool:
    return str(component["type"]).startswith("tuple")


def _plain(component: Mapping[str, Any], value: Any, depth: int | None = None) -> Any:
    """Structs given as dataclasses or mappings become tuples in ABI order; everything else stays."""
    if not _has_tuple(component):
        return value
    arrays = str(component["type"]).count("[") if depth is None else depth
    if arrays:
        return [_plain(component, item, arrays - 1) for item in value]
    parts = component["components"]
    if isinstance(value, Mapping):
        names = [part["name"] for part in parts]
        if set(names) != set(value):
            raise ArgumentError(f"a struct of {', '.join(names)} cannot be made from {', '.join(map(str, value))}")
        value = [value[name] for name in names]
    elif is_dataclass(value) and not isinstance(value, type):
        value = [getattr(value, f.name) for f in fields(value)]
    if len(value) != len(parts):
        raise ArgumentError(f"a struct of {len(parts)} members cannot be made from {len(value)}")
    return tuple(_plain(part, item) for part, item in zip(parts, value, strict=True))


def _shaper(component: Mapping[str, Any], depth: int | None = None) -> Callable[[Any], Any] | None:
    """Turns decoded tuples into named tuples, all the way down; None where nothing has to be done."""
    if not _has_tuple(component):
        return None
    arrays = str(component["type"]).count("[") if depth is None else depth
    if arrays:
        inner = _shaper(component, arrays - 1)
        assert inner is not None  # noqa: S101 - an array of tuples has tuples inside
        return lambda value: tuple(inner(item) for item in value)
    parts = component["components"]
    struct = str(component.get("internalType", "")).removeprefix("struct ").split("[")[0].split(".")[-1]
    kind: Any = namedtuple(  # type: ignore[misc]  # the members are known at run time only
        struct if struct.isidentifier() else "Struct", [part["name"] for part in parts], rename=True
    )
    shapers = [_shaper(part) for part in parts]

    if not any(shapers):
        return kind._make

    def shape(value: Any) -> Any:
        return kind(*(item if s is None else s(item) for s, item in zip(shapers, value, strict=True)))

    return shape


class _Values:
    """Encoder and decoder of one list of ABI components."""

    def __init__(self, components: Sequence[Mapping[str, Any]]) -> None:
        self.components = components
        self.types = [_type(component) for component in components]
        self._encode = TupleEncoder(encoders=[_registry.get_encoder(kind) for kind in self.types])  # type: ignore[no-untyped-call]
        self._decode = TupleDecoder(decoders=[_registry.get_decoder(kind) for kind in self.types])  # type: ignore[no-untyped-call]
        self._fast = tuple_of(tuple(self.types))
        self._structs = any(_has_tuple(component) for component in components)
        self._shapers = [_shaper(component) for component in components]

    def encode(self, values: Sequence[Any]) -> bytes:
        try:
            return self._fast.encode(values)
        except _ODD:
            pass
        if self._structs:
            values = [_plain(c, v) for c, v in zip(self.components, values, strict=True)]
        return bytes(self._encode(values))

    def decode(self, data: bytes) -> tuple[Any, ...]:
        try:
            values = self._fast.decode(data, 0)
        except _ODD:
            values = self._decode(ContextFramesBytesIO(data))  # type: ignore[no-untyped-call]
        if self._structs:
            return tuple(v if s is None else s(v) for s, v in zip(self._shapers, values, strict=True))
        return tuple(values)


class Function:
    """One function of an ABI: `encode` gives calldata, `decode` reads what it returned."""

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self.name: str = entry["name"]
        self.inputs = _Values(entry["inputs"])
        self.outputs = _Values(entry["outputs"])
        self.signature = f"{self.name}({','.join(self.inputs.types)})"
        self.selector = keccak(self.signature.encode())[:4]
        self.is_view = entry.get("stateMutability") in ("view", "pure")

    def encode(self, args: Sequence[Any]) -> bytes:
        """Calldata. Raises ArgumentError."""
        return self.selector + encode_values(self.inputs, args, self.signature)

    def decode(self, data: bytes) -> Any:
        """Nothing, one value, or a tuple of values; structs have attributes by member name. Raises DecodeError."""
        if not self.outputs.types:
            return None
        try:
            values = self.outputs.decode(data)
        except (DecodingError, UnicodeDecodeError) as error:
            raise DecodeError(
                f"{self.signature} returned {len(data)} bytes that do not fit its type: {error}"
            ) from error
        return values[0] if len(values) == 1 else values


def encode_values(values: _Values, args: Sequence[Any], what: str) -> bytes:
    """Encode arguments; ArgumentError says what they were for."""
    try:
        return values.encode(args)
    except (EncodingError, TypeError, ValueError, AttributeError) as error:
        raise ArgumentError(f"{what}: {error}") from error


@dataclass(frozen=True)
class EventType:
    """One event of an ABI."""

    name: str
    topic: bytes
    names: tuple[str, ...]
    indexed: tuple[bool, ...]
    topic_values: tuple[_Values | None, ...]
    data_values: _Values

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> EventType:
        """From its ABI entry."""
        inputs = entry["inputs"]
        signature = f"{entry['name']}({','.join(_type(part) for part in inputs)})"
        return cls(
            name=entry["name"],
            topic=keccak(signature.encode()),
            names=tuple(part["name"] for part in inputs),
            indexed=tuple(bool(part["indexed"]) for part in inputs),
            # Indexed strings, bytes, arrays and structs are logged as their hash: that hash is the value.
            topic_values=tuple(_Values([part]) if _one_word(part) else None for part in inputs if part["indexed"]),
            data_values=_Values([part for part in inputs if not part["indexed"]]),
        )

    def decode(self, log: Log) -> Event:
        """Decode a log of this event. Raises DecodeError."""
        if len(log.topics) != 1 + len(self.topic_values):
            raise DecodeError(
                f"{self.name} at {log.address} has {len(log.topics) - 1} indexed values, not its own number"
            )
        try:
            topics = [
                topic if values is None else values.decode(topic)[0]
                for values, topic in zip(self.topic_values, log.topics[1:], strict=True)
            ]
            data = self.data_values.decode(log.data)
        except (DecodingError, UnicodeDecodeError) as error:
            raise DecodeError(
                f"log {log.log_index} of block {log.block_number} is not a {self.name}: {error}"
            ) from error
        from_topics, from_data = iter(topics), iter(data)
        args = {
            name: next(from_topics) if indexed else next(from_data)
            for name, indexed in zip(self.names, self.indexed, strict=True)
        }
        return Event(self.name, args, log.address, log.block_number, log.log_index, log.tx_hash)


def _one_word(component: Mapping[str, Any]) -> bool:
    kind = component["type"]
    return kind not in ("string", "bytes") and "[" not in kind and not kind.startswith("tuple")


class Interface:
    """An ABI with its codecs. `Interface.of(abi)` gives the same object for the same ABI."""

    def __init__(self, abi: Abi) -> None:
        self.functions: dict[tuple[str, int], Function] = {}
        self.events: dict[str, EventType] = {}
        self._by_topic: dict[bytes, EventType] = {}
        self._constructor = _Values([])
        for entry in abi:
            if entry["type"] == "function":
                function = Function(entry)
                self.functions[function.name, len(function.inputs.types)] = function
            elif entry["type"] == "event":
                event = EventType.of(entry)
                self.events[event.name] = self._by_topic[event.topic] = event
            elif entry["type"] == "constructor":
                self._constructor = _Values(entry["inputs"])

    @staticmethod
    def of(abi: Abi) -> Interface:
        """The interface of an ABI, made once."""
        return _interface(json.dumps(list(abi), sort_keys=True))

    def function(self, name: str, arguments: int) -> Function:
        """The function of that name that takes that many arguments. Raises ArgumentError."""
        try:
            return self.functions[name, arguments]
        except KeyError:
            pass
        known = [function.signature for (n, _), function in self.functions.items() if n == name]
        if known:
            raise ArgumentError(f"{name} does not take {arguments} arguments; there is {' and '.join(known)}")
        names = ", ".join(sorted({n for n, _ in self.functions})) or "none"
        raise ArgumentError(f"no function {name}; there are: {names}")

    def event(self, name: str) -> EventType:
        """The event of that name. Raises ArgumentError."""
        if name not in self.events:
            raise ArgumentError(f"no event {name}; there are: {', '.join(sorted(self.events)) or 'none'}")
        return self.events[name]

    def encode_constructor(self, args: Sequence[Any]) -> bytes:
        """Constructor arguments as they follow the bytecode. Raises ArgumentError."""
        expected = self._constructor.types
        if len(args) != len(expected):
            raise ArgumentError(f"the constructor takes ({', '.join(expected)}), got {len(args)} arguments")
        return encode_values(self._constructor, args, "constructor")

    def decode_log(self, log: Log) -> Event | None:
        """The event a log records, None if the ABI does not know it. Raises DecodeError if it is malformed."""
        event = self._by_topic.get(log.topics[0]) if log.topics else None
        return None if event is None else event.decode(log)


@lru_cache(maxsize=256)
def _interface(abi: str) -> Interface:
    return Interface(json.loads(abi))


def encode(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """Plain `abi.encode`; addresses may be hex, bytes or objects with an `.address`. Raises ArgumentError."""
    try:
        return tuple_of(tuple(types)).encode(values)
    except _ODD:
        pass
    try:
        return bytes(_CODEC.encode(types, values))
    except (EncodingError, TypeError, ValueError) as error:
        raise ArgumentError(f"({','.join(types)}): {error}") from error


def decode(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """Plain `abi.decode`; addresses come checksummed. Raises DecodeError."""
    try:
        return tuple(tuple_of(tuple(types)).decode(data, 0))
    except _ODD:
        pass
    try:
        return tuple(_CODEC.decode(types, data))
    except (DecodingError, UnicodeDecodeError) as error:
        raise DecodeError(f"{len(data)} bytes do not decode as ({','.join(types)}): {error}") from error
