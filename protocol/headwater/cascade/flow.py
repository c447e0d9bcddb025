"""The settled state of a whole cascade, to the wei.

For every announced version, with inflow from deposits and from parents:

    share = inflow * keep_bps // 10_000            to (node, 0)
    pot   = inflow - share + released              to the children
    taken = pot * weight // total                  of every leaf

A pull moves `entitlement - taken so far`, and an entitlement grows with its pot. So once every version has been pulled
after the last money reached it (its parents being pulled for the last time before it), what each leaf took is its
entitlement of the final pot, whatever the order of the pulls before. `solve` computes that state directly, level by
level; `headwater.cascade.ledger` reaches it call by call.

The division is exact. Totals T and weights w are shifted to T in [2**(K-3), 2**(K-2)); with pot < 2**B and a reciprocal
r = floor(2**(K+B) / T) (Granlund and Montgomery, "Division by invariant integers using multiplication", 1994),

    x = floor(pot * r / 2**B)      lies less than 2 below 2**K * pot / T,
    e = floor(w * x / 2**K)        lies less than 2 * w / 2**K + 1 <= 3/2 below pot * w / T,

so e is the quotient or one less, and the remainder pot * w - e * T < 2 T < 2**(K-1), taken modulo 2**K, tells which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np

from headwater.cascade.errors import FlowError
from headwater.cascade.graph import CascadeGraph
from headwater.cascade.records import MAX_VERSION, address_bytes, address_text
from headwater.cascade.wide import (
    BITS,
    Amounts,
    Stored,
    Wide,
    at_least,
    carry,
    from_ints,
    limbs_for,
    mul,
    scale_down,
    sub,
    to_ints,
)
from headwater.units import BPS

SHARE: Final = 2**32
"""The index under which a node's own share is booked, in the contract and here."""

MAX_INFLOW: Final = 2**128 - 1
"""Largest amount one version can hold in the contract."""

_BLOCK: Final = 1 << 14
_SMALL: Final = 384
_RUN: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Deposit:
    """Money that enters a cascade from outside.

    Attributes:
        node: who is paid.
        version: under which version; 0 is the node itself.
        amount: wei, at least 0.
        kind: "inflow" for a deposit, of which the node keeps its share; "released" for what its own escrow let go, all
            of it for the children.
        label: where it came from, for `trace` (a question, a transaction); free text.
    """

    node: str
    version: int
    amount: int
    kind: Literal["inflow", "released"] = "inflow"
    label: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """Final state of one version; all amounts in wei.

    Attributes:
        node: checksummed address.
        version: its number.
        inflow: what deposits and parents brought.
        released: what the node's escrow let go.
        share: what moved to (node, 0) as the node's own share.
        pot: what its leaves divide.
        taken: what each known leaf took, in the order of the announcement.
        dust: what stays in the pot: roundings, and what belongs to leaves nobody published.
    """

    node: str
    version: int
    inflow: int
    released: int
    share: int
    pot: int
    taken: tuple[int, ...]
    dust: int


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that moved along one edge, in wei: a leaf of (node, version), or the node's share (index SHARE)."""

    node: str
    version: int
    index: int
    child: str
    child_version: int
    amount: int


