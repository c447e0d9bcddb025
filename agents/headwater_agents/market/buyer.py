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
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError
from x402 import PaymentPayload, PaymentRequired, PaymentRequirements, x402ClientSync
from x402.http import (
    decode_payment_required_header,
    decode_payment_response_header,
    encode_payment_signature_header,
)
from x402.mechanisms.evm.exact import ExactEvmClientScheme

from headwater.chain import Account, HeadwaterError, checksum
from headwater.signals import (
    MAX_SIGNAL_BYTES,
    SignalDomain,
    SignalError,
    SignedSignal,
    signal_from_json,
    verify_signal,
)
from headwater_agents.durable.crash import CrashPoint, reach
from headwater_agents.durable.database import Database
from headwater_agents.market.connections import Connections
from headwater_agents.market.fetch import Answer, Fetcher, FetchError
from headwater_agents.market.payment import Currency, read_authorization, with_identifier
from headwater_agents.market.purchases import Limits, Purchase, Purchases
from headwater_agents.market.standing import State as Settled
from headwater_agents.market.standing import standing
from headwater_agents.market.wallet import Wallet

_log: Final = logging.getLogger(__name__)
_MAX_HEADER: Final = 16_384
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 1.0
_CLOCK_SKEW_S: Final = 30


class PurchaseError(HeadwaterError):
    """A signal that was not bought; says why."""


class NotForSale(PurchaseError):  # noqa: N818 - says what it is
    """The seller has no such signal, not yet, or not any more. Nothing was paid."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class BadTerms(PurchaseError):  # noqa: N818
    """What the seller asks for is not what it offered, or not understood. Nothing was paid."""


class Refused(PurchaseError):  # noqa: N818
    """The seller does not accept the payment. It may still settle it: the money stays reserved until it cannot."""


class Unfinished(PurchaseError):  # noqa: N818
    """No answer in time. Try again: the same payment is sent, and nothing is paid twice."""


class BadSignal(PurchaseError):  # noqa: N818
    """What came for the money is not the signal that was sold. It is kept as evidence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What a seller says it sells: by whom (agent id and wallet), where, and for how much (wei).

    `endpoint` is a base URL. `past` is what the seller claims of its past, which nobody has checked.
    """

    agent_id: int
    wallet: str
    endpoint: str
    wei: int
    past: Mapping[str, int | float | str | bool] = field(default_factory=dict, hash=False)


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
        answer = self._fetcher.get(_url(offer, question), limit=_MAX_HEADER, seconds=_left(until))
        if answer.status != 402:
            raise NotForSale(f"{offer.endpoint} answered {answer.status}: {_said(answer)}", answer.status)
        required = self._terms(offer, answer)
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

    def _terms(self, offer: Offer, answer: Answer) -> PaymentRequired:
        """The seller's terms, cut down to the one that is what it offered. Raises BadTerms."""
        header = answer.headers.get("payment-required", "")
        if not 0 < len(header) <= _MAX_HEADER:
            raise BadTerms("the seller asks for payment and does not say for which")
        try:
            required = decode_payment_required_header(header)
        except (ValueError, ValidationError, RecursionError, AttributeError):
            raise BadTerms("the seller's terms are not those of x402") from None
        if not isinstance(required, PaymentRequired) or required.x402_version != 2:
            raise BadTerms("the seller's terms are not those of x402 version 2")
        fitting = [each for each in required.accepts if self._fits(offer, each)]
        if not fitting:
            asked = ", ".join(
                f"{each.amount[:40]} of {each.asset[:42]} to {each.pay_to[:42]}" for each in required.accepts[:3]
            )
            raise BadTerms(f"the seller asks for {asked or 'nothing'}; it offered {offer.wei} wei to {offer.wallet}")
        return required.model_copy(update={"accepts": fitting[:1]})

    def _fits(self, offer: Offer, asked: PaymentRequirements) -> bool:
        extra = asked.extra or {}
        return (
            (asked.scheme, str(asked.network)) == ("exact", self._currency.network)
            and asked.asset.lower() == self._currency.token.lower()
            and asked.pay_to.lower() == offer.wallet.lower()
            and asked.amount == str(offer.wei)
            and 0 < asked.max_timeout_seconds <= self._limits.seconds
            and (extra.get("name"), extra.get("version")) == (self._currency.name, self._currency.version)
            and extra.get("assetTransferMethod", "eip3009") == "eip3009"
        )

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
                doubt = f"{offer.endpoint} answered {answer.status}: {_said(answer)}"
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
            fault = self._fault(offer, purchase, outcomes, signed)
        except SignalError as error:
            fault = str(error)
        self.purchases.answered(purchase, answer.body, fault, int(self._now()), _transaction(answer.headers))
        reach(CrashPoint.PURCHASE_DONE)
        if fault or signed is None:
            _log.warning("question %d: %s sold what is no signal: %s", purchase.question, offer.wallet, fault)
            raise BadSignal(f"{offer.wallet} sold what is not the signal for question {purchase.question}: {fault}")
        return signed

    def _fault(self, offer: Offer, purchase: Purchase, outcomes: int | None, signed: SignedSignal) -> str:
        """What is wrong with a signal, "" if nothing is. Raises SignalError where its signature does not hold."""
        signal = signed.signal
        verify_signal(signed, self._domain)
        if checksum(signal.provider) != checksum(offer.wallet):
            return f"it is {signal.provider}'s"
        if signal.agent_id != offer.agent_id:
            return f"it is agent {signal.agent_id}'s, not agent {offer.agent_id}'s"
        if signal.question != purchase.question:
            return f"it is for question {signal.question}"
        if signal.time > self._now() + _CLOCK_SKEW_S:
            return f"it is from the future ({signal.time})"
        if outcomes is not None and len(signal.forecast) != outcomes:
            return f"it has {len(signal.forecast)} outcomes, the question {outcomes}"
        return ""


def _url(offer: Offer, question: int) -> str:
    return f"{offer.endpoint.rstrip('/')}/signals/{question}"


def _left(until: float) -> float:
    return until - time.monotonic()


def _said(answer: Answer) -> str:
    """What a seller gives as its reason, short and printable."""
    text = answer.body.decode("utf-8", "replace")
    for name, reason in (("payment-required", _asked_why), ("payment-response", _settled_why)):
        header = answer.headers.get(name, "")
        if answer.status == 402 and 0 < len(header) <= _MAX_HEADER:
            with contextlib.suppress(ValueError, ValidationError, RecursionError, AttributeError):
                text = reason(header) or text
    return "".join(character if character.isprintable() else " " for character in text[:200]).strip() or "nothing"


def _asked_why(header: str) -> str | None:
    return decode_payment_required_header(header).error


def _settled_why(header: str) -> str | None:
    settled = decode_payment_response_header(header)
    return settled.error_message or settled.error_reason


def _transaction(headers: Mapping[str, str]) -> str:
    """The transaction that the seller says has paid, "" if it says none."""
    header = headers.get("payment-response", "")
    if not 0 < len(header) <= _MAX_HEADER:
        return ""
    try:
        return decode_payment_response_header(header).transaction[:66]
    except (ValueError, ValidationError, RecursionError, AttributeError):
        return ""
