"""Messages as JSON: one object, whole numbers as decimal texts, bytes as 0x and hex; nothing else is accepted.

{"chain": "31337", "escrow": "0x…", "negotiation": "0x…", "sequence": "0", "previous": "0x…", "kind": "propose",
 "sender": "0x…", "deal": {"task": "7", "payer": "0x…", "payee": "0x…", "payer_action": "door",
 "payee_action": "lever", "price": [["0", "550000000000000000"]], "deposit": "0", "nonce": "0", "revision": "0",
 "expires": "1700000000"} or null, "signature": "0x…", "deal_signature": "0x…" of an agreement, else "0x"}
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any, Final

from headwater import safejson
from headwater.deals.deal import SIGNATURE, Deal, deals_domain
from headwater.deals.errors import Reason, Refused
from headwater.deals.message import Kind, Message
from headwater.deals.price import MAX_STEPS, Price
from headwater.deals.terms import Terms, checked_address

MAX_TEXT: Final = 16_384
"""Characters of a message's JSON."""
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,77})")
_BYTES: Final = re.compile(r"0x([0-9a-f]{2})*")
_MESSAGE: Final = (
    "chain",
    "escrow",
    "negotiation",
    "sequence",
    "previous",
    "kind",
    "sender",
    "deal",
    "signature",
    "deal_signature",
)
_DEAL: Final = (
    "task",
    "payer",
    "payee",
    "payer_action",
    "payee_action",
    "price",
    "deposit",
    "nonce",
    "revision",
    "expires",
)
_KINDS: Final = {kind.name.lower(): kind for kind in Kind}


def parse(text: str) -> Message:
    """A message from its JSON. Raises Refused: MALFORMED, or the reason for a value out of range."""
    return message_from(parse_object(text))


def parse_object(text: str) -> Any:
    """JSON of at most 16,384 characters and 32 levels. Raises Refused (MALFORMED)."""
    if len(text) > MAX_TEXT:
        raise Refused(Reason.MALFORMED, f"a message has at most {MAX_TEXT} characters, not {len(text)}")
    try:
        return safejson.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(Reason.MALFORMED, f"no JSON of a message: {error}") from error


def text_of(message: Message) -> str:
    """A message's JSON, on one line; `parse` reads it."""
    return json.dumps(message_object(message), separators=(",", ":"))


def message_from(entry: Any) -> Message:
    """A message from parsed JSON. Raises Refused."""
    fields = read_fields("message", entry, _MESSAGE)
    kind = fields["kind"]
    if not isinstance(kind, str) or kind not in _KINDS:
        raise Refused(Reason.MALFORMED, f"kind: accepted are {', '.join(_KINDS)}")
    return Message(
        domain=deals_domain(read_number("chain", fields["chain"]), checked_address("escrow", fields["escrow"])),
        negotiation=read_bytes("negotiation", fields["negotiation"], (32,)),
        sequence=read_number("sequence", fields["sequence"]),
        previous=read_bytes("previous", fields["previous"], (32,)),
        kind=_KINDS[kind],
        sender=checked_address("sender", fields["sender"]),
        deal=None if fields["deal"] is None else deal_from(fields["deal"]),
        signature=read_bytes("signature", fields["signature"], (SIGNATURE,)),
        deal_signature=read_bytes("deal signature", fields["deal_signature"], (0, SIGNATURE)),
    )


def message_object(message: Message) -> dict[str, Any]:
    """A message as JSON's kinds."""
    return {
        "chain": str(message.domain.chain_id),
        "escrow": message.domain.contract,
        "negotiation": "0x" + message.negotiation.hex(),
        "sequence": str(message.sequence),
        "previous": "0x" + message.previous.hex(),
        "kind": message.kind.name.lower(),
        "sender": message.sender,
        "deal": None if message.deal is None else deal_object(message.deal),
        "signature": "0x" + message.signature.hex(),
        "deal_signature": "0x" + message.deal_signature.hex(),
    }


def deal_from(entry: Any) -> Deal:
    """A deal from parsed JSON. Raises Refused."""
    fields = read_fields("deal", entry, _DEAL)
    terms = Terms(
        payer=fields["payer"],
        payee=fields["payee"],
        payer_action=fields["payer_action"],
        payee_action=fields["payee_action"],
        price=_price(fields["price"]),
        deposit=read_number("deposit", fields["deposit"]),
    )
    numbers = {name: read_number(name, fields[name]) for name in ("task", "nonce", "revision", "expires")}
    return Deal(terms, **numbers)


def deal_object(deal: Deal) -> dict[str, Any]:
    """A deal as JSON's kinds."""
    terms = deal.terms
    return {
        "task": str(deal.task),
        "payer": terms.payer,
        "payee": terms.payee,
        "payer_action": terms.payer_action,
        "payee_action": terms.payee_action,
        "price": [[str(state), str(share)] for state, share in terms.price.steps],
        "deposit": str(terms.deposit),
        "nonce": str(deal.nonce),
        "revision": str(deal.revision),
        "expires": str(deal.expires),
    }


def _price(entry: Any) -> Price:
    if not isinstance(entry, list) or len(entry) > MAX_STEPS:
        raise Refused(Reason.PRICE, f"a price is a list of 1 to {MAX_STEPS} steps")
    steps = []
    for step in entry:
        if not isinstance(step, list) or len(step) != 2:
            raise Refused(Reason.PRICE, "a step of a price is a list of a state and a share")
        steps.append((read_number("state", step[0]), read_number("share", step[1])))
    return Price(tuple(steps))


def read_fields(what: str, entry: Any, names: Collection[str]) -> dict[str, Any]:
    """An object with exactly these fields. Raises Refused (MALFORMED)."""
    if not isinstance(entry, dict):
        raise Refused(Reason.MALFORMED, f"a {what} is a JSON object")
    missing, unknown = [name for name in names if name not in entry], [name for name in entry if name not in names]
    if missing or unknown:
        wrong = f"without {', '.join(missing)}" if missing else f"with an unknown field {unknown[0][:60]!r}"
        raise Refused(Reason.MALFORMED, f"a {what} {wrong}; accepted: exactly {', '.join(names)}")
    return entry


def read_number(what: str, entry: Any) -> int:
    """A whole number written as text. Raises Refused (MALFORMED)."""
    if not isinstance(entry, str) or not _NUMBER.fullmatch(entry) or entry == "-0":
        raise Refused(Reason.MALFORMED, f"{what}: accepted is a whole number in decimal digits, as text")
    return int(entry)


def read_bytes(what: str, entry: Any, lengths: Collection[int]) -> bytes:
    """Bytes of one of these lengths, written as 0x and hex. Raises Refused (MALFORMED)."""
    if isinstance(entry, str) and len(entry) <= 2 + 2 * max(lengths) and _BYTES.fullmatch(entry):
        found = bytes.fromhex(entry[2:])
        if len(found) in lengths:
            return found
    raise Refused(Reason.MALFORMED, f"{what}: accepted are 0x and {max(lengths)} bytes in lower-case hex")
