"""Blocks, transactions, receipts and logs as JSON-RPC shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from headwater.chain import Receipt
from headwater.chain.backend import Log
from headwater.chain.errors import reverted
from headwater.chain.transaction import rlp_encode
from headwater_deploy.node.chain import NOBODY
from headwater_deploy.node.decode import Decoded
from headwater_deploy.node.header import EMPTY_ROOT, NO_REQUESTS, NO_UNCLES, Header, bloom_of
from headwater_deploy.node.ledger import Block, Ledger
from headwater_deploy.node.node import Node
from headwater_deploy.node.params import octets, quantity

_ZERO: Final = octets(bytes(32))


def block_view(node: Node, block: Block, *, full: bool) -> dict[str, Any]:
    """A sealed block, with its transactions or only their hashes."""
    header = node.chain.header(block.number)
    raw = header.encode()
    transactions: list[Any] = [octets(tx_hash) for tx_hash in block.hashes]
    if full:
        transactions = [
            transaction_view(node.ledger.transaction(block, index), block, index, header.base_fee)
            for index in range(len(block.raws))
        ]
    body = b"".join(each if each[0] >= 0xC0 else rlp_encode(each) for each in block.raws)
    return {
        **_header_view(header),
        "hash": octets(block.hash),
        "number": quantity(block.number),
        "size": quantity(len(rlp_encode(raw + body)) + 3),
        "transactions": transactions,
        "uncles": [],
        "withdrawals": [],
    }


def pending_view(node: Node, *, full: bool) -> dict[str, Any]:
    """The block to come, as far as it can be known."""
    node.align()
    chain, parent = node.chain, node.ledger.latest
    base_fee = chain.base_fee()
    waiting = [transaction for *_, transaction, ready in node.pool.all() if ready and transaction.max_fee >= base_fee]
    header = Header(
        hash=b"",
        parent=parent.hash,
        number=parent.number + 1,
        timestamp=chain.now(),
        gas_used=0,
        base_fee=base_fee,
        state_root=bytes(32),
        transactions_root=EMPTY_ROOT,
        receipts_root=EMPTY_ROOT,
        bloom=0,
    )
    return {
        **_header_view(header),
        "hash": None,
        "nonce": None,
        "number": quantity(header.number),
        "size": "0x0",
        "transactions": [transaction_view(each) if full else each.tx_hash for each in waiting],
        "uncles": [],
        "withdrawals": [],
    }


def _header_view(header: Header) -> dict[str, Any]:
    return {
        "baseFeePerGas": quantity(header.base_fee),
        "blobGasUsed": "0x0",
        "difficulty": "0x0",
        "excessBlobGas": "0x0",
        "extraData": "0x",
        "gasLimit": quantity(header.gas_limit),
        "gasUsed": quantity(header.gas_used),
        "logsBloom": octets(header.bloom_bytes),
        "miner": NOBODY,
        "mixHash": _ZERO,
        "nonce": octets(bytes(8)),
        "parentBeaconBlockRoot": octets(header.beacon_root),
        "parentHash": octets(header.parent),
        "receiptsRoot": octets(header.receipts_root),
        "requestsHash": octets(NO_REQUESTS),
        "sha3Uncles": octets(NO_UNCLES),
        "stateRoot": octets(header.state_root),
        "timestamp": quantity(header.timestamp),
        "totalDifficulty": "0x0",
        "transactionsRoot": octets(header.transactions_root),
        "withdrawalsRoot": octets(EMPTY_ROOT),
    }


def transaction_view(
    said: Decoded, block: Block | None = None, index: int | None = None, base_fee: int = 0
) -> dict[str, Any]:
    """A transaction; of one that waits, block and index are null."""
    view: dict[str, Any] = {
        "blockHash": None if block is None else octets(block.hash),
        "blockNumber": None if block is None else quantity(block.number),
        "chainId": quantity(said.chain_id),
        "from": said.sender,
        "gas": quantity(said.gas),
        "gasPrice": quantity(said.max_fee if block is None else said.price(base_fee)),
        "hash": said.tx_hash,
        "input": octets(said.data),
        "nonce": quantity(said.nonce),
        "r": quantity(said.r),
        "s": quantity(said.s),
        "to": said.to,
        "transactionIndex": None if index is None else quantity(index),
        "type": quantity(said.kind),
        "v": quantity(said.v),
        "value": quantity(said.value),
    }
    if said.kind:
        view["yParity"] = quantity(said.v)
        view["accessList"] = [
            {"address": address, "storageKeys": [octets(key) for key in keys]} for address, keys in said.access_list
        ]
    if said.kind == 2:
        view["maxFeePerGas"] = quantity(said.max_fee)
        view["maxPriorityFeePerGas"] = quantity(said.tip)
    return view


def receipt_views(node: Node, block: Block, only: int | None = None) -> list[dict[str, Any]]:
    """Receipts of a block in order, or of its transaction number `only`."""
    views, gas = [], 0
    base_fee = node.chain.header(block.number).base_fee
    for index, tx_hash in enumerate(block.hashes):
        receipt = node.chain.receipt(octets(tx_hash))
        if receipt is None:
            raise LookupError(f"the chain has lost transaction {octets(tx_hash)}")
        gas += receipt.gas_used
        if only is None or only == index:
            views.append(_receipt_view(node, block, index, receipt, gas, base_fee))
        if only == index:
            break
    return views


def _receipt_view(
    node: Node, block: Block, index: int, receipt: Receipt, cumulative_gas: int, base_fee: int
) -> dict[str, Any]:
    said = node.ledger.transaction(block, index)
    logs = receipt.logs
    # On the fast chain nobody pays for gas, so that is the price that was paid.
    price = said.price(base_fee) if node.chain.kind == "tester" else 0
    return {
        "blockHash": octets(block.hash),
        "blockNumber": quantity(block.number),
        "contractAddress": said.creates,
        "cumulativeGasUsed": quantity(cumulative_gas),
        "effectiveGasPrice": quantity(price),
        "from": said.sender,
        "gasUsed": quantity(receipt.gas_used),
        "logs": [_log_view(log, block, index) for log in logs],
        "logsBloom": octets(bloom_of(logs).to_bytes(256, "big")),
        "status": quantity(receipt.status),
        "to": said.to,
        "transactionHash": said.tx_hash,
        "transactionIndex": quantity(index),
        "type": quantity(said.kind),
    }


def top_call_view(node: Node, block: Block, index: int) -> dict[str, Any]:
    """The outermost call of a sealed transaction, as geth's callTracer shows it."""
    transactions = [node.ledger.transaction(block, each) for each in range(index + 1)]
    said, outcome = transactions[-1], node.chain.again(block.number, transactions)
    receipt = receipt_views(node, block, index)[0]
    view = {
        "type": "CREATE" if said.to is None else "CALL",
        "from": said.sender,
        "to": said.to or said.creates,
        "value": quantity(said.value),
        "gas": quantity(said.gas),
        "gasUsed": receipt["gasUsed"],
        "input": octets(said.data),
        "output": octets(outcome.output),
    }
    if outcome.error is not None:
        view["error"] = outcome.error
        if reason := reverted(outcome.output).reason:
            view["revertReason"] = reason
    return view


def log_views(ledger: Ledger, logs: Sequence[Log]) -> list[dict[str, Any]]:
    """Logs of sealed blocks."""
    views = []
    for log in logs:
        place = ledger.place(bytes.fromhex(log.tx_hash[2:]))
        if place is not None:  # every log of the chain is in the ledger, except while a block is being made
            views.append(_log_view(log, *place))
    return views


def _log_view(log: Log, block: Block, index: int) -> dict[str, Any]:
    return {
        "address": log.address,
        "blockHash": octets(block.hash),
        "blockNumber": quantity(block.number),
        "blockTimestamp": quantity(block.timestamp),
        "data": octets(log.data),
        "logIndex": quantity(log.log_index),
        "removed": False,
        "topics": [octets(topic) for topic in log.topics],
        "transactionHash": log.tx_hash,
        "transactionIndex": quantity(index),
    }
