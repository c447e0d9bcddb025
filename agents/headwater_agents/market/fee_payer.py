"""Who pays the gas of settlements: many transactions in flight from one account, none lost, no nonce stuck."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Final

from headwater.chain import Account, ConnectionFailed, NotMined, Receipt, RpcError, Transaction, TransactionRejected
from headwater.chain.errors import ChainError
from headwater.chain.jsonrpc import integer
from headwater.units import GWEI
from headwater_agents.durable.crash import CrashPoint, reach
from headwater_agents.durable.fees import Fees, first_offer, raised_offer
from headwater_agents.market.connections import Connections
from headwater_agents.market.settlements import Sent, Settlements, behind_gap

_log: Final = logging.getLogger(__name__)
_POLL_S: Final = 0.05
_FEES_S: Final = 2.0
_RAISE_BPS: Final = 1_250  # nodes ask for a tenth more
_FAR_BEHIND: Final = 64  # blocks; from there on receipts are asked for one by one


class FeePayer:
    """One account's transactions. Thread-safe.

    A transaction is on disk before it is sent, and is sent again until it is mined, after a restart too: so nonces
    have no gaps. One whose fee the base fee has outgrown is replaced by one that offers more. The account must not be
    used elsewhere; the database's lock keeps a second process out.
    """

    def __init__(
        self,
        settlements: Settlements,
        connections: Connections,
        account: Account,
        *,
        gas: int = 200_000,
        fee_cap: int = 500 * GWEI,
        look_again: float = 3.0,
    ) -> None:
        """The node need not be there yet.

        Args:
            settlements: where transactions are kept.
            connections: to the node.
            account: pays.
            gas: limit of every transaction.
            fee_cap: most to offer, wei per gas.
            look_again: seconds after which what is not mined is sent again, or offered more for.
        """
        self.account: Final = account
        self._settlements = settlements
        self._connections = connections
        self._gas = gas
        self._fee_cap = fee_cap
        self._look_again = look_again
        # Nonces are given out, and transactions first sent, one after the other.
        self._guard = threading.RLock()
        self._next: int | None = None
        self._market = (0, 0)
        self._market_until = float("-inf")
        self._open = {sent.tx_hash: sent for sent in settlements.open()}
        self._unsent = set(self._open)
        self._mined: dict[int, Future[Receipt]] = {sent.nonce: Future() for sent in self._open.values()}
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="fee payer", daemon=True)
        self._watcher.start()

    @property
    def in_flight(self) -> int:
        """Number of transactions that are not mined yet."""
        return len(self._mined)

    def close(self) -> None:
        """Stop watching. What is not mined yet is taken up at the next start."""
        self._stop.set()
        self._wake.set()
        self._watcher.join()

    def send(self, to: str, data: bytes, payment: str) -> str:
        """Send a transaction without waiting for it; its hash. `payment` names what it is for.

        A node that does not answer is no error: the transaction is kept, and sent again. Raises TransactionRejected
        or another ChainError if the node refuses it; then it is forgotten.
        """
        with self._guard:
            self._nonce()  # first, since it gives up what this chain can never take
            self._send_again(self._unsent)
            for last in (False, True):
                sent = self._sign(self._nonce(), to, data, payment, first_offer(*self._fee_market(), self._fee_cap))
                self._settlements.keep(sent)
                reach(CrashPoint.SETTLEMENT_KEPT)
                try:
                    self._submit(sent)
                except ChainError:
                    self._settlements.forget(sent.tx_hash)
                    self._next = None  # the refusal may be about the nonce: ask for it again
                    if last:
                        raise
                    continue
                reach(CrashPoint.SETTLEMENT_SENT)
                self._open[sent.tx_hash] = sent
                self._mined[sent.nonce] = Future()
                self._next = sent.nonce + 1
                self._wake.set()
                return sent.tx_hash
        raise AssertionError("unreachable")

    def wait(self, tx_hash: str, timeout: float) -> Receipt:
        """Receipt of a transaction, or of the one that replaced it; its status may be 0.

        Raises NotMined after `timeout` seconds, TransactionRejected if it can never be mined.
        """
        with self._guard:
            sent = self._open.get(tx_hash)
            future = None if sent is None else self._mined.get(sent.nonce)
        if future is None:
            receipt = self._connections.here().backend.receipt(tx_hash)
            if receipt is None:
                raise NotMined(f"transaction {tx_hash} is not mined", tx_hash)
            return receipt
        try:
            return future.result(timeout)
        except FutureTimeout:
            raise NotMined(f"transaction {tx_hash} was not mined in {timeout:g} s", tx_hash) from None

    # Sending. The guard is held.

    def _sign(self, nonce: int, to: str, data: bytes, payment: str, fees: Fees) -> Sent:
        chain_id = self._connections.here().backend.chain_id
        transaction = Transaction(chain_id, nonce, fees.tip, fees.max_fee, self._gas, to, 0, data)
        signed = self.account.sign_transaction(transaction)
        return Sent(signed.tx_hash, nonce, to, data, signed.raw, fees, payment)

    def _submit(self, sent: Sent) -> None:
        """Send; raise only if the node has refused it for certain."""
        try:
            self._request("eth_sendRawTransaction", "0x" + sent.raw.hex())
        except ConnectionFailed:
            self._unsent.add(sent.tx_hash)
            return
        except ChainError:
            # "Already known", or a node that reports a revert although it takes the transaction: it says so itself.
            try:
                if self._request("eth_getTransactionByHash", sent.tx_hash) is None:
                    raise
            except ConnectionFailed:
                self._unsent.add(sent.tx_hash)
                return
        self._unsent.discard(sent.tx_hash)

    def _send_again(self, hashes: set[str]) -> None:
        for sent in sorted((self._open[each] for each in hashes & self._open.keys()), key=lambda sent: sent.nonce):
            try:
                self._submit(sent)
            except ChainError:
                continue  # looked at again when its receipt is

    def _nonce(self) -> int:
        """The next nonce: after what is open here without a gap, and after what the node knows."""
        if self._next is None:
            address = self.account.address
            confirmed = integer(self._request("eth_getTransactionCount", address, "latest"))
            pending = integer(self._request("eth_getTransactionCount", address, "pending"))
            following, stranded = behind_gap(self._open.values(), confirmed)
            self._give_up(stranded)
            self._next = max(following, pending)
        return self._next

    def _fee_market(self) -> tuple[int, int]:
        """Base fee of the latest block and the node's suggested tip, wei per gas."""
        if time.monotonic() >= self._market_until:
            block = self._request("eth_getBlockByNumber", "latest", False)
            base = integer(block.get("baseFeePerGas", "0x0"))
            try:
                tip = integer(self._request("eth_maxPriorityFeePerGas"))
            except RpcError:
                tip = GWEI
            self._market = (base, tip)
            self._market_until = time.monotonic() + _FEES_S
        return self._market

    def _request(self, method: str, *params: Any) -> Any:
        return self._connections.here().rpc.request(method, *params)

    # Watching

    def _watch(self) -> None:
        seen, looked = -1, float("-inf")
        while not self._stop.is_set():
            if not self._open:
                self._wake.wait()
                self._wake.clear()
                continue
            try:
                newest = integer(self._request("eth_blockNumber"))
                if time.monotonic() - looked > self._look_again or seen < 0 or newest - seen > _FAR_BEHIND:
                    self._look_at_all()
                    looked = time.monotonic()
                elif newest > seen:
                    self._look_at_blocks(range(seen + 1, newest + 1))
                seen = newest
            except (ChainError, sqlite3.Error) as error:
                _log.warning("cannot look after %d transactions: %s", len(self._open), error)
                self._stop.wait(10 * _POLL_S)
            self._stop.wait(_POLL_S)

    def _look_at_blocks(self, numbers: range) -> None:
        found: list[str] = []
        for number in numbers:
            block = self._request("eth_getBlockByNumber", hex(number), False)
            found += [] if block is None else block["transactions"]
        self._mark([sent for each in found if (sent := self._open.get(each)) is not None])

    def _look_at_all(self) -> None:
        """Ask for every receipt; send again what the node lost, and offer more for what is stuck."""
        with self._guard:
            opened = sorted(self._open.values(), key=lambda sent: sent.nonce)
        confirmed = integer(self._request("eth_getTransactionCount", self.account.address, "latest"))
        _, stranded = behind_gap(opened, confirmed)
        self._mark(opened)
        with self._guard:
            self._give_up([sent for sent in stranded if sent.tx_hash in self._open])
            left = [sent for sent in opened if sent.tx_hash in self._open]
            self._give_up([sent for sent in left if sent.nonce < confirmed])
            base, tip = self._fee_market()
            for sent in left:
                if sent.tx_hash not in self._open:
                    continue
                if sent.fees.max_fee < base + min(tip, sent.fees.tip):
                    self._replace(sent, base, tip)
                elif self._request("eth_getTransactionByHash", sent.tx_hash) is None:
                    self._send_again({sent.tx_hash})

    def _replace(self, sent: Sent, base: int, tip: int) -> None:
        """Offer more for a nonce: the base fee has outgrown what was offered."""
        if any(other.nonce == sent.nonce and other.fees.max_fee > sent.fees.max_fee for other in self._open.values()):
            return
        fees = raised_offer(sent.fees, base, tip, self._fee_cap, _RAISE_BPS)
        if fees is None:
            _log.warning(
                "transaction %s offers too little, and %d wei per gas is the most", sent.tx_hash, self._fee_cap
            )
            return
        offer = self._sign(sent.nonce, sent.target, sent.data, sent.payment, fees)
        self._settlements.keep(offer)
        try:
            self._submit(offer)
        except ChainError:
            self._settlements.forget(offer.tx_hash)
            return
        self._open[offer.tx_hash] = offer

    def _mark(self, sents: list[Sent]) -> None:
        """Ask for receipts; keep what is mined, on disk first, then tell who waits."""
        backend = self._connections.here().backend
        receipts = [(sent, backend.receipt(sent.tx_hash)) for sent in sents]
        mined = [(sent, receipt) for sent, receipt in receipts if receipt is not None]
        if not mined:
            return
        with self._guard:
            nonces = {sent.nonce for sent, _ in mined}
            hashes = {sent.tx_hash for sent, _ in mined}
            rivals = [s.tx_hash for s in self._open.values() if s.nonce in nonces and s.tx_hash not in hashes]
            self._settlements.finish(hashes, rivals)
            reach(CrashPoint.SETTLEMENT_MINED)
            for tx_hash in (*hashes, *rivals):
                self._open.pop(tx_hash, None)
                self._unsent.discard(tx_hash)
        for sent, receipt in mined:
            future = self._mined.pop(sent.nonce, None)
            if future is not None and not future.done():
                future.set_result(receipt)

    def _give_up(self, sents: list[Sent]) -> None:
        if not sents:
            return
        self._settlements.finish((), [sent.tx_hash for sent in sents])
        for sent in sents:
            self._open.pop(sent.tx_hash, None)
            self._unsent.discard(sent.tx_hash)
            future = self._mined.pop(sent.nonce, None)
            if future is not None and not future.done():
                future.set_exception(
                    TransactionRejected(f"transaction {sent.tx_hash} is lost: its nonce was used by another")
                )
