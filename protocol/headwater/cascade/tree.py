"""Merkle-sum trees over leaves: roots, proofs, pull entries and their verification.

    leaf hash = keccak(0x00 | index (4) | record (37))                                       sum = weight
    node hash = keccak(0x01 | sum_left (12) | hash_left (32) | sum_right (12) | hash_right (32))

Leaves are padded to a power of two with hash 0 and sum 0. Because a node hashes the sums of both its children, the
leaves that anybody can prove under one root never sum to more than its total, whoever built it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np
from eth_utils.crypto import keccak
from numpy.typing import NDArray

from headwater.cascade.errors import ProofError, RecordError, TermsError, TreeError
from headwater.cascade.keccak import Bytes2D, keccak_rows
from headwater.cascade.records import MAX_VERSION, RECORD, Leaf
from headwater.cascade.terms import LIST, MAX_DEPTH, Terms
from headwater.cascade.wide import Wide, carry, from_ints, from_words
from headwater.units import MAX_WEI

STEP: Final = 44
"""Bytes of one proof step: the sibling's sum (12) and hash (32)."""

HEAD: Final = 4 + RECORD
"""Bytes of an entry before its proof: index (4) and record (37)."""

_SUM_LIMBS: Final = 3


def weights_wide(weights: Sequence[int] | NDArray[Any]) -> Wide:
    """Weights as a wide array of three limbs.

    Args:
        weights: unsigned integers of any numpy width, or Python integers (a list or an object array), 0 to 2**96 - 1.

    Raises:
        RecordError: a weight outside its range, or of another kind.
    """
    array = weights if isinstance(weights, np.ndarray) else np.array(weights, dtype=object)
    if array.ndim != 1:
        raise RecordError(f"weights of shape {array.shape}: expected one row")
    if array.dtype.kind == "u":
        return from_words(array.astype(np.uint64), _SUM_LIMBS)
    if array.dtype.kind == "i":
        if len(array) and int(array.min()) < 0:
            raise RecordError(f"weight {int(array.min())}: expected 0 to 2**96 - 1")
        return from_words(array.astype(np.uint64), _SUM_LIMBS)
    if array.dtype.kind != "O":
        raise RecordError(f"weights of type {array.dtype}: expected integers")
    try:
        return from_ints(array.tolist(), _SUM_LIMBS)
    except (OverflowError, ValueError, TypeError):
        raise RecordError("a weight is not an integer from 0 to 2**96 - 1") from None


def _sum_bytes(sums: Wide) -> Bytes2D:
    return np.ascontiguousarray(sums[::-1].T).astype(">u4").view(np.uint8)


def _node_hash(sum_left: int, hash_left: bytes, sum_right: int, hash_right: bytes) -> bytes:
    return keccak(b"\x01" + sum_left.to_bytes(12, "big") + hash_left + sum_right.to_bytes(12, "big") + hash_right)


