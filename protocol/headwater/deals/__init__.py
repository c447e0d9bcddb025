"""Deals: what agents pay each other for in a task, how they bargain over it in signed messages, and their record."""

from headwater.deals.deal import DEALS_NAME, DEALS_VERSION, Deal, deals_domain, signed_by
from headwater.deals.errors import DealError, Reason, Refused
from headwater.deals.message import Kind, Message, negotiation_id
from headwater.deals.negotiation import MAX_ROUNDS, Limits, Negotiation, Status
from headwater.deals.price import MAX_STATE, MAX_STEPS, Price, percent
from headwater.deals.terms import MAX_ACTION, Terms, action_hash

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
    "deals_domain",
    "negotiation_id",
    "percent",
    "signed_by",
]
