"""EIP-1559 transactions: the bytes that are signed and sent, and the address a deployment will get. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address

from headwater.chain.errors import ArgumentError

_TYPE: Final = b"\x02"


@lru_cache(maxsize=65_536)
def checksum(address: str | bytes) -> str:
    """Checksummed form (EIP-55) of an address given as 20 bytes or hex; ArgumentError on anything else."""
    try:
        return str(to_checksum_address(address))
    except (ValueError, TypeError) as error:
        raise ArgumentError(
            f"{address!r} is not an address; accepted: 20 bytes or 0x followed by 40 hex digits"
        ) from error


@lru_cache(maxsize=65_536)
def address_bytes(address: str) -> bytes:
    """The 20 bytes of a hex address; ArgumentError if it is not one."""
    return bytes.fromhex(checksum(address)[2:])


@dataclass(frozen=True, slots=True)
class Transaction:
    """An unsigned EIP-1559 transaction without access list. Fees are wei per gas; `to` None deploys."""

    chain_id: int
    nonce: int
    max_priority_fee: int
    max_fee: int
    gas: int
    to: str | None
    value: int
    data: bytes

    def fields(self) -> list[_Item]:
        """The RLP fields that are hashed and signed."""
        return [
            self.chain_id,
            self.nonce,
            self.max_priority_fee,
            self.max_fee,
            self.gas,
            address_bytes(self.to) if self.to is not None else b"",
            self.value,
            self.data,
            [],
        ]

    def digest(self) -> bytes:
        """The 32 bytes to sign."""
        return keccak(_TYPE + rlp_encode(self.fields()))

    def signed(self, y_parity: int, r: int, s: int) -> bytes:
        """The raw transaction, ready to send."""
        return _TYPE + rlp_encode([*self.fields(), y_parity, r, s])


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A signed transaction: its raw bytes, its hash, and what it says."""

    raw: bytes
    tx_hash: str
    sender: str
    transaction: Transaction


_Item = int | bytes | Sequence["_Item"]


def rlp_encode(item: _Item) -> bytes:
    """RLP of bytes, non-negative integers (big-endian, no leading zero) and sequences of them."""
    if isinstance(item, int):
        item = item.to_bytes((item.bit_length() + 7) // 8, "big")
    if isinstance(item, bytes):
        return item if len(item) == 1 and item[0] < 0x80 else _prefix(0x80, len(item)) + item
    payload = b"".join([rlp_encode(part) for part in item])
    return _prefix(0xC0, len(payload)) + payload


def _prefix(offset: int, length: int) -> bytes:
    if length < 56:
        return bytes((offset + length,))
    digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((offset + 55 + len(digits),)) + digits


def create_address(deployer: str, nonce: int) -> str:
    """Address of what `deployer`'s transaction number `nonce` deploys: keccak(rlp([deployer, nonce]))[12:]."""
    if nonce < 0:
        raise ArgumentError(f"a nonce is not negative, got {nonce}")
    return checksum(keccak(rlp_encode([address_bytes(deployer), nonce]))[12:])
