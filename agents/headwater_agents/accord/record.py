"""Signed records, which members of a component pass on to each other: declarations and answers.

declaration = "D" ‖ run (8) ‖ number (4) ‖ version (1) ‖ size (8) ‖ values (1) ‖ entries (2) ‖ entries (8 each)
              ‖ number of neighbours (2) ‖ addresses (20 each)
answer      = "A" ‖ run (8) ‖ view (32) ‖ accepts (1) ‖ length (2) ‖ acceptance
record      = either ‖ signature (65, recoverable, of its keccak)
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from eth_hash.auto import keccak

from headwater.values import ValuesError, ValueSystem
from headwater.values.norms import Floats
from headwater_agents.accord.errors import PacketError
from headwater_agents.accord.identity import ADDRESS, SIGNATURE, Identity, author_of
from headwater_agents.accord.packet import RECEIPT

MAX_RECORD: Final = 14_000
MAX_NEIGHBOURS: Final = 512
MAX_ACCEPTANCE: Final = 1_024
_DECLARATION: Final = struct.Struct("<c8sIBdBH")
_ANSWER: Final = struct.Struct("<c8s32sBH")
_COUNT: Final = struct.Struct("<H")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Declaration:
    """An agent's own system, its size and the neighbours it kept.

    Attributes:
        author: address.
        number: by which members are ordered; ties by address.
        version: from 1; each later one names fewer neighbours and changes nothing else.
        size: population weight, above 0.
        m: number of values.
        vector: (d,), the system.
        neighbours: addresses, sorted.
        system: hash of size and vector, 32 bytes.
    """

    author: bytes
    number: int
    version: int
    size: float
    m: int
    vector: Floats
    neighbours: tuple[bytes, ...]
    system: bytes = field(init=False)

    def __post_init__(self) -> None:
        content = struct.pack("<Id", self.number, self.size) + self.vector.astype("<f8").tobytes()
        object.__setattr__(self, "system", keccak(content))

    @property
    def order(self) -> tuple[int, bytes]:
        """Members in this order."""
        return self.number, self.author


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An agent's word on an agreement that a view of members would sign: with an acceptance, or refused."""

    author: bytes
    view: bytes
    accepts: bool
    acceptance: bytes = b""


Record = Declaration | Answer


def receipt_of(raw: bytes) -> bytes:
    """8 bytes by which neighbours speak of a record."""
    return hashlib.sha256(raw).digest()[:RECEIPT]


def view_of(run: bytes, members: Sequence[Declaration]) -> bytes:
    """32 bytes that stand for these members, in order, with their systems and sizes, in this run."""
    content = b"".join(each.author + each.system for each in sorted(members, key=lambda each: each.order))
    return keccak(b"headwater accord view\0" + run + content)


def write(record: Record, run: bytes, identity: Identity) -> bytes:
    """The signed record; its author must be that identity."""
    if isinstance(record, Declaration):
        body = (
            _DECLARATION.pack(b"D", run, record.number, record.version, record.size, record.m, len(record.vector))
            + record.vector.astype("<f8").tobytes()
        )
        body += _COUNT.pack(len(record.neighbours)) + b"".join(record.neighbours)
    else:
        body = _ANSWER.pack(b"A", run, record.view, record.accepts, len(record.acceptance)) + record.acceptance
    return body + identity.sign(body)


def read(raw: bytes, run: bytes, m: int, d: int) -> Record:
    """The record in these bytes, in a run about m values and vectors of d entries.

    Raises:
        PacketError: not a record of this run, or a field that is out of range, or no signature.
    """
    if not SIGNATURE < len(raw) <= MAX_RECORD:
        raise PacketError(f"a record has at most {MAX_RECORD} bytes, not {len(raw)}")
    body = raw[:-SIGNATURE]
    try:
        if body[:1] == b"D":
            return _declaration(body, raw, run, m, d)
        if body[:1] == b"A":
            return _answer(body, raw, run)
    except struct.error as error:
        raise PacketError("this record ends too early") from error
    raise PacketError("this is neither a declaration nor an answer")


def _declaration(body: bytes, raw: bytes, run: bytes, m: int, d: int) -> Declaration:
    _, of, number, version, size, values, entries = _DECLARATION.unpack_from(body)
    if of != run or values != m or entries != d or not version:
        raise PacketError("this declaration is of another run")
    if not (math.isfinite(size) and size > 0):
        raise PacketError("a size is finite and above zero")
    at = _DECLARATION.size
    vector = np.frombuffer(body[at : at + 8 * d].ljust(8 * d, b"\xff"), "<f8").astype(np.float64)
    at += 8 * d
    (count,) = _COUNT.unpack_from(body, at)
    at += _COUNT.size
    if count > MAX_NEIGHBOURS or len(body) != at + ADDRESS * count:
        raise PacketError("this declaration's length is not what its fields add up to")
    neighbours = tuple(body[i : i + ADDRESS] for i in range(at, len(body), ADDRESS))
    if list(neighbours) != sorted(set(neighbours)):
        raise PacketError("neighbours are sorted, and each comes once")
    try:
        ValueSystem.from_vector(vector, m)
    except ValuesError as error:
        raise PacketError(f"what was declared is no value system: {error}") from error
    vector.setflags(write=False)
    return Declaration(
        author=author_of(body, raw[-SIGNATURE:]),
        number=number,
        version=version,
        size=size,
        m=m,
        vector=vector,
        neighbours=neighbours,
    )


def _answer(body: bytes, raw: bytes, run: bytes) -> Answer:
    _, of, view, accepts, length = _ANSWER.unpack_from(body)
    acceptance = body[_ANSWER.size :]
    if of != run or accepts > 1 or length != len(acceptance) or length > MAX_ACCEPTANCE:
        raise PacketError("this answer is of another run, or its length is not what it says")
    return Answer(author=author_of(body, raw[-SIGNATURE:]), view=view, accepts=bool(accepts), acceptance=acceptance)
