"""Packets and records: what is said arrives, and nothing that anybody else made or changed counts."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.chain.accounts import development_key
from headwater_agents.accord.agent import number_of
from headwater_agents.accord.errors import AccordError, PacketError
from headwater_agents.accord.identity import Identity, author_of
from headwater_agents.accord.packet import MAX_PACKET, Packet, seal, unseal
from headwater_agents.accord.record import Answer, Declaration, read, view_of, write

RUN = number_of("these tests")
OURS, THEIRS, OTHER = (Identity(development_key(1, index)) for index in range(3))
D, M = 6, 2

floats = st.floats(allow_nan=False, allow_infinity=False)
packets = st.builds(
    lambda first, kinds, **rest: Packet(
        first=first, elements=tuple(kinds[(first + i) % 3](i) for i in range(len(rest["receipts"]))), **rest
    ),
    first=st.integers(0, 10_000),
    kinds=st.builds(
        lambda x, degree: (lambda i: np.array(x), lambda i: None, lambda i: degree),
        st.lists(floats, min_size=D, max_size=D),
        st.integers(0, 65_535),
    ),
    want=st.booleans(),
    done=st.booleans(),
    depth=st.integers(0, 255),
    clock=st.integers(0, 65_535),
    echo=st.integers(0, 65_535),
    end=st.integers(0, 255),
    ack=st.integers(0, 10_000),
    receipts=st.lists(st.binary(min_size=8, max_size=8), max_size=7).map(tuple),
    records=st.lists(st.binary(max_size=300), max_size=4).map(tuple),
)


def plain(packet: Packet) -> dict[str, Any]:
    """Its fields, comparable."""
    fields = {name: getattr(packet, name) for name in Packet.__slots__}
    return fields | {"elements": [each.tolist() if isinstance(each, np.ndarray) else each for each in packet.elements]}


@given(packets)
def test_what_is_sealed_is_read_by_the_neighbour_bit_for_bit(packet: Packet) -> None:
    ours, _ = OURS.codes(RUN, THEIRS.public)
    _, theirs = THEIRS.codes(RUN, OURS.public)
    assert plain(unseal(seal(packet, RUN, ours), RUN, theirs, D)) == plain(packet)


@given(packets, st.data())
def test_a_packet_that_was_changed_or_cut_anywhere_is_junk(packet: Packet, data: st.DataObject) -> None:
    ours, _ = OURS.codes(RUN, THEIRS.public)
    _, theirs = THEIRS.codes(RUN, OURS.public)
    sealed = seal(packet, RUN, ours)
    at = data.draw(st.integers(0, len(sealed) - 1))
    changed = bytearray(sealed)
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    for junk in (bytes(changed), sealed[:at], sealed + b"\0"):
        with pytest.raises(PacketError):
            unseal(junk, RUN, theirs, D)


def test_a_packet_counts_for_one_sender_one_direction_and_one_run() -> None:
    packet = Packet(elements=(np.zeros(D),))
    to_theirs, from_theirs = OURS.codes(RUN, THEIRS.public)
    _, at_theirs = THEIRS.codes(RUN, OURS.public)
    forged, _ = OTHER.codes(RUN, THEIRS.public)
    for junk in (
        seal(packet, RUN, from_theirs),  # its own, sent back to it
        seal(packet, RUN, forged),  # by a third agent with a key of its own
        seal(packet, number_of("another run"), OURS.codes(number_of("another run"), THEIRS.public)[0]),
        seal(packet, RUN, OURS.codes(number_of("another run"), THEIRS.public)[0]),
    ):
        with pytest.raises(PacketError):
            unseal(junk, RUN, at_theirs, D)
    assert unseal(seal(packet, RUN, to_theirs), RUN, at_theirs, D).elements[0] is not None


@given(st.binary(max_size=200))
def test_bytes_of_whatever_kind_are_refused_and_raise_nothing_else(junk: bytes) -> None:
    ours, theirs = OURS.codes(RUN, THEIRS.public)[0], THEIRS.codes(RUN, OURS.public)[1]
    with pytest.raises(PacketError):
        unseal(junk, RUN, theirs, D)
    body = junk + b"\xff" * 40
    with pytest.raises(PacketError):  # even by the right neighbour
        unseal(b"HWA1" + RUN + ours.of(body) + body, RUN, theirs, D)
    for start in (b"", b"A" + RUN, b"D" + RUN):
        with pytest.raises(PacketError):
            read(start + junk, RUN, M, D)


@pytest.mark.parametrize("entry", [math.nan, math.inf, -math.inf])
def test_an_estimate_that_is_not_finite_is_junk_though_a_neighbour_made_it(entry: float) -> None:
    ours, theirs = OURS.codes(RUN, THEIRS.public)[0], THEIRS.codes(RUN, OURS.public)[1]
    with pytest.raises(PacketError, match="finite"):
        unseal(seal(Packet(elements=(np.array([entry] * D),)), RUN, ours), RUN, theirs, D)


def test_a_packet_is_bounded() -> None:
    ours, theirs = OURS.codes(RUN, THEIRS.public)[0], THEIRS.codes(RUN, OURS.public)[1]
    with pytest.raises(PacketError, match=str(MAX_PACKET)):
        unseal(seal(Packet(records=(b"x" * MAX_PACKET,)), RUN, ours), RUN, theirs, D)


def declaration(**changes: Any) -> Declaration:
    fields: dict[str, Any] = {
        "author": OURS.address,
        "number": 3,
        "version": 1,
        "size": 2.5,
        "m": M,
        "vector": np.array([0.25, 0.75, -1.0, 0.5, 0.0, 1.0]),
        "neighbours": tuple(sorted((THEIRS.address, OTHER.address))),
    }
    return Declaration(**(fields | changes))


def test_a_record_says_who_wrote_it_and_what() -> None:
    raw = write(declaration(), RUN, OURS)
    found = read(raw, RUN, M, D)
    assert isinstance(found, Declaration)
    assert found.author == OURS.address
    assert found.vector.tolist() == declaration().vector.tolist()
    assert (found.number, found.size, found.neighbours) == (3, 2.5, declaration().neighbours)
    answer = Answer(author=OURS.address, view=view_of(RUN, [found]), accepts=True, acceptance=b"signed")
    assert read(write(answer, RUN, OURS), RUN, M, D) == answer


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_a_changed_record_is_junk_or_somebody_elses(place: int, bit: int) -> None:
    raw = bytearray(write(declaration(), RUN, OURS))
    raw[place % len(raw)] ^= 1 << bit
    with suppress(PacketError):
        assert read(bytes(raw), RUN, M, D).author != OURS.address


@pytest.mark.parametrize(
    "wrong",
    [
        {"vector": np.array([0.5, 0.6, 0.0, 0.0, 0.0, 0.0])},
        {"vector": np.array([0.5, 0.5, 0.0, 0.0, 0.0, 1.5])},
        {"vector": np.array([0.5, 0.5, 0.0, 0.0, 0.0, math.nan])},
        {"vector": np.array([0.5, 0.5, 0.0, 0.0])},
        {"size": 0.0},
        {"size": -1.0},
        {"size": math.inf},
        {"version": 0},
        {"m": 3},
        {"neighbours": (OTHER.address, OTHER.address)},
    ],
)
def test_a_declaration_is_of_a_value_system_a_size_and_different_neighbours(wrong: dict[str, Any]) -> None:
    with pytest.raises(PacketError):
        read(write(declaration(**wrong), RUN, OURS), RUN, M, D)


def test_a_record_of_another_run_is_junk() -> None:
    with pytest.raises(PacketError):
        read(write(declaration(), number_of("another run"), OURS), RUN, M, D)


def test_a_key_is_a_key_and_is_not_shown() -> None:
    with pytest.raises(AccordError, match="32 bytes"):
        Identity(b"\0" * 32)
    with pytest.raises(AccordError, match="public key"):
        OURS.codes(RUN, b"\4" * 33)
    with pytest.raises(PacketError):
        author_of(b"", b"\xff" * 65)
    assert development_key(1, 0).hex() not in repr(OURS)
