"""The methods every client may call, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from eth_hash.auto import keccak

import headwater
from headwater.chain import ArgumentError, Reverted, TransactionRejected
from headwater_deploy.node.failure import METHOD_NOT_FOUND, RpcFailure, bad_params, refused, run_failed
from headwater_deploy.node.fees import fee_methods
from headwater_deploy.node.filters import Filters
from headwater_deploy.node.ledger import Block
from headwater_deploy.node.logs import find_logs
from headwater_deploy.node.node import Node
from headwater_deploy.node.params import (
    octets,
    quantity,
    read_address,
    read_call,
    read_data,
    read_filter,
    read_flag,
    read_hash,
    read_quantity,
    read_slot,
    read_tag,
    take,
)
from headwater_deploy.node.views import block_view, pending_view, receipt_views, top_call_view, transaction_view

Method = Callable[[Any], Any]


class Methods:
    """What a node answers. Parameters come as JSON gave them; answers are JSON; RpcFailure for everything else."""

    def __init__(self, node: Node) -> None:
        self._node = node
        own = {name.removeprefix("_do_"): getattr(self, name) for name in dir(self) if name.startswith("_do_")}
        self.table: Final[dict[str, Method]] = {**own, **fee_methods(node), **Filters(node).methods()}
        if node.config.dev:
            from headwater_deploy.node.dev import DevMethods

            self.table.update(DevMethods(node).methods())

    def answer(self, name: str, params: Any) -> Any:
        """Result of a method. Raises RpcFailure."""
        method = self.table.get(name)
        if method is None:
            raise RpcFailure(METHOD_NOT_FOUND, f"the method {name[:80]} does not exist/is not available")
        try:
            return method(params)
        except (Reverted, TransactionRejected) as error:
            raise run_failed(error) from error
        except ArgumentError as error:
            raise bad_params(str(error)) from error

    # About the node

    def _do_web3_clientVersion(self, params: Any) -> str:  # noqa: N802 - the method's own name, here and below
        take(params, 0, 0)
        mode = "headwater-dev" if self._node.config.dev else "headwater"
        return f"{mode}/{headwater.__version__}/{self._node.chain.kind}"

    def _do_web3_sha3(self, params: Any) -> str:
        return octets(keccak(read_data(take(params, 1, 1)[0])))

    def _do_net_version(self, params: Any) -> str:
        take(params, 0, 0)
        return str(self._node.config.chain_id)

    def _do_net_listening(self, params: Any) -> bool:
        take(params, 0, 0)
        return True

    def _do_net_peerCount(self, params: Any) -> str:  # noqa: N802
        take(params, 0, 0)
        return quantity(0)

    def _do_eth_chainId(self, params: Any) -> str:  # noqa: N802
        take(params, 0, 0)
        return quantity(self._node.config.chain_id)

    def _do_eth_syncing(self, params: Any) -> bool:
        take(params, 0, 0)
        return False

    def _do_eth_mining(self, params: Any) -> bool:
        take(params, 0, 0)
        return True

    def _do_eth_accounts(self, params: Any) -> list[str]:
        """Keys are the clients' own."""
        take(params, 0, 0)
        return []

    # Blocks and transactions

    def _do_eth_blockNumber(self, params: Any) -> str:  # noqa: N802
        take(params, 0, 0)
        return quantity(self._node.ledger.latest.number)

    def _do_eth_getBlockByNumber(self, params: Any) -> Any:  # noqa: N802
        tag, full = take(params, 1, 2)
        return self._block(read_tag(tag), read_flag(full, "whether transactions are told in full"))

    def _do_eth_getBlockByHash(self, params: Any) -> Any:  # noqa: N802
        block_hash, full = take(params, 1, 2)
        return self._block(read_hash(block_hash), read_flag(full, "whether transactions are told in full"))

    def _do_eth_getBlockTransactionCountByNumber(self, params: Any) -> Any:  # noqa: N802
        tag = read_tag(take(params, 1, 1)[0])
        if tag == "pending":
            return quantity(len(pending_view(self._node, full=False)["transactions"]))
        block = self._find(tag)
        return None if block is None else quantity(len(block.raws))

    def _do_eth_getBlockTransactionCountByHash(self, params: Any) -> Any:  # noqa: N802
        block = self._find(read_hash(take(params, 1, 1)[0]))
        return None if block is None else quantity(len(block.raws))

    def _do_eth_getUncleCountByBlockNumber(self, params: Any) -> Any:  # noqa: N802
        return None if self._find(read_tag(take(params, 1, 1)[0])) is None else quantity(0)

    def _do_eth_getUncleCountByBlockHash(self, params: Any) -> Any:  # noqa: N802
        return None if self._find(read_hash(take(params, 1, 1)[0])) is None else quantity(0)

    def _do_eth_getTransactionByHash(self, params: Any) -> Any:  # noqa: N802
        tx_hash = read_hash(take(params, 1, 1)[0])
        if (place := self._node.ledger.place(tx_hash)) is not None:
            return self._transaction(*place)
        waiting = self._node.pool.get(octets(tx_hash))
        return None if waiting is None else transaction_view(waiting)

    def _do_eth_getTransactionByBlockHashAndIndex(self, params: Any) -> Any:  # noqa: N802
        block_hash, index = take(params, 2, 2)
        return self._indexed(self._find(read_hash(block_hash)), index)

    def _do_eth_getTransactionByBlockNumberAndIndex(self, params: Any) -> Any:  # noqa: N802
        tag, index = take(params, 2, 2)
        return self._indexed(self._find(read_tag(tag)), index)

    def _do_eth_getRawTransactionByHash(self, params: Any) -> Any:  # noqa: N802
        tx_hash = read_hash(take(params, 1, 1)[0])
        if (place := self._node.ledger.place(tx_hash)) is not None:
            return octets(place[0].raws[place[1]])
        waiting = self._node.pool.get(octets(tx_hash))
        return None if waiting is None else octets(waiting.raw)

    def _do_eth_getTransactionReceipt(self, params: Any) -> Any:  # noqa: N802
        place = self._node.ledger.place(read_hash(take(params, 1, 1)[0]))
        return None if place is None else receipt_views(self._node, *place)[0]

    def _do_eth_getBlockReceipts(self, params: Any) -> Any:  # noqa: N802
        block = self._find(read_tag(take(params, 1, 1)[0]))
        return None if block is None else receipt_views(self._node, block)

    def _do_eth_getLogs(self, params: Any) -> list[Any]:  # noqa: N802
        return find_logs(self._node, read_filter(take(params, 1, 1)[0]))

    # State

    def _do_eth_getBalance(self, params: Any) -> str:  # noqa: N802
        address, tag = take(params, 1, 2)
        return quantity(self._node.chain.balance_at(read_address(address), self._at(tag)))

    def _do_eth_getCode(self, params: Any) -> str:  # noqa: N802
        address, tag = take(params, 1, 2)
        return octets(self._node.chain.code_of(read_address(address), self._at(tag)))

    def _do_eth_getStorageAt(self, params: Any) -> str:  # noqa: N802
        address, slot, tag = take(params, 2, 3)
        word = self._node.chain.storage_at(read_address(address), read_slot(slot), self._at(tag))
        return octets(word.to_bytes(32, "big"))

    def _do_eth_getTransactionCount(self, params: Any) -> str:  # noqa: N802
        address, tag = take(params, 1, 2)
        who = read_address(address)
        if read_tag(tag) == "pending":
            return quantity(self._node.pool.nonce(who))
        return quantity(self._node.chain.nonce_at(who, self._at(tag)))

    def _do_eth_call(self, params: Any) -> str:
        call, tag, overrides, block_overrides = take(params, 1, 4)
        if overrides or block_overrides:
            raise bad_params("calls that override state or block are not supported")
        return octets(self._node.chain.run(read_call(call), self._at(tag)))

    def _do_eth_estimateGas(self, params: Any) -> str:  # noqa: N802
        call, tag, overrides = take(params, 1, 3)
        if overrides:
            raise bad_params("estimates that override state are not supported")
        read_tag(tag)
        self._node.align()
        return quantity(self._node.chain.estimate(read_call(call)))

    # Sending

    def _do_eth_sendRawTransaction(self, params: Any) -> str:  # noqa: N802
        return self._node.submit(read_data(take(params, 1, 1)[0], "a raw transaction")).tx_hash

    def _do_eth_sendTransaction(self, params: Any) -> str:  # noqa: N802
        take(params, 1, 1)
        raise refused("unknown account: this node holds no keys; sign, and use eth_sendRawTransaction")

    def _do_txpool_status(self, params: Any) -> dict[str, str]:
        take(params, 0, 0)
        waiting = [ready for *_, ready in self._node.pool.all()]
        return {"pending": quantity(sum(waiting)), "queued": quantity(len(waiting) - sum(waiting))}

    def _do_txpool_content(self, params: Any) -> dict[str, Any]:
        take(params, 0, 0)
        content: dict[str, Any] = {"pending": {}, "queued": {}}
        for sender, nonce, transaction, ready in self._node.pool.all():
            shelf = content["pending" if ready else "queued"]
            shelf.setdefault(sender, {})[str(nonce)] = transaction_view(transaction)
        return content

    def _do_debug_traceTransaction(self, params: Any) -> dict[str, Any]:  # noqa: N802
        """Its outermost call, as geth's callTracer tells it with onlyTopCall."""
        tx_hash, options = take(params, 1, 2)
        place = self._node.ledger.place(read_hash(tx_hash))
        wanted = options if isinstance(options, dict) else {}
        settings = wanted.get("tracerConfig")
        if wanted.get("tracer") != "callTracer" or not isinstance(settings, dict) or not settings.get("onlyTopCall"):
            raise bad_params('only {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": true}} is kept here')
        if place is None:
            raise refused("transaction not found")
        return top_call_view(self._node, *place)

    # Finding

    def _find(self, tag: int | str | bytes) -> Block | None:
        """A sealed block; None if there is none such."""
        ledger = self._node.ledger
        if isinstance(tag, bytes):
            number = ledger.number(tag)
            return None if number is None else ledger.block(number)
        return ledger.block(tag) if isinstance(tag, int) else ledger.latest

    def _sealed(self, tag: int | str | bytes) -> Block:
        block = self._find(tag)
        if block is None:
            raise refused("header not found")
        return block

    def _at(self, tag: Any) -> int | None:
        """Where state is read: a sealed block, or for latest and pending the newest state in the block to come."""
        read = read_tag(tag)
        if isinstance(read, str):
            self._node.align()
            return None
        return self._sealed(read).number

    def _block(self, tag: int | str | bytes, full: bool) -> Any:
        if tag == "pending":
            return pending_view(self._node, full=full)
        block = self._find(tag)
        return None if block is None else block_view(self._node, block, full=full)

    def _indexed(self, block: Block | None, index: Any) -> Any:
        number = read_quantity(index, "an index", bits=32)
        return None if block is None or number >= len(block.raws) else self._transaction(block, number)

    def _transaction(self, block: Block, index: int) -> dict[str, Any]:
        said = self._node.ledger.transaction(block, index)
        return transaction_view(said, block, index, self._node.chain.header(block.number).base_fee)
