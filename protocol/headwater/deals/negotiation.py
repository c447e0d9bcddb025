"""The negotiation: a state machine over signed messages, immutable, with a bound and an end for every run.

    nothing offered --propose--> offered --counter--> offered --agree--> AGREED
    any of them --halt--> HALTED (DEADLOCKED if the last round's offer was refused)
    any of them --the other says nothing in time--> SILENT

The two speak in turn. A round is an offer and its answer; when all rounds are used up, the offer on the table can only
be taken or left. So a negotiation of R rounds ends with at most R + 1 messages, no later than (R + 1) reply windows
after it was opened.

Whoever offers signs the message, not the Deal. Whoever agrees signs the Deal; then the author of the offer that was
taken countersigns it. So both sign the agreed deal and no other, and no earlier offer can be brought to the escrow.
AGREED is the machine's last word; on the chain the deal binds when it is countersigned. An author that does not
countersign has walked away: nothing was acted on, nothing is owed. That is its last option, until the Deal `expires`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Self

from headwater.chain.accounts import Account
from headwater.deals.deal import MAX_REVISION, MAX_TIME, MAX_WORD, Deal
from headwater.deals.errors import DealError, Reason, Refused
from headwater.deals.limits import Limits, Status
from headwater.deals.message import OFFERS, ZERO, Kind, Message, negotiation_id, write_message
from headwater.deals.rules import check_message
from headwater.deals.terms import Terms, checked_address, checked_number
from headwater.typed_data import Domain


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
        countersignature: the author's on the agreed deal, 65 bytes; empty until it is there (`countersigned`).
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
    countersignature: bytes = b""

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
        """The payer's and the payee's on the deal in force, 65 bytes each; None until it is countersigned."""
        if self.status is not Status.AGREED:
            return None if self.earlier is None else self.earlier.signatures
        if not self.countersignature:
            return None
        agreed = self.messages[-1]
        if agreed.deal is not None and agreed.sender == agreed.deal.terms.payer:
            return agreed.deal_signature, self.countersignature
        return self.countersignature, agreed.deal_signature

    @property
    def author(self) -> str | None:
        """Whose offer was taken, who is to countersign; None unless it is agreed."""
        return self.other(self.messages[-1].sender) if self.status is Status.AGREED else None

    def firm(self, now: int) -> tuple[Deal, ...]:
        """Offers whose time is not over at `now` (seconds), oldest first, whatever was said since.

        None can be opened after the fact: no Deal is signed but the one agreed to. Whoever is to countersign that
        has both signatures first, and may bring it or let it lie until it expires, or until the other bars it.
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

    def countersigned(self, by: Account | bytes) -> Self:
        """The agreed negotiation with its author's signature on the deal: signed by that account, or as it came.

        The same negotiation if it was there. Raises Refused: KIND if nothing is agreed here, DEAL_SIGNATURE for what
        is not the author's, in the form that the escrow takes.
        """
        author, deal = self.author, self.deal
        if author is None or deal is None:
            raise Refused(Reason.KIND, "there is no agreed deal to countersign")
        signature = by if isinstance(by, bytes) else deal.sign(by, self.domain)
        deal.check(author, signature, self.domain)
        return self if self.countersignature else replace(self, countersignature=signature)

    def renewed(self, opener: str, now: int, limits: Limits | None = None) -> Self:
        """A negotiation over the next revision of the deal in force, opened by either party; messages count on.

        Until the two agree, the deal in force stays. Raises DealError if this one has not ended, or no deal is in
        force or it is not countersigned; Refused (PARTY, AMOUNT).
        """
        deal = self.deal
        if self.status is Status.OPEN or deal is None or self.signatures is None:
            raise DealError("only a countersigned deal in force is renegotiated, when nothing else is negotiated")
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
            countersignature=b"",
        )

    # What to say in it

    def offer(self, account: Account, terms: Terms, expires: int) -> Message:
        """The account's next offer, signed: a proposal if nothing is on the table, a counter-offer otherwise.

        It can be agreed to, and as a deal opened, until `expires` (seconds). The deal is not signed. Raises Refused
        (AMOUNT).
        """
        deal = Deal(terms, self.task, self.nonce, self.revision, expires)
        return self._write(account, Kind.COUNTER if self.messages else Kind.PROPOSE, deal)

    def agree(self, account: Account) -> Message:
        """Its agreement to the offer on the table, message and deal signed. Raises Refused (KIND) if there is none."""
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
