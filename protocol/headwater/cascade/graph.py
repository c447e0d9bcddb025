"""Announced versions as one graph, laid out for solving.

A version number is given once, by one global counter, and a leaf pays only a version with a smaller number than its
own. So the number alone identifies an announced version, and money runs down a directed acyclic graph. The graph sorts
versions into levels, so that all parents of a version stand in earlier levels, and keeps everything in flat arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from headwater.cascade.errors import GraphError
from headwater.cascade.records import MAX_VERSION, ZERO_ADDRESS, Leaf, address_bytes, address_text
from headwater.cascade.terms import MIN_KEEP_BPS
from headwater.cascade.tree import weights_wide
from headwater.cascade.wide import BITS, Stored, Wide, carry, from_ints, mul, to_ints
from headwater.units import BPS, MAX_WEI

Ints = NDArray[np.int64]

_SLACK: Final = 2
"""Bits that normalised totals leave free at the top; see `headwater.cascade.flow`."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """One announced version of one node.

    Attributes:
        node: address of the announcer.
        version: its number, 1 to 2**40 - 1.
        leaves: the known children. Those of a tree may be known in part: what belongs to the others stays in the pot.
        keep_bps: share of what comes in from parents that the node keeps, 100 to 10,000 bps.
        total: the announced total weight; None for the sum of the leaves.
    """

    node: str
    version: int
    leaves: Sequence[Leaf]
    keep_bps: int
    total: int | None = None


def _intern(addresses: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Ints]:
    """Distinct rows of (n, 20), and for every row its place among them."""
    n = len(addresses)
    padded = np.zeros((n, 24), np.uint8)
    padded[:, :20] = addresses
    words = padded.view("<u8").reshape(n, 3)
    order = np.lexsort((words[:, 2], words[:, 1], words[:, 0]))
    ranked = words[order]
    first = np.ones(n, bool)
    first[1:] = (ranked[1:] != ranked[:-1]).any(axis=1)
    index = np.empty(n, np.int64)
    index[order] = np.cumsum(first) - 1
    return addresses[order[first]], index


def _levels(starts: Ints, target: Ints, n: int) -> Ints:
    """Longest distance of every version from one that nobody pays; versions stand parents first."""
    level = [0] * n
    bounds, targets = starts.tolist(), target.tolist()
    for i in range(n):
        below = level[i] + 1
        for t in targets[bounds[i] : bounds[i + 1]]:
            if t < n and level[t] < below:
                level[t] = below
    return np.array(level, dtype=np.int64)


class CascadeGraph:
    """All announced versions that a flow may pass.

    Build it with `from_announcements`, or with `from_arrays` where there are many. A *row* is the place of a version in
    the order it was given; leaves keep their order too.

    Inside, versions stand level by level (*positions*), followed by pairs (address, version) that leaves name but
    nobody announced. `target` of a leaf is a position, or `pairs` plus an address's row where (address, 0) is paid.
    """

    addresses: NDArray[np.uint8]
    n: int
    pairs: int
    order: Ints
    rank: Ints
    node: Ints
    version: Ints
    keep: NDArray[np.uint64]
    starts: Ints
    source: Ints
    target: Ints
    leaf_order: Ints
    bits: int
    weight: Stored
    total: Stored
    level_starts: list[int]

    def __init__(self) -> None:
        raise TypeError("build a CascadeGraph with from_announcements or from_arrays")

    @classmethod
    def from_announcements(cls, announcements: Iterable[Announcement]) -> CascadeGraph:
        """Builds a graph from versions given one by one.

        Raises:
            RecordError: a malformed address.
            GraphError: as `from_arrays`.
        """
        given = list(announcements)
        table: dict[bytes, int] = {}
        node = [table.setdefault(address_bytes(a.node), len(table)) for a in given]
        leaves = [leaf for a in given for leaf in a.leaves]
        child = [table.setdefault(address_bytes(leaf.child), len(table)) for leaf in leaves]
        starts = np.cumsum([0, *(len(a.leaves) for a in given)])
        packed = np.frombuffer(b"".join(table), np.uint8).reshape(-1, 20)
        if any(not 0 <= a.version <= MAX_VERSION for a in given):
            raise GraphError("a version number lies outside 1 to 2**40 - 1")
        return cls.from_arrays(
            addresses=packed,
            node=np.array(node, np.int64),
            version=np.array([a.version for a in given], np.int64),
            keep_bps=np.array([a.keep_bps for a in given], np.int64),
            starts=starts.astype(np.int64),
            child=np.array(child, np.int64),
            child_version=np.array([leaf.child_version for leaf in leaves], np.int64),
            weight=[leaf.weight for leaf in leaves],
            total=[sum(leaf.weight for leaf in a.leaves) if a.total is None else a.total for a in given],
        )

    @classmethod
    def from_arrays(
        cls,
        *,
        addresses: NDArray[np.uint8],
        node: NDArray[np.integer[Any]],
        version: NDArray[np.integer[Any]],
        keep_bps: NDArray[np.integer[Any]],
        starts: NDArray[np.integer[Any]],
        child: NDArray[np.integer[Any]],
        child_version: NDArray[np.integer[Any]],
        weight: Sequence[int] | NDArray[Any],
        total: Sequence[int] | NDArray[Any] | None = None,
    ) -> CascadeGraph:
        """Builds a graph from columns.

        Args:
            addresses: distinct addresses, shape (a, 20), uint8.
            node: announcer of every version as a row of `addresses`, shape (n,).
            version: its number, shape (n,), 1 to 2**40 - 1, each once.
            keep_bps: shape (n,), 100 to 10,000.
            starts: leaves of version i are starts[i] to starts[i + 1] - 1; shape (n + 1,).
            child: child of every leaf as a row of `addresses`, shape (m,).
            child_version: shape (m,), 0 to 2**40 - 1.
            weight: shape (m,), 0 to 2**96 - 1; unsigned integers of any numpy width, or Python integers.
            total: announced total weights, shape (n,); by default the sums of the leaves.

        Raises:
            RecordError: weights that are no integers from 0 to 2**96 - 1.
            GraphError: columns that do not fit each other, an address or a version number given twice, a keep or total
                out of range, leaves that weigh more than their total.
        """
        self = cls.__new__(cls)
        self.addresses = np.ascontiguousarray(addresses, dtype=np.uint8).reshape(-1, 20)
        self.n = n = len(node)
        ids, versions, keeps, bounds, children, child_versions = (
            np.asarray(column).astype(np.int64) for column in (node, version, keep_bps, starts, child, child_version)
        )
        weights = weights_wide(weight)
        self._check_columns(ids, versions, keeps, bounds, children, child_versions, weights.shape[1])
        totals = self._check_totals(bounds, weights, keeps, total)

        # Parents before children: a larger number is a parent or unrelated.
        order = np.argsort(-versions, kind="stable")
        ids, versions, bounds, children, child_versions, target, leaf_order = self._resolve(
            order, ids, versions, bounds, children, child_versions
        )
        level = _levels(bounds, target, n)
        by_level = np.argsort(level, kind="stable")
        place = np.empty(n, np.int64)
        place[by_level] = np.arange(n)
        leaf_order = leaf_order[_ranges(bounds, by_level)]
        target = target[_ranges(bounds, by_level)]
        inner = target < n
        target[inner] = place[target[inner]]

        self.order = order[by_level]
        self.rank = np.empty(n, np.int64)
        self.rank[self.order] = np.arange(n)
        sizes = np.diff(bounds)[by_level]
        self.starts = np.concatenate([[0], np.cumsum(sizes)])
        self.node = np.concatenate([ids[by_level], self.node])
        self.version = np.concatenate([versions[by_level], self.version])
        self.keep = np.concatenate([keeps[self.order], np.full(self.pairs - n, BPS)]).astype(np.uint64)
        self.source = np.repeat(np.arange(n), sizes)
        self.target = target
        self.leaf_order = leaf_order
        self.level_starts = [*np.flatnonzero(np.diff(level[by_level], prepend=-1)).tolist(), n]
        self._normalise(weights[:, leaf_order], [totals[i] for i in self.order.tolist()])
        return self

    def _check_columns(
        self, ids: Ints, versions: Ints, keeps: Ints, bounds: Ints, children: Ints, child_versions: Ints, m: int
    ) -> None:
        n = self.n
        if not len(versions) == len(keeps) == n or len(bounds) != n + 1:
            raise GraphError(f"{n} nodes need {n} versions and keeps and {n + 1} starts")
        if not len(children) == len(child_versions) == m:
            raise GraphError(f"{len(children)} children, {len(child_versions)} child versions and {m} weights")
        if bounds[0] != 0 or bounds[-1] != m or (np.diff(bounds) < 0).any():
            raise GraphError(f"starts must rise from 0 to the number of leaves, {m}")
        for name, column in (("node", ids), ("child", children)):
            if len(column) and (int(column.min()) < 0 or int(column.max()) >= len(self.addresses)):
                raise GraphError(f"a {name} is no row of the {len(self.addresses)} addresses")
        if len(_intern(self.addresses)[0]) != len(self.addresses):
            raise GraphError("an address stands twice in the table")
        if n and (int(versions.min()) < 1 or int(versions.max()) > MAX_VERSION):
            raise GraphError("a version number lies outside 1 to 2**40 - 1")
        if m and (int(child_versions.min()) < 0 or int(child_versions.max()) > MAX_VERSION):
            raise GraphError("a child version lies outside 0 to 2**40 - 1")
        ranked = np.sort(versions)
        twice = ranked[1:][ranked[1:] == ranked[:-1]]
        if len(twice):
            raise GraphError(f"version {int(twice[0])} is announced twice; one counter numbers all versions")
        wrong = np.flatnonzero((keeps < MIN_KEEP_BPS) | (keeps > BPS))
        if len(wrong):
            i = int(wrong[0])
            raise GraphError(f"version {int(versions[i])} keeps {int(keeps[i])} bps: expected {MIN_KEEP_BPS} to {BPS}")
        if (ids >= 0).all() and n and not self.addresses[ids].any(axis=1).all():
            raise GraphError("the zero address announces a version")

    def _check_totals(
        self, bounds: Ints, weights: Wide, keeps: Ints, total: Sequence[int] | NDArray[Any] | None
    ) -> list[int]:
        sums = np.zeros((4, self.n), np.uint64)
        owner = np.repeat(np.arange(self.n), np.diff(bounds))
        for limb, column in zip(sums, weights, strict=False):
            np.add.at(limb, owner, column)
        carry(sums)
        known = to_ints(sums)
        totals = known if total is None else [int(t) for t in total]
        if len(totals) != self.n:
            raise GraphError(f"{len(totals)} totals for {self.n} versions")
        empty = np.diff(bounds) == 0
        for i, (have, announced) in enumerate(zip(known, totals, strict=True)):
            if have > announced:
                raise GraphError(f"row {i} over-allocates: its leaves weigh {have}, its total is {announced}")
            if announced > MAX_WEI or (announced == 0 and not empty[i]):
                raise GraphError(f"row {i} has a total of {announced}: expected 1 to 2**96 - 1")
            if announced == 0 and keeps[i] != BPS:
                raise GraphError(f"row {i} has no children and keeps {keeps[i]} bps: expected {BPS}")
        return totals

    def _resolve(
        self, order: Ints, ids: Ints, versions: Ints, bounds: Ints, children: Ints, child_versions: Ints
    ) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints]:
        """Puts versions into `order` and finds what every leaf pays."""
        n = self.n
        leaf_order = _ranges(bounds, order)
        sizes = np.diff(bounds)[order]
        bounds = np.concatenate([[0], np.cumsum(sizes)])
        ids, versions = ids[order], versions[order]
        children, child_versions = children[leaf_order], child_versions[leaf_order]
        source = np.repeat(np.arange(n), sizes)
        zero = ~self.addresses[children].any(axis=1) if len(children) else np.zeros(0, bool)
        # A leaf that names nobody, or a version that is not older than its own, pays the announcer.
        refused = zero | ((child_versions != 0) & (child_versions >= versions[source]))
        payee = np.where(refused, ids[source], children)
        onward = np.where(refused, 0, child_versions)
        if n:
            found = np.minimum(np.searchsorted(-versions, -onward), n - 1)
            announced = (versions[found] == onward) & (ids[found] == payee) & (onward != 0)
        else:
            found, announced = np.zeros(0, np.int64), np.zeros(0, bool)
        stray = (onward != 0) & ~announced
        numbers, number = np.unique(onward[stray], return_inverse=True)
        keys, key = np.unique(payee[stray] * max(1, len(numbers)) + number, return_inverse=True)
        self.node, self.version = keys // max(1, len(numbers)), numbers[keys % max(1, len(numbers))]
        self.pairs = n + len(keys)
        target = np.where(announced, found, self.pairs + payee)
        target[stray] = n + key
        return ids, versions, bounds, children, child_versions, target, leaf_order

    def _normalise(self, weights: Wide, totals: list[int]) -> None:
        """Shifts every version's weights and total so that all totals have the same number of bits."""
        longest = max((t.bit_length() for t in totals), default=1)
        limbs = -(-(longest + _SLACK) // BITS)
        self.bits = limbs * BITS
        # A version without total has no leaves; 1 keeps its reciprocal defined and touches nobody.
        shift = [self.bits - _SLACK - max(1, t.bit_length()) for t in totals]
        self.total = from_ints([max(1, t) << s for t, s in zip(totals, shift, strict=True)], limbs).astype(np.uint32)
        self.weight = np.empty((limbs, weights.shape[1]), np.uint32)
        turn = np.array(shift, np.int64)[self.source] if self.n else np.zeros(0, np.int64)
        block = 1 << 16
        for start in range(0, weights.shape[1], block):
            part = turn[start : start + block]
            power = np.zeros((limbs, len(part)), np.uint64)
            power[part // BITS, np.arange(len(part))] = np.uint64(1) << (part % BITS).astype(np.uint64)
            self.weight[:, start : start + block] = mul(weights[:, start : start + block], power, limbs)

    @property
    def m(self) -> int:
        """Number of leaves."""
        return len(self.target)

    @cached_property
    def address_rows(self) -> dict[bytes, int]:
        """Row of every address in the table."""
        packed = self.addresses.tobytes()
        return {packed[20 * i : 20 * i + 20]: i for i in range(len(self.addresses))}

    @cached_property
    def positions(self) -> dict[tuple[int, int], int]:
        """Position of every pair (row of the address, version)."""
        return {pair: i for i, pair in enumerate(zip(self.node.tolist(), self.version.tolist(), strict=True))}

    @cached_property
    def _reciprocals(self) -> dict[int, Stored]:
        return {}

    def reciprocals(self, bits: int) -> Stored:
        """floor(2**(self.bits + bits) / total) of every announced version; `bits` is a multiple of 32."""
        if bits not in self._reciprocals:
            memo: dict[int, int] = {}
            top = 1 << (self.bits + bits)
            out = []
            for total in to_ints(self.total):
                value = memo.get(total)
                if value is None:
                    value = memo[total] = top // total
                out.append(value)
            self._reciprocals[bits] = from_ints(out, bits // BITS + 1).astype(np.uint32)
        return self._reciprocals[bits]

    def position(self, node: str, version: int) -> int | None:
        """Position of (node, version), announced or named by a leaf; None if it is neither."""
        row = self.address_rows.get(address_bytes(node))
        return None if row is None else self.positions.get((row, version))

    def address(self, row: int) -> str:
        """Checksummed address in that row of the table."""
        return address_text(self.addresses[row].tobytes())


def _ranges(bounds: Ints, order: Ints) -> Ints:
    """Indices bounds[i] to bounds[i + 1] - 1 for every i of `order`, one after the other."""
    sizes = np.diff(bounds)[order]
    ends = np.cumsum(sizes)
    if not len(ends) or ends[-1] == 0:
        return np.zeros(0, np.int64)
    shift: Ints = np.repeat(bounds[:-1][order] - (ends - sizes), sizes)
    return np.arange(ends[-1], dtype=np.int64) + shift


__all__ = ["ZERO_ADDRESS", "Announcement", "CascadeGraph"]
