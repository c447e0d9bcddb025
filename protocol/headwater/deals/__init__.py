"""Deals: what agents pay each other for in a task, how they bargain over it in signed messages, and their record."""

from headwater.deals.addresses import DEALS, DealAddresses
from headwater.deals.deal import DEALS_NAME, DEALS_VERSION, Deal, deals_domain, signed_by
from headwater.deals.desk import MAX_BATCH, DealDesk
from headwater.deals.errors import DealError, Reason, Refused
from headwater.deals.escrow import (
    Balance,
    DealEscrow,
    DealState,
    DealStatus,
    Entry,
    Opened,
    Payout,
    Task,
    TaskStatus,
    deal_id,
    id_of,
    task_id,
)
from headwater.deals.limits import MAX_ROUNDS, Limits, Status
from headwater.deals.message import Kind, Message, negotiation_id
from headwater.deals.negotiation import Negotiation
from headwater.deals.price import MAX_STATE, MAX_STEPS, Price, percent
from headwater.deals.terms import MAX_ACTION, Terms, action_hash
from headwater.deals.transcript import dump, load, read_transcript, write_transcript
from headwater.deals.twin import Paid, Settlement, Verdict, settle_task, share_of
from headwater.deals.wire import deal_from, deal_object, parse, text_of

__all__ = [
    "DEALS",
    "DEALS_NAME",
    "DEALS_VERSION",
    "MAX_ACTION",
    "MAX_BATCH",
    "MAX_ROUNDS",
    "MAX_STATE",
    "MAX_STEPS",
    "Balance",
    "Deal",
    "DealAddresses",
    "DealDesk",
    "DealError",
    "DealEscrow",
    "DealState",
    "DealStatus",
    "Entry",
    "Kind",
    "Limits",
    "Message",
    "Negotiation",
    "Opened",
    "Paid",
    "Payout",
    "Price",
    "Reason",
    "Refused",
    "Settlement",
    "Status",
    "Task",
    "TaskStatus",
    "Terms",
    "Verdict",
    "action_hash",
    "deal_from",
    "deal_id",
    "deal_object",
    "deals_domain",
    "dump",
    "id_of",
    "load",
    "negotiation_id",
    "parse",
    "percent",
    "read_transcript",
    "settle_task",
    "share_of",
    "signed_by",
    "task_id",
    "text_of",
    "write_transcript",
]
