"""The DealEscrow behind a typed client that only reads. `DealDesk` is the one that writes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from eth_hash.auto import keccak

from headwater.chain.artifacts import load
from headwater.chain.backend import Backend, Event
from headwater.chain.client import Contract
from headwater.deals.deal import Deal, address_word, deals_domain
from headwater.deals.errors import DealError
from headwater.deals.price import Price
from headwater.deals.twin import Paid, Verdict
from headwater.typed_data import Domain


class TaskStatus(IntEnum):
    """Where a task stands; LAPSED once its deadline came first."""

    NONE = 0
    OPEN = 1
    FINISHED = 2
    LAPSED = 3


class DealStatus(IntEnum):
    """Where a deal stands."""

    NONE = 0
    OPEN = 1
    SETTLED = 2


class Payout(IntEnum):
    """Where an account's money goes from tasks it has not entered yet: into the Cascade under the version that is
    newest when it enters a task, under one it names, or to its free balance."""

    LATEST = 0
    NAMED = 1
    FREE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """An account's free balance (wei), and its choice for tasks to come."""

    free: int
    payout: Payout
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task: wei, seconds, and the 32-byte hash of the record it was judged by (zero until it is finished).

    `closed` once judging has begun, so that no deal is opened or amended any more.
    """

    sponsor: str
    resolver: str
    pot: int
    awarded: int
    deadline: int
    status: TaskStatus
    closed: bool
    returned: bool
    record: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DealState:
    """How a deal stands. `deposit` is what is locked (wei), `most` the price's largest share (WAD)."""

    status: DealStatus
    barred: bool
    deposit: int
    most: int
    price: bytes
    revision: int
    verdict: Verdict | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A revision of a deal, as the chain tells it; actions are the hashes of their names, 32 bytes."""

    id: bytes
    task: int
    payer: str
    payee: str
    payer_action: bytes
    payee_action: bytes
    price: Price
    deposit: int
    nonce: int
    revision: int

    @property
    def words(self) -> tuple[object, ...]:
        """As the contract's `settle` and `preview` take it."""
        return self.task, self.payer, self.payee, self.nonce, self.price.packed


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What an account has in a task: wei; `committed` of its reward to deals (WAD), `unsettled` of which it waits for.

    `entered` says whether `free` and `version`, where its money goes, are fixed.
    """

    reward: int
    net: int
    committed: int
    unsettled: int
    entered: bool
    free: bool
    version: int
    reported: bool


def deal_id(task: int, payer: str, payee: str, nonce: int) -> bytes:
    """keccak256(abi.encode(task, payer, payee, nonce)), 32 bytes: a deal at any revision."""
    words = task.to_bytes(32, "big") + address_word(payer) + address_word(payee) + nonce.to_bytes(32, "big")
    return bytes(keccak(words))


def id_of(deal: Deal) -> bytes:
    """The id that a deal has at the escrow, 32 bytes."""
    return deal_id(deal.task, deal.terms.payer, deal.terms.payee, deal.nonce)


def task_id(
    chain_id: int, escrow: str, sponsor: str, pot: int, resolver: str, deadline: int, salt: bytes = bytes(32)
) -> int:
    """The task that `sponsor` would open so: deals can be signed before. Wei, seconds; the salt has 32 bytes.

    Raises DealError.
    """
    if len(salt) != 32:
        raise DealError(f"a salt has 32 bytes, got {len(salt)}")
    head, tail = (chain_id, escrow, sponsor, pot, resolver, deadline), salt
    words = [address_word(word) if isinstance(word, str) else word.to_bytes(32, "big") for word in head]
    return int.from_bytes(keccak(b"".join((*words, tail))), "big")


class DealEscrow:
    """The escrow, read-only. Every method may raise ConnectionFailed."""

    def __init__(self, backend: Backend, address: str) -> None:
        self.backend = backend
        self.contract = Contract(backend, address, load("DealEscrow").abi, name="DealEscrow")

    @property
    def address(self) -> str:
        """Where it is."""
        return self.contract.address

    @property
    def domain(self) -> Domain:
        """The EIP-712 domain that deals and messages are signed for."""
        return deals_domain(self.backend.chain_id, self.address)

    def owed(self) -> int:
        """Everybody's money here, wei."""
        return int(self.contract.call("owed"))

    def balance(self, account: str) -> Balance:
        """An account's free balance and choice."""
        free, kind, version = self.contract.call("account", account)
        return Balance(free=free, payout=Payout(kind), version=version)

    def task_id(self, sponsor: str, pot: int, resolver: str, deadline: int, salt: bytes = bytes(32)) -> int:
        """The task that `sponsor` would open so; no call. Raises DealError."""
        return task_id(self.backend.chain_id, self.address, sponsor, pot, resolver, deadline, salt)

    def task(self, task: int) -> Task:
        """A task; its status is NONE if it was never opened."""
        found = self.contract.call("task", task)._asdict()
        return Task(**{**found, "status": TaskStatus(found["status"])})

    def state(self, task: int, deal: bytes) -> DealState:
        """How a deal stands, by its id; its status is NONE if it was never opened."""
        found = self.contract.call("deal", task, deal)
        verdict = Verdict(
            payer_kept=found.payer_kept,
            payee_kept=found.payee_kept,
            observed=found.observed,
            revision=found.revision,
        )
        return DealState(
            status=DealStatus(found.status),
            barred=found.barred,
            deposit=found.deposit,
            most=found.most,
            price=found.price,
            revision=found.revision,
            verdict=verdict if found.reported else None,
        )

    def entry(self, task: int, account: str) -> Entry:
        """What an account has in a task."""
        return Entry(**self.contract.call("entry", task, account)._asdict())

    def deals(self, task: int) -> dict[bytes, Opened]:
        """The deals of a task by id, in the order in which they were opened, each at the revision in force."""
        topics = [self.contract.interface.event("DealOpened").topic, task.to_bytes(32, "big")]
        events = self.contract.decode(self.backend.get_logs(self.address, topics))
        return {event.args["deal"]: _opened(event) for event in events}

    def deal(self, task: int, deal: bytes) -> Opened:
        """A deal at the revision in force, by its id. Raises DealError if there is none."""
        topics = [self.contract.interface.event("DealOpened").topic, task.to_bytes(32, "big"), deal]
        events = self.contract.decode(self.backend.get_logs(self.address, topics))
        if not events:
            raise DealError(f"no deal 0x{deal.hex()} was opened in task {task} of {self.address}")
        return _opened(events[-1])

    def preview(self, task: int, deal: bytes) -> Paid:
        """What settling a deal now would come to. Raises DealError, Reverted."""
        opened = self.deal(task, deal)
        share, paid, refunded = self.contract.call("preview", *opened.words)
        return Paid(share=share, paid=paid, refunded=refunded)


def _opened(event: Event) -> Opened:
    args = dict(event.args)
    steps = args.pop("steps")
    words = [int.from_bytes(steps[at : at + 32], "big") for at in range(0, len(steps), 32)]
    price = Price(tuple((word >> 64, word & (2**64 - 1)) for word in words))
    return Opened(id=args.pop("deal"), price=price, **args)
