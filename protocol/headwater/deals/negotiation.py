"""The negotiation: a state machine over signed messages, immutable, with a bound and an end for every run.

    nothing offered --propose--> offered --counter--> offered --agree--> AGREED
    any of them --halt--> HALTED (DEADLOCKED if the last round's offer was refused)
    any of them --the other says nothing in time--> SILENT

The two speak in turn. A round is an offer and its answer; when all rounds are used up, the offer on the table can only
be taken or left. So a negotiation of R rounds ends with at most R + 1 messages, no later than (R + 1) reply windows
after it was opened.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

from headwater.chain.accounts import Account
from headwater.deals.deal import MAX_REVISION, MAX_TIME, MAX_WORD, Deal
from headwater.deals.errors import DealError, Reason, Refused
from headwater.deals.message import OFFERS, ZERO, Kind, Message, negotiation_id, write_message
from headwater.deals.price import whole
from headwater.deals.rules import check_message
from headwater.deals.terms import Terms, checked_address, checked_number
from headwater.typed_data import Domain

MAX_ROUNDS: Final = 1_000


class Status(StrEnum):
    """Where a negotiation stands; all but OPEN are ends."""

    OPEN = "open"
    AGREED = "agreed"
    HALTED = "halted"
    DEADLOCKED = "deadlocked"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a negotiation: offers in all, 1 to 1,000, and seconds for each message, 1 or more."""

    rounds: int = 10
    reply_window: int = 600

    def __post_init__(self) -> None:
        if not whole(self.rounds) or not 1 <= self.rounds <= MAX_ROUNDS:
            raise DealError(f"rounds: {self.rounds}; accepted: 1 to {MAX_ROUNDS}")
        if not whole(self.reply_window) or not 1 <= self.reply_window <= MAX_TIME:
            raise DealError(f"reply window: {self.reply_window}; accepted: whole seconds, 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiation:
    """Two parties' bargaining over one deal. Begin with `between`; `receive` and `silence` give its next form.

    Attributes:
        first, second: the parties; the negotiation's id depends on their order.
        domain: of the escrow that the deal is for.
        task, nonce: of the deal.
        limits: bounds of this revision.
        choices: what `first` and `second` may do; None if anything goes.
        revision: of the deal that is sought; 0 at first.
        opener: the party that speaks first.
        opened: when it began, in seconds.
        messages: accepted so far, and `heard`, when each was (seconds).
        status: where it stands.
        ended: when it ended (seconds); None while it is open.
        earlier: the negotiation whose deal this one renews, or None.
    """

    first: str
    second: str
    domain: Domain
    task: int
    nonce: int
    limits: Limits
    choices: tuple[frozenset[str] | None, frozenset[str] | None]
    revision: int
    opener: str
    opened: int
    messages: tuple[Message, ...] = ()
    heard: tuple[int, ...] = ()
    status: Status = Status.OPEN
    ended: int | None = None
    earlier: Negotiation | None = None

    @classmethod
    def between(
        cls,
        first: str,
        second: str,
        domain: Domain,
        task: int,
        nonce: int,
        limits: Limits | None = None,
        *,
        now: int,
        choices: Mapping[str, Collection[str]] | None = None,
    ) -> Self:
        """An open negotiation in which nothing has been said; `first` is to propose, from `now` (seconds) on.

        `choices` names the actions each party may take; of a party that it leaves out, any. Raises Refused (PARTY,
        AMOUNT), DealError for choices of somebody else.
        """
        checked_address("first party", first)
        checked_address("second party", second)
        if first == second:
            raise Refused(Reason.PARTY, "the parties of a negotiation are two")
        checked_number("task", task, MAX_WORD)
        checked_number("nonce", nonce, MAX_WORD)
        checked_number("now, in seconds", now, MAX_TIME)
        given = dict(choices or {})
        if not given.keys() <= {first, second}:
            raise DealError("choices are those of the two parties")
        allowed = [frozenset(given[party]) if party in given else None for party in (first, second)]
        return cls(
            first=first,
            second=second,
            domain=domain,
            task=task,
            nonce=nonce,
            limits=limits or Limits(),
            choices=(allowed[0], allowed[1]),
            revision=0,
            opener=first,
            opened=now,
        )

    # What can be read off it

    @property
    def id(self) -> bytes:
        """Its hash, 32 bytes; the same for all revisions."""
        return negotiation_id(self.task, self.first, self.second, self.nonce)

    @property
    def turn(self) -> str | None:
        """Who is to speak; None when it has ended."""
        if self.status is not Status.OPEN:
            return None
        return self.opener if not self.messages else self.other(self.messages[-1].sender)

    @property
    def table(self) -> Deal | None:
        """The offer that waits for an answer."""
        return self.messages[-1].deal if self.messages and self.status is Status.OPEN else None

    @property
    def rounds(self) -> int:
        """Offers made so far."""
        return sum(message.kind in OFFERS for message in self.messages)

    @property
    def sequence(self) -> int:
        """The next message's number; a renewal counts on."""
        return len(self.messages) + (0 if self.earlier is None else self.earlier.sequence)

    @property
    def previous(self) -> bytes:
        """Digest of the last message, of an earlier revision if need be; zero before the first."""
        if self.messages:
            return self.messages[-1].digest
        return ZERO if self.earlier is None else self.earlier.previous

    @property
    def deadline(self) -> int:
        """Until when whoever is to speak has to be heard, in seconds."""
        return (self.heard[-1] if self.heard else self.opened) + self.limits.reply_window

    @property
    def deal(self) -> Deal | None:
        """The deal in force: agreed here, or else in the negotiation that this one renews."""
        if self.status is Status.AGREED:
            return self.messages[-1].deal
        return None if self.earlier is None else self.earlier.deal

    @property
    def signatures(self) -> tuple[bytes, bytes] | None:
        """The payer's and the payee's signatures on the deal in force, 65 bytes each, as the escrow takes them."""
        if self.status is not Status.AGREED:
            return None if self.earlier is None else self.earlier.signatures
        agreed, offered = self.messages[-1], self.messages[-2]
        if agreed.deal is not None and agreed.sender == agreed.deal.terms.payer:
            return agreed.deal_signature, offered.deal_signature
        return offered.deal_signature, agreed.deal_signature

    def firm(self, now: int) -> tuple[Deal, ...]:
        """Offers whose time is not over at `now` (seconds), oldest first, whatever was said since.

        Whoever got one may still bring it to the escrow: the first of one payer and payee that arrives is the deal. So
        an agreed deal is brought there at once, or its offers expire soon.
        """
        offers = (message.deal for message in self.messages if message.kind in OFFERS)
        return tuple(deal for deal in offers if deal is not None and now <= deal.expires)

    def other(self, party: str) -> str:
        """The other party. Raises Refused (PARTY)."""
        if party not in (self.first, self.second):
            raise Refused(Reason.PARTY, f"{party} is not one of the two parties")
        return self.second if party == self.first else self.first

    def allowed(self, party: str) -> frozenset[str] | None:
        """What a party may do; None if anything goes. Raises Refused (PARTY)."""
        return self.choices[self.other(party) == self.first]

    def said(self, message: Message) -> bool:
        """Whether the same was said before, in any revision, however it was signed."""
        begun = 0 if self.earlier is None else self.earlier.sequence
        if message.sequence < begun:
            return self.earlier is not None and self.earlier.said(message)
        at = message.sequence - begun
        return at < len(self.messages) and self.messages[at].digest == message.digest

    # How it goes on

    def receive(self, message: Message, now: int) -> Self:
        """The negotiation after this message, heard at `now` (seconds; no earlier than what came before).

        Raises:
            Refused: with the first reason that applies; this negotiation is what it was.
        """
        now = self._after(now)
        check_message(self, message, now)
        status = Status.OPEN
        if message.kind is Kind.AGREE:
            status = Status.AGREED
        elif message.kind is Kind.HALT:
            status = Status.DEADLOCKED if self.rounds == self.limits.rounds else Status.HALTED
        return replace(
            self,
            messages=(*self.messages, message),
            heard=(*self.heard, now),
            status=status,
            ended=None if status is Status.OPEN else now,
        )

    def silence(self, now: int) -> Self:
        """SILENT if nobody spoke in time, judged at `now` (seconds); otherwise the same negotiation."""
        now = self._after(now)
        if self.status is Status.OPEN and now > self.deadline:
            return replace(self, status=Status.SILENT, ended=now)
        return self

    def renewed(self, opener: str, now: int, limits: Limits | None = None) -> Self:
        """A negotiation over the next revision of the deal in force, opened by either party; messages count on.

        Until the two agree, the deal in force stays. Raises DealError if this one has not ended or no deal is in
        force, Refused (PARTY, AMOUNT).
        """
        deal = self.deal
        if self.status is Status.OPEN or deal is None:
            raise DealError("only a deal in force is renegotiated, when nothing else is being negotiated")
        self.other(opener)
        now = self._after(checked_number("now, in seconds", now, MAX_TIME))
        checked_number("revision", deal.revision + 1, MAX_REVISION)
        return replace(
            self,
            revision=deal.revision + 1,
            limits=limits or self.limits,
            opener=opener,
            opened=now,
            messages=(),
            heard=(),
            status=Status.OPEN,
            ended=None,
            earlier=self,
        )

    # What to say in it

    def offer(self, account: Account, terms: Terms, expires: int) -> Message:
        """The account's next offer, signed: a proposal if nothing is on the table, a counter-offer otherwise.

        It is firm until `expires` (seconds). Raises Refused (AMOUNT).
        """
        deal = Deal(terms, self.task, self.nonce, self.revision, expires)
        return self._write(account, Kind.COUNTER if self.messages else Kind.PROPOSE, deal)

    def agree(self, account: Account) -> Message:
        """The account's agreement to the offer on the table, signed. Raises Refused (KIND) if there is none."""
        if self.table is None:
            raise Refused(Reason.KIND, "there is no offer to agree to")
        return self._write(account, Kind.AGREE, self.table)

    def halt(self, account: Account) -> Message:
        """The account's end of it, signed."""
        return self._write(account, Kind.HALT, None)

    def _write(self, account: Account, kind: Kind, deal: Deal | None) -> Message:
        return write_message(account, self.domain, self.id, self.sequence, self.previous, kind, deal)

    def _after(self, now: int) -> int:
        # Clocks that are set back do not undo what was heard.
        last = self.ended if self.ended is not None else self.heard[-1] if self.heard else self.opened
        return max(now, last)
