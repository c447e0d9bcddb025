"""Which question a wei came from: linear mixing over a run's recorded events, in integers.

Money mixes where it waits, and leaves in proportion to what is there:

    escrow (forecaster, version)   gains add under their question once debt is repaid; losses drawn and releases take
                                   from all of it in proportion
    ledger (node, version > 0)     a pull moves what came in since the same leaf's last pull: of the inflow for the
                                   node's own share, of (1 − keep)·inflow + released for a child

Every movement is cut into whole wei by largest remainder, so parts always sum to the amount on chain; a part is off its
real-valued share by less than one wei a movement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from headwater.report.errors import TraceError
from headwater.report.records import EventRecord
from headwater.units import BPS

SELF: Final = 2**32
"""The leaf index under which the Cascade books a node's own share."""


class Source(NamedTuple):
    """Where money came from and through whom.

    Attributes:
        question: 0 for a direct deposit.
        payer: who deposited; empty for a question.
        hops: addresses in lower case, from the forecaster (or the node that was paid) to where the money is.
    """

    question: int
    payer: str
    hops: tuple[str, ...]


Pool = dict[Source, int]
"""Wei by source."""


def apportion(amount: int, weights: Sequence[int]) -> list[int]:
    """Cuts an amount into integers in proportion to weights: floors, then one more to the largest remainders.

    The parts sum to the amount; ties go to the lowest index. (Hamilton's method.)

    Raises:
        TraceError: a negative amount or weight, or an amount to cut where no weight is positive.
    """
    whole = sum(weights)
    if amount < 0 or min(weights, default=0) < 0:
        raise TraceError("amounts and weights must be at least 0")
    if whole == 0:
        if amount:
            raise TraceError(f"{amount} wei to divide, and nothing to divide them by")
        return [0] * len(weights)
    parts, remainders = [], []
    for weight in weights:
        part, remainder = divmod(amount * weight, whole)
        parts.append(part)
        remainders.append(remainder)
    for index in sorted(range(len(weights)), key=lambda i: -remainders[i])[: amount - sum(parts)]:
        parts[index] += 1
    return parts


def ancestors(events: Iterable[EventRecord], address: str) -> set[str]:
    """Every address (lower case) whose money ever reached this one through pulls, itself included."""
    parents: dict[str, set[str]] = {}
    for event in events:
        if event.contract == "Cascade" and event.name == "Pulled":
            parents.setdefault(event.args["child"].lower(), set()).add(event.args["node"].lower())
    found, todo = {address}, [address]
    while todo:
        for parent in parents.get(todo.pop(), set()) - found:
            found.add(parent)
            todo.append(parent)
    return found


