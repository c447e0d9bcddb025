"""What was sealed, in order, and where everything in it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headwater_deploy.node.decode import Decoded, decode
from headwater_deploy.node.header import Header


@dataclass(frozen=True, slots=True)
class Block:
    """A sealed block: its hash, its time (seconds), its transactions as they were sent and their hashes."""

    number: int
    hash: bytes
    timestamp: int
    raws: tuple[bytes, ...]
    hashes: tuple[bytes, ...]


class Ledger:
    """Blocks by number and by hash, transactions by hash. It holds raw bytes; what they say is read when asked for."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._numbers: dict[bytes, int] = {}
        self._places: dict[bytes, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._blocks)

    def append(self, header: Header, transactions: Sequence[Decoded]) -> Block:
        """Make a block visible."""
        hashes = tuple(bytes.fromhex(transaction.tx_hash[2:]) for transaction in transactions)
        raws = tuple(transaction.raw for transaction in transactions)
        block = Block(header.number, header.hash, header.timestamp, raws, hashes)
        self._blocks.append(block)
        self._numbers[block.hash] = block.number
        for index, tx_hash in enumerate(hashes):
            self._places[tx_hash] = (block.number, index)
        return block

    def cut(self, blocks: int) -> None:
        """Forget all but the first blocks."""
        for block in self._blocks[blocks:]:
            del self._numbers[block.hash]
            for tx_hash in block.hashes:
                del self._places[tx_hash]
        del self._blocks[blocks:]

    @property
    def latest(self) -> Block:
        """The newest block."""
        return self._blocks[-1]

    def block(self, number: int) -> Block | None:
        """A block by number."""
        return self._blocks[number] if 0 <= number < len(self._blocks) else None

    def number(self, block_hash: bytes) -> int | None:
        """Number of the block of this hash."""
        return self._numbers.get(block_hash)

    def place(self, tx_hash: bytes) -> tuple[Block, int] | None:
        """The block a transaction is in, and its index there."""
        found = self._places.get(tx_hash)
        return None if found is None else (self._blocks[found[0]], found[1])

    def transaction(self, block: Block, index: int) -> Decoded:
        """What a sealed transaction says."""
        return decode(block.raws[index])
