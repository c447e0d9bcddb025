"""Holds what is on disk against the chain: what a reorganisation undid, which nonces are another's or nobody's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from headwater.chain.rpc import RpcBackend
from headwater_agents.durable.crash import CrashPoint, reach
from headwater_agents.durable.database import StateError
from headwater_agents.durable.driving import Driver
from headwater_agents.durable.ledger import Entry, Ledger, State
from headwater_agents.durable.settings import Clock, OutboxConfig, Tell

_PAUSE: Final = 0.1
_ANCHOR_STEP: Final = 64  # blocks


class Past:
    """What was sent, as the chain tells it now. Every method may raise ConnectionFailed, RpcError, StateError."""

    def __init__(
        self,
        backend: RpcBackend,
        address: str,
        ledger: Ledger,
        driver: Driver,
        config: OutboxConfig,
        clock: Clock,
        tell: Tell,
    ) -> None:
        self._backend = backend
        self._address = address
        self._ledger = ledger
        self._driver = driver
        self._config = config
        self._clock = clock
        self._tell = tell

    def check_chain(self) -> None:
        """Keep which chain this is at the first look, hold it against that later. Raises StateError if it is another.

        Chains of one id are told apart by a block that was `confirmations` deep: a development chain that began anew
        is another chain, and what was meant for the old one must not be sent to it.
        """
        anchor = self._ledger.anchor()
        if anchor is None:
            block = max(0, self._backend.head().number - self._config.confirmations)
            self._ledger.adopt(self._backend.mined_count(self._address), block, self._backend.block_hash(block) or "")
            return
        block, known = anchor

        def strange() -> bool:
            return known not in ("", self._backend.block_hash(block))

        if strange() and self._insists(strange):
            raise StateError(
                f"block {block} of the chain that this file's transactions are on is {known}; {self._backend.name} "
                "has no such block. Choose another file, or the node of that chain"
            )

    def _weigh_anchor(self, depth: int) -> None:
        """Know the chain by a later block, now and then: nodes may throw away very old ones."""
        anchor = self._ledger.anchor()
        if anchor is None or depth < anchor[0] + _ANCHOR_STEP:
            return
        if (block_hash := self._backend.block_hash(depth)) is not None:
            self._ledger.move_anchor(depth, block_hash)

    def watch(self) -> list[Entry]:
        """Look whether the chain still tells what is noted; the entries of which it tells otherwise now.

        If the newest entry is where it was, so is everything below it: a block stands on all the blocks before it.
        """
        changed: list[Entry] = []
        watched = self._ledger.watched()
        if not watched:
            return changed
        standing = False
        for entry in watched:
            if entry.state is State.DISPLACED:
                if (found := self._driver.look(entry)) is not None:
                    changed.append(found)  # it was ours after all
            elif not standing:
                standing = self._stands(entry)
                if not standing:
                    changed.append(self._undone(entry))
        depth = self._backend.head().number - self._config.confirmations
        if any(entry.block is not None and entry.block <= depth for entry in watched):
            self._ledger.finish(depth)
            self._weigh_anchor(depth)
        return changed

    def mined(self) -> int:
        """How many of the account's transactions are mined."""
        return self._backend.mined_count(self._address)

    def lost(self, count: int) -> list[Entry]:
        """Open again what is final here and of which the chain, that has mined only `count`, knows nothing.

        A node that lags behind others says the same for a while; it is given the time that one may doubt it.
        """
        if count >= self._ledger.next_nonce():
            return []
        ended = [entry for entry in self._ledger.holding(count) if entry.state not in (State.OPEN, State.REFUSED)]
        if ended and self._insists(lambda: self._backend.mined_count(self._address) <= ended[0].nonce):
            self.check_chain()
            return [self._reopen(entry) for entry in ended if self._where(entry) is None]
        return []

    def foreign(self, count: int) -> int:
        """How many of the account's `count` mined transactions come after ours and are not in the file."""
        following = self._ledger.next_nonce()
        if count <= following:
            return 0
        for entry in self._ledger.holding(following):
            self._driver.look(entry)  # refused by one node, and taken to another all the same
        return max(0, count - self._ledger.next_nonce())

    def gap(self, nonce: int) -> int | None:
        """The least nonce below `nonce` that nobody uses or is about to use, if that lasts for a time of patience."""
        if self._backend.mined_count(self._address) >= nonce:
            return None

        def vacant() -> bool:
            return self._backend.nonce(self._address) < nonce

        if not self._insists(vacant, self._config.patience):
            return None
        count = self._backend.mined_count(self._address)
        held = {entry.nonce for entry in self._ledger.holding(count) if entry.state is not State.REFUSED}
        return next((free for free in range(count, nonce) if free not in held), None)

    def await_strangers(self) -> int:
        """Wait, for a time of patience, for waiting transactions that are not in the file; how many still wait."""

        def waiting() -> int:
            return self._backend.nonce(self._address) - self._backend.mined_count(self._address)

        if waiting() > 0 and self._insists(lambda: waiting() > 0, self._config.patience):
            return max(0, waiting())
        return 0

    def _stands(self, entry: Entry) -> bool:
        """Whether the block that it was seen in is the chain's. Blocks stay when nodes have forgotten transactions."""

        def gone() -> bool:
            return entry.block is None or self._backend.block_hash(entry.block) != entry.block_hash

        return not self._insists(gone)

    def _where(self, entry: Entry) -> str | None:
        """Hash of the block that holds what ended the entry; None if the node keeps saying that none does."""
        if entry.tx_hash is None:
            return None
        tx_hash = entry.tx_hash
        found: list[str | None] = [None]

        def missing() -> bool:
            sighting = self._backend.look_up(tx_hash)
            found[0] = None if sighting is None else sighting.block_hash
            return found[0] is None

        self._insists(missing)
        return found[0]

    def _undone(self, entry: Entry) -> Entry:
        """Note that the block which held it is gone: another holds it or another attempt now, or none does."""
        self.check_chain()
        reach(CrashPoint.OUTBOX_VANISHED)
        return self._driver.look(entry) or self._reopen(entry)

    def _reopen(self, entry: Entry) -> Entry:
        opened = self._ledger.reopen(entry)
        reach(CrashPoint.OUTBOX_REOPENED)
        self._tell("reopened", {"entry": entry.id, "nonce": entry.nonce, "label": entry.label, "was": str(entry.state)})
        return opened

    def _insists(self, bad: Callable[[], bool], seconds: float | None = None) -> bool:
        """Whether bad news stays bad for as long as one may doubt it."""
        until = self._clock.monotonic() + (self._config.doubt if seconds is None else seconds)
        while bad():
            if self._clock.monotonic() >= until:
                return True
            self._clock.sleep(_PAUSE)
        return False
