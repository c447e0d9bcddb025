"""A durable sender: what it sends is on disk first, is mined once at most, and is driven to an end whatever happens.

    outbox = OutboxBackend(RpcBackend(...), account, database)
    outbox.recover()                     # before any decision, at every start and after every error
    with outbox.until(commit_end):       # chain seconds: cancelled if it is not mined by then
        participant.commit(...)          # through a System that was made with this backend

An entry of the file has one nonce for ever, so of all that was ever signed for it at most one is mined.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from headwater.chain import (
    Account,
    ArgumentError,
    Backend,
    Log,
    Receipt,
    SignedTransaction,
    Transaction,
    TransactionRejected,
    TxRequest,
)
from headwater.chain.backend import Topic
from headwater.chain.rpc import RpcBackend
from headwater_agents.durable.crash import CrashPoint
from headwater_agents.durable.database import Database
from headwater_agents.durable.driving import Driver
from headwater_agents.durable.errors import DeadlinePassed, KeyInUse, Unsettled
from headwater_agents.durable.ledger import Entry, Ledger, State
from headwater_agents.durable.past import Past
from headwater_agents.durable.settings import Clock, OutboxConfig, Tell, silent

__all__ = [
    "Clock",
    "DeadlinePassed",
    "Entry",
    "KeyInUse",
    "OutboxBackend",
    "OutboxConfig",
    "Recovery",
    "State",
    "Unsettled",
]

POINTS: Final = tuple(point for point in CrashPoint if point.startswith("outbox."))
"""Where this package's code may be killed."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What `recover` found: entries that came to an end or to another one, and whether the key is used elsewhere."""

    ended: tuple[Entry, ...]
    key_in_use: bool


