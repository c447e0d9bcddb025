"""The five contracts behind one typed client that only reads. `Participant` is the one that writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, cast

from headwater.cascade import LIST, Leaf, Terms, list_terms, parse_list
from headwater.chain.artifacts import load
from headwater.chain.backend import Backend, Event
from headwater.chain.client import Contract, decode_events
from headwater.chain.errors import DecodeError
from headwater.twin import Scale

CONTRACTS: Final = ("HeadwaterToken", "Treasury", "StakeVault", "Cascade", "ForecastArena")
"""The contracts of a deployment, in the order in which they are deployed."""

STATUS: Final = ("none", "awaiting odds", "open", "resolved", "void early", "void late", "void by timeout")
"""Names of a question's status numbers."""

RING: Final = 256
"""Checkpoints the vault keeps of an account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the five contracts are; checksummed."""

    token: str
    treasury: str
    vault: str
    cascade: str
    arena: str

    def by_name(self) -> dict[str, str]:
        """Contract name to address."""
        return dict(zip(CONTRACTS, asdict(self).values(), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """A question's times, seconds; intervals are half-open."""

    commit_start: int
    commit_end: int
    reveal_end: int
    event_start: int
    resolve_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesParams:
    """Parameters of a series, as the arena takes them; the bounds stand in SPEC section 11.

    Attributes:
        outcomes: k.
        p_min: WAD.
        rent_bps: bps of the wager.
        share_bps: bps of the free bankroll set aside for a question.
        min_wager: wei.
        epoch_cap: wei a series may set aside per epoch.
        forgetting: WAD factor per question; 0 with a feed.
        smoothing: pseudo-count of each outcome, in 1e-12 observations; 0 with a feed.
        warm_up: questions without capacity at the start.
        opener, feed, oracle: addresses; feed is the zero address for odds from on-chain frequencies.
        governed: on minted money rather than on the creator's.
    """

    outcomes: int
    p_min: int = 10**16
    rent_bps: int = 25
    share_bps: int
    min_wager: int
    epoch_cap: int
    forgetting: int
    smoothing: int
    warm_up: int
    opener: str
    feed: str = "0x" + "00" * 20
    oracle: str
    governed: bool

    def scale(self) -> Scale:
        """L and rentL of the series."""
        return Scale.of(self.p_min, self.rent_bps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """State of a question; wei and seconds."""

    id: int
    series: int
    outcomes: int
    status: str
    outcome: int
    capacity: int
    wagered: int
    reserve: int
    unsettled: int
    opened: int
    count: int
    times: Times


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """An open position: wager in wei, the version it is bound to, whether it is revealed."""

    wager: int
    version: int
    revealed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """An account's stake, wei: bonded (of which locked), unbonding and when that is ready; number of checkpoints."""

    bonded: int
    locked: int
    checkpoints: int
    unbonding: int
    ready: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EscrowState:
    """An escrow of (forecaster, version, domain); wei, bps, seconds."""

    held: int
    debt: int
    due: int
    lock: int
    keep_bps: int
    buffer: int
    active: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What an announcement said. `leaves` is None for a tree, whose leaves are published elsewhere."""

    node: str
    version: int
    replaces: int
    terms: Terms
    leaves: tuple[Leaf, ...] | None


class System:
    """A deployment, read-only. Money is wei, probabilities WAD, times seconds.

    Every method may raise ConnectionFailed, and Reverted where the contract's view reverts.
    """

    def __init__(self, backend: Backend, addresses: Addresses) -> None:
        self.backend = backend
        self.addresses = addresses
        made = {
            name: Contract(backend, address, load(name).abi, name=name) for name, address in addresses.by_name().items()
        }
        self.token = made["HeadwaterToken"]
        self.treasury = made["Treasury"]
        self.vault = made["StakeVault"]
        self.cascade = made["Cascade"]
        self.arena = made["ForecastArena"]

    @property
    def contracts(self) -> tuple[Contract, ...]:
        """The five contracts, in order of deployment."""
        return self.token, self.treasury, self.vault, self.cascade, self.arena

    def name_of(self, address: str) -> str:
        """Name of the contract at an address; the address itself if it is none of ours."""
        return next((contract.name for contract in self.contracts if contract.address == address), address)

    def events(self, from_block: int = 0, to_block: int | None = None) -> list[Event]:
        """All events of all five contracts, in chain order."""
        addresses = [contract.address for contract in self.contracts]
        return list(decode_events(self.backend.get_logs(addresses, (), from_block, to_block), self.contracts))

    # token

    def balance(self, address: str) -> int:
        """Tokens of an address, wei."""
        return int(self.token.call("balanceOf", address))

    def supply(self) -> int:
        """Total supply, wei."""
        return int(self.token.call("totalSupply"))

    # treasury

    def series_account(self, series: int) -> tuple[int, int]:
        """(free bankroll, reserved) of a series, wei."""
        bankroll, reserved = self.treasury.call("account", series)
        return int(bankroll), int(reserved)

    def totals(self) -> tuple[int, int]:
        """(emitted, recycled) since the beginning, wei."""
        emitted, recycled = self.treasury.call("totals")
        return int(emitted), int(recycled)

    # arena

    def params(self, series: int) -> SeriesParams:
        """Parameters of a series; all zero if there is none."""
        return SeriesParams(**self.arena.call("params", series)._asdict())

    def question(self, question: int) -> Question:
        """State of a question; status "none" if there is none."""
        raw = self.arena.call("question", question)._asdict()
        times = Times(**raw.pop("times")._asdict())
        return Question(id=question, **{**raw, "status": STATUS[raw["status"]]}, times=times)

    def odds(self, question: int) -> tuple[int, ...]:
        """Public odds of a question, WAD."""
        return tuple(self.arena.call("odds", question))

    def next_odds(self, series: int) -> tuple[int, ...]:
        """Odds a question of a series with frequencies would open with now, WAD."""
        return tuple(self.arena.call("next_odds", series))

    def position(self, question: int, forecaster: str) -> Position:
        """An open position; a wager of 0 if there is none."""
        return Position(**self.arena.call("position", question, forecaster)._asdict())

    def domain(self, series: int) -> int:
        """Domain of a series' escrows: 0 if governed, else its id."""
        return 0 if self.params(series).governed else series

    # vault

    def stake(self, account: str) -> Stake:
        """An account's stake."""
        bonded, locked, checkpoints = self.vault.call("account", account)
        unbonding, ready = self.vault.call("unbonding", account)
        return Stake(bonded=bonded, locked=locked, checkpoints=checkpoints, unbonding=unbonding, ready=ready)

    def checkpoint_before(self, account: str, block: int) -> tuple[int, int] | None:
        """(index, bonded wei) of the account's last checkpoint in a block before `block`; None if it has none kept."""
        entries = self.stake(account).checkpoints
        low, high = max(0, entries - RING), entries
        while low < high:
            middle = (low + high) // 2
            if self.vault.call("checkpoint", account, middle)[0] < block:
                low = middle + 1
            else:
                high = middle
        index = low - 1
        if index < max(0, entries - RING):
            return None
        return index, int(self.vault.call("checkpoint", account, index)[1])

    def escrow(self, forecaster: str, version: int, domain: int = 0) -> EscrowState:
        """An escrow; keep_bps is 0 as long as it was not opened."""
        return EscrowState(**self.vault.call("escrow", forecaster, version, domain)._asdict())

    # cascade

    def latest(self, node: str) -> int:
        """A node's newest version; 0 if it never announced."""
        return int(self.cascade.call("latest", node))

    def version_at(self, node: str, count: int) -> int:
        """A node's newest version after `count` announcements had been made by anybody."""
        version = 0
        while True:
            _, successor, _ = self.cascade.call("version_state", node, version)
            if successor == 0 or successor > count:
                return version
            version = successor

    def flows(self, node: str, version: int) -> tuple[int, int]:
        """(inflow, released) of a version, wei; (inflow, withdrawn) for version 0."""
        inflow, other = self.cascade.call("flows", node, version)
        return int(inflow), int(other)

    def announcements(self, from_block: int = 0) -> list[Announcement]:
        """Everything announced since a block, in order."""
        found = [announcement(event) for event in self.cascade.events(from_block=from_block) if is_announcement(event)]
        return sorted(found, key=lambda a: a.version)

    def announcement(self, node: str, version: int) -> Announcement:
        """A version's announcement. Raises DecodeError if the node never announced it."""
        topics: Sequence[Any] = [
            [
                self.cascade.interface.event("ListAnnounced").topic,
                self.cascade.interface.event("TreeAnnounced").topic,
            ],
            bytes.fromhex(node[2:]).rjust(32, b"\0"),
            version.to_bytes(32, "big"),
        ]
        events = self.cascade.decode(self.backend.get_logs(self.cascade.address, topics))
        if not events:
            raise DecodeError(f"{node} never announced version {version}")
        return announcement(events[0])


def is_announcement(event: Event) -> bool:
    """Whether an event announces a version."""
    return event.name in ("ListAnnounced", "TreeAnnounced")


def announcement(event: Event) -> Announcement:
    """Reads a ListAnnounced or TreeAnnounced event."""
    args = event.args
    leaves: tuple[Leaf, ...] | None = None
    if event.name == "ListAnnounced":
        leaves = parse_list(cast(bytes, args["leaves"]))
        terms = list_terms(leaves, args["keep_bps"], args["buffer"])
    else:
        terms = Terms(args["root"], args["total"], args["depth"], args["keep_bps"], args["buffer"])
    return Announcement(
        node=args["node"], version=args["version"], replaces=args["replaces"], terms=terms, leaves=leaves
    )


__all__ = [
    "CONTRACTS",
    "LIST",
    "STATUS",
    "Addresses",
    "Announcement",
    "EscrowState",
    "Position",
    "Question",
    "SeriesParams",
    "Stake",
    "System",
    "Times",
    "announcement",
    "is_announcement",
]