class Flow:
    """A cascade after every pull has been made.

    Amounts of announced versions are in the order of the graph's rows, those of leaves in the order of its leaves.
    """

    def __init__(
        self,
        graph: CascadeGraph,
        deposits: tuple[Deposit, ...],
        inflow: Stored,
        released: Stored,
        share: Stored,
        pot: Stored,
        taken: Stored,
        received: Stored,
        strays: dict[tuple[str, int], list[int]],
    ) -> None:
        self.graph = graph
        self.deposits = deposits
        self.deposited = sum(deposit.amount for deposit in deposits)
        # By position: announced versions, then pairs that leaves name but nobody announced.
        self._inflow, self._released, self._share, self._pot = inflow, released, share, pot
        self._taken = taken
        self._received = Amounts(received)
        # Pairs that only deposits name: (inflow, released); and addresses only they name.
        self._strays = strays

    @cached_property
    def inflow(self) -> Amounts:
        """What deposits and parents brought every announced version."""
        return Amounts(self._inflow[:, self.graph.rank])

    @cached_property
    def released(self) -> Amounts:
        """What every announced version's escrow let go."""
        return Amounts(self._released[:, self.graph.rank])

    @cached_property
    def share(self) -> Amounts:
        """What every announced version's node kept."""
        return Amounts(self._share[:, self.graph.rank])

    @cached_property
    def pot(self) -> Amounts:
        """What the leaves of every announced version divide."""
        return Amounts(self._pot[:, self.graph.rank])

    @cached_property
    def taken(self) -> Amounts:
        """What every leaf took."""
        out = np.empty_like(self._taken)
        out[:, self.graph.leaf_order] = self._taken
        return Amounts(out)

    @cached_property
    def dust(self) -> int:
        """Wei left in all pots: roundings, and what belongs to leaves nobody published."""
        return self.deposited - self._received.sum() - sum(self._stray_received.values())

    @cached_property
    def _stray_received(self) -> dict[str, int]:
        out: dict[str, int] = {}
        for (node, _), (inflow, _) in self._strays.items():
            if inflow and self.graph.row(node) is None:
                out[node] = out.get(node, 0) + inflow
        return out

    def received(self, node: str) -> int:
        """Wei that (node, 0) ever received: what `withdraw` pays the node in all. 0 for a stranger.

        Raises:
            RecordError: a malformed address.
        """
        row = self.graph.row(node)
        if row is None:
            return self._stray_received.get(address_text(address_bytes(node)), 0)
        return self._received[row]

    def receipts(self) -> dict[str, int]:
        """Every address that received anything, and how much (wei)."""
        rows = np.flatnonzero(self._received.limbs.any(axis=0))
        amounts = to_ints(self._received.limbs[:, rows])
        out = {self.graph.address(row): amount for row, amount in zip(rows.tolist(), amounts, strict=True)}
        return out | self._stray_received

    def receipts_array(self) -> Amounts:
        """What (address, 0) received, for every row of the graph's address table."""
        return self._received

    def settled(self, node: str, version: int) -> Settled:
        """Final state of one version. A version nobody announced and nobody paid is all zeros.

        Raises:
            FlowError: version 0, which has no children; ask `received`.
            RecordError: a malformed address.
        """
        name = address_text(address_bytes(node))
        if version == 0:
            raise FlowError("version 0 divides nothing; `received` tells what a node got")
        position = self.graph.position(node, version)
        if position is None:
            inflow, released = self._strays.get((name, version), (0, 0))
            return Settled(name, version, inflow, released, inflow, released, (), released)
        taken = self._leaves(position)
        pot = Amounts(self._pot)[position]
        return Settled(
            name,
            version,
            Amounts(self._inflow)[position],
            Amounts(self._released)[position],
            Amounts(self._share)[position],
            pot,
            tuple(taken),
            pot - sum(taken),
        )

    def _leaves(self, position: int) -> list[int]:
        if position >= self.graph.n:
            return []
        start, stop = int(self.graph.starts[position]), int(self.graph.starts[position + 1])
        return to_ints(self._taken[:, start:stop])

    def payments(self) -> Iterator[Payment]:
        """Every edge that carried money, parents before children; each version's leaves in order, then its share."""
        graph = self.graph
        shares = Amounts(self._share)
        for position in range(graph.pairs):
            name, version = graph.address(int(graph.node[position])), int(graph.version[position])
            if position < graph.n:
                for edge in range(int(graph.starts[position]), int(graph.starts[position + 1])):
                    if (payment := self.leaf_payment(edge)).amount:
                        yield payment
            if share := shares[position]:
                yield Payment(name, version, SHARE, name, 0, share)
        for (name, version), (inflow, _) in self._strays.items():
            if inflow and version:
                yield Payment(name, version, SHARE, name, 0, inflow)

    def leaf_payment(self, edge: int) -> Payment:
        """What the leaf at that inner place (see `CascadeGraph.leaf_order`) paid, and to whom."""
        graph = self.graph
        payer, target = int(graph.source[edge]), int(graph.target[edge])
        if target < graph.pairs:
            child, child_version = graph.address(int(graph.node[target])), int(graph.version[target])
        else:
            child, child_version = graph.address(target - graph.pairs), 0
        return Payment(
            graph.address(int(graph.node[payer])),
            int(graph.version[payer]),
            edge - int(graph.starts[payer]),
            child,
            child_version,
            Amounts(self._taken)[edge],
        )


