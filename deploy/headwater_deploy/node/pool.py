"""Transactions that wait to be sealed: what may wait, what replaces what, and who comes next."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from headwater.chain.genesis import BLOCK_GAS_LIMIT
from headwater_deploy.node.decode import MAX_INITCODE, Decoded, floor_gas
from headwater_deploy.node.failure import refused

MAX_WAITING: Final = 5_000
MAX_PER_SENDER: Final = 1_000
GAP_LIFETIME: Final = 3 * 3_600.0
"""Seconds that a transaction waits for the ones before it."""

_BUMP: Final = 10  # percent that a replacement pays more, in tip and in cap: geth's rule


class Accounts(Protocol):
    """What the pool asks of the newest state."""

    def nonce_at(self, address: str, at: int | None) -> int:
        """Transactions sent."""

    def balance_at(self, address: str, at: int | None) -> int:
        """Wei."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A transaction in the pool, with its place in the queue and when it came, in seconds of a steady clock."""

    transaction: Decoded
    arrival: int
    since: float


class Pool:
    """By sender and nonce. Not thread-safe."""

    def __init__(self, chain_id: int, accounts: Accounts, clock: Callable[[], float]) -> None:
        self._chain_id, self._accounts, self._clock = chain_id, accounts, clock
        self._senders: dict[str, dict[int, Waiting]] = {}
        self._hashes: dict[str, Waiting] = {}
        self._arrivals = 0

    def __len__(self) -> int:
        return len(self._hashes)

    def get(self, tx_hash: str) -> Decoded | None:
        """A waiting transaction."""
        found = self._hashes.get(tx_hash)
        return found.transaction if found else None

    def add(self, transaction: Decoded) -> Decoded | None:
        """Take a transaction in; the one that it replaces, if any. Raises RpcFailure in geth's words."""
        if transaction.tx_hash in self._hashes:
            raise refused("already known")
        self._check(transaction)
        sender = transaction.sender
        queue = self._senders.get(sender, {})
        old = queue.get(transaction.nonce)
        if old is not None and not _outbids(transaction, old.transaction):
            raise refused("replacement transaction underpriced")
        if old is None and (len(self._hashes) >= MAX_WAITING or len(queue) >= MAX_PER_SENDER):
            raise refused("txpool is full")
        self._arrivals += 1
        waiting = Waiting(transaction, self._arrivals, self._clock())
        self._senders.setdefault(sender, {})[transaction.nonce] = waiting
        self._hashes[transaction.tx_hash] = waiting
        if old is None:
            return None
        del self._hashes[old.transaction.tx_hash]
        return old.transaction

    def remove(self, transaction: Decoded) -> None:
        """Let go of a transaction that was sealed or cannot be."""
        if self._hashes.pop(transaction.tx_hash, None) is None:
            return
        queue = self._senders[transaction.sender]
        del queue[transaction.nonce]
        if not queue:
            del self._senders[transaction.sender]

    def clear(self) -> None:
        """Let go of all."""
        self._senders.clear()
        self._hashes.clear()

    def nonce(self, address: str) -> int:
        """The next nonce of an account, after those of its transactions that wait without a gap."""
        nonce = self._accounts.nonce_at(address, None)
        queue = self._senders.get(address, {})
        while nonce in queue:
            nonce += 1
        return nonce

    def ready(self, base_fee: int) -> Iterator[Decoded]:
        """Transactions in the order to seal them: best paying first, then first come, each sender's by nonce.

        The next of a sender comes only if the caller has sealed its last, so that its account's nonce has moved.
        """
        heap: list[tuple[int, int, str, Decoded]] = []

        def push(sender: str) -> None:
            waiting = self._senders.get(sender, {}).get(self._accounts.nonce_at(sender, None))
            if waiting is not None and waiting.transaction.max_fee >= base_fee:
                heapq.heappush(
                    heap, (-waiting.transaction.worth(base_fee), waiting.arrival, sender, waiting.transaction)
                )

        for sender in list(self._senders):
            push(sender)
        while heap:
            *_, sender, transaction = heapq.heappop(heap)
            yield transaction
            if self._accounts.nonce_at(sender, None) > transaction.nonce:
                push(sender)

    def any_ready(self, base_fee: int) -> bool:
        """Whether a block made now would hold anything."""
        return next(self.ready(base_fee), None) is not None

    def stale(self) -> list[Decoded]:
        """Those that cannot be sealed any more, or have waited too long for the ones before them."""
        now, found = self._clock(), []
        for sender, queue in self._senders.items():
            first, reach = self._accounts.nonce_at(sender, None), self.nonce(sender)
            found += [
                waiting.transaction
                for nonce, waiting in queue.items()
                if nonce < first or (nonce >= reach and now - waiting.since > GAP_LIFETIME)
            ]
        return found

    def all(self) -> Iterator[tuple[str, int, Decoded, bool]]:
        """(sender, nonce, transaction, whether it waits for nothing but a block) of all that wait."""
        for sender, queue in self._senders.items():
            reach = self.nonce(sender)
            for nonce in sorted(queue):
                yield sender, nonce, queue[nonce].transaction, nonce < reach

    def _check(self, transaction: Decoded) -> None:
        said = transaction
        if said.chain_id != self._chain_id:
            raise refused(f"invalid chain id for signer: have {said.chain_id} want {self._chain_id}")
        if said.to is None and len(said.data) > MAX_INITCODE:
            raise refused(f"max initcode size exceeded: code size {len(said.data)}, limit {MAX_INITCODE}")
        if said.gas > BLOCK_GAS_LIMIT:
            raise refused("exceeds block gas limit")
        if said.tip > said.max_fee:
            raise refused(
                f"max priority fee per gas higher than max fee per gas: address {said.sender}, "
                f"maxPriorityFeePerGas: {said.tip}, maxFeePerGas: {said.max_fee}"
            )
        if said.gas < (least := said.intrinsic_gas()):
            raise refused(f"intrinsic gas too low: gas {said.gas}, minimum needed {least}")
        if said.gas < (least := floor_gas(said.data)):
            raise refused(f"insufficient gas for floor data gas cost: gas {said.gas}, minimum needed {least}")
        nonce = self._accounts.nonce_at(said.sender, None)
        if said.nonce < nonce:
            raise refused(f"nonce too low: next nonce {nonce}, tx nonce {said.nonce}")
        if said.nonce >= 2**64 - 1:
            raise refused("nonce has max value")
        # What waits before it will have been paid; what it replaces will not.
        queue = self._senders.get(said.sender, {})
        queued = sum(waiting.transaction.cost for nonce, waiting in queue.items() if nonce < said.nonce)
        balance = self._accounts.balance_at(said.sender, None)
        if balance < queued + said.cost:
            raise refused(
                f"insufficient funds for gas * price + value: balance {balance}, queued cost {queued}, "
                f"tx cost {said.cost}, overshot {queued + said.cost - balance}"
            )


def _outbids(new: Decoded, old: Decoded) -> bool:
    return all(
        100 * mine >= (100 + _BUMP) * theirs and mine > theirs
        for mine, theirs in ((new.tip, old.tip), (new.max_fee, old.max_fee))
    )
