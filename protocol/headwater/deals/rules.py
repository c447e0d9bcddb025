"""What a message has to be for a negotiation to accept it: one check for each reason, the cheap ones first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from headwater.deals.deal import Deal
from headwater.deals.errors import Reason, Refused
from headwater.deals.message import OFFERS, Kind, Message
from headwater.deals.terms import Terms

if TYPE_CHECKING:
    from headwater.deals.negotiation import Negotiation

_NEEDS_DEAL: Final = (Kind.PROPOSE, Kind.COUNTER, Kind.AGREE)


def check_message(negotiation: Negotiation, message: Message, now: int) -> None:
    """Raises Refused, with the first reason that applies, unless `message` is what may be said next at `now`."""
    _check_place(negotiation, message)
    _check_moment(negotiation, message, now)
    _check_kind(negotiation, message)
    if message.deal is not None:
        _check_deal(negotiation, message, message.deal, now)
    if not message.is_signed:
        raise Refused(Reason.SIGNATURE, f"the message is not signed by its sender {message.sender}")
    if message.kind is not Kind.AGREE and message.deal_signature:
        raise Refused(Reason.DEAL_SIGNATURE, "only an agreement signs the deal; accepted: no deal signature here")
    if message.kind is Kind.AGREE and message.deal is not None:
        message.deal.check(message.sender, message.deal_signature, negotiation.domain)


def _check_place(negotiation: Negotiation, message: Message) -> None:
    if message.domain != negotiation.domain:
        here = negotiation.domain
        raise Refused(
            Reason.DOMAIN, f"said for another chain or escrow; accepted: chain {here.chain_id}, escrow {here.contract}"
        )
    if message.negotiation != negotiation.id:
        raise Refused(Reason.NEGOTIATION, f"said in another negotiation than 0x{negotiation.id.hex()}")
    negotiation.other(message.sender)


def _check_moment(negotiation: Negotiation, message: Message, now: int) -> None:
    if negotiation.said(message):
        raise Refused(Reason.REPLAYED_MESSAGE, f"message {message.sequence} has been said before")
    if negotiation.turn is None:
        raise Refused(Reason.ENDED, f"the negotiation has ended: {negotiation.status}")
    if now > negotiation.deadline:
        raise Refused(Reason.LATE, f"the time for an answer ended at {negotiation.deadline}; now it is {now}")
    if message.sequence != negotiation.sequence:
        raise Refused(Reason.SEQUENCE, f"message {message.sequence}; accepted next: {negotiation.sequence}")
    if message.previous != negotiation.previous:
        raise Refused(Reason.PREVIOUS, f"the message does not follow 0x{negotiation.previous.hex()}")
    if message.sender != negotiation.turn:
        raise Refused(Reason.TURN, f"{negotiation.turn} is to speak")


def _check_kind(negotiation: Negotiation, message: Message) -> None:
    if (message.kind in _NEEDS_DEAL) != (message.deal is not None):
        raise Refused(Reason.KIND, "all messages but a halt carry a deal")
    if message.kind is Kind.PROPOSE and negotiation.messages:
        raise Refused(Reason.KIND, "there is an offer: counter it, agree or halt")
    if message.kind in (Kind.COUNTER, Kind.AGREE) and not negotiation.messages:
        raise Refused(Reason.KIND, "there is no offer yet: propose or halt")


def _check_deal(negotiation: Negotiation, message: Message, deal: Deal, now: int) -> None:
    if (deal.task, deal.nonce, deal.revision) != (negotiation.task, negotiation.nonce, negotiation.revision):
        raise Refused(
            Reason.REPLAYED_DEAL,
            f"a deal for task {deal.task}, nonce {deal.nonce}, revision {deal.revision}; accepted: task "
            f"{negotiation.task}, nonce {negotiation.nonce}, revision {negotiation.revision}",
        )
    _check_terms(negotiation, deal.terms)
    if message.kind is Kind.AGREE and deal != negotiation.table:
        raise Refused(Reason.OTHER_DEAL, "this is not the deal on the table")
    if message.kind is Kind.COUNTER and deal == negotiation.table:
        raise Refused(Reason.KIND, "this is the deal on the table: to take it is to agree")
    if now > deal.expires:
        raise Refused(Reason.EXPIRED, f"the offer stood until {deal.expires}; now it is {now}")
    if message.kind in OFFERS and negotiation.rounds >= negotiation.limits.rounds:
        raise Refused(Reason.ROUNDS, f"all {negotiation.limits.rounds} offers are made: agree or halt")


def _check_terms(negotiation: Negotiation, terms: Terms) -> None:
    if {terms.payer, terms.payee} != {negotiation.first, negotiation.second}:
        raise Refused(Reason.PARTY, "payer and payee are not the two parties of this negotiation")
    if negotiation.deal is not None and terms.payer != negotiation.deal.terms.payer:
        # The escrow would know it as another deal, of which no revision stands.
        raise Refused(Reason.PARTY, f"a renewal keeps payer and payee: {negotiation.deal.terms.payer} pays")
    for party, action in ((terms.payer, terms.payer_action), (terms.payee, terms.payee_action)):
        allowed = negotiation.allowed(party)
        if allowed is not None and action not in allowed:
            shown = ", ".join(sorted(allowed)[:16])
            raise Refused(Reason.ACTION, f"{party} cannot do {action!r} here; accepted: {shown}")