class OutboxBackend(Backend):
    """A `Backend` whose `send` is durable. One account sends; reads go straight through.

    Threads may call `send` and `recover`, which take turns; `until` holds for the thread that called it. Reads share
    the inner backend, so another thread that reads should bring a backend of its own.
    """

    def __init__(
        self,
        backend: RpcBackend,
        account: Account,
        database: Database,
        config: OutboxConfig | None = None,
        clock: Clock | None = None,
        tell: Tell = silent,
    ) -> None:
        self.inner: Final = backend
        self._account = account
        self._config = config or OutboxConfig()
        self._clock = clock or Clock()
        self._tell = tell
        self._ledger = Ledger(database, account.address)
        self._driver = Driver(backend, account, self._ledger, self._config, self._clock, tell)
        self._past = Past(backend, account.address, self._ledger, self._driver, self._config, self._clock, tell)
        self._turn = threading.RLock()
        self._scope = threading.local()
        self._checked = False
        self._key_in_use = False

    # Sending

    @contextmanager
    def until(self, timestamp: int | None, label: str = "") -> Iterator[None]:
        """Within, what is sent must be in a block before `timestamp` (chain seconds; None for no limit).

        `label` says in the file and in what is told what it is for.
        """
        before = getattr(self._scope, "terms", (None, ""))
        self._scope.terms = (timestamp, label)
        try:
            yield
        finally:
            self._scope.terms = before

    def send(self, request: TxRequest, account: Account) -> Receipt:
        """Keep it, send it, wait for its end. The receipt is of one block; `confirmations` more are watched for.

        Raises:
            Reverted: it was mined and failed, or would be; in the second case nothing was sent.
            TransactionRejected: the node refused it before running it, for funds or gas. It will not be mined.
            DeadlinePassed: too late; it was not sent, or was cancelled.
            KeyInUse: the key is used elsewhere. Raised once before sending; later only if this one's nonce was taken.
            Unsettled: an earlier one's end is open, so this one was not sent. `recover`, then decide anew.
            NotMined, ConnectionFailed: it may have been sent, and is open; `recover` goes on with it.
            StateError: the disk refused. Nothing was sent that is not on it.
        """
        if account.address != self._account.address:
            raise ArgumentError(f"this outbox sends for {self._account.address}, not for {account.address}")
        with self._turn:
            deadline, label = getattr(self._scope, "terms", (None, ""))
            nonce = self._free_nonce(self._settled())
            if deadline is not None and (now := self.inner.now()) >= deadline:
                raise DeadlinePassed(
                    f"{label or 'transaction'} not sent: it is {now} on the chain, {deadline} was the limit"
                )
            gas = self.inner.gas_limit(request, account.address)
            entry = self._driver.open(nonce, label or _describe(request), request, gas, deadline)
            return self._outcome(self._driver.drive(entry, fresh=True))

    def recover(self) -> Recovery:
        """Drive everything unfinished to an end, and notice what the chain has undone. Before any new decision.

        Quick if there is nothing to do: a few requests. Raises NotMined, ConnectionFailed, StateError: call it again.
        """
        with self._turn:
            changed: dict[int, Entry] = {}
            if not self._checked:
                self._past.check_chain()
            watched, count = self._past.watch(), self._past.mined()
            for entry in [*watched, *self._past.lost(count)]:
                changed[entry.id] = entry
            for entry in self._ledger.unfinished():
                while (free := self._past.gap(entry.nonce)) is not None:
                    self._tell("gap", {"nonce": free})
                    self._driver.drive(self._driver.fill(free))
                changed[entry.id] = self._driver.drive(entry)
            if not self._checked and (strangers := self._past.await_strangers()):
                self._tell("strangers", {"waiting": strangers})
            if changed or not self._checked:
                count = self._past.mined()
            if strange := self._past.foreign(count):
                self._key_in_use = True
                self._tell("key in use", {"nonces": strange})
            self._checked = True
            ended = tuple(entry for _, entry in sorted(changed.items()))
            self._key_in_use |= any(entry.state is State.DISPLACED for entry in ended)
            return Recovery(ended, self._key_in_use)

    @property
    def key_in_use(self) -> bool:
        """Whether, since this process began, somebody else was seen to send with the key."""
        return self._key_in_use

    def unfinished(self) -> list[Entry]:
        """Open entries, by nonce. Raises StateError."""
        return self._ledger.unfinished()

    def entry(self, entry: int) -> Entry:
        """One entry, by the id that is told with everything that happens to it. Raises ArgumentError, StateError."""
        return self._ledger.get(entry)

    def counts(self) -> dict[State, int]:
        """How many entries the file holds in each state. Raises StateError."""
        return self._ledger.counts()

    def prepare(self, request: TxRequest, account: Account) -> SignedTransaction:
        """Not here: what is signed without being kept could be lost. Raises ArgumentError."""
        raise ArgumentError("an outbox signs nothing that is not on disk: use send")

    def submit(self, signed: SignedTransaction) -> Receipt:
        """Not here. Raises ArgumentError."""
        raise ArgumentError("an outbox sends nothing that is not on disk: use send")

    def _settled(self) -> int:
        """How many of the account's transactions are mined, once it is sure that all in the file have their end."""
        if not self._checked:
            self._past.check_chain()
        if self._ledger.unfinished():
            raise Unsettled("an earlier transaction of this account is open: recover, then decide anew")
        changed = self._past.watch()
        count = self._past.mined()
        if changed or self._past.lost(count):
            raise Unsettled("the chain has undone or changed an earlier transaction: recover, then decide anew")
        self._checked = True
        return count

    def _free_nonce(self, count: int) -> int:
        strange = self._past.foreign(count)
        nonce = self._ledger.next_nonce() + strange
        if strange and not self._key_in_use:
            self._key_in_use = True
            self._tell("key in use", {"nonces": strange})
            raise KeyInUse(
                f"{self._account.address} has sent {strange} transactions that are not in this agent's file: "
                "a second copy of it runs, or somebody else has the key"
            )
        return nonce

    def _outcome(self, entry: Entry) -> Receipt:
        if entry.state is State.DISPLACED:
            self._key_in_use = True
            raise KeyInUse(
                f"another transaction of {self._account.address} took nonce {entry.nonce} ({entry.label}): "
                "a second copy of this agent runs, or somebody else has the key"
            )
        if entry.state is State.CANCELLED:
            raise DeadlinePassed(f"{entry.label} cancelled: it was not mined by {entry.deadline}")
        if entry.state is State.REFUSED or entry.tx_hash is None:
            raise TransactionRejected(f"{entry.label} was refused by {self.name}")
        receipt = self._driver.receipt
        if receipt is None or receipt.tx_hash != entry.tx_hash:
            raise Unsettled(f"{entry.label} was mined, but its receipt is gone: recover, then decide anew")
        if entry.state is State.REVERTED:
            attempt = next(each for each in entry.attempts if each.tx_hash == entry.tx_hash)
            asked = entry.request
            transaction = Transaction(
                self.chain_id, entry.nonce, attempt.fees.tip, attempt.fees.max_fee, asked.gas or 0, asked.to,
                asked.value, asked.data,
            )  # fmt: skip
            raise self.inner.explain(self._account.address, transaction, receipt)
        return receipt

    # Reading: the inner backend's

    @property
    def name(self) -> str:
        """The node's URL, without path and credentials."""
        return self.inner.name

    @property
    def chain_id(self) -> int:
        """EIP-155 chain id."""
        return self.inner.chain_id

    def now(self) -> int:
        """As the inner backend's."""
        return self.inner.now()

    def block_number(self) -> int:
        """As the inner backend's."""
        return self.inner.block_number()

    def block_time(self, block: int) -> int:
        """As the inner backend's."""
        return self.inner.block_time(block)

    def call(self, to: str, data: bytes, sender: str | None = None, block: int | None = None) -> bytes:
        """As the inner backend's."""
        return self.inner.call(to, data, sender, block)

    def receipt(self, tx_hash: str) -> Receipt | None:
        """As the inner backend's."""
        return self.inner.receipt(tx_hash)

    def get_logs(
        self,
        address: str | Sequence[str] | None = None,
        topics: Sequence[Topic] = (),
        from_block: int = 0,
        to_block: int | None = None,
    ) -> list[Log]:
        """As the inner backend's."""
        return self.inner.get_logs(address, topics, from_block, to_block)

    def balance(self, address: str) -> int:
        """As the inner backend's."""
        return self.inner.balance(address)

    def code_at(self, address: str) -> bytes:
        """As the inner backend's."""
        return self.inner.code_at(address)

    def nonce(self, address: str) -> int:
        """As the inner backend's."""
        return self.inner.nonce(address)

    def close(self) -> None:
        """Let go of the node's connections; the file stays its owner's."""
        self.inner.close()


def _describe(request: TxRequest) -> str:
    if request.to is None:
        return "deployment"
    return f"0x{request.data[:4].hex()} to {request.to}" if request.data else f"transfer to {request.to}"
