"""What the node says of fees: prices to propose, and what blocks have cost."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

from headwater.units import GWEI
from headwater_deploy.node.failure import bad_params, refused
from headwater_deploy.node.node import Node
from headwater_deploy.node.params import quantity, read_quantity, read_tag, take
from headwater_deploy.node.views import receipt_views

SUGGESTED_TIP: Final = GWEI
"""Wei per gas that the node proposes as a tip: there is room for everybody, so it buys only a place before others."""

MAX_BLOCKS: Final = 1_024
"""Blocks that one history tells of: geth's bound."""

MAX_PERCENTILES: Final = 100


def fee_methods(node: Node) -> dict[str, Any]:
    """What it answers."""

    def gas_price(params: Any) -> str:
        take(params, 0, 0)
        return quantity(node.chain.base_fee() + SUGGESTED_TIP)

    def tip(params: Any) -> str:
        take(params, 0, 0)
        return quantity(SUGGESTED_TIP)

    def blob_base_fee(params: Any) -> str:
        # Nobody uses blobs here, so their price is the least there is (EIP-4844).
        take(params, 0, 0)
        return quantity(1)

    def history(params: Any) -> dict[str, Any]:
        count, newest, percentiles = take(params, 2, 3)
        return fee_history(node, read_quantity(count, "a block count", bits=32), newest, _percentiles(percentiles))

    return {
        "eth_gasPrice": gas_price,
        "eth_maxPriorityFeePerGas": tip,
        "eth_blobBaseFee": blob_base_fee,
        "eth_feeHistory": history,
    }


def fee_history(node: Node, count: int, newest: Any, percentiles: list[float]) -> dict[str, Any]:
    """Base fees, fullness, and tips at percentiles of gas, of up to MAX_BLOCKS blocks. Raises RpcFailure."""
    if not count:
        return {"oldestBlock": "0x0", "gasUsedRatio": []}
    tag = read_tag(newest)
    if isinstance(tag, bytes):
        raise bad_params("the newest block is named by number or tag")
    latest = node.ledger.latest.number
    last = tag if isinstance(tag, int) else latest
    if last > latest:
        raise refused(f"request beyond head block: requested {last}, head {latest}")
    first = max(0, last + 1 - min(count, MAX_BLOCKS))
    headers = [node.chain.header(number) for number in range(first, last + 1)]
    following = node.chain.base_fee() if node.chain.kind == "revm" else headers[-1].next_base_fee()
    told: dict[str, Any] = {
        "oldestBlock": quantity(first),
        "baseFeePerGas": [*(quantity(header.base_fee) for header in headers), quantity(following)],
        "gasUsedRatio": [header.gas_used / header.gas_limit for header in headers],
        "baseFeePerBlobGas": [quantity(1)] * (len(headers) + 1),
        "blobGasUsedRatio": [0.0] * len(headers),
    }
    if percentiles:
        told["reward"] = [_rewards(node, number, percentiles) for number in range(first, last + 1)]
    return told


def _percentiles(value: Any) -> list[float]:
    shares = [] if value is None else value
    if not isinstance(shares, list) or len(shares) > MAX_PERCENTILES:
        raise bad_params(f"invalid reward percentile: a list of at most {MAX_PERCENTILES} numbers")
    for share in shares:
        if not isinstance(share, int | float) or isinstance(share, bool) or not 0 <= share <= 100:
            raise bad_params("invalid reward percentile: a number from 0 to 100")
    if any(low > high for low, high in pairwise(shares)):
        raise bad_params("invalid reward percentile: they ascend")
    return shares


def _rewards(node: Node, number: int, percentiles: list[float]) -> list[str]:
    """Tips of a block at these percentiles of its gas."""
    block = node.ledger.block(number)
    if block is None or not block.raws:
        return [quantity(0)] * len(percentiles)
    base_fee = node.chain.header(number).base_fee
    paid = sorted(
        (node.ledger.transaction(block, index).worth(base_fee), int(view["gasUsed"], 16))
        for index, view in enumerate(receipt_views(node, block))
    )
    total = sum(gas for _, gas in paid)
    return [quantity(_tip_at(paid, total * share / 100)) for share in percentiles]


def _tip_at(paid: list[tuple[int, int]], gas: float) -> int:
    reached = 0
    for tip, used in paid:
        reached += used
        if reached >= gas:
            return tip
    return paid[-1][0]