class Attribution:
    """Replays events and keeps, of everybody upstream of one address, what every wei's source is.

    Args:
        address: whose income to attribute, in lower case.
        upstream: addresses whose money ever reaches it; others are skipped.
    """

    def __init__(self, address: str, upstream: set[str]) -> None:
        self.address = address
        self.income: Pool = {}
        self._upstream = upstream
        self._held: dict[tuple[str, int], Pool] = {}
        self._due: dict[tuple[str, int], Pool] = {}
        self._keep: dict[tuple[str, int], int] = {}
        # (source, inflow, released) as they came in, and how far each leaf has pulled.
        self._arrivals: dict[tuple[str, int], list[tuple[Source, int, int]]] = {}
        self._pulled: dict[tuple[str, int, int], int] = {}

    def replay(self, events: Iterable[EventRecord]) -> None:
        """Takes events in the order of the chain.

        Raises:
            TraceError: events that move money which no earlier event brought; some are missing.
        """
        steps = {
            ("ForecastArena", "Settled"): self._settled,
            ("StakeVault", "Closed"): self._closed,
            ("Cascade", "ReleaseReceived"): self._released,
            ("Cascade", "Deposited"): self._deposited,
            ("Cascade", "Pulled"): self._moved,
            ("Cascade", "ListAnnounced"): self._announced,
            ("Cascade", "TreeAnnounced"): self._announced,
        }
        for event in events:
            if step := steps.get((event.contract, event.name)):
                try:
                    step(event.args)
                except TraceError as error:
                    where = f"{event.contract}.{event.name} in block {event.block}, log {event.log_index}"
                    raise TraceError(f"{where}: {error}; are all events of the run there?") from error

    def _settled(self, args: Mapping[str, int | str]) -> None:
        key = _key(args, "forecaster")
        if key[0] not in self._upstream or key[1] == 0:
            return
        # Whatever of a net did not change the stake changed what the escrow holds.
        change = int(args["net"]) - int(args["stake_change"])
        held = self._held.setdefault(key, {})
        if change > 0:
            _add(held, Source(int(args["question"]), "", (key[0],)), change)
        elif change < 0:
            _take(held, -change)
        self._fall_due(key, int(args["released"]))

    def _closed(self, args: Mapping[str, int | str]) -> None:
        key = _key(args, "forecaster")
        if key[0] in self._upstream:
            self._fall_due(key, int(args["released"]))

    def _fall_due(self, key: tuple[str, int], amount: int) -> None:
        due = self._due.setdefault(key, {})
        for source, part in _take(self._held.setdefault(key, {}), amount).items():
            _add(due, source, part)

    def _released(self, args: Mapping[str, int | str]) -> None:
        key = _key(args, "node")
        if key[0] in self._upstream:
            for source, part in _take(self._due.setdefault(key, {}), int(args["amount"])).items():
                self._arrivals.setdefault(key, []).append((source, 0, part))

    def _deposited(self, args: Mapping[str, int | str]) -> None:
        key = _key(args, "node")
        if key[0] in self._upstream:
            self._arrive(key, Source(0, str(args["payer"]).lower(), (key[0],)), int(args["amount"]))

    def _announced(self, args: Mapping[str, int | str]) -> None:
        self._keep[_key(args, "node")] = int(args["keep_bps"])

    def _arrive(self, key: tuple[str, int], source: Source, amount: int) -> None:
        if key[1]:
            self._arrivals.setdefault(key, []).append((source, amount, 0))
        elif key[0] == self.address:
            _add(self.income, source, amount)

    def _moved(self, args: Mapping[str, int | str]) -> None:
        key, child, index = _key(args, "node"), str(args["child"]).lower(), int(args["index"])
        if child not in self._upstream:
            return
        keep = self._keep.get(key)
        if keep is None and index != SELF:
            raise TraceError(f"{key[0]} never announced version {key[1]}")
        arrived = self._arrivals.get(key, [])
        start = self._pulled.get((*key, index), 0)
        self._pulled[(*key, index)] = len(arrived)
        # Weights, not amounts: the contract's floors come off when the amount is cut.
        weights: Pool = {}
        for source, inflow, released in arrived[start:]:
            weight = inflow if index == SELF else (BPS - (keep or 0)) * inflow + BPS * released
            if weight:
                _add(weights, source, weight)
        parts = apportion(int(args["amount"]), list(weights.values()))
        target = (child, int(args["child_version"]))
        for source, part in zip(weights, parts, strict=True):
            if part:
                hops = source.hops if child == key[0] else (*source.hops, child)
                self._arrive(target, source._replace(hops=hops), part)


def _key(args: Mapping[str, int | str], who: str) -> tuple[str, int]:
    return str(args[who]).lower(), int(args["version"])


def _add(pool: Pool, source: Source, amount: int) -> None:
    pool[source] = pool.get(source, 0) + amount


def _take(pool: Pool, amount: int) -> Pool:
    if amount > sum(pool.values()):
        raise TraceError(f"{amount} wei leave where {sum(pool.values())} are")
    parts = {s: p for s, p in zip(pool, apportion(amount, list(pool.values())), strict=True) if p}
    for source, part in parts.items():
        if pool[source] == part:
            del pool[source]
        else:
            pool[source] -= part
    return parts
