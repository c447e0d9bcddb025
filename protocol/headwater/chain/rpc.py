"""Any JSON-RPC node (geth, reth, a rollup, anvil): keys stay here, transactions are signed here."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from headwater.chain import answers
from headwater.chain.accounts import Account
from headwater.chain.answers import Head, Sighting, encode_hex, encode_topic
from headwater.chain.backend import Log, Receipt, Topic, TxRequest
from headwater.chain.errors import (
    ArgumentError,
    ChainError,
    DecodeError,
    NotMined,
    Reverted,
    RpcError,
    TransactionRejected,
    WrongChain,
    reverted,
)
from headwater.chain.jsonrpc import JsonRpc, integer, octets
from headwater.chain.transaction import SignedTransaction, Transaction
from headwater.units import GWEI

RECEIPT_TIMEOUT: Final = 120.0
"""Seconds to wait for a transaction to be mined."""

_FEE_AGE: Final = 12.0  # seconds that fees are taken to hold: about a block; the fee cap leaves room for six
_DEFAULT_TIP: Final = GWEI
_TIMESTAMPS: Final = 4096  # blocks whose time is remembered, so that weeks of running do not fill the memory
_GAS_MARGIN: Final = 2  # an estimate is reused for calls of the same shape, which may touch colder storage


class RpcBackend:
    """A node behind an http(s) URL. Implements `Backend`. Not thread-safe.

    Nonces are counted here from the first use of an account, so a key must not be used elsewhere at the same time;
    after a refusal they are asked for again. Gas is estimated once for a kind of call (target, selector, length)
    and doubled. `prepare` takes the next nonce without reserving it: submit before preparing the account's next.
    """

    def __init__(self, rpc: JsonRpc, *, chain_id: int | None = None, receipt_timeout: float = RECEIPT_TIMEOUT) -> None:
        self._rpc = rpc
        self.name: Final = rpc.name
        served = integer(rpc.request("eth_chainId"))
        if chain_id is not None and served != chain_id:
            raise WrongChain(f"{self.name} serves chain {served}, not chain {chain_id}")
        self.chain_id: Final = served
        self._receipt_timeout = receipt_timeout
        self._nonces: dict[str, int] = {}
        self._gas: dict[tuple[str | None, bytes, int], int] = {}
        self._fees = (0, 0)
        self._fees_until = float("-inf")
        self._timestamps: dict[str, int] = {}

    # Reading

    def now(self) -> int:
        """Timestamp of the latest block, in seconds: the next one is not older."""
        return integer(self._block("latest").get("timestamp"))

    def block_number(self) -> int:
        """Number of the latest block."""
        return integer(self._rpc.request("eth_blockNumber"))

    def block_time(self, block: int) -> int:
        """Timestamp of a mined block. Raises ArgumentError."""
        found = self._rpc.request("eth_getBlockByNumber", hex(block), False)
        if found is None:
            raise ArgumentError(f"there is no block {block} on {self.name}")
        return answers.head(found).timestamp

    def head(self) -> Head:
        """The latest block."""
        return answers.head(self._block("latest"))

    def block_hash(self, block: int) -> str | None:
        """Hash of a block; None if there is no such block, or the node has thrown it away."""
        found = self._rpc.request("eth_getBlockByNumber", hex(block), False)
        return None if found is None else answers.head(found).block_hash

    def call(self, to: str, data: bytes, sender: str | None = None, block: int | None = None) -> bytes:
        """Run without sending, on the latest state or after block `block`. Raises Reverted."""
        request = {"to": to, "data": encode_hex(data)}
        if sender is not None:
            request["from"] = sender
        tag = self._newest if block is None else hex(block)
        return octets(self._rpc.request("eth_call", request, tag, context=f"call to {to}"))

    def receipt(self, tx_hash: str) -> Receipt | None:
        """Receipt of a mined transaction, whatever its status; None if it is not mined or not known."""
        raw = self._rpc.request("eth_getTransactionReceipt", tx_hash)
        if not isinstance(raw, dict) or raw.get("blockNumber") is None:
            return None
        return answers.receipt(raw, self._timestamp(str(raw.get("blockHash"))))

    def get_logs(
        self,
        address: str | Sequence[str] | None = None,
        topics: Sequence[Topic] = (),
        from_block: int = 0,
        to_block: int | None = None,
    ) -> list[Log]:
        """Logs in chain order, both blocks included."""
        query: dict[str, Any] = {
            "fromBlock": hex(from_block),
            "toBlock": "latest" if to_block is None else hex(to_block),
            "topics": [encode_topic(topic) for topic in topics],
        }
        if address is not None:
            query["address"] = address if isinstance(address, str) else list(address)
        found = self._rpc.request("eth_getLogs", query)
        if not isinstance(found, list):
            raise DecodeError(f"{self.name} sent no list of logs")
        return [answers.log(log) for log in found]

    def balance(self, address: str) -> int:
        """Balance in wei."""
        return integer(self._rpc.request("eth_getBalance", address, "latest"))

    def code_at(self, address: str) -> bytes:
        """Deployed code; empty if there is none."""
        return octets(self._rpc.request("eth_getCode", address, "latest"))

    def nonce(self, address: str) -> int:
        """Number of transactions the address has sent, those still waiting included."""
        return integer(self._rpc.request("eth_getTransactionCount", address, "pending"))

    def mined_count(self, address: str) -> int:
        """Number of the address's transactions in blocks: the nonce of the next one that can be mined."""
        return integer(self._rpc.request("eth_getTransactionCount", address, "latest"))

    def look_up(self, tx_hash: str) -> Sighting | None:
        """Where the node sees a transaction: in a block or waiting; None if it does not know it."""
        raw = self._rpc.request("eth_getTransactionByHash", tx_hash)
        return None if raw is None else answers.sighting(raw)

    def close(self) -> None:
        """Close the connections."""
        self._rpc.close()

    # Sending

    def fees(self) -> tuple[int, int]:
        """Base fee of the latest block and suggested tip, wei per gas; a few seconds old."""
        if time.monotonic() >= self._fees_until:
            base = self.head().base_fee
            try:
                tip = integer(self._rpc.request("eth_maxPriorityFeePerGas"))
            except RpcError:
                tip = _DEFAULT_TIP
            self._fees = (base, tip)
            self._fees_until = time.monotonic() + _FEE_AGE
        return self._fees

    def gas_limit(self, request: TxRequest, sender: str) -> int:
        """Gas to give a transaction: what it asks for, else twice an estimate. Estimating may raise Reverted."""
        if request.gas is not None:
            return request.gas
        kind = (request.to, request.data[:4], len(request.data))
        if kind not in self._gas:
            fields = {"from": sender, "data": encode_hex(request.data), "value": hex(request.value)}
            if request.to is not None:
                fields["to"] = request.to
            estimate = integer(self._rpc.request("eth_estimateGas", fields, context=_context(request.to)))
            limit = integer(self._block("latest").get("gasLimit"))
            self._gas[kind] = min(_GAS_MARGIN * estimate, limit)
        return self._gas[kind]

    def broadcast(self, raw: bytes, to: str | None) -> None:
        """Hand signed bytes to the node once, and wait for nothing. `to` is named in errors.

        Raises AlreadyKnown, NonceRejected, Underpriced or another TransactionRejected if the node refuses; after any
        other ChainError the node may have taken them.
        """
        self._rpc.request("eth_sendRawTransaction", encode_hex(raw), context=_context(to))

    def prepare(self, request: TxRequest, account: Account) -> SignedTransaction:
        """Sign with the account's next nonce, twice the base fee as the cap, and the node's suggested tip.

        Estimating gas runs the call, so this may already raise Reverted.
        """
        sender = account.address
        gas = self.gas_limit(request, sender)
        if sender not in self._nonces:
            self._nonces[sender] = self.nonce(sender)
        base, tip = self.fees()
        transaction = Transaction(
            chain_id=self.chain_id,
            nonce=self._nonces[sender],
            max_priority_fee=tip,
            max_fee=2 * base + tip,
            gas=gas,
            to=request.to,
            value=request.value,
            data=request.data,
        )
        return account.sign_transaction(transaction)

    def submit(self, signed: SignedTransaction) -> Receipt:
        """Send, wait until mined, check. What was already sent is not sent twice: its receipt is waited for.

        Raises Reverted, TransactionRejected, NotMined.
        """
        try:
            self.broadcast(signed.raw, signed.transaction.to)
        except ChainError as error:
            self._nonces.pop(signed.sender, None)
            if not isinstance(error, TransactionRejected):
                raise
            if self.look_up(signed.tx_hash) is None:
                raise
        else:
            self._nonces[signed.sender] = signed.transaction.nonce + 1
        receipt = self._wait(signed.tx_hash)
        if receipt.status == 0:
            raise self.explain(signed.sender, signed.transaction, receipt)
        return receipt

    def send(self, request: TxRequest, account: Account) -> Receipt:
        """Sign, send, wait, check."""
        return self.submit(self.prepare(request, account))

    def explain(self, sender: str, transaction: Transaction, receipt: Receipt) -> Reverted:
        """Find out why a mined transaction failed: its trace if the node keeps one, else running it again.

        The second run sees its block's end instead of its own place in it, so its reason can differ; when it
        succeeds there, or the node does not answer, the reason stays unknown ("").
        """
        context = _context(transaction.to)
        try:
            wanted = {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": True}}
            trace = self._rpc.request("debug_traceTransaction", receipt.tx_hash, wanted)
            text = str(trace.get("error", "")).lower().replace(" ", "")
            data = octets(trace.get("output") or "0x")
            return reverted(data, context=context, receipt=receipt, out_of_gas="outofgas" in text)
        except (ChainError, AttributeError):
            pass
        fields = {
            "from": sender,
            "data": encode_hex(transaction.data),
            "value": hex(transaction.value),
            "gas": hex(transaction.gas),
        }
        if transaction.to is not None:
            fields["to"] = transaction.to
        try:
            self._rpc.request("eth_call", fields, hex(receipt.block_number))
        except Reverted as error:
            return reverted(error.data, context=context, receipt=receipt)
        except ChainError:
            pass
        out_of_gas = receipt.gas_used == transaction.gas
        return reverted(b"", context=context, receipt=receipt, out_of_gas=out_of_gas)

    # The state that calls read. Development nodes know the block to come, others do not.
    _newest: str = "latest"

    def _block(self, tag: str) -> dict[str, Any]:
        block = self._rpc.request("eth_getBlockByNumber", tag, False)
        if not isinstance(block, dict):
            raise RpcError(f"{self.name} has no {tag} block")
        return block

    def _timestamp(self, block_hash: str) -> int:
        if block_hash not in self._timestamps:
            block = self._rpc.request("eth_getBlockByHash", block_hash, False)
            if block is None:
                raise RpcError(f"{self.name} lost block {block_hash}")
            if len(self._timestamps) >= _TIMESTAMPS:
                self._timestamps.clear()
            self._timestamps[block_hash] = answers.head(block).timestamp
        return self._timestamps[block_hash]

    def _wait(self, tx_hash: str) -> Receipt:
        deadline = time.monotonic() + self._receipt_timeout
        pause = 0.002
        while True:
            receipt = self.receipt(tx_hash)
            if receipt is not None:
                return receipt
            if time.monotonic() > deadline:
                raise NotMined(f"transaction {tx_hash} was not mined in {self._receipt_timeout:g} s", tx_hash)
            time.sleep(pause)
            pause = min(1.5 * pause, 1.0)


def _context(to: str | None) -> str:
    return f"transaction to {to or 'a new contract'}"
