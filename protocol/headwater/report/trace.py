"""Where an address's money came from, hop by hop, back to questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from headwater.report.attribution import Attribution, Source, ancestors
from headwater.report.errors import TraceError
from headwater.report.records import EventRecord
from headwater.units import BPS

_ADDRESS_ARGUMENTS: Final = {
    ("ForecastArena", "Settled"): ("forecaster",),
    ("ForecastArena", "Committed"): ("forecaster",),
    ("StakeVault", "Deposited"): ("account",),
    ("Cascade", "ListAnnounced"): ("node",),
    ("Cascade", "TreeAnnounced"): ("node",),
    ("Cascade", "ReleaseReceived"): ("node",),
    ("Cascade", "Deposited"): ("node", "payer"),
    ("Cascade", "Pulled"): ("node", "child"),
}
_K = TypeVar("_K")
_LISTED = 40  # known addresses that an error message names


@dataclass(frozen=True, slots=True)
class PathAmount:
    """Money that came one way from one source.

    Attributes:
        question: the question it was emitted for; None for a direct deposit.
        payer: who deposited it; None for a question.
        hops: addresses from the forecaster (or the node that was paid) to the traced address.
        amount: wei.
    """

    question: int | None
    payer: str | None
    hops: tuple[str, ...]
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StakeChange:
    """What one settlement did to a forecaster's stake. Wei; question and version as on chain.

    stake_change = own + repaid,  net = stake_change + escrow_change

    Attributes:
        net: what the position won or lost.
        own: the forecaster's share of it.
        repaid: the escrow's debt repaid to the stake; negative where the stake carried the children's part of a loss.
        escrow_change: into the escrow, before release; negative where a loss was drawn from it.
        released: what became due to the version's children.
    """

    question: int
    version: int
    wager: int
    net: int
    own: int
    repaid: int
    stake_change: int
    escrow_change: int
    released: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """All that finally became an address's own through the Cascade, and where it came from. Wei.

    Attributes:
        address: as the events write it.
        name: from the summary; None without one.
        received: inflow of (address, 0); what `paths` sum to, exactly.
        withdrawn: paid out in tokens so far.
        waiting: arrived under its versions, and not pulled on to it or its children yet.
        paths: largest first.
        stake: a forecaster's settlements, in order.
        names: name by address, in lower case.
    """

    address: str
    name: str | None
    received: int
    withdrawn: int
    waiting: int
    paths: tuple[PathAmount, ...]
    stake: tuple[StakeChange, ...]
    names: Mapping[str, str] = field(default_factory=dict)

    def by_question(self) -> dict[int, int]:
        """Wei by question, in order; direct deposits are not among them."""
        return dict(sorted(_sums((p.question, p.amount) for p in self.paths if p.question is not None).items()))

    def by_forecaster(self) -> dict[str, int]:
        """Wei by the forecaster whose emission it was, largest first; direct deposits are not among them."""
        return _largest(_sums((p.hops[0], p.amount) for p in self.paths if p.question is not None))

    def by_payer(self) -> dict[str, int]:
        """Wei by who deposited it, largest first."""
        return _largest(_sums((p.payer, p.amount) for p in self.paths if p.payer is not None))

    def routes(self) -> dict[tuple[str | None, tuple[str, ...]], tuple[PathAmount, ...]]:
        """Paths by (payer or None, hops), largest route first."""
        groups: dict[tuple[str | None, tuple[str, ...]], list[PathAmount]] = {}
        for path in self.paths:
            groups.setdefault((path.payer, path.hops), []).append(path)
        ranked = sorted(groups.items(), key=lambda item: -sum(path.amount for path in item[1]))
        return {route: tuple(paths) for route, paths in ranked}

    def label(self, address: str) -> str:
        """The name of an address, or the address."""
        return self.names.get(address.lower(), address)

    def to_dict(self) -> dict[str, Any]:
        """JSON values: wei as decimal strings, everything else as in the attributes."""
        return {
            "address": self.address,
            "name": self.name,
            "received_wei": str(self.received),
            "withdrawn_wei": str(self.withdrawn),
            "waiting_wei": str(self.waiting),
            "paths": [
                {
                    "question": path.question,
                    "payer": path.payer,
                    "hops": list(path.hops),
                    "names": [self.label(hop) for hop in path.hops],
                    "amount_wei": str(path.amount),
                }
                for path in self.paths
            ],
            "by_question": [{"question": q, "amount_wei": str(a)} for q, a in self.by_question().items()],
            "by_forecaster": [
                {"address": f, "name": self.label(f), "amount_wei": str(a)} for f, a in self.by_forecaster().items()
            ],
            "by_payer": [
                {"address": p, "name": self.label(p), "amount_wei": str(a)} for p, a in self.by_payer().items()
            ],
            "stake": [
                {
                    "question": change.question,
                    "version": change.version,
                    "wager_wei": str(change.wager),
                    "net_wei": str(change.net),
                    "own_wei": str(change.own),
                    "repaid_wei": str(change.repaid),
                    "stake_change_wei": str(change.stake_change),
                    "escrow_change_wei": str(change.escrow_change),
                    "released_wei": str(change.released),
                }
                for change in self.stake
            ],
        }


def summary_names(summary: Mapping[str, Any]) -> dict[str, str]:
    """Name by address of a summary's forecasters and providers."""
    people = [*summary["forecasters"], *summary["providers"]]
    return {str(one["address"]): str(one["name"]) for one in people}


