"""Deals: what agents pay each other for in a task, how they bargain over it in signed messages, and their record."""

from headwater.deals.deal import DEALS_NAME, DEALS_VERSION, Deal, deals_domain, signed_by
from headwater.deals.errors import DealError, Reason, Refused
from headwater.deals.message import Kind, Message, negotiation_id
from headwater.deals.negotiation import MAX_ROUNDS, Limits, Negotiation, Status
from headwater.deals.price import MAX_STATE, MAX_STEPS, Price, percent
from headwater.deals.terms import MAX_ACTION, Terms, action_hash
from headwater.deals.transcript import dump, load, read_transcript, write_transcript
from headwater.deals.wire import deal_from, deal_object, parse, text_of

__all__ = [
    "DEALS_NAME",
    "DEALS_VERSION",
    "MAX_ACTION",
    "MAX_ROUNDS",
    "MAX_STATE",
    "MAX_STEPS",
    "Deal",
    "DealError",
    "Kind",
    "Limits",
    "Message",
    "Negotiation",
    "Price",
    "Reason",
    "Refused",
    "Status",
    "Terms",
    "action_hash",
    "deal_from",
    "deal_object",
    "deals_domain",
    "dump",
    "load",
    "negotiation_id",
    "parse",
    "percent",
    "read_transcript",
    "signed_by",
    "text_of",
    "write_transcript",
]
