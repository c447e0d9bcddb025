"""A buyer of signals: it pays by x402 from a limited purse, and keeps what it gets as evidence.

The steps of the stock client, with the disk between them: ask, check the terms against the limits, sign a payment, keep
it, send it, check the answer, keep that. A purchase that was cut off anywhere is taken up with the same payment, until
that has expired; then the chain says whether it came to money.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from x402 import PaymentPayload, PaymentRequired, x402ClientSync
from x402.http import encode_payment_signature_header
from x402.mechanisms.evm.exact import ExactEvmClientScheme

from headwater.chain import Account, HeadwaterError, checksum
from headwater.signals import MAX_SIGNAL_BYTES, SignalDomain, SignalError, SignedSignal, signal_from_json
from headwater_agents.durable.crash import CrashPoint, reach
from headwater_agents.durable.database import Database
from headwater_agents.market.answers import MAX_HEADER, fault_of, read_terms, said, transaction
from headwater_agents.market.connections import Connections
from headwater_agents.market.fetch import Answer, Fetcher, FetchError
from headwater_agents.market.offers import BadSignal, BadTerms, NotForSale, Offer, PurchaseError, Refused, Unfinished
from headwater_agents.market.payment import Currency, read_authorization, with_identifier
from headwater_agents.market.purchases import Limits, Purchase, Purchases
from headwater_agents.market.standing import State as Settled
from headwater_agents.market.standing import standing
from headwater_agents.market.wallet import Wallet

__all__ = ["BadSignal", "BadTerms", "Buyer", "NotForSale", "Offer", "PurchaseError", "Refused", "Unfinished"]

_log: Final = logging.getLogger(__name__)
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 1.0


class Buyer:
    """Buys signals, several at a time, each question's from a seller at most once. Thread-safe.

    Args:
        database: the agent's file; purchases, limits and evidence are in it.
        account: pays.
        domain: of the signals.
        currency: what is paid in; nothing else is.
        limits: what may be spent.
        node: URL of the node that says what payments came to.
        fetcher: how sellers are reached.
        now: clock, seconds of chain time.
        since: block from which payments are looked for.
    """

    def __init__(
        self,
        database: Database,
        account: Account,
        domain: SignalDomain,
        currency: Currency,
        limits: Limits,
        node: str,
        fetcher: Fetcher,
        *,
        now: Callable[[], float] = time.time,
        since: int = 0,
    ) -> None:
        self.purchases: Final = Purchases(database, limits)
        self._domain = domain
        self._currency = currency
        self._limits = limits
        self._fetcher = fetcher
        self._now = now
        self._since = since
        self._connections = Connections(node, currency.chain_id)
        self._wallet = Wallet(account, currency)
        self._guards: dict[tuple[int, str], threading.Lock] = {}
        self._guard = threading.Lock()
        # Threads of our own: each keeps its connections to the node and to the file, so they must not come and go.
        self._threads = ThreadPoolExecutor(16, "buyer")

    def close(self) -> None:
        """Let go of threads and connections; unfinished purchases are taken up by the next `buy`."""
        self._threads.shutdown(cancel_futures=True)
        self._connections.close()

    def buy(self, offer: Offer, question: int, *, outcomes: int | None = None, deadline: float = 10.0) -> SignedSignal:
        """Buy a question's signal, within `deadline` seconds; one that was bought before is read from the disk.

        `outcomes` is how many the forecast must have. Raises PurchaseError (one of its kinds), OverLimit,
        FetchError (nothing was paid).
        """
        until = time.monotonic() + deadline
        key = question, checksum(offer.wallet)
        with self._guard:
            guard = self._guards.setdefault(key, threading.Lock())
        if not guard.acquire(timeout=deadline):
            raise Unfinished(f"question {question} is being bought from {offer.wallet} already")
        try:
            purchase = self.purchases.find(*key)
            if purchase is not None and purchase.state == "bought":
                return signal_from_json(self.purchases.answer(purchase))
            if purchase is not None and purchase.state == "open" and purchase.valid_before < self._now():
                self.reconcile()  # if it never came to money, another payment may be made
                purchase = self.purchases.find(*key)
            if purchase is None:
                purchase = self._reserve(offer, question, until)
            return self._pay(offer, purchase, outcomes, until)
        finally:
            guard.release()
            with self._guard:
                if not guard.locked():
                    self._guards.pop(key, None)

    def buy_all(
        self, offers: Sequence[Offer], question: int, *, outcomes: int | None = None, deadline: float = 10.0
    ) -> list[SignedSignal | HeadwaterError]:
        """Buy a question's signal from several sellers at once: for each offer the signal, or why there is none."""

        def one(offer: Offer) -> SignedSignal | HeadwaterError:
            try:
                return self.buy(offer, question, outcomes=outcomes, deadline=deadline)
            except HeadwaterError as error:
                return error

        return list(self._threads.map(one, offers))

    def resume(self, offers: Mapping[str, Offer], deadline: float = 10.0) -> None:
        """Take up every purchase that was cut off; `offers` by wallet, for where the sellers are now."""
        for purchase in self.purchases.all():
            if purchase.state in ("open", "lost") and purchase.seller in offers:
                with contextlib.suppress(PurchaseError, FetchError):
                    self.buy(offers[purchase.seller], purchase.question, deadline=deadline)

    def reconcile(self) -> list[Purchase]:
        """Ask the chain about payments that have expired: which came to money. Those just decided.

        What did not is free to be spent again; what did, and brought nothing, counts against its seller. Raises
        ConnectionFailed.
        """
        backend = self._connections.here().backend
        decided = []
        for purchase in self.purchases.undecided(min(int(self._now()), backend.now())):
            found = standing(backend, purchase.token, purchase, since=self._since)
            self.purchases.decided(purchase, settled=found.state is Settled.PAID, tx_hash=found.tx_hash)
            decided.append(purchase)
        return decided

    # Steps

    def _reserve(self, offer: Offer, question: int, until: float) -> Purchase:
        """Ask for the terms, sign a payment that meets them, and keep it."""
        answer = self._fetcher.get(_url(offer, question), limit=MAX_HEADER, seconds=_left(until))
        if answer.status != 402:
            raise NotForSale(f"{offer.endpoint} answered {answer.status}: {said(answer)}", answer.status)
        required = read_terms(answer, offer, self._currency, self._limits.seconds)
        payload = self._sign(required)
        payment = read_authorization(payload)
        if (payment.payer, payment.payee, payment.value) != (self._wallet.address, checksum(offer.wallet), offer.wei):
            raise BadTerms("the payment that was signed is not what was agreed")
        reach(CrashPoint.PURCHASE_SIGNED)
        purchase = self.purchases.reserve(
            Purchase(
                question=question,
                seller=checksum(offer.wallet),
                token=self._currency.token,
                payer=payment.payer,
                payee=payment.payee,
                value=payment.value,
                nonce=payment.nonce,
                valid_before=payment.valid_before,
                header=encode_payment_signature_header(payload),
            ),
            int(self._now()),
        )
        reach(CrashPoint.PURCHASE_KEPT)
        return purchase

    def _sign(self, required: PaymentRequired) -> PaymentPayload:
        """Have the stock client make the payment; with an identifier that only this buyer knows."""
        controls: Any = {
            "allowed_assets": [
                {
                    "network": self._currency.network,
                    "asset": self._currency.token,
                    "max_amount_per_payment": str(self._limits.per_payment),
                }
            ]
        }
        client = x402ClientSync()
        client.register(self._currency.network, ExactEvmClientScheme(self._wallet))
        client.set_spend_controls(controls)
        # The stock client dates payments by this machine's clock, the token judges them by the chain's: what lies
        # between the two goes into the time a payment is good for, and out of the terms again.
        wrong = int(self._now()) - int(time.time())
        dated = [
            each.model_copy(update={"max_timeout_seconds": each.max_timeout_seconds + wrong or 1})
            for each in required.accepts
        ]
        terms = required.model_copy(update={"accepts": dated})
        payload = client.create_payment_payload(terms, extensions=with_identifier(required.extensions))
        if not isinstance(payload, PaymentPayload):
            raise BadTerms("the seller's terms are not those of x402 version 2")
        return payload.model_copy(update={"accepted": required.accepts[0]})

    def _pay(self, offer: Offer, purchase: Purchase, outcomes: int | None, until: float) -> SignedSignal:
        """Send the payment until there is an answer to it."""
        pause, doubt = _FIRST_PAUSE_S, "no answer"
        while (left := _left(until)) > 0:
            try:
                answer = self._fetcher.get(
                    _url(offer, purchase.question),
                    limit=2 * MAX_SIGNAL_BYTES,
                    headers={"PAYMENT-SIGNATURE": purchase.header},
                    seconds=left,
                )
            except FetchError as error:
                doubt = str(error)
            else:
                if answer.status == 200:
                    return self._take(offer, purchase, outcomes, answer)
                doubt = f"{offer.endpoint} answered {answer.status}: {said(answer)}"
                if answer.status in (404, 410, 425):
                    raise NotForSale(doubt, answer.status)
                if 400 <= answer.status < 500 and answer.status != 429:
                    raise Refused(doubt)
            threading.Event().wait(min(pause, max(0.0, _left(until))))
            pause = min(2 * pause, _LONGEST_PAUSE_S)
        raise Unfinished(f"question {purchase.question} was not answered in time ({doubt})")

    def _take(self, offer: Offer, purchase: Purchase, outcomes: int | None, answer: Answer) -> SignedSignal:
        """Check what came, and keep it, whatever it is. Raises BadSignal."""
        reach(CrashPoint.PURCHASE_ANSWERED)
        fault, signed = "", None
        try:
            signed = signal_from_json(answer.body)
            fault = fault_of(signed, offer, purchase.question, outcomes, self._domain, self._now())
        except SignalError as error:
            fault = str(error)
        self.purchases.answered(purchase, answer.body, fault, int(self._now()), transaction(answer.headers))
        reach(CrashPoint.PURCHASE_DONE)
        if fault or signed is None:
            _log.warning("question %d: %s sold what is no signal: %s", purchase.question, offer.wallet, fault)
            raise BadSignal(f"{offer.wallet} sold what is not the signal for question {purchase.question}: {fault}")
        return signed


def _url(offer: Offer, question: int) -> str:
    return f"{offer.endpoint.rstrip('/')}/signals/{question}"


def _left(until: float) -> float:
    return until - time.monotonic()
