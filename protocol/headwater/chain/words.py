"""ABI values to 32-byte words and back, for values that are as they should be.

One closure a type, made once, and nothing but the checks without which a wrong value would pass for a right one. What
does not fit raises UnfitError, and `codec` asks eth_abi, which knows every form that is accepted and says what is wrong
with the others. So this module decides how fast, and eth_abi what is right; a test holds them against each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

from headwater.chain.transaction import address_bytes, checksum

Encode = Callable[[Any], bytes]
Decode = Callable[[bytes, int], Any]
"""(data, position in bytes) to value."""

_ARRAY: Final = re.compile(r"(.*)\[(\d*)\]")
_NUMBER: Final = re.compile(r"(u?)int(\d+)")
_OCTETS: Final = re.compile(r"bytes(\d+)")


class UnfitError(ValueError):
    """Not for the fast path."""


class Type:
    """How values of one type are written and read. `size` is what they take in the head of a tuple, in bytes."""

    __slots__ = ("decode", "dynamic", "encode", "size")

    def __init__(self, encode: Encode, decode: Decode, *, dynamic: bool = False, size: int = 32) -> None:
        self.encode = encode
        self.decode = decode
        self.dynamic = dynamic
        self.size = size


@lru_cache(maxsize=1_024)
def type_of(name: str) -> Type:
    """The type of a canonical name such as "(uint256,address[])[]". Raises UnfitError if it is not known here."""
    if found := _ARRAY.fullmatch(name):
        return _array(type_of(found[1]), int(found[2]) if found[2] else None)
    if name.startswith("("):
        return tuple_of(tuple(_split(name[1:-1])))
    if name in _PLAIN:
        return _PLAIN[name]
    if found := _NUMBER.fullmatch(name):
        return _number(int(found[2]), signed=not found[1])
    if found := _OCTETS.fullmatch(name):
        return _octets(int(found[1]))
    raise UnfitError(name)


@lru_cache(maxsize=1_024)
def tuple_of(names: tuple[str, ...]) -> Type:
    """The type of a tuple of types; its values are lists or tuples in, tuples out. Raises UnfitError."""
    parts = [type_of(name) for name in names]
    dynamic = any(part.dynamic for part in parts)
    encoders = [part.encode for part in parts]
    count, head = len(parts), sum(part.size for part in parts)

    def encode_static(values: Any) -> bytes:
        if len(values) != count or not isinstance(values, (tuple, list)):
            raise UnfitError
        return b"".join([encode(value) for encode, value in zip(encoders, values, strict=True)])

    def encode_dynamic(values: Any) -> bytes:
        if len(values) != count or not isinstance(values, (tuple, list)):
            raise UnfitError
        return _head_and_tail(parts, values, head)

    places: list[tuple[int, Decode, bool]] = []
    at = 0
    for part in parts:
        places.append((at, part.decode, part.dynamic))
        at += part.size

    def decode(data: bytes, start: int) -> Any:
        return tuple(
            [read(data, start + _offset(data, start + place) if far else start + place) for place, read, far in places]
        )

    return Type(
        encode_dynamic if dynamic else encode_static, decode, dynamic=dynamic, size=32 if dynamic else max(head, 0)
    )


def _head_and_tail(parts: Sequence[Type], values: Sequence[Any], head: int) -> bytes:
    heads, tails, offset = [], [], head
    for part, value in zip(parts, values, strict=True):
        words = part.encode(value)
        if part.dynamic:
            heads.append(offset.to_bytes(32, "big"))
            tails.append(words)
            offset += len(words)
        else:
            heads.append(words)
    return b"".join(heads + tails)


def _array(item: Type, length: int | None) -> Type:
    """A list of `length` items, or of any number if None."""
    step = item.size

    def items(values: Sequence[Any]) -> bytes:
        if item.dynamic:
            return _head_and_tail([item] * len(values), values, 32 * len(values))
        return b"".join([item.encode(value) for value in values])

    def encode(values: Any) -> bytes:
        if not isinstance(values, (tuple, list)) or length not in (None, len(values)):
            raise UnfitError
        return items(values) if length is not None else len(values).to_bytes(32, "big") + items(values)

    def decode(data: bytes, start: int) -> tuple[Any, ...]:
        count = length
        if count is None:
            count = _offset(data, start)
            start += 32
        if start + step * count > len(data):
            raise UnfitError
        read = item.decode
        if item.dynamic:
            return tuple([read(data, start + _offset(data, start + 32 * i)) for i in range(count)])
        return tuple([read(data, start + step * i) for i in range(count)])

    dynamic = length is None or item.dynamic
    return Type(encode, decode, dynamic=dynamic, size=32 if dynamic else step * (length or 0))


def _number(bits: int, *, signed: bool) -> Type:
    low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)

    def encode(value: Any) -> bytes:
        if type(value) is int and low <= value < high:
            return value.to_bytes(32, "big", signed=signed)
        raise UnfitError

    def decode(data: bytes, start: int) -> int:
        value = int.from_bytes(_word(data, start), "big", signed=signed)
        if low <= value < high:
            return value
        raise UnfitError

    return Type(encode, decode)


def _octets(size: int) -> Type:
    padding = bytes(32 - size)

    def encode(value: Any) -> bytes:
        if type(value) is bytes and len(value) == size:
            return value + padding
        raise UnfitError

    def decode(data: bytes, start: int) -> bytes:
        word = _word(data, start)
        if word[size:] == padding:
            return word[:size]
        raise UnfitError

    return Type(encode, decode)


def _encode_flag(value: Any) -> bytes:
    if value is True or value is False:
        return bytes(31) + bytes((value,))
    raise UnfitError


def _decode_flag(data: bytes, start: int) -> bool:
    value = int.from_bytes(_word(data, start), "big")
    if value > 1:
        raise UnfitError
    return value == 1


@lru_cache(maxsize=65_536)
def _address_word(address: str) -> bytes:
    return bytes(12) + address_bytes(address)


@lru_cache(maxsize=65_536)
def _address(word: bytes) -> str:
    if len(word) != 32 or word[:12] != bytes(12):
        raise UnfitError
    return checksum(word[12:])


def _encode_address(value: Any) -> bytes:
    if type(value) is not str:
        value = value.address
    return _address_word(value)


def _decode_address(data: bytes, start: int) -> str:
    return _address(data[start : start + 32])


def _encode_bytes(value: Any) -> bytes:
    if type(value) is not bytes:
        raise UnfitError
    return len(value).to_bytes(32, "big") + value + bytes(-len(value) % 32)


def _decode_bytes(data: bytes, start: int) -> bytes:
    size = _offset(data, start)
    end = start + 32 + size
    padding = -size % 32
    if data[end : end + padding] != bytes(padding):
        raise UnfitError
    return data[start + 32 : end]


def _encode_text(value: Any) -> bytes:
    if type(value) is not str:
        raise UnfitError
    return _encode_bytes(value.encode())


def _decode_text(data: bytes, start: int) -> str:
    return _decode_bytes(data, start).decode()


def _word(data: bytes, start: int) -> bytes:
    word = data[start : start + 32]
    if len(word) != 32:
        raise UnfitError
    return word


def _offset(data: bytes, start: int) -> int:
    """A word that points into the data, or counts what is in it."""
    value = int.from_bytes(_word(data, start), "big")
    if value > len(data):
        raise UnfitError
    return value


_PLAIN: Final = {
    "address": Type(_encode_address, _decode_address),
    "bool": Type(_encode_flag, _decode_flag),
    "bytes": Type(_encode_bytes, _decode_bytes, dynamic=True),
    "string": Type(_encode_text, _decode_text, dynamic=True),
}


def _split(members: str) -> list[str]:
    """The types of a tuple's members: commas inside of inner tuples do not part."""
    found, depth, start = [], 0, 0
    for index, character in enumerate(members):
        depth += (character == "(") - (character == ")")
        if character == "," and not depth:
            found.append(members[start:index])
            start = index + 1
    return [*found, members[start:]] if members else []
