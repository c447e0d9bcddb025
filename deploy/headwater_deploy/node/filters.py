"""Filters that clients poll: logs, blocks, waiting transactions. Those that nobody asks for are forgotten."""

from __future__ import annotations

import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from headwater_deploy.node.decode import Decoded
from headwater_deploy.node.failure import LIMIT_EXCEEDED, RpcFailure, refused
from headwater_deploy.node.logs import find_logs
from headwater_deploy.node.node import Node
from headwater_deploy.node.params import LogQuery, octets, read_filter, take

MAX_FILTERS: Final = 1_000
LIFETIME: Final = 300.0
"""Seconds after which a filter that was not polled is gone: geth's."""

_MAX_HASHES: Final = 10_000


@dataclass(slots=True)
class _Filter:
    """`next_block` is the first that was not told yet; `query` None with no `hashes` is a filter for blocks."""

    next_block: int
    polled: float
    query: LogQuery | None = None
    hashes: deque[str] | None = field(default=None)


class Filters:
    """The filters of a node's clients."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._filters: dict[str, _Filter] = {}
        node.on_pending = self._heard

    def methods(self) -> dict[str, Any]:
        """What it answers."""
        return {
            "eth_newFilter": self._new_logs,
            "eth_newBlockFilter": self._new_blocks,
            "eth_newPendingTransactionFilter": self._new_pending,
            "eth_getFilterChanges": self._changes,
            "eth_getFilterLogs": self._all_logs,
            "eth_uninstallFilter": self._uninstall,
        }

    def _new_logs(self, params: Any) -> str:
        (value,) = take(params, 0, 1)
        return self._add(_Filter(len(self._node.ledger), time.monotonic(), query=read_filter(value)))

    def _new_blocks(self, params: Any) -> str:
        take(params, 0, 0)
        return self._add(_Filter(len(self._node.ledger), time.monotonic()))

    def _new_pending(self, params: Any) -> str:
        take(params, 0, 1)
        return self._add(_Filter(0, time.monotonic(), hashes=deque(maxlen=_MAX_HASHES)))

    def _changes(self, params: Any) -> list[Any]:
        found = self._find(take(params, 1, 1)[0])
        if found.hashes is not None:
            told = list(found.hashes)
            found.hashes.clear()
            return told
        ledger = self._node.ledger
        first, found.next_block = min(found.next_block, len(ledger)), len(ledger)
        if found.query is not None:
            return find_logs(self._node, found.query, since=first)
        blocks = [ledger.block(number) for number in range(first, len(ledger))]
        return [octets(block.hash) for block in blocks if block is not None]

    def _all_logs(self, params: Any) -> list[Any]:
        found = self._find(take(params, 1, 1)[0])
        if found.query is None:
            raise refused("filter not found")
        return find_logs(self._node, found.query)

    def _uninstall(self, params: Any) -> bool:
        (name,) = take(params, 1, 1)
        return isinstance(name, str) and self._filters.pop(name, None) is not None

    def _heard(self, transaction: Decoded) -> None:
        for each in self._filters.values():
            if each.hashes is not None:
                each.hashes.append(transaction.tx_hash)

    def _find(self, name: Any) -> _Filter:
        found = self._filters.get(name) if isinstance(name, str) else None
        if found is None:
            raise refused("filter not found")
        found.polled = time.monotonic()
        return found

    def _add(self, new: _Filter) -> str:
        old = new.polled - LIFETIME
        self._filters = {name: each for name, each in self._filters.items() if each.polled >= old}
        if len(self._filters) >= MAX_FILTERS:
            raise RpcFailure(LIMIT_EXCEEDED, f"too many filters, at most {MAX_FILTERS}; uninstall some")
        name = "0x" + secrets.token_hex(16)
        self._filters[name] = new
        return name
