"""Where an address's money came from: upstream through a solved flow, back to the deposits.

Amounts on edges are exact wei. Attribution is analysis: what leaves a version is taken to be a proportional mix of what
came in, so attributed amounts are floats. A node's share comes out of its inflow alone; its pot mixes the rest of the
inflow with what the escrow released.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np

from headwater.cascade.flow import SHARE, Deposit, Flow, Payment
from headwater.cascade.records import address_bytes, address_text

_Pair = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Source:
    """A deposit, and how much of it reached the traced address (wei, a float)."""

    deposit: Deposit
    attributed: float


@dataclass(frozen=True, slots=True)
class Hop:
    """An edge on the way: what it carried in all (exact wei), and how much of that went on to the address (a float)."""

    payment: Payment
    attributed: float


@dataclass(frozen=True, slots=True)
class Path:
    """One way from a deposit down to the traced address, and how much came along it (wei, a float).

    `payments` run downstream, with exact amounts; none means that the deposit was made to (address, 0) itself.
    """

    deposit: Deposit
    payments: tuple[Payment, ...]
    attributed: float


class _Upstream:
    """What flowed into and out of every version of a flow, looked up as needed."""

    def __init__(self, flow: Flow) -> None:
        self.flow, graph = flow, flow.graph
        self._edges = np.argsort(graph.target, kind="stable")
        self._targets = graph.target[self._edges]
        self._versions = np.argsort(graph.node, kind="stable")
        self._nodes = graph.node[self._versions]
        self._deposits: dict[tuple[str, int, str], list[Deposit]] = {}
        self._strays: dict[str, set[int]] = {}
        for deposit in flow.deposits:
            if deposit.amount:
                name = address_text(address_bytes(deposit.node))
                self._deposits.setdefault((name, deposit.version, deposit.kind), []).append(deposit)
                if deposit.version and graph.position(name, deposit.version) is None:
                    self._strays.setdefault(name, set()).add(deposit.version)

    def deposits(self, pair: _Pair, kind: str) -> list[Deposit]:
        return self._deposits.get((*pair, kind), [])

    def payments(self, pair: _Pair) -> list[Payment]:
        """Edges into a pair that carried money."""
        name, version = pair
        graph, out = self.flow.graph, []
        row = graph.row(name)
        paid_out = row is not None and version == 0
        place = graph.pairs + (row or 0) if paid_out else graph.position(name, version)
        if place is not None:
            low, high = np.searchsorted(self._targets, [place, place + 1])
            for edge in self._edges[low:high].tolist():
                out.append(self.flow.leaf_payment(edge))
        if version == 0:
            shares = list(self._strays.get(name, ()))
            if row is not None:
                low, high = np.searchsorted(self._nodes, [row, row + 1])
                shares += graph.version[self._versions[low:high]].tolist()
            for number in sorted(shares):
                amount = self.flow.settled(name, number).share
                out.append(Payment(name, number, SHARE, name, 0, amount))
        return [payment for payment in out if payment.amount]

    def inflow(self, pair: _Pair) -> int:
        return self.flow.received(pair[0]) if pair[1] == 0 else self.flow.settled(*pair).inflow

    def mixed(self, payment: Payment) -> float:
        """The part of a payment that came out of the payer's inflow; the rest its escrow released."""
        if payment.index == SHARE:
            return 1.0
        state = self.flow.settled(payment.node, payment.version)
        return (state.inflow - state.share) / state.pot


class Trace:
    """The origin of everything that one address received.

    Attributes:
        node: the traced address.
        received: what (node, 0) received, in exact wei.
        sources: deposits it came from, largest part first; their parts sum to `received`, up to float rounding.
        hops: edges it came over, parents before children.
    """

    def __init__(self, flow: Flow, node: str) -> None:
        self.node = address_text(address_bytes(node))
        self.received = flow.received(self.node)
        self._upstream = upstream = _Upstream(flow)
        # Money runs to smaller version numbers, so going up in their order every claim is complete when it is its turn.
        claims: dict[_Pair, float] = {(self.node, 0): float(self.received)}
        released: dict[_Pair, float] = {}
        waiting = [(0, self.node)]
        sources: list[Source] = []
        hops: list[Hop] = []
        while waiting:
            version, name = heapq.heappop(waiting)
            pair = (name, version)
            if (claim := claims[pair]) > 0:
                inflow = upstream.inflow(pair)
                sources += [
                    Source(deposit, claim * (deposit.amount / inflow)) for deposit in upstream.deposits(pair, "inflow")
                ]
                for payment in upstream.payments(pair):
                    part = claim * (payment.amount / inflow)
                    hops.append(Hop(payment, part))
                    payer = (payment.node, payment.version)
                    if payer not in claims:
                        claims[payer] = released[payer] = 0.0
                        heapq.heappush(waiting, (payment.version, payment.node))
                    mixed = upstream.mixed(payment)
                    claims[payer] += part * mixed
                    released[payer] += part * (1 - mixed)
            if (claim := released.get(pair, 0.0)) > 0:
                let_go = upstream.deposits(pair, "released")
                whole = sum(deposit.amount for deposit in let_go)
                sources += [Source(deposit, claim * (deposit.amount / whole)) for deposit in let_go]
        self.sources = sorted(sources, key=lambda source: -source.attributed)
        self.hops = hops[::-1]

    def paths(self, limit: int | None = None) -> Iterator[Path]:
        """Ways from deposits to the address, the one that brought most first.

        A cascade may have very many paths; `limit` ends the search (None: all of them).
        """
        upstream, tick, found = self._upstream, count(), 0
        # Entries: minus the amount, a tie breaker, the pair still to be opened and the basin, or a finished path.
        heap: list[tuple[float, int, _Pair | None, Deposit | None, tuple[Payment, ...]]] = []

        def push(amount: float, pair: _Pair | None, deposit: Deposit | None, way: tuple[Payment, ...]) -> None:
            if amount > 0:
                heapq.heappush(heap, (-amount, next(tick), pair, deposit, way))

        push(float(self.received), (self.node, 0), None, ())
        while heap and (limit is None or found < limit):
            minus, _, pair, deposit, way = heapq.heappop(heap)
            if deposit is not None:
                found += 1
                yield Path(deposit, way, -minus)
                continue
            assert pair is not None  # noqa: S101  an entry has the one or the other
            inflow = upstream.inflow(pair)
            for given in upstream.deposits(pair, "inflow"):
                push(-minus * (given.amount / inflow), None, given, way)
            for payment in upstream.payments(pair):
                part, mixed = -minus * (payment.amount / inflow), upstream.mixed(payment)
                payer, onward = (payment.node, payment.version), (payment, *way)
                push(part * mixed, payer, None, onward)
                if mixed < 1:
                    let_go = upstream.deposits(payer, "released")
                    whole = sum(given.amount for given in let_go)
                    for given in let_go:
                        push(part * (1 - mixed) * (given.amount / whole), None, given, onward)


def trace(flow: Flow, node: str) -> Trace:
    """Where the money of `node` came from.

    Args:
        flow: a solved cascade.
        node: an address; one that received nothing has an empty trace.

    Raises:
        RecordError: a malformed address.
    """
    return Trace(flow, node)
