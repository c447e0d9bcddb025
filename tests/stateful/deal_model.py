"""What the DealEscrow should do, in Python: which call is refused and why, and where every wei is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from headwater.deals import Price
from headwater.deals.twin import Verdict, share_of
from headwater.units import WAD

Side = tuple[int, int, int]
"""A deal of a task by (payer, payee, nonce); people are numbers."""


@dataclass
class Bound:
    """A deal: wei. Without a price it was barred before it was ever opened."""

    price: Price | None = None
    deposit: int = 0
    revision: int = 0
    barred: bool = False
    settled: bool = False
    verdict: Verdict | None = None

    @property
    def promised(self) -> int:
        """Of the payer's reward, WAD."""
        return 0 if self.price is None or self.deposit else self.price.most


@dataclass
class Job:
    """A task: wei and seconds."""

    number: int
    sponsor: int
    resolver: int
    pot: int
    deadline: int
    closed: bool = False
    finished: bool = False
    returned: bool = False
    rewards: dict[int, int] = field(default_factory=dict)
    deals: dict[Side, Bound] = field(default_factory=dict)
    nets: Counter[int] = field(default_factory=Counter)

    def is_open(self, now: int) -> bool:
        return not self.finished and now < self.deadline

    def is_over(self, now: int) -> bool:
        return not self.is_open(now)

    def committed(self, payer: int) -> int:
        """Sum of the most-shares of what the payer's reward backs, WAD."""
        return sum(deal.promised for (who, _, _), deal in self.deals.items() if who == payer)

    def unsettled(self, payer: int) -> int:
        """How many deals that the payer's reward backs wait."""
        mine = [deal for (who, _, _), deal in self.deals.items() if who == payer and deal.price is not None]
        return sum(deal.deposit == 0 and not deal.settled for deal in mine)


@dataclass
class Model:
    """Everybody's money, by person: in their pockets, free in the escrow, gone into the Cascade; wei."""

    pocket: list[int]
    free: list[int]
    flowed: list[int]
    jobs: list[Job] = field(default_factory=list)

    def owed(self) -> int:
        """What the escrow should hold."""
        locked = sum(deal.deposit for job in self.jobs for deal in job.deals.values() if not deal.settled)
        pots = sum(job.pot for job in self.jobs if not job.returned)
        nets = sum(sum(job.nets.values()) for job in self.jobs if job.finished)
        return sum(self.free) + locked + pots + nets

    # Each says why a call is refused, or None, in the contract's order

    def why_not_bind(
        self, job: Job, side: Side, revision: int, price: Price, deposit: int, forged: str, expired: bool, now: int
    ) -> str | None:
        old = job.deals.get(side, Bound())
        promised = job.committed(side[0]) - old.promised
        reasons = (
            (not job.is_open(now), "deals: task is not open"),
            (job.closed, "deals: judging has begun"),
            (expired, "deals: deal is expired"),
            (old.barred, "deals: deal is barred"),
            (revision == 0 and old.price is not None, "deals: deal was opened before"),
            (revision > 0 and old.price is None, "deals: no such deal"),
            (revision > 0 and revision != old.revision + 1, "deals: not the next revision"),
            (forged == "payer", "deals: invalid signature of the payer"),
            (forged == "payee", "deals: invalid signature of the payee"),
            (deposit == 0 and promised + price.most > WAD, "deals: the payer's reward is promised already"),
            (deposit > self.free[side[0]] + old.deposit, "deals: free balance too small"),
        )
        return first(reasons)

    def why_not_report(self, job: Job, who: int, rewards: dict[int, int], now: int) -> str | None:
        return first(
            (
                (not job.is_open(now), "deals: task is not open"),
                (who != job.resolver, "deals: caller is not the resolver"),
                (any(each in job.rewards for each in rewards), "deals: participant was reported"),
                (sum(job.rewards.values()) + sum(rewards.values()) > job.pot, "deals: rewards above the pot"),
            )
        )

    def why_not_settle(self, job: Job, side: Side, now: int) -> str | None:
        deal = job.deals.get(side, Bound())
        return first(
            (
                (job.is_open(now), "deals: task is neither finished nor lapsed"),
                (deal.price is None, "deals: no such deal"),
                (deal.settled, "deals: deal is settled"),
            )
        )

    # What an accepted call does

    def bind(self, job: Job, side: Side, revision: int, price: Price, deposit: int) -> None:
        old = job.deals.get(side, Bound())
        self.free[side[0]] += old.deposit - deposit
        job.deals[side] = Bound(price=price, deposit=deposit, revision=revision)

    def give_back(self, job: Job) -> None:
        """The pot's rest, or all of it, to the sponsor."""
        self.free[job.sponsor] += job.pot - (sum(job.rewards.values()) if job.finished else 0)
        job.returned = True
        if job.finished:
            job.nets.update(job.rewards)

    def settle(self, job: Job, side: Side) -> tuple[int, int, int]:
        """(share, paid, refunded)."""
        deal, (payer, payee, _) = job.deals[side], side
        assert deal.price is not None
        share = share_of(deal.price, deal.verdict if job.finished else None)
        paid = (deal.deposit or job.rewards.get(payer, 0)) * share // WAD
        deal.settled = True
        job.nets[payee] += paid
        if deal.deposit:
            self.free[payer] += deal.deposit - paid
            return share, paid, deal.deposit - paid
        job.nets[payer] -= paid
        return share, paid, 0

    def collect(self, job: Job, who: int, to_free: bool) -> int:
        amount = job.nets.pop(who, 0)
        (self.free if to_free else self.flowed)[who] += amount
        return amount


def first(reasons: tuple[tuple[bool, str], ...]) -> str | None:
    """The first reason that holds."""
    return next((reason for holds, reason in reasons if holds), None)
