"""A node without its network: the chain, the transactions that wait, and the making of blocks.

One thread owns a node. Everything here runs to its end before anything else does, so nobody sees half a block.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from headwater.chain import ArgumentError, TransactionRejected
from headwater_deploy.node.chain import ServedChain
from headwater_deploy.node.clock import Clock
from headwater_deploy.node.config import NodeConfig, NodeError
from headwater_deploy.node.decode import Decoded, decode
from headwater_deploy.node.failure import INTERNAL_ERROR, RpcFailure
from headwater_deploy.node.header import Header
from headwater_deploy.node.ledger import Ledger
from headwater_deploy.node.pool import Pool
from headwater_deploy.node.pyevm import ServedTester
from headwater_deploy.node.revm import ServedRevm
from headwater_deploy.node.store import Sealed, Store, StoreError

log: Final = logging.getLogger("headwater.node")
BUILD_BUDGET: Final = 0.5
"""Seconds that the making of one block may take, so that readers have the rest: what is left waits for the next."""

Progress = Callable[[int, int], None]
"""Told how many of how many kept blocks were done again."""


class Node:
    """A chain, its pool and its past. Raises NodeError if it cannot be opened."""

    def __init__(
        self, config: NodeConfig, *, clock: Clock | None = None, progress: Progress = lambda done, of: None
    ) -> None:
        self.config: Final = config
        self.clock: Final = clock or Clock()
        self.automine = True
        self._store = Store(config.state) if config.state is not None else None
        try:
            genesis = self._genesis()
            self.chain: Final[ServedChain] = _open(config, genesis)
            self.ledger: Final = Ledger()
            self.pool: Final = Pool(config.chain_id, self.chain, time.monotonic)
            self.ledger.append(self.chain.header(0), ())
            if self._store is not None:
                self._replay(self._store, progress)
        except BaseException:
            self.close()
            raise
        self._slot = self._slot_now()
        self._asked = False
        self.on_pending: Callable[[Decoded], None] = lambda transaction: None

    def close(self) -> None:
        """Let go of the file."""
        if self._store is not None:
            self._store.close()
            self._store = None

    # Time

    def align(self) -> None:
        """Let calls, and the block to come, see the present."""
        if (now := self.clock.now()) > self.chain.now():
            self.chain.time_travel(now)

    def tick(self, *, asked: bool = False) -> None:
        """Seal what is due. Called before every request, so that no crowd of readers holds a block up."""
        self._asked |= asked
        slot = self._slot_now()
        if slot == self._slot:
            return
        self._slot = slot
        if not self.automine:
            return
        try:
            if len(self.pool) and self.seal():
                return
            heartbeat = self.config.heartbeat
            if heartbeat and self._asked and self.clock.now() - self.ledger.latest.timestamp >= heartbeat:
                self.seal(empty=True)
        except StoreError as error:
            log.error("%s; the block is made again at the next turn", error)

    def seconds_to_turn(self) -> float:
        """How long until the next block may be made."""
        step = self._step()
        return step - self.clock.exact() % step

    def _step(self) -> int:
        return max(self.config.block_time, 1)

    def _slot_now(self) -> int:
        return int(self.clock.exact() // self._step())

    # Sending

    def submit(self, raw: bytes) -> Decoded:
        """Take a raw transaction in; without a block time, seal it. Raises RpcFailure in geth's words."""
        transaction = decode(raw)
        replaced = self.pool.add(transaction)
        if self._store is not None:
            try:
                self._store.wait(transaction, replaced)
            except StoreError as error:
                self.pool.remove(transaction)
                if replaced is not None:
                    self.pool.add(replaced)
                raise RpcFailure(INTERNAL_ERROR, str(error)) from error
        self.on_pending(transaction)
        if self.config.block_time == 0 and self.automine:
            try:
                while self.pool.any_ready(self.chain.base_fee()) and self.seal():
                    pass
            except StoreError as error:
                raise RpcFailure(INTERNAL_ERROR, f"{error}; the transaction waits") from error
        return transaction

    def drop(self, transaction: Decoded) -> None:
        """Let a waiting transaction go."""
        self.pool.remove(transaction)
        if self._store is not None:
            self._store.drop([transaction.tx_hash])

    # Sealing

    def seal(self, *, empty: bool = False) -> bool:
        """Make a block of what waits; whether there is one. Raises StoreError, and then nothing has changed."""
        self.align()
        mark = self.chain.snapshot()
        try:
            sealed, hopeless = self._build()
            if not sealed:
                if not empty:
                    self._let_go(hopeless)
                    return False
                self.chain.mine()
            header = self.chain.header(self.chain.block_number())
            if self._store is not None:
                try:
                    self._store.append(header, sealed)
                except StoreError:
                    self.chain.revert(mark)
                    raise
        finally:
            self.chain.forget(mark)
        self.ledger.append(header, sealed)
        for transaction in sealed:
            self.pool.remove(transaction)
        self._let_go(hopeless + self.pool.stale())
        self.clock.sealed(header.timestamp)
        self._asked = False
        return True

    def publish_dev_block(self) -> None:
        """Make a block visible that a development method sealed on the chain itself."""
        header = self.chain.header(self.chain.block_number())
        self.ledger.append(header, ())
        self.clock.sealed(header.timestamp)

    def _build(self) -> tuple[list[Decoded], list[Decoded]]:
        """Transactions that went into a block, now sealed unless there are none, and those that never will."""
        chain, began = self.chain, time.monotonic()
        sealed: list[Decoded] = []
        hopeless: list[Decoded] = []
        base_fee = chain.base_fee()
        with chain.block():
            for transaction in self.pool.ready(base_fee):
                if transaction.gas > chain.gas_left():
                    continue
                if transaction.cost > chain.balance_at(transaction.sender, None):
                    hopeless.append(transaction)
                    continue
                try:
                    chain.apply(transaction)
                except TransactionRejected as error:
                    log.warning("dropped %s: %s", transaction.tx_hash, error)
                    hopeless.append(transaction)
                    continue
                sealed.append(transaction)
                if time.monotonic() - began > BUILD_BUDGET:
                    break
        return sealed, hopeless

    def _let_go(self, transactions: list[Decoded]) -> None:
        for transaction in transactions:
            self.pool.remove(transaction)
        if transactions and self._store is not None:
            try:
                self._store.drop([each.tx_hash for each in transactions])
            except StoreError as error:
                log.error("%s", error)  # they will be let go of again when the file is read

    # The file

    def _genesis(self) -> int:
        """Genesis time: now, or what the file says, which also has to agree with the settings."""
        if self._store is None:
            return self.clock.now()
        config = self.config
        mine = {"chain": config.chain, "chain_id": str(config.chain_id), "seed": str(config.seed)}
        kept = self._store.about()
        if not kept:
            kept = {**mine, "genesis_time": str(self.clock.now())}
            self._store.begin(kept)
        if differ := [name for name, value in mine.items() if kept.get(name) != value]:
            was = ", ".join(f"{name} {kept.get(name, 'not kept')}" for name in differ)
            now = ", ".join(f"{name} {mine[name]}" for name in differ)
            raise NodeError(f"{self._store.path} keeps a chain of {was}; asked for {now}. Choose another file")
        return int(kept["genesis_time"])

    def _replay(self, store: Store, progress: Progress) -> None:
        total = store.blocks()
        for block in store.read():
            try:
                header, transactions = self._again(block)
            except (RpcFailure, TransactionRejected, ArgumentError) as error:
                raise StoreError(f"{store.path}: block {block.number} cannot be done again: {error}") from error
            if header.number != block.number or header.hash != block.hash:
                raise StoreError(
                    f"{store.path}: block {block.number} came out as 0x{header.hash.hex()}, and was "
                    f"0x{block.hash.hex()}: the file was changed, or made by another version of this program"
                )
            self.ledger.append(header, transactions)
            progress(block.number, total)
        for tx_hash, raw in store.waiting():
            try:
                self.pool.add(decode(raw))
            except RpcFailure as error:
                log.warning("%s waits no more: %s", tx_hash, error)
                store.drop([tx_hash])

    def _again(self, block: Sealed) -> tuple[Header, list[Decoded]]:
        """Seal a kept block on the chain. Raises RpcFailure, TransactionRejected, ArgumentError if it does not go."""
        transactions = [decode(raw) for raw in block.raws]
        self.chain.time_travel(block.timestamp)
        if transactions:
            with self.chain.block():
                for transaction in transactions:
                    self.chain.apply(transaction)
        else:
            self.chain.mine()
        return self.chain.header(self.chain.block_number()), transactions


def _open(config: NodeConfig, genesis_time: int) -> ServedChain:
    kinds: dict[str, type[ServedTester] | type[ServedRevm]] = {"tester": ServedTester, "revm": ServedRevm}
    return kinds[config.chain](seed=config.seed, chain_id=config.chain_id, genesis_time=genesis_time)
