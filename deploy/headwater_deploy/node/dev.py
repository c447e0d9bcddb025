"""Methods that change the chain behind transactions' backs, as anvil and hardhat name them. Only with --dev."""

from __future__ import annotations

from typing import Any, Final

from headwater.chain import ArgumentError
from headwater_deploy.node.failure import bad_params, refused
from headwater_deploy.node.node import Node
from headwater_deploy.node.params import octets, quantity, read_address, read_hash, read_quantity, take

MAX_MINED: Final = 10_000
"""Blocks that one request may make."""

MAX_SNAPSHOTS: Final = 1_000


class DevMethods:
    """The clock, history and balances of a node, at a developer's hand."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._snapshots: dict[str, tuple[str, int, tuple[float, int | None]]] = {}
        self._named = 0

    def methods(self) -> dict[str, Any]:
        """What it answers."""
        table = {
            "evm_mine": self._mine,
            "evm_snapshot": self._snapshot,
            "evm_revert": self._revert,
            "evm_increaseTime": self._increase_time,
            "evm_setNextBlockTimestamp": self._set_next_timestamp,
            "evm_setAutomine": self._set_automine,
        }
        for prefix in ("anvil", "hardhat"):
            table[f"{prefix}_setBalance"] = self._set_balance
            table[f"{prefix}_mine"] = self._mine_many
            table[f"{prefix}_dropTransaction"] = self._drop
        return table

    def _mine(self, params: Any) -> str:
        (when,) = take(params, 0, 1)
        if isinstance(when, dict):
            when = when.get("timestamp")
        if when is not None:
            self._plan(read_quantity(when, "a timestamp", bits=48))
        self._node.seal(empty=True)
        return quantity(0)

    def _mine_many(self, params: Any) -> None:
        blocks, interval = take(params, 0, 2)
        count = 1 if blocks is None else read_quantity(blocks, "a number of blocks", bits=48)
        seconds = 0 if interval is None else read_quantity(interval, "an interval in seconds", bits=48)
        if count > MAX_MINED:
            raise bad_params(f"at most {MAX_MINED} blocks at a time")
        for _ in range(count):
            self._node.seal(empty=True)
            if seconds > 1:
                self._node.clock.move(seconds - 1)

    def _snapshot(self, params: Any) -> str:
        take(params, 0, 0)
        node = self._node
        if len(self._snapshots) >= MAX_SNAPSHOTS:
            raise refused(f"at most {MAX_SNAPSHOTS} snapshots; go back to one of them")
        self._named += 1
        name = quantity(self._named)
        self._snapshots[name] = (node.chain.snapshot(), len(node.ledger), node.clock.state)
        return name

    def _revert(self, params: Any) -> bool:
        (name,) = take(params, 1, 1)
        name = quantity(read_quantity(name, "a snapshot"))
        if name not in self._snapshots:
            return False
        node = self._node
        names = list(self._snapshots)
        mark, blocks, clock = self._snapshots[name]
        self._snapshots = {each: self._snapshots[each] for each in names[: names.index(name)]}
        node.chain.revert(mark)
        node.ledger.cut(blocks)
        node.pool.clear()
        node.clock.restore(clock)
        return True

    def _increase_time(self, params: Any) -> str:
        seconds = read_quantity(take(params, 1, 1)[0], "a number of seconds", bits=48)
        self._node.clock.move(seconds)
        return quantity(seconds)

    def _set_next_timestamp(self, params: Any) -> None:
        self._plan(read_quantity(take(params, 1, 1)[0], "a timestamp", bits=48))

    def _plan(self, timestamp: int) -> None:
        node = self._node
        latest = node.ledger.latest.timestamp
        if timestamp <= latest:
            raise ArgumentError(f"timestamp {timestamp} is not above the latest block's, {latest}")
        if timestamp < node.chain.now():
            # Calls have moved the block to come beyond it already; nothing stands in it yet.
            node.chain.time_back(timestamp)
        node.clock.plan(timestamp)
        node.align()

    def _set_automine(self, params: Any) -> None:
        (on,) = take(params, 1, 1)
        if not isinstance(on, bool):
            raise bad_params("automine is true or false")
        self._node.automine = on

    def _set_balance(self, params: Any) -> bool:
        address, wei = take(params, 2, 2)
        who, amount = read_address(address), read_quantity(wei, "a balance")
        self._node.align()
        self._node.chain.set_balance(who, amount)
        self._node.publish_dev_block()
        return True

    def _drop(self, params: Any) -> str | None:
        tx_hash = octets(read_hash(take(params, 1, 1)[0]))
        found = self._node.pool.get(tx_hash)
        if found is None:
            return None
        self._node.drop(found)
        return tx_hash