class MerkleSumTree:
    """A Merkle-sum tree over 1 to 2**24 leaves.

    Hashes and sums lie in one flat array a level (44 bytes a node, padding not stored), so a million leaves take about
    130 MB, and 2**21 hashes of building time.

    Attributes:
        total: sum of all weights, 1 to 2**96 - 1.
        depth: levels above the leaves.
        root: 32 bytes.
    """

    def __init__(self, leaves: Iterable[Leaf], progress: Callable[[int, int], None] | None = None) -> None:
        """Builds the tree of `leaves`, in their order.

        Args:
            leaves: the children; a child may stand in several leaves.
            progress: called now and then with (hashes done, hashes in all).

        Raises:
            TreeError: no leaf, more than 2**24 leaves, or a total outside 1 to 2**96 - 1.
        """
        packed = b"".join(leaf.pack() for leaf in leaves)
        self._build(np.frombuffer(packed, np.uint8).reshape(-1, RECORD), progress)

    @classmethod
    def from_arrays(
        cls,
        children: NDArray[np.uint8],
        versions: NDArray[np.integer[Any]],
        weights: Sequence[int] | NDArray[Any],
        progress: Callable[[int, int], None] | None = None,
    ) -> MerkleSumTree:
        """Builds a tree of leaves given as columns.

        Args:
            children: addresses, shape (n, 20), uint8.
            versions: child versions, shape (n,), 0 to 2**40 - 1.
            weights: shape (n,), see `weights_wide`.
            progress: called now and then with (hashes done, hashes in all).

        Raises:
            RecordError: columns of the wrong shape, or numbers that do not fit a record.
            TreeError: as the constructor.
        """
        children = np.asarray(children)
        versions = np.asarray(versions)
        if children.ndim != 2 or children.shape[1] != 20 or children.dtype != np.uint8:
            raise RecordError(f"children: shape {children.shape} of {children.dtype}, expected (n, 20) of uint8")
        if versions.shape != (len(children),) or versions.dtype.kind not in "ui":
            raise RecordError(
                f"versions: shape {versions.shape} of {versions.dtype}, expected ({len(children)},) integers"
            )
        wide = weights_wide(weights)
        if wide.shape[1] != len(children):
            raise RecordError(f"{wide.shape[1]} weights for {len(children)} children")
        if len(versions) and (int(versions.min()) < 0 or int(versions.max()) > MAX_VERSION):
            raise RecordError("a child version lies outside 0 to 2**40 - 1")
        records = np.empty((len(children), RECORD), np.uint8)
        records[:, :20] = children
        records[:, 20:25] = versions.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 3:]
        records[:, 25:] = _sum_bytes(wide)
        tree = cls.__new__(cls)
        tree._build(records, progress)
        return tree

    def _build(self, records: Bytes2D, progress: Callable[[int, int], None] | None) -> None:
        n = len(records)
        if not 1 <= n <= 1 << MAX_DEPTH:
            raise TreeError(f"a tree of {n} leaves: expected 1 to 2**{MAX_DEPTH}")
        sums = np.ascontiguousarray(records[:, 25:]).view(">u4").reshape(n, 3).T[::-1].astype(np.uint64)
        self.total = sum(int(limb.sum(dtype=np.uint64)) << (32 * i) for i, limb in enumerate(sums))
        if not 1 <= self.total <= MAX_WEI:
            raise TreeError(f"weights sum to {self.total}: expected 1 to 2**96 - 1")
        self.depth = (n - 1).bit_length()
        expected, done = n + sum(-(-n >> level) for level in range(1, self.depth + 1)), 0

        def tick(hashes: int) -> None:
            nonlocal done
            done += hashes
            if progress:
                progress(done, expected)

        message = np.zeros((n, 1 + HEAD), np.uint8)
        message[:, 1:5] = np.arange(n, dtype=">u4").view(np.uint8).reshape(n, 4)
        message[:, 5:] = records
        self._records = records
        # Level by level, sum (12) | hash (32) of a node side by side: a proof step as it stands.
        level = np.empty((n, STEP), np.uint8)
        level[:, :12] = records[:, 25:]
        level[:, 12:] = keccak_rows(message, tick)
        self._levels = [level]
        self._padding = [bytes(STEP)]
        for _ in range(self.depth):
            size = len(level)
            pad = self._padding[-1]
            if size % 2:
                level = np.concatenate([level, np.frombuffer(pad, np.uint8)[None]])
                sums = np.concatenate([sums, np.zeros((3, 1), np.uint64)], axis=1)
            pairs = np.empty((len(level) // 2, 1 + 2 * STEP), np.uint8)
            pairs[:, 0] = 1
            pairs[:, 1:] = level.reshape(-1, 2 * STEP)
            sums = sums[:, 0::2] + sums[:, 1::2]
            carry(sums)
            level = np.empty((len(pairs), STEP), np.uint8)
            level[:, :12] = _sum_bytes(sums)
            level[:, 12:] = keccak_rows(pairs, tick)
            self._levels.append(level)
            self._padding.append(bytes(12) + keccak(b"\x01" + pad + pad))
        self.root = level[0, 12:].tobytes()

    def __len__(self) -> int:
        """Number of leaves, without padding."""
        return len(self._records)

    def __getitem__(self, index: int) -> Leaf:
        """The leaf at an index.

        Raises:
            TreeError: no such leaf.
        """
        return Leaf.unpack(self._records[self._checked(index)].tobytes())

    def _checked(self, index: int) -> int:
        if not 0 <= index < len(self._records):
            raise TreeError(f"leaf {index}: the tree has leaves 0 to {len(self._records) - 1}")
        return index

    def terms(self, keep_bps: int, buffer: int = 0) -> Terms:
        """The terms to announce this tree under (keep in bps, buffer in wei).

        Raises:
            TermsError: values that the contract would not announce.
        """
        return Terms(self.root, self.total, self.depth, keep_bps, buffer)

    def proof(self, index: int) -> bytes:
        """The proof steps of a leaf, bottom up: depth times sibling's sum (12) and hash (32).

        Raises:
            TreeError: no such leaf.
        """
        self._checked(index)
        steps = []
        for level, pad in zip(self._levels[:-1], self._padding, strict=False):
            sibling = index ^ 1
            step: bytes = level[sibling].tobytes() if sibling < len(level) else pad
            steps.append(step)
            index >>= 1
        return b"".join(steps)

    def entry(self, index: int) -> bytes:
        """What `Cascade.pull` takes for one leaf: index (4), record (37), proof (44 * depth).

        Raises:
            TreeError: no such leaf.
        """
        record: bytes = self._records[self._checked(index)].tobytes()
        return index.to_bytes(4, "big") + record + self.proof(index)

    def entries(self, indices: Iterable[int]) -> bytes:
        """The entries of several leaves one after the other.

        Raises:
            TreeError: no such leaf.
        """
        return b"".join(self.entry(index) for index in indices)


def entry_stride(depth: int) -> int:
    """Bytes of an entry in a tree of that depth."""
    return HEAD + STEP * depth


def open_entry(terms: Terms, entry: bytes) -> tuple[int, Leaf]:
    """Checks one entry exactly as `Cascade.pull` does.

    Returns:
        The index and leaf that the entry proves.

    Raises:
        ProofError: an entry that the contract would reject: wrong length, an index outside the tree, a sum beyond
            2**96 - 1, or a path that does not open root and total.
    """
    if terms.depth == LIST:
        raise ProofError("the version is a list; its leaves need no proof")
    if len(entry) != entry_stride(terms.depth):
        raise ProofError(f"an entry of this tree has {entry_stride(terms.depth)} bytes, not {len(entry)}")
    index = int.from_bytes(entry[:4], "big")
    if index >> terms.depth:
        raise ProofError(f"index {index} lies outside a tree of depth {terms.depth}")
    leaf = Leaf.unpack(entry[4:HEAD])
    running, value = leaf.weight, keccak(b"\x00" + entry[:HEAD])
    for level in range(terms.depth):
        start = HEAD + STEP * level
        other_sum, other = int.from_bytes(entry[start : start + 12], "big"), entry[start + 12 : start + STEP]
        if running > MAX_WEI:
            raise ProofError("sums along the path exceed 2**96 - 1")
        if (index >> level) & 1:
            value = _node_hash(other_sum, other, running, value)
        else:
            value = _node_hash(running, value, other_sum, other)
        running += other_sum
    if value != terms.root or running != terms.total:
        raise ProofError(f"the proof of leaf {index} does not open the root")
    return index, leaf


def open_entries(terms: Terms, entries: bytes) -> list[tuple[int, Leaf]]:
    """Checks entries one after the other, as `Cascade.pull` takes them.

    Raises:
        ProofError: not whole entries, none at all, or one that the contract would reject.
    """
    if terms.depth == LIST:
        raise ProofError("the version is a list; its leaves need no proof")
    stride = entry_stride(terms.depth)
    if not entries or len(entries) % stride:
        raise ProofError(f"{len(entries)} bytes are not one or more whole entries of {stride}")
    return [open_entry(terms, entries[i : i + stride]) for i in range(0, len(entries), stride)]


def verify(root: bytes, total: int, depth: int, index: int, leaf: Leaf, proof: bytes) -> bool:
    """Whether `proof` shows `leaf` at `index` under that root, total weight and depth."""
    try:
        # A keep of the whole is the one value that says nothing about the rest.
        terms = Terms(root, total, depth, 10_000, 0)
        return open_entry(terms, index.to_bytes(4, "big") + leaf.pack() + proof) == (index, leaf)
    except (ProofError, TermsError, OverflowError):
        return False
