"""From a log filter to logs."""

from __future__ import annotations

from typing import Any

from headwater_deploy.node.failure import bad_params, refused
from headwater_deploy.node.node import Node
from headwater_deploy.node.params import LogQuery
from headwater_deploy.node.views import log_views


def find_logs(node: Node, query: LogQuery, since: int = 0) -> list[Any]:
    """Logs that a filter asks for, in chain order, from block `since` at the earliest. Raises RpcFailure."""
    latest = node.ledger.latest.number
    if query.block_hash is not None:
        number = node.ledger.number(query.block_hash)
        if number is None:
            raise refused("unknown block")
        first = last = number
    else:
        first, last = _number(node, query.from_block, latest), _number(node, query.to_block, latest)
        # A filter that is polled tells what came since, whatever "latest" was when it was made.
        if since and query.from_block in ("latest", "pending"):
            first = since
        if since and query.to_block in ("latest", "pending"):
            last = latest
        if first > last and not since:
            raise bad_params("invalid block range params")
    first, last = max(first, since), min(last, latest)
    if first > last:
        return []
    return log_views(node.ledger, node.chain.get_logs(query.addresses, query.topics, first, last))


def _number(node: Node, tag: int | str | bytes, latest: int) -> int:
    if isinstance(tag, bytes):
        number = node.ledger.number(tag)
        if number is None:
            raise refused("unknown block")
        return number
    return tag if isinstance(tag, int) else latest
