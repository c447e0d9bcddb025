"""One negotiation, held: two agents speak in turn through signed messages until it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from headwater.chain.accounts import Account
from headwater.deals import Deal, Kind, Limits, Message, Negotiation, Refused, Status, percent
from headwater.typed_data import Domain
from headwater_agents.bargaining.events import EventKind
from headwater_agents.bargaining.table import Agree, Halt, Move, Negotiator, Offer, Silence, Table

ATTEMPTS: Final = 3
"""Times a player may try to speak before its turn passes as silence."""

_SHORT: Final = 8

STEP: Final = 1
"""Seconds between messages on the engine's clock."""

Tell = Callable[[EventKind, int, str, dict[str, object]], None]


@dataclass(frozen=True, slots=True)
class Said:
    """What went with a message, unsigned: whose, in which words, at what cost, and why it was refused if it was."""

    player: int
    words: str
    tokens: int
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A negotiation that has ended, and what was said on the side. `now` is the engine's clock after it, seconds."""

    negotiation: Negotiation
    said: tuple[Said, ...]
    now: int


def hold(
    tables: tuple[Table, Table],
    agents: tuple[Negotiator, Negotiator],
    accounts: tuple[Account, Account],
    *,
    domain: Domain,
    task: int,
    nonce: int,
    limits: Limits,
    now: int,
    tell: Tell,
) -> Held:
    """Hold a negotiation; the first of the two opens it. Its choices are what the stage leaves open to each.

    If the two agree, the author of the offer that was taken countersigns at once.
    """
    first, second = accounts
    choices = {
        account.address: tables[0].view.options(table.me) for account, table in zip(accounts, tables, strict=True)
    }
    talk = Negotiation.between(first.address, second.address, domain, task, nonce, limits, now=now, choices=choices)
    expires = now + (limits.rounds + 2) * limits.reply_window
    said: list[Said] = []
    while talk.status is Status.OPEN:
        seat = 0 if talk.turn == first.address else 1
        now += STEP
        talk, more = _turn(talk, tables[seat], agents[seat], accounts[seat], expires, now, tell)
        said.extend(more)
        now = max(now, talk.ended or 0)
    if talk.author is not None:
        talk = talk.countersigned(first if talk.author == first.address else second)
    if talk.status is Status.DEADLOCKED:
        tell(EventKind.DEADLOCK, tables[0].me, f"no deal between {_pair(tables)}: the rounds are used up", {})
    return Held(talk, tuple(said), now)


def describe(deal: Deal, names: Sequence[str], accounts: Sequence[str]) -> str:
    """A deal in a line: who does what, and what passes."""
    terms = deal.terms
    payer, payee = (accounts.index(address) for address in (terms.payer, terms.payee))
    of = f"a deposit of {tokens(terms.deposit)}" if terms.deposit else "the payer's reward"
    share = rounded(terms.price.at(0))
    extra = "" if terms.price.most == terms.price.at(0) else f", {rounded(terms.price.most)} if the payer breaks it"
    return (
        f"{payee} ({names[payee]}) does {terms.payee_action}, {payer} ({names[payer]}) does {terms.payer_action} and"
        f" pays {share} of {of}{extra}"
    )


def rounded(share: int) -> str:
    """A share (WAD) in percent for words: exact if that is short, to the nearest hundredth with a ≈ otherwise."""
    exact = percent(share)
    return exact if len(exact) <= _SHORT else f"≈ {share / 10**16:.2f}%"


def tokens(wei: int) -> str:
    """Wei in tokens, exact to a millionth, for words."""
    sign, size = ("-" if wei < 0 else ""), abs(wei)
    whole, part = divmod(size // 10**12, 10**6)
    return f"{sign}{whole}.{part:06d}".rstrip("0").rstrip(".")


def _turn(
    talk: Negotiation,
    table: Table,
    agent: Negotiator,
    account: Account,
    expires: int,
    now: int,
    tell: Tell,
) -> tuple[Negotiation, list[Said]]:
    said: list[Said] = []
    refused: tuple[str, ...] = ()
    for _ in range(ATTEMPTS):
        seen = replace(table, refused=refused)
        move = agent.reply(seen, talk) if talk.messages else agent.open(seen)
        if move is None or isinstance(move, Silence):
            said.append(Said(table.me, move.words if move else "", move.tokens if move else 0))
            break
        try:
            message = _message(talk, account, move, expires)
            heard = talk.receive(message, now)
        except Refused as error:
            refused = (*refused, f"{error.reason}: {error}")
            said.append(Said(table.me, move.words, move.tokens, refused[-1]))
            tell(
                EventKind.REFUSED,
                table.me,
                f"{table.me} is refused: {error}",
                {"reason": error.reason.value, "words": move.words},
            )
            continue
        said.append(Said(table.me, move.words, move.tokens))
        _tell(message, table, move.words, tell)
        return heard, said
    tell(EventKind.SILENCE, table.me, f"{table.me} ({table.names[table.me]}) is silent", {})
    return talk.silence(talk.deadline + 1), said


def _message(talk: Negotiation, account: Account, move: Move, expires: int) -> Message:
    if isinstance(move, Offer):
        return talk.offer(account, move.terms, expires)
    if isinstance(move, Agree):
        return talk.agree(account)
    assert_halt(move)
    return talk.halt(account)


def assert_halt(move: Move) -> None:
    """Raises TypeError unless the move is a Halt: an agent answered with something that is no move."""
    if not isinstance(move, Halt):
        raise TypeError(f"an agent answers with Offer, Agree, Halt, Silence or None; got {move!r}")


_KINDS: Final = {
    Kind.PROPOSE: EventKind.OFFER,
    Kind.COUNTER: EventKind.COUNTER,
    Kind.AGREE: EventKind.AGREE,
    Kind.HALT: EventKind.HALT,
}


def _tell(message: Message, table: Table, words: str, tell: Tell) -> None:
    who = f"{table.me} ({table.names[table.me]})"
    verb = {Kind.PROPOSE: "proposes", Kind.COUNTER: "counters", Kind.AGREE: "agrees", Kind.HALT: "halts"}[message.kind]
    text = f"{who} {verb}"
    fields: dict[str, object] = {"other": table.other, "words": words}
    if message.deal is not None:
        terms = message.deal.terms
        text += f": {describe(message.deal, table.names, table.accounts)}"
        fields |= {
            "payer": table.player(terms.payer),
            "payee": table.player(terms.payee),
            "payer_action": terms.payer_action,
            "payee_action": terms.payee_action,
            "share": percent(terms.price.at(0)),
            "most": percent(terms.price.most),
            "deposit": str(terms.deposit),
        }
    tell(_KINDS[message.kind], table.me, text, fields)


def _pair(tables: tuple[Table, Table]) -> str:
    return f"{tables[0].me} ({tables[0].names[tables[0].me]}) and {tables[1].me} ({tables[1].names[tables[1].me]})"
