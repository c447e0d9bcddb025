"""A leaf of a cascade version and its packed record, as the Cascade contract reads them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from eth_utils.address import to_checksum_address

from headwater.cascade.errors import RecordError
from headwater.units import MAX_WEI

RECORD: Final = 37
"""Bytes of a packed leaf: child (20), child version (5), weight (12), all big-endian."""

MAX_VERSION: Final = 2**40 - 1
"""Largest version number that fits a record."""

MAX_LIST: Final = 32
"""Most leaves that an announcement holds whole."""

ZERO_ADDRESS: Final = "0x" + "0" * 40

# Addresses remembered: a checksum costs about 50 µs, and cascades name the same addresses over and over.
_KNOWN: Final = 1 << 18


@lru_cache(maxsize=_KNOWN)
def address_bytes(address: str) -> bytes:
    """The 20 bytes of an address.

    Args:
        address: "0x" and 40 hexadecimal digits, all in lower case (or all in upper case) or with the EIP-55 checksum.

    Raises:
        RecordError: anything else, a wrong checksum included.
    """
    if not isinstance(address, str) or len(address) != 42 or address[:2] != "0x":
        raise RecordError(f"address {address!r}: expected 0x and 40 hexadecimal digits")
    digits = address[2:]
    try:
        packed = bytes.fromhex(digits)
    except ValueError:
        raise RecordError(f"address {address!r}: expected 0x and 40 hexadecimal digits") from None
    if len(packed) != 20:  # fromhex skips white space
        raise RecordError(f"address {address!r}: expected 0x and 40 hexadecimal digits")
    if digits not in (digits.lower(), digits.upper()) and to_checksum_address(packed) != address:
        raise RecordError(f"address {address}: checksum does not match; is it {to_checksum_address(packed)}?")
    return packed


@lru_cache(maxsize=_KNOWN)
def address_text(packed: bytes) -> str:
    """The checksummed text of a 20-byte address.

    Raises:
        RecordError: not 20 bytes.
    """
    if len(packed) != 20:
        raise RecordError(f"an address has 20 bytes, not {len(packed)}")
    return str(to_checksum_address(packed))


@dataclass(frozen=True, slots=True)
class Leaf:
    """One child of a version.

    Attributes:
        child: address of the child; kept with its checksum, whichever way it was given. The zero address is allowed:
            such a leaf pays the announcer.
        child_version: the version of the child that is paid; 0 for a plain recipient.
        weight: its part of the version's total, 0 to 2**96 - 1.

    Raises:
        RecordError: a malformed address, or a number that does not fit its field.
    """

    child: str
    child_version: int
    weight: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "child", address_text(address_bytes(self.child)))
        if not 0 <= self.child_version <= MAX_VERSION:
            raise RecordError(f"child version {self.child_version}: expected 0 to 2**40 - 1")
        if not 0 <= self.weight <= MAX_WEI:
            raise RecordError(f"weight {self.weight}: expected 0 to 2**96 - 1")

    def pack(self) -> bytes:
        """The 37-byte record."""
        return address_bytes(self.child) + self.child_version.to_bytes(5, "big") + self.weight.to_bytes(12, "big")

    @classmethod
    def unpack(cls, record: bytes) -> Leaf:
        """Reads a 37-byte record.

        Raises:
            RecordError: another length.
        """
        if len(record) != RECORD:
            raise RecordError(f"a record has {RECORD} bytes, not {len(record)}")
        return cls(
            address_text(bytes(record[:20])), int.from_bytes(record[20:25], "big"), int.from_bytes(record[25:], "big")
        )


def pack_list(leaves: Iterable[Leaf]) -> bytes:
    """The records of up to 32 leaves one after the other, as `Cascade.announce_list` takes them.

    Raises:
        RecordError: more than 32 leaves.
    """
    packed = b"".join(leaf.pack() for leaf in leaves)
    if len(packed) > MAX_LIST * RECORD:
        raise RecordError(f"a list holds at most {MAX_LIST} leaves, not {len(packed) // RECORD}; build a tree")
    return packed


def parse_list(packed: bytes) -> tuple[Leaf, ...]:
    """The leaves of a list as it stands in an announcement's event; the inverse of `pack_list`.

    Raises:
        RecordError: not whole records, or more than 32 of them.
    """
    if len(packed) % RECORD:
        raise RecordError(f"a list is whole records of {RECORD} bytes, not {len(packed)} bytes")
    if len(packed) > MAX_LIST * RECORD:
        raise RecordError(f"a list holds at most {MAX_LIST} leaves, not {len(packed) // RECORD}")
    return tuple(Leaf.unpack(packed[i : i + RECORD]) for i in range(0, len(packed), RECORD))
