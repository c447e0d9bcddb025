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
from headwater.cascade.wide import (
    BITS,
    Stored,
    Wide,
    at_least,
    bit_lengths,
    carry,
    from_ints,
    reciprocals,
    shift_left,
    to_ints,
)
from headwater.units import BPS

Ints = NDArray[np.int64]

_SLACK: Final = 2
"""Bits that normalised totals leave free at the top; see `headwater.cascade.flow`."""

_WAVES: Final = 256
"""Levels found a whole wave at a time; in deeper graphs waves are short and a plain loop is faster."""

_DENSE: Final = 8
"""Version numbers up to this many times the versions are looked up in a table, larger ones searched."""


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


def _levels(starts: Ints, target: Ints, n: int) -> Ints:
    """Longest distance of every version from one that nobody pays; versions stand parents first."""
    # Wave by wave: a version joins once all its parents have. Deep graphs need too many waves and go one by one.
    depth = np.zeros(n, np.int64)
    unpaid = np.bincount(target[target < n], minlength=n)
    wave, left = np.flatnonzero(unpaid == 0), n
    for number in range(_WAVES):
        depth[wave] = number
        left -= len(wave)
        if not left:
            return depth
        paid = target[_ranges(starts, wave)]
        paid = paid[paid < n]
        np.subtract.at(unpaid, paid, 1)
        wave = np.unique(paid[unpaid[paid] == 0])
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
        totals = self._check_totals(bounds, weights, versions, keeps, total)

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
        self._normalise(weights[:, leaf_order], totals[:, self.order])
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
        named = self._sorted_addresses[1]
        if (named[1:] == named[:-1]).any():
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
        self, bounds: Ints, weights: Wide, versions: Ints, keeps: Ints, total: Sequence[int] | NDArray[Any] | None
    ) -> Wide:
        sums = np.zeros((4, self.n), np.uint64)
        owner = np.repeat(np.arange(self.n), np.diff(bounds))
        for limb, column in zip(sums, weights, strict=False):
            np.add.at(limb, owner, column)
        carry(sums)
        totals = sums
        if total is not None:
            if len(total) != self.n:
                raise GraphError(f"{len(total)} totals for {self.n} versions")
            try:
                totals = from_ints(list(total), 4)
            except (OverflowError, TypeError):
                raise GraphError("the total of a version is no integer from 0 to 2**96 - 1") from None

        def refuse(wrong: NDArray[np.bool_], reason: str) -> None:
            if wrong.any():
                i = int(np.flatnonzero(wrong)[0])
                have, announced = to_ints(sums[:, i : i + 1])[0], to_ints(totals[:, i : i + 1])[0]
                raise GraphError(
                    f"version {int(versions[i])}, with leaves that weigh {have}, a total of {announced} and a keep of "
                    f"{int(keeps[i])} bps: {reason}"
                )

        none, empty = ~totals.any(axis=0), np.diff(bounds) == 0
        refuse(~at_least(totals, sums), "it over-allocates; the total must cover the leaves")
        refuse((totals[3] > 0) | (none & ~empty), "expected a total of 1 to 2**96 - 1")
        refuse(none & (keeps != BPS), f"it has no children; expected a keep of {BPS}")
        return totals[:3]

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
            newest = int(versions[0])
            if newest <= _DENSE * n:
                # One counter numbers all versions, so a table by number is usually short, and faster than a search.
                table = np.zeros(newest + 1, np.int64)
                table[versions] = np.arange(n)
                found = table[np.minimum(onward, newest)]
            else:
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

    def _normalise(self, weights: Wide, totals: Wide) -> None:
        """Shifts every version's weights and total so that all totals have the same number of bits."""
        # A version without total has no leaves; 1 keeps its reciprocal defined and touches nobody.
        totals[0] += ~totals.any(axis=0)
        lengths = bit_lengths(totals)
        limbs = -(-(int(lengths.max(initial=1)) + _SLACK) // BITS)
        self.bits = limbs * BITS
        shift = self.bits - _SLACK - lengths
        self.total = shift_left(totals, shift, limbs).astype(np.uint32)
        self.weight = np.empty((limbs, weights.shape[1]), np.uint32)
        block = 1 << 16
        for start in range(0, weights.shape[1], block):
            part = slice(start, start + block)
            self.weight[:, part] = shift_left(weights[:, part], shift[self.source[part]], limbs)

    @property
    def m(self) -> int:
        """Number of leaves."""
        return len(self.target)

    @cached_property
    def _sorted_addresses(self) -> tuple[Ints, NDArray[np.bytes_]]:
        # Compared as 20 bytes each: numpy's stripping of zeros concerns only what it hands to Python.
        names = self.addresses.reshape(-1).view("S20")
        order = np.argsort(names, kind="stable")
        return order, names[order]

    @cached_property
    def _sorted_pairs(self) -> tuple[Ints, Ints, Ints]:
        numbers, number = np.unique(self.version, return_inverse=True)
        keys = number * len(self.addresses) + self.node
        order = np.argsort(keys, kind="stable")
        return order, keys[order], numbers

    @cached_property
    def _reciprocals(self) -> dict[int, Stored]:
        return {}

    def reciprocals(self, bits: int) -> Stored:
        """floor(2**(self.bits + bits) / total) of every announced version; `bits` is a multiple of 32."""
        if bits not in self._reciprocals:
            out = np.empty((bits // BITS + 1, self.n), np.uint32)
            block = 1 << 16
            for start in range(0, self.n, block):
                part = slice(start, start + block)
                out[:, part] = reciprocals(self.total[:, part].astype(np.uint64), bits // BITS)
            self._reciprocals[bits] = out
        return self._reciprocals[bits]

    def rows(self, packed: Sequence[bytes]) -> Ints:
        """Rows of 20-byte addresses in the table, shape (len(packed),); -1 where one is not there."""
        order, names = self._sorted_addresses
        if not len(names) or not packed:
            return np.full(len(packed), -1, np.int64)
        wanted = np.frombuffer(b"".join(packed), "S20")
        place = np.minimum(np.searchsorted(names, wanted), len(names) - 1)
        return np.where(names[place] == wanted, order[place], -1)

    def positions(self, rows: Ints, versions: Ints) -> Ints:
        """Positions of pairs (address in that row, version), shape (n,); -1 where nobody announced or named one."""
        order, keys, numbers = self._sorted_pairs
        if not len(keys):
            return np.full(len(rows), -1, np.int64)
        number = np.minimum(np.searchsorted(numbers, versions), len(numbers) - 1)
        wanted = number * len(self.addresses) + rows
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        found = (rows >= 0) & (numbers[number] == versions) & (keys[place] == wanted)
        return np.where(found, order[place], -1)

    def row(self, node: str) -> int | None:
        """Row of an address in the table; None if it is not there."""
        row = int(self.rows([address_bytes(node)])[0])
        return None if row < 0 else row

    def position(self, node: str, version: int) -> int | None:
        """Position of (node, version), announced or named by a leaf; None if it is neither."""
        row = self.row(node)
        if row is None or not 1 <= version <= MAX_VERSION:
            return None
        position = int(self.positions(np.array([row]), np.array([version]))[0])
        return None if position < 0 else position

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