class _Solver:
    def __init__(self, graph: CascadeGraph, total: int, limbs: int) -> None:
        self.graph = graph
        self.limbs = limbs
        places = graph.pairs + len(graph.addresses)
        # Sums of limbs, brought into range when a level is reached; 64 bits leave room for 2**32 payments each.
        self.inflow = np.zeros((limbs, places), np.uint64)
        self.released = np.zeros((limbs, graph.pairs), np.uint32)
        self.share = np.zeros((limbs, graph.pairs), np.uint32)
        self.pot = np.zeros((limbs, graph.pairs), np.uint32)
        self.taken = np.zeros((limbs, graph.m), np.uint32)

    def _divide(self, low: int, high: int) -> Wide:
        """Books shares and pots of positions low to high - 1 and returns the pots."""
        inflow = self.inflow[:, low:high]
        carry(inflow)
        share = scale_down(inflow, self.graph.keep[low:high], BPS)
        pot = sub(inflow, share) + self.released[:, low:high]
        carry(pot)
        self.share[:, low:high] = share
        self.pot[:, low:high] = pot
        return pot

    def wide(self, low: int, high: int) -> None:
        """Settles positions low to high - 1, none of which pays another of them, in limbs."""
        graph, limbs = self.graph, self.limbs
        size = graph.bits // BITS
        pot = self._divide(low, high)
        reciprocal = graph.reciprocals(BITS * limbs)[:, low:high].astype(np.uint64)
        scaled = mul(pot, reciprocal, 2 * limbs + 1)[limbs:]
        total = graph.total[:, low:high].astype(np.uint64)
        # Only the low limbs of the remainder are needed.
        short = np.zeros((size, high - low), np.uint64)
        short[: min(size, limbs)] = pot[:size]
        for start in range(int(graph.starts[low]), int(graph.starts[high]), _BLOCK):
            stop = min(start + _BLOCK, int(graph.starts[high]))
            source = graph.source[start:stop] - low
            weight = graph.weight[:, start:stop].astype(np.uint64)
            divisor = total[:, source]
            taken = mul(weight, scaled[:, source], size + limbs)[size:]
            low_taken = taken[:size]
            remainder = sub(mul(weight, short[:, source], size), mul(low_taken, divisor, size))
            taken[0] += at_least(remainder, divisor)
            carry(taken)
            self.taken[:, start:stop] = taken
            target = graph.target[start:stop]
            for limb, column in zip(self.inflow, taken, strict=True):
                np.add.at(limb, target, column)

    def scalar(self, low: int, high: int) -> None:
        """Settles positions low to high - 1 one after the other in Python integers; they may pay one another."""
        graph = self.graph
        carry(self.inflow[:, low:high])
        inflow = to_ints(self.inflow[:, low:high])
        released = to_ints(self.released[:, low:high])
        keep, total = graph.keep[low:high].tolist(), to_ints(graph.total[:, low:high])
        starts = graph.starts[low : high + 1].tolist()
        first = starts[0]
        weight, target = to_ints(graph.weight[:, first : starts[-1]]), graph.target[first : starts[-1]].tolist()
        shares, pots, taken = [], [], []
        later: dict[int, int] = {}
        for i in range(high - low):
            share = inflow[i] * keep[i] // BPS
            pot = inflow[i] - share + released[i]
            shares.append(share)
            pots.append(pot)
            for edge in range(starts[i] - first, starts[i + 1] - first):
                amount = pot * weight[edge] // total[i]
                taken.append(amount)
                if target[edge] < high:
                    inflow[target[edge] - low] += amount
                else:
                    later[target[edge]] = later.get(target[edge], 0) + amount
        self.inflow[:, low:high] = from_ints(inflow, self.limbs)
        self.share[:, low:high] = from_ints(shares, self.limbs)
        self.pot[:, low:high] = from_ints(pots, self.limbs)
        self.taken[:, first : starts[-1]] = from_ints(taken, self.limbs)
        self.inflow[:, list(later)] += from_ints(list(later.values()), self.limbs)

    def run(self, method: str, progress: Callable[[int, int], None] | None) -> None:
        graph = self.graph
        bounds = graph.level_starts
        low, level = 0, 0
        while low < graph.n:
            high = bounds[level + 1]
            # Short levels cost more in numpy's overhead than in arithmetic, so runs of them go one by one.
            if method == "scalar" or (method == "auto" and self._work(low, high) < _SMALL):
                while level + 2 < len(bounds) and self._work(low, bounds[level + 2]) < _RUN:
                    if method == "auto" and self._work(bounds[level + 1], bounds[level + 2]) >= _SMALL:
                        break
                    level += 1
                high = bounds[level + 1]
                self.scalar(low, high)
            else:
                self.wide(low, high)
            low, level = high, level + 1
            if progress:
                progress(low, graph.n)
        self._divide(graph.n, graph.pairs)
        received = self.inflow[:, graph.pairs :]
        for limb, column in zip(received, self.share, strict=True):
            np.add.at(limb, graph.node, column.astype(np.uint64))
        carry(received)

    def _work(self, low: int, high: int) -> int:
        return high - low + int(self.graph.starts[high] - self.graph.starts[low])


