"""The fast codec says what eth_abi says, or leaves the word to it."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.exceptions import DecodingError
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.chain import decode, encode
from headwater.chain.codec import _CODEC
from headwater.chain.words import UnfitError, tuple_of, type_of

ODD = (UnfitError, ValueError, TypeError, AttributeError, OverflowError)

_plain = st.one_of(
    st.sampled_from(["address", "bool", "bytes", "string", "uint256", "int256"]),
    st.builds("{}{}".format, st.sampled_from(["uint", "int"]), st.integers(1, 32).map(lambda n: 8 * n)),
    st.integers(1, 32).map("bytes{}".format),
)
_types = st.recursive(
    _plain,
    lambda inner: st.one_of(
        inner.map("{}[]".format),
        st.builds("{}[{}]".format, inner, st.integers(1, 3)),
        st.lists(inner, min_size=1, max_size=4).map(lambda parts: f"({','.join(parts)})"),
    ),
    max_leaves=6,
)


def values(kind: str) -> st.SearchStrategy[Any]:
    """Sound values of a type, as the decoder gives them."""
    if kind.endswith("]"):
        inner, _, length = kind[:-1].rpartition("[")
        low, high = (int(length), int(length)) if length else (0, 4)
        return st.lists(values(inner), min_size=low, max_size=high).map(tuple)
    if kind.startswith("("):
        return st.tuples(*(values(part) for part in _members(kind)))
    if kind == "address":
        return st.binary(min_size=20, max_size=20).map(lambda raw: decode(["address"], raw.rjust(32, b"\0"))[0])
    if kind == "bool":
        return st.booleans()
    if kind == "string":
        return st.text(max_size=40)
    if kind == "bytes":
        return st.binary(max_size=70)
    if kind.startswith("bytes"):
        return st.binary(min_size=int(kind[5:]), max_size=int(kind[5:]))
    bits = int(kind.removeprefix("u").removeprefix("int"))
    if kind.startswith("u"):
        return st.integers(0, 2**bits - 1)
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _members(kind: str) -> list[str]:
    parts, depth, part = [], 0, ""
    for character in kind[1:-1] + ",":
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += character
    return parts


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_sound_values_are_written_and_read_as_eth_abi_does(data: st.DataObject) -> None:
    kinds = tuple(data.draw(st.lists(_types, min_size=1, max_size=4)))
    sound = tuple(data.draw(values(kind)) for kind in kinds)
    words = tuple_of(kinds).encode(sound)
    assert words == _CODEC.encode(kinds, sound)
    assert tuple_of(kinds).decode(words, 0) == sound == _CODEC.decode(kinds, words)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_words_are_read_as_eth_abi_does_or_left_to_it(data: st.DataObject) -> None:
    kinds = tuple(data.draw(st.lists(_types, min_size=1, max_size=3)))
    words = bytearray(_CODEC.encode(kinds, tuple(data.draw(values(kind)) for kind in kinds)))
    for _ in range(data.draw(st.integers(0, 3))):
        if words:
            words[data.draw(st.integers(0, len(words) - 1))] = data.draw(st.sampled_from([0, 1, 31, 32, 64, 128, 255]))
    cut = bytes(words[: data.draw(st.integers(0, len(words)))])
    try:
        read = tuple_of(kinds).decode(cut, 0)
    except ODD:
        return
    assert read == _CODEC.decode(kinds, cut)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint8", 256),
        ("uint8", -1),
        ("uint256", 2**256),
        ("uint256", True),
        ("uint256", 1.0),
        ("int8", 128),
        ("int8", -129),
        ("bytes4", b"12345"),
        ("bytes4", "0x12345678"),
        ("bytes", "text"),
        ("string", b"text"),
        ("bool", 1),
        ("address", "0x12"),
        ("address", 7),
        ("uint8[2]", (1,)),
        ("uint8[]", 5),
        ("(uint8,uint8)", (1,)),
    ],
)
def test_a_value_that_does_not_fit_is_not_written(kind: str, value: object) -> None:
    with pytest.raises(ODD):
        type_of(kind).encode(value)


def test_what_eth_abi_alone_accepts_is_still_accepted() -> None:
    assert encode(["bytes4"], [b"12"]) == b"12".ljust(32, b"\0")
    assert encode(["bytes"], [bytearray(b"12")]) == encode(["bytes"], [b"12"])


@pytest.mark.parametrize("kind", ["fixed128x18", "function", "uint", "uint256[", "nothing"])
def test_a_type_that_is_not_known_is_left_to_eth_abi(kind: str) -> None:
    with pytest.raises(UnfitError):
        type_of(kind)


def test_words_that_end_too_early_are_refused_by_both() -> None:
    for size in (0, 31, 33, 63):
        with pytest.raises(ODD):
            tuple_of(("uint256", "bytes")).decode(bytes(size), 0)
        with pytest.raises(DecodingError):
            _CODEC.decode(["uint256", "bytes"], bytes(size))
