"""Transcripts: a negotiation with all its revisions, as JSON lines; loading one checks every rule and signature again.

The first line says what is negotiated. Then, in order: `message`, heard at a time; `silence`, the end of waiting, at a
time; `countersignature`, on the deal agreed above it, unless its author has not; `renew`, the beginning of the next
revision. Whoever writes a transcript vouches for times, limits and choices; who said what, for which task, pair and
escrow, the signatures prove.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from headwater.deals.deal import SIGNATURE, deals_domain
from headwater.deals.errors import DealError, Refused
from headwater.deals.limits import Limits, Status
from headwater.deals.negotiation import Negotiation
from headwater.deals.terms import checked_address
from headwater.deals.wire import message_from, message_object, parse_object, read_bytes, read_fields, read_number

MAX_LINES: Final = 10_000
MAX_BYTES: Final = 2**26
_FORMAT: Final = "headwater negotiation 1"
_HEAD: Final = (
    "format",
    "chain",
    "escrow",
    "task",
    "nonce",
    "first",
    "second",
    "rounds",
    "reply_window",
    "opened",
    "choices",
)


def dump(negotiation: Negotiation) -> str:
    """The negotiation and the ones it renews, as JSON lines; each ends with a newline."""
    revisions = [negotiation]
    while revisions[-1].earlier is not None:
        revisions.append(revisions[-1].earlier)
    lines: list[dict[str, Any]] = []
    for each in reversed(revisions):
        limits = {"rounds": str(each.limits.rounds), "reply_window": str(each.limits.reply_window)}
        if each.earlier is None:
            lines.append(_head(each) | limits)
        else:
            lines.append({"renew": {"opener": each.opener, **limits, "opened": str(each.opened)}})
        for message, heard in zip(each.messages, each.heard, strict=True):
            lines.append({"message": message_object(message), "heard": str(heard)})
        if each.status is Status.SILENT:
            lines.append({"silence": str(each.ended)})
        if each.countersignature:
            lines.append({"countersignature": "0x" + each.countersignature.hex()})
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def load(text: str) -> Negotiation:
    """The negotiation of a transcript, played again from its first line.

    Raises Refused with the reason, and DealError for a transcript that is none; both name the line.
    """
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    if not 1 <= len(lines) <= MAX_LINES:
        raise DealError(f"a transcript has 1 to {MAX_LINES} lines, not {len(lines)}")
    negotiation: Negotiation | None = None
    for number, line in enumerate(lines, start=1):
        try:
            entry = parse_object(line)
            negotiation = _open(entry) if negotiation is None else _next(negotiation, entry)
        except Refused as error:
            raise Refused(error.reason, f"line {number}: {error}") from error
        except DealError as error:
            raise DealError(f"line {number}: {error}") from error
    if negotiation is None:
        raise DealError("a transcript begins with what is negotiated")
    return negotiation


def write_transcript(negotiation: Negotiation, path: Path) -> None:
    """Write `dump` to a file. Raises OSError."""
    path.write_text(dump(negotiation), encoding="utf-8")


def read_transcript(path: Path) -> Negotiation:
    """`load` from a file of at most 64 MiB. Raises DealError, also if the file cannot be read."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DealError(f"the transcript {path} is too large; accepted: up to {MAX_BYTES} bytes")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DealError(f"the transcript {path} cannot be read: {error}") from error
    return load(text)


def _head(negotiation: Negotiation) -> dict[str, Any]:
    parties = (negotiation.first, negotiation.second)
    return {
        "format": _FORMAT,
        "chain": str(negotiation.domain.chain_id),
        "escrow": negotiation.domain.contract,
        "task": str(negotiation.task),
        "nonce": str(negotiation.nonce),
        "first": negotiation.first,
        "second": negotiation.second,
        "opened": str(negotiation.opened),
        "choices": {
            party: sorted(allowed)
            for party, allowed in zip(parties, negotiation.choices, strict=True)
            if allowed is not None
        },
    }


def _open(entry: Any) -> Negotiation:
    fields = read_fields("transcript's first line", entry, _HEAD)
    if fields["format"] != _FORMAT:
        raise DealError(f"a transcript's format is {_FORMAT!r}")
    choices = fields["choices"]
    if not isinstance(choices, dict) or not all(
        isinstance(actions, list) and all(isinstance(action, str) for action in actions) for actions in choices.values()
    ):
        raise DealError("choices are an object: a party's address and a list of actions")
    return Negotiation.between(
        checked_address("first", fields["first"]),
        checked_address("second", fields["second"]),
        deals_domain(read_number("chain", fields["chain"]), checked_address("escrow", fields["escrow"])),
        read_number("task", fields["task"]),
        read_number("nonce", fields["nonce"]),
        _limits(fields),
        now=read_number("opened", fields["opened"]),
        choices=choices,
    )


def _next(negotiation: Negotiation, entry: Any) -> Negotiation:
    if isinstance(entry, dict) and "message" in entry:
        fields = read_fields("message's line", entry, ("message", "heard"))
        heard = read_number("heard", fields["heard"])
        after = negotiation.receive(message_from(fields["message"]), heard)
        if after.heard[-1] != heard:
            raise DealError(f"heard at {heard}, before what stands above it")
        return after
    if isinstance(entry, dict) and "silence" in entry:
        silent = negotiation.silence(
            read_number("silence", read_fields("silence's line", entry, ("silence",))["silence"])
        )
        if silent is negotiation:
            raise DealError(f"no silence: there was time until {negotiation.deadline}, or the negotiation had ended")
        return silent
    if isinstance(entry, dict) and "countersignature" in entry:
        fields = read_fields("countersignature's line", entry, ("countersignature",))
        signed = negotiation.countersigned(read_bytes("countersignature", fields["countersignature"], (SIGNATURE,)))
        if signed is negotiation:
            raise DealError("countersigned already")
        return signed
    fields = read_fields("transcript's line", entry, ("renew",))
    renew = read_fields("renewal", fields["renew"], ("opener", "rounds", "reply_window", "opened"))
    opener = checked_address("opener", renew["opener"])
    return negotiation.renewed(opener, read_number("opened", renew["opened"]), _limits(renew))


def _limits(fields: dict[str, Any]) -> Limits:
    return Limits(
        rounds=read_number("rounds", fields["rounds"]), reply_window=read_number("reply window", fields["reply_window"])
    )
