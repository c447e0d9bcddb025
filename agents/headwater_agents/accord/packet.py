"""Packets between two neighbours: bounded, checked entry by entry, and junk unless the neighbour made them.

    "HWA1" ‖ run (8) ‖ code (16) ‖ body
    body = flags (1) ‖ depth (1) ‖ end (1) ‖ clock (2) ‖ echo (2) ‖ ack (4) ‖ first (4) ‖ count (2) ‖ elements
           ‖ number (2) ‖ receipts (8 each) ‖ number (2) ‖ records (length (2) ‖ bytes)

Each direction of an edge is a stream of numbered elements (`stream.py`): at position 3t an estimate (d float64), at
3t + 1 nothing (the edge stands in round t), at 3t + 2 a degree (2). Integers are little-endian.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from headwater.values.norms import Floats
from headwater_agents.accord.errors import PacketError
from headwater_agents.accord.identity import CODE, PacketCode

MAGIC: Final = b"HWA1"
RUN: Final = 8
RECEIPT: Final = 8
MAX_PACKET: Final = 60_000
"""Bytes; a UDP datagram holds 65,507."""
MAX_POSITION: Final = 3 * 1_000_000 + 3
KINDS: Final = 3
ESTIMATE, STANDS, DEGREE = range(KINDS)

_HEAD: Final = len(MAGIC) + RUN + CODE
_FIXED: Final = struct.Struct("<BBBHHIIH")
_SHORT: Final = struct.Struct("<H")
_WANT, _DONE = 1, 2

Element = Floats | int | None
"""An estimate, a degree, or nothing."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Packet:
    """What one agent says to a neighbour.

    Attributes:
        want: it waits, and asks for an answer.
        done: it has signed and needs nothing any more.
        depth: 0 if nothing holds it up, otherwise one more than the deepest of those it waits for.
        clock: when it was sent by its sender's clock, in ticks of 0.1 ms from 1 to 65,535, if it wants an answer.
        echo: the clock of the packet that this one answers; 0 if it answers none.
        end: why the stream ends after these elements; 0 if it goes on.
        ack: the position of the other stream that it needs next.
        first: the position of the first element.
        elements: in order of position.
        receipts: records it has got from this neighbour, by the first 8 bytes of their hash.
        records: signed records (`record.py`).
    """

    want: bool = False
    done: bool = False
    depth: int = 0
    clock: int = 0
    echo: int = 0
    end: int = 0
    ack: int = 0
    first: int = 0
    elements: tuple[Element, ...] = ()
    receipts: tuple[bytes, ...] = ()
    records: tuple[bytes, ...] = ()


def seal(packet: Packet, run: bytes, code: PacketCode) -> bytes:
    """The datagram. Its sender keeps within MAX_PACKET."""
    parts = [
        _FIXED.pack(
            _WANT * packet.want + _DONE * packet.done,
            packet.depth,
            packet.end,
            packet.clock,
            packet.echo,
            packet.ack,
            packet.first,
            len(packet.elements),
        )
    ]
    for element in packet.elements:
        if isinstance(element, int):
            parts.append(_SHORT.pack(element))
        elif element is not None:
            parts.append(element.astype("<f8").tobytes())
    parts += [_SHORT.pack(len(packet.receipts)), *packet.receipts, _SHORT.pack(len(packet.records))]
    for record in packet.records:
        parts += [_SHORT.pack(len(record)), record]
    body = b"".join(parts)
    return MAGIC + run + code.of(body) + body


def unseal(data: bytes, run: bytes, code: PacketCode, d: int) -> Packet:
    """The packet in a datagram whose estimates have d entries.

    Raises:
        PacketError: too long or too short, of another run, not made by that neighbour, or a field is out of range.
    """
    if not _HEAD < len(data) <= MAX_PACKET:
        raise PacketError(f"a packet has from {_HEAD + 1} to {MAX_PACKET} bytes, not {len(data)}")
    if data[: len(MAGIC)] != MAGIC or data[len(MAGIC) : len(MAGIC) + RUN] != run:
        raise PacketError("this is no packet of this run")
    body = data[_HEAD:]
    if not code.fits(body, data[_HEAD - CODE : _HEAD]):
        raise PacketError("this packet's code is not its neighbour's")
    try:
        return _read(body, d)
    except struct.error as error:
        raise PacketError("this packet ends too early") from error


def _read(body: bytes, d: int) -> Packet:
    flags, depth, end, clock, echo, ack, first, count = _FIXED.unpack_from(body)
    if flags > (_WANT | _DONE) or ack > MAX_POSITION or first + count > MAX_POSITION:
        raise PacketError("a field of this packet is out of range")
    at = _FIXED.size
    elements: list[Element] = []
    for position in range(first, first + count):
        kind = position % KINDS
        if kind == ESTIMATE:
            if at + 8 * d > len(body):
                raise PacketError("this packet ends within an estimate")
            estimate = np.frombuffer(body, "<f8", d, at).astype(np.float64)
            if not np.isfinite(estimate).all():
                raise PacketError("an estimate is not finite")
            elements.append(estimate)
            at += 8 * d
        elif kind == DEGREE:
            elements.append(_SHORT.unpack_from(body, at)[0])
            at += _SHORT.size
        else:
            elements.append(None)
    (number,) = _SHORT.unpack_from(body, at)
    at += _SHORT.size
    stop = at + RECEIPT * number
    receipts = tuple(body[i : i + RECEIPT] for i in range(at, stop, RECEIPT))
    at = stop
    (number,) = _SHORT.unpack_from(body, at)
    at += _SHORT.size
    records = []
    for _ in range(number):
        (length,) = _SHORT.unpack_from(body, at)
        at += _SHORT.size
        records.append(body[at : at + length])
        at += length
    if at != len(body):
        raise PacketError("this packet's length is not what its fields add up to")
    return Packet(
        want=bool(flags & _WANT),
        done=bool(flags & _DONE),
        depth=depth,
        clock=clock,
        echo=echo,
        end=end,
        ack=ack,
        first=first,
        elements=tuple(elements),
        receipts=receipts,
        records=tuple(records),
    )
