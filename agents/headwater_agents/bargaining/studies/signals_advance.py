"""A part of the price up front: locked in the DealEscrow, and the seller's if it delivered to the whole period.

A forecaster and a seller who agree that a share s of what is passed on is the price split it: the version names
(1 − a)·s, and a·s of what the period is expected to pass on becomes the deposit of a deal of its own, with a price of
100%. If expectations are right it comes to the same on average; it hangs less on whether the forecaster wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from headwater.chain import Account, Backend
from headwater.chain.artifacts import load
from headwater.chain.audit import Check
from headwater.chain.client import Contract
from headwater.deals import (
    DealDesk,
    DealEscrow,
    Limits,
    Negotiation,
    Payout,
    Price,
    Terms,
    Verdict,
    dump,
    id_of,
    settle_task,
)
from headwater.deals import load as judged
from headwater.units import WAD

LOCKS, DELIVERS = "lock the advance", "deliver to every question"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advanced:
    """The advances of one period: its task, each seller's negotiation (None: no advance), and what the resolver saw."""

    task: int
    talks: tuple[Negotiation | None, ...]
    kept: tuple[bool, ...]


@dataclass(slots=True)
class Advances:
    """One forecaster's advances, period after period; `played` are the finished ones.

    `steward` opens the tasks, says at their end who delivered, and lends what is locked: the stake stays whole.
    """

    backend: Backend
    escrow: str
    payer: Account
    steward: Account
    sellers: tuple[Account, ...]
    term: int
    played: list[Advanced] = field(default_factory=list)
    running: tuple[int, tuple[Negotiation | None, ...]] | None = None
    _ready: bool = False

    def begin(self, amounts: Sequence[int]) -> None:
        """Open a period's task and, for every amount above 0 (wei), a signed deal that locks it."""
        now = self.backend.now()
        desk = self._desk(self.payer)
        if not self._ready:
            desk.approve()
            for seller in self.sellers:
                self._desk(seller).set_payout(Payout.FREE)
            self._ready = True
        self._lend(desk, sum(amounts))
        salt = len(self.played).to_bytes(12, "big") + bytes.fromhex(self.payer.address[2:])
        task = self._desk(self.steward).open_task(0, self.steward.address, now + 2 * self.term, salt)
        talks = tuple(
            self._talk(task, seller, amount, now) if amount else None
            for seller, amount in zip(self.sellers, amounts, strict=True)
        )
        for talk in talks:
            if talk is not None and talk.deal is not None and talk.signatures is not None:
                desk.open_deal(talk.deal, talk.signatures)
        self.running = task, talks

    def end(self, kept: tuple[bool, ...]) -> None:
        """Judge the running period by who delivered to all of it, and settle; nothing happens if none runs."""
        if self.running is None:
            return
        task, talks = self.running
        desk = self._desk(self.steward)
        verdicts = {
            id_of(talk.deal): Verdict(payer_kept=True, payee_kept=there)
            for talk, there in zip(talks, kept, strict=True)
            if talk is not None and talk.deal is not None
        }
        desk.report(task, {}, verdicts)
        desk.finish(task, task.to_bytes(32, "big"))
        desk.wind_up(task)
        self.played.append(Advanced(task=task, talks=talks, kept=kept))
        self.running = None

    def paid(self) -> tuple[int, ...]:
        """Wei that each seller's advances came to, by the twin, from the transcripts alone: judged again as loaded."""
        found = [0] * len(self.sellers)
        for period in self.played:
            for place, (talk, there) in enumerate(zip(period.talks, period.kept, strict=True)):
                again = None if talk is None else judged(dump(talk))
                if again is not None and again.deal is not None and again.signatures is not None:
                    verdict = Verdict(payer_kept=True, payee_kept=there)
                    found[place] += settle_task(0, {}, [(again.deal, verdict)]).paid[0].paid
        return tuple(found)

    def checks(self, arm: str) -> list[Check]:
        """Holds each seller's free balance at the escrow against its signed advances, and what is locked against 0."""
        reader = DealEscrow(self.backend, self.escrow)
        due = self.paid()
        everybody = (self.payer, *self.sellers)
        free = [reader.balance(account.address).free for account in everybody]
        return [
            *(
                Check(what=f"{arm}: advances of seller {place}", expected=amount, actual=free[place + 1])
                for place, amount in enumerate(due)
            ),
            Check(what=f"{arm}: what the escrow owes to its parties", expected=sum(free), actual=reader.owed()),
        ]

    def _desk(self, account: Account) -> DealDesk:
        return DealDesk(DealEscrow(self.backend, self.escrow), account)

    def _lend(self, desk: DealDesk, needed: int) -> None:
        missing = needed - desk.escrow.balance(self.payer.address).free
        if missing > 0:
            address = desk.escrow.contract.call("TOKEN")
            token = Contract(self.backend, address, load("HeadwaterToken").abi, name="HeadwaterToken")
            token.send("transfer", self.payer.address, missing, sender=self.steward)
            desk.deposit(missing)

    def _talk(self, task: int, seller: Account, amount: int, now: int) -> Negotiation:
        # What it comes to was agreed with the share; here it is signed.
        negotiation = Negotiation.between(
            self.payer.address,
            seller.address,
            DealEscrow(self.backend, self.escrow).domain,
            task,
            0,
            Limits(rounds=1),
            now=now,
            choices={self.payer.address: (LOCKS,), seller.address: (DELIVERS,)},
        )
        terms = Terms(
            payer=self.payer.address,
            payee=seller.address,
            payer_action=LOCKS,
            payee_action=DELIVERS,
            price=Price.fixed(WAD),
            deposit=amount,
        )
        negotiation = negotiation.receive(negotiation.offer(self.payer, terms, now + self.term), now)
        return negotiation.receive(negotiation.agree(seller), now).countersigned(self.payer)


def advance_of(share: int, income: float, questions: int, part_bps: int) -> int:
    """Wei up front for a share (WAD) that is left to the version: a/(1 − a) · share · income · questions.

    `income` in wei a question; whole thousandths of a token, so that a float never decides a wei.
    """
    whole = round(income / WAD * 1_000) * (WAD // 1_000)
    return max(whole, 0) * questions * share // WAD * part_bps // (10_000 - part_bps)
