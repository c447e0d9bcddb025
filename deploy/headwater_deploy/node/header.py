"""Block headers of the Prague fork, whichever chain made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import rlp  # type: ignore[import-untyped]
from eth_bloom.bloom import BloomFilter
from eth_hash.auto import keccak
from trie.hexary import HexaryTrie

from headwater.chain.backend import Log
from headwater.chain.genesis import BLOCK_GAS_LIMIT
from headwater.chain.transaction import address_bytes, rlp_encode

NO_UNCLES: Final = keccak(rlp_encode([]))
EMPTY_ROOT: Final = keccak(rlp_encode(b""))
NO_REQUESTS: Final = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
"""SHA-256 of nothing: the requests of a block that has none (EIP-7685)."""

RlpItem = int | bytes | Sequence["RlpItem"]

_ZERO: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Header:
    """A sealed block's header. Gas in gas, `base_fee` in wei per gas, `timestamp` in seconds; 32-byte roots."""

    hash: bytes
    parent: bytes
    number: int
    timestamp: int
    gas_used: int
    base_fee: int
    state_root: bytes
    transactions_root: bytes
    receipts_root: bytes
    bloom: int
    beacon_root: bytes = EMPTY_ROOT
    gas_limit: int = BLOCK_GAS_LIMIT

    @property
    def bloom_bytes(self) -> bytes:
        """The 256 bytes of the bloom filter."""
        return self.bloom.to_bytes(256, "big")

    def encode(self) -> bytes:
        """Its RLP: the hash is taken of this."""
        return encode_header(
            self.parent,
            self.number,
            self.timestamp,
            self.gas_used,
            self.base_fee,
            self.state_root,
            self.transactions_root,
            self.receipts_root,
            self.bloom,
            self.beacon_root,
            self.gas_limit,
        )

    def next_base_fee(self) -> int:
        """Base fee of the block after it: EIP-1559."""
        target = self.gas_limit // 2
        if self.gas_used > target:
            return self.base_fee + max(self.base_fee * (self.gas_used - target) // target // 8, 1)
        return self.base_fee - self.base_fee * (target - self.gas_used) // target // 8


def encode_header(
    parent: bytes,
    number: int,
    timestamp: int,
    gas_used: int,
    base_fee: int,
    state_root: bytes,
    transactions_root: bytes,
    receipts_root: bytes,
    bloom: int,
    beacon_root: bytes,
    gas_limit: int,
) -> bytes:
    """RLP of a Prague header: no uncles, withdrawals, blobs or requests, and nobody in particular makes the block."""
    return rlp_encode(
        [
            parent,
            NO_UNCLES,
            bytes(20),
            state_root,
            transactions_root,
            receipts_root,
            bloom.to_bytes(256, "big"),
            0,
            number,
            gas_limit,
            gas_used,
            timestamp,
            b"",
            _ZERO,
            bytes(8),
            base_fee,
            EMPTY_ROOT,
            0,
            0,
            beacon_root,
            NO_REQUESTS,
        ]
    )


def bloom_of(logs: Sequence[Log]) -> int:
    """Bloom filter over addresses and topics, as an integer of 2048 bits."""
    bloom = BloomFilter()
    for log in logs:
        bloom.add(address_bytes(log.address))
        for topic in log.topics:
            bloom.add(topic)
    return int(bloom)


def encode_receipt(kind: int, status: int, cumulative_gas: int, logs: Sequence[Log]) -> bytes:
    """The bytes of a receipt that the receipts' root is made of."""
    entries: list[RlpItem] = [[address_bytes(log.address), list(log.topics), log.data] for log in logs]
    body = rlp_encode([status, cumulative_gas, bloom_of(logs).to_bytes(256, "big"), entries])
    return bytes((kind,)) + body if kind else body


def root_of(values: Sequence[bytes]) -> bytes:
    """Root of the trie that holds these values at their indices."""
    if not values:
        return EMPTY_ROOT
    trie = HexaryTrie({}, prune=True)
    for index, value in enumerate(values):
        trie[rlp.encode(index)] = value
    return bytes(trie.root_hash)
