"""Reading what sellers answer, who may be anybody: their terms, their reasons, and the signal itself."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError
from x402 import PaymentRequired, PaymentRequirements
from x402.http import decode_payment_required_header, decode_payment_response_header

from headwater.chain import checksum
from headwater.signals import SignalDomain, SignedSignal, verify_signal
from headwater_agents.market.fetch import Answer
from headwater_agents.market.offers import BadTerms, Offer
from headwater_agents.market.payment import Currency

MAX_HEADER: Final = 16_384
"""Longest header of a seller that is read."""

_CLOCK_SKEW_S: Final = 30
_UNREADABLE: Final = (ValueError, ValidationError, RecursionError, AttributeError)


def read_terms(answer: Answer, offer: Offer, currency: Currency, seconds: int) -> PaymentRequired:
    """The terms of a 402, cut down to the one that is what the seller offered, good for at most `seconds`.

    Raises BadTerms.
    """
    header = answer.headers.get("payment-required", "")
    if not 0 < len(header) <= MAX_HEADER:
        raise BadTerms("the seller asks for payment and does not say for which")
    try:
        required = decode_payment_required_header(header)
    except _UNREADABLE:
        raise BadTerms("the seller's terms are not those of x402") from None
    if not isinstance(required, PaymentRequired) or required.x402_version != 2:
        raise BadTerms("the seller's terms are not those of x402 version 2")
    fitting = [each for each in required.accepts if _fits(each, offer, currency, seconds)]
    if not fitting:
        asked = [f"{each.amount[:40]} of {each.asset[:42]} to {each.pay_to[:42]}" for each in required.accepts[:3]]
        wanted = ", ".join(asked) or "nothing"
        raise BadTerms(f"the seller asks for {wanted}; it offered {offer.wei} wei to {offer.wallet}")
    return required.model_copy(update={"accepts": fitting[:1]})


def _fits(asked: PaymentRequirements, offer: Offer, currency: Currency, seconds: int) -> bool:
    extra = asked.extra or {}
    return (
        (asked.scheme, str(asked.network)) == ("exact", currency.network)
        and asked.asset.lower() == currency.token.lower()
        and asked.pay_to.lower() == offer.wallet.lower()
        and asked.amount == str(offer.wei)
        and 0 < asked.max_timeout_seconds <= seconds
        and (extra.get("name"), extra.get("version")) == (currency.name, currency.version)
        and extra.get("assetTransferMethod", "eip3009") == "eip3009"
    )


def fault_of(
    signed: SignedSignal, offer: Offer, question: int, outcomes: int | None, domain: SignalDomain, now: float
) -> str:
    """What is wrong with a signal that was sold, "" if nothing is. SignalError if its signature does not hold."""
    signal = signed.signal
    verify_signal(signed, domain)
    if checksum(signal.provider) != checksum(offer.wallet):
        return f"it is {signal.provider}'s"
    if signal.agent_id != offer.agent_id:
        return f"it is agent {signal.agent_id}'s, not agent {offer.agent_id}'s"
    if signal.question != question:
        return f"it is for question {signal.question}"
    if signal.time > now + _CLOCK_SKEW_S:
        return f"it is from the future ({signal.time})"
    if outcomes is not None and len(signal.forecast) != outcomes:
        return f"it has {len(signal.forecast)} outcomes, the question {outcomes}"
    return ""


def said(answer: Answer) -> str:
    """What a seller gives as its reason, short and printable."""
    text = answer.body.decode("utf-8", "replace")
    for name, reason in (("payment-required", _asked_why), ("payment-response", _settled_why)):
        header = answer.headers.get(name, "")
        if answer.status == 402 and 0 < len(header) <= MAX_HEADER:
            with contextlib.suppress(*_UNREADABLE):
                text = reason(header) or text
    return "".join(character if character.isprintable() else " " for character in text[:200]).strip() or "nothing"


def _asked_why(header: str) -> str | None:
    return decode_payment_required_header(header).error


def _settled_why(header: str) -> str | None:
    settled = decode_payment_response_header(header)
    return settled.error_message or settled.error_reason


def transaction(headers: Mapping[str, str]) -> str:
    """The transaction that the seller says has paid, "" if it says none."""
    header = headers.get("payment-response", "")
    if not 0 < len(header) <= MAX_HEADER:
        return ""
    try:
        return decode_payment_response_header(header).transaction[:66]
    except _UNREADABLE:
        return ""