def solve(
    graph: CascadeGraph,
    deposits: Iterable[Deposit],
    *,
    method: Literal["auto", "wide", "scalar"] = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> Flow:
    """Settles a cascade into which `deposits` were paid.

    Args:
        graph: the announced versions.
        deposits: in any order; several may name the same version.
        method: "wide" for limbs throughout, "scalar" for Python integers throughout, "auto" for whichever is faster,
            level by level. The result is the same.
        progress: called with (versions settled, versions in all).

    Raises:
        FlowError: a negative amount, a release to version 0, or more than 2**128 - 1 wei in all.
        RecordError: a malformed address.
    """
    paid = tuple(deposits)
    total = 0
    for deposit in paid:
        if deposit.amount < 0:
            raise FlowError(f"deposit of {deposit.amount} wei to {deposit.node}: expected at least 0")
        if not 0 <= deposit.version <= MAX_VERSION:
            raise FlowError(f"deposit to version {deposit.version}: expected 0 to 2**40 - 1")
        if deposit.kind not in ("inflow", "released"):
            raise FlowError(f"deposit of kind {deposit.kind!r}: expected 'inflow' or 'released'")
        if deposit.kind == "released" and deposit.version == 0:
            raise FlowError("an escrow belongs to a version above 0; version 0 has none to release from")
        total += deposit.amount
    if total > MAX_INFLOW:
        raise FlowError(f"deposits sum to {total} wei: the contract's ledger holds at most 2**128 - 1")
    limbs = limbs_for(total)
    solver = _Solver(graph, total, limbs)
    inflow: dict[int, int] = {}
    released: dict[int, int] = {}
    strays: dict[tuple[str, int], list[int]] = {}
    names = [address_bytes(deposit.node) for deposit in paid]
    rows = graph.rows(names)
    positions = graph.positions(rows, np.array([deposit.version for deposit in paid], np.int64))
    for deposit, name, row, position in zip(paid, names, rows.tolist(), positions.tolist(), strict=True):
        if deposit.version == 0 and row >= 0:
            position = graph.pairs + row
        if position >= 0:
            book = inflow if deposit.kind == "inflow" else released
            book[position] = book.get(position, 0) + deposit.amount
            continue
        # A version that nobody announced keeps everything.
        stray = strays.setdefault((address_text(name), deposit.version), [0, 0])
        stray[deposit.kind == "released"] += deposit.amount
        if row >= 0 and deposit.kind == "inflow":
            inflow[graph.pairs + row] = inflow.get(graph.pairs + row, 0) + deposit.amount
    solver.inflow[:, list(inflow)] = from_ints(list(inflow.values()), limbs)
    solver.released[:, list(released)] = from_ints(list(released.values()), limbs)
    solver.run(method, progress)
    settled = solver.inflow[:, : graph.pairs].astype(np.uint32)
    received = solver.inflow[:, graph.pairs :].astype(np.uint32)
    return Flow(graph, paid, settled, solver.released, solver.share, solver.pot, solver.taken, received, strays)


__all__ = ["MAX_INFLOW", "SHARE", "Deposit", "Flow", "Payment", "Settled", "solve"]
