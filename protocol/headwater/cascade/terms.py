"""What a version promises: its terms, their packing and the hash that the Cascade contract stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from eth_utils.crypto import keccak

from headwater.cascade.errors import TermsError
from headwater.cascade.records import Leaf, pack_list
from headwater.units import BPS, GWEI, MAX_WEI

LIST: Final = 255
"""The depth that marks a version whose leaves stand whole in its announcement."""

MAX_DEPTH: Final = 24
"""Most levels above the leaves of a tree."""

MIN_KEEP_BPS: Final = 100
"""Least share of what comes in from parents that a node keeps."""

MAX_BUFFER: Final = (2**64 - 1) * GWEI
"""Largest buffer, in wei."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one version.

    Attributes:
        root: 32 bytes; keccak of the packed list, or the root of the Merkle-sum tree.
        total: sum of all weights, 1 to 2**96 - 1 (0 for the empty list).
        depth: levels above the leaves, 0 to 24, or LIST.
        keep_bps: share of what comes in from parents that the node keeps, 100 to 10,000 bps.
        buffer: what a forecaster's escrow holds back, in wei; a multiple of 10**9 below 2**64 * 10**9.

    Raises:
        TermsError: a value that the contract would not announce.
    """

    root: bytes
    total: int
    depth: int
    keep_bps: int
    buffer: int

    def __post_init__(self) -> None:
        if len(self.root) != 32:
            raise TermsError(f"a root has 32 bytes, not {len(self.root)}")
        if self.depth != LIST and not 0 <= self.depth <= MAX_DEPTH:
            raise TermsError(f"depth {self.depth}: expected 0 to {MAX_DEPTH}, or {LIST} for a list")
        if not MIN_KEEP_BPS <= self.keep_bps <= BPS:
            raise TermsError(f"keep of {self.keep_bps} bps: expected {MIN_KEEP_BPS} to {BPS}")
        if self.total == 0 and self.depth == LIST:
            if self.keep_bps != BPS:
                raise TermsError(f"a version without children keeps {BPS} bps, not {self.keep_bps}")
        elif not 1 <= self.total <= MAX_WEI:
            raise TermsError(f"total weight {self.total}: expected 1 to 2**96 - 1")
        if not 0 <= self.buffer <= MAX_BUFFER or self.buffer % GWEI:
            raise TermsError(f"buffer of {self.buffer} wei: expected a multiple of 10**9 below 2**64 * 10**9")

    def pack(self) -> bytes:
        """The ABI encoding: five 32-byte words in the order of the attributes."""
        numbers = (self.total, self.depth, self.keep_bps, self.buffer)
        return self.root + b"".join(number.to_bytes(32, "big") for number in numbers)

    @classmethod
    def unpack(cls, packed: bytes) -> Terms:
        """Reads `pack`'s 160 bytes.

        Raises:
            TermsError: another length, or terms that cannot have been announced.
        """
        if len(packed) != 160:
            raise TermsError(f"packed terms have 160 bytes, not {len(packed)}")
        total, depth, keep_bps, buffer = (int.from_bytes(packed[i : i + 32], "big") for i in range(32, 160, 32))
        return cls(packed[:32], total, depth, keep_bps, buffer)

    def as_tuple(self) -> tuple[bytes, int, int, int, int]:
        """The tuple a contract call takes: (root, total, depth, keep_bps, buffer)."""
        return self.root, self.total, self.depth, self.keep_bps, self.buffer

    @property
    def terms_hash(self) -> int:
        """The 192-bit number that the contract stores: the high bits of keccak of the ABI encoding."""
        return int.from_bytes(keccak(self.pack())[:24], "big")


def list_terms(leaves: Sequence[Leaf], keep_bps: int, buffer: int = 0) -> Terms:
    """Terms of a version announced as a list of up to 32 leaves.

    Args:
        leaves: the children, in the order of the announcement. None at all drops every child; keep_bps must then be
            10,000.
        keep_bps: share of what comes in from parents that the node keeps, 100 to 10,000.
        buffer: wei a forecaster's escrow holds back.

    Raises:
        RecordError: more than 32 leaves.
        TermsError: values that the contract would not announce.
    """
    packed = pack_list(leaves)
    total = sum(leaf.weight for leaf in leaves)
    if leaves and total == 0:
        raise TermsError("every weight is zero: expected a total of 1 to 2**96 - 1")
    return Terms(keccak(packed), total, LIST, keep_bps, buffer)