def known_addresses(events: Iterable[EventRecord]) -> dict[str, str]:
    """Every address that stakes, forecasts, announces, pays or is paid: as the events write it, by lower case."""
    found: dict[str, str] = {}
    for event in events:
        for argument in _ADDRESS_ARGUMENTS.get((event.contract, event.name), ()):
            address = str(event.args[argument])
            found.setdefault(address.lower(), address)
    return found


def trace(events: Iterable[EventRecord], who: str, names: Mapping[str, str] | None = None) -> Trace:
    """Traces what an address received back to questions and direct deposits.

    The attribution is linear mixing, exact in wei: see `headwater.report.attribution`.

    Args:
        events: all events of a run, in any order.
        who: an address, or one of the names (case does not matter in either).
        names: name by address, e.g. from `summary_names`.

    Raises:
        TraceError: nobody of that address or name, a name that several addresses share, or events that are missing.
    """
    ordered = sorted(events, key=lambda event: (event.block, event.log_index))
    # Somebody with a name is known even if no event ever mentioned it: it just received nothing.
    known = {**{address.lower(): address for address in names or {}}, **known_addresses(ordered)}
    lower_names = {address.lower(): name for address, name in (names or {}).items()}
    key = _find(who, known, lower_names)
    attribution = Attribution(key, ancestors(ordered, key))
    attribution.replay(ordered)
    received, withdrawn, waiting = _totals(ordered, key)
    if sum(attribution.income.values()) != received:
        raise TraceError(f"{sum(attribution.income.values())} wei attributed of {received} that {known[key]} received")
    return Trace(
        address=known[key],
        name=lower_names.get(key),
        received=received,
        withdrawn=withdrawn,
        waiting=waiting,
        paths=tuple(
            PathAmount(
                source.question or None,
                known.get(source.payer, source.payer) or None,
                tuple(known[hop] for hop in source.hops),
                amount,
            )
            for source, amount in sorted(attribution.income.items(), key=_rank)
        ),
        stake=_stake(ordered, key),
        names=lower_names,
    )


def _rank(item: tuple[Source, int]) -> tuple[int, Source]:
    return -item[1], item[0]


def _find(who: str, known: Mapping[str, str], names: Mapping[str, str]) -> str:
    wanted = who.strip().lower()
    if wanted in known:
        return wanted
    matches = [address for address, name in names.items() if name.lower() == wanted]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise TraceError(f"{who!r} names several addresses: {', '.join(known[address] for address in matches)}")
    listed = sorted(known, key=lambda address: (address not in names, names.get(address, ""), address))
    lines = [f"  {known[address]}  {names.get(address, '')}".rstrip() for address in listed[:_LISTED]]
    if len(listed) > _LISTED:
        lines.append(f"  and {len(listed) - _LISTED} more")
    everybody = "\n".join(lines) or "  nobody"
    raise TraceError(f"nobody in this run is {who!r}; its events know\n{everybody}")


def _totals(events: Iterable[EventRecord], key: str) -> tuple[int, int, int]:
    received = withdrawn = waiting = 0
    for event in events:
        if event.contract != "Cascade":
            continue
        args = event.args
        node = str(args.get("node", "")).lower()
        if event.name == "Pulled":
            amount = int(args["amount"])
            if node == key:
                waiting -= amount
            if str(args["child"]).lower() == key:
                if args["child_version"] == 0:
                    received += amount
                else:
                    waiting += amount
        elif node == key and event.name in ("Deposited", "ReleaseReceived"):
            if args["version"] == 0:
                received += int(args["amount"])
            else:
                waiting += int(args["amount"])
        elif node == key and event.name == "Withdrawn":
            withdrawn += int(args["amount"])
    return received, withdrawn, waiting


def _stake(events: Iterable[EventRecord], key: str) -> tuple[StakeChange, ...]:
    keep = {0: BPS}
    changes = []
    for event in events:
        args = event.args
        if str(args.get("forecaster", "")).lower() != key:
            continue
        if (event.contract, event.name) == ("StakeVault", "EscrowOpened"):
            keep[args["version"]] = int(args["keep_bps"])
        elif (event.contract, event.name) == ("ForecastArena", "Settled"):
            if args["version"] not in keep:
                raise TraceError(
                    f"version {args['version']} of {args['forecaster']} settles, and no event opened its escrow"
                )
            net, change = int(args["net"]), int(args["stake_change"])
            own = net * keep[args["version"]] // BPS
            changes.append(
                StakeChange(
                    question=int(args["question"]),
                    version=int(args["version"]),
                    wager=int(args["wager"]),
                    net=net,
                    own=own,
                    repaid=change - own,
                    stake_change=change,
                    escrow_change=net - change,
                    released=int(args["released"]),
                )
            )
    return tuple(changes)


def _sums(pairs: Iterable[tuple[_K, int]]) -> dict[_K, int]:
    totals: dict[_K, int] = {}
    for key, amount in pairs:
        totals[key] = totals.get(key, 0) + amount
    return totals


def _largest(totals: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(totals.items(), key=lambda item: (-item[1], item[0])))
