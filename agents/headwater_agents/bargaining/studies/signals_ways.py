"""Ways to pay for signals: what a forecaster decides at a checkpoint, from what it knows by then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from headwater.chain.accounts import Account
from headwater.credit import NoCreditError, weights_from_credit
from headwater.deals import Negotiation, Status
from headwater.typed_data import Domain
from headwater.units import BPS, WAD
from headwater_agents.bargaining.studies.signals_advance import Advances, advance_of
from headwater_agents.bargaining.studies.signals_bargain import Quotes, Table, bargain
from headwater_deploy import DAY

Floats = npt.NDArray[np.float64]

QUESTION_TIME: Final = 3 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What a forecaster knows at a checkpoint.

    Attributes:
        period: number of the checkpoint, from 0.
        values: (n,) exact Shapley growth of each seller over the window, nats for each question it delivered to.
        errors: (n,) their standard errors over questions, nats; infinite below two deliveries.
        income: wei that a question passed on would have brought on average, on paper, at the stake it began with.
        kept: (n,) whether each seller delivered to every question of the period before.
    """

    period: int
    values: Floats
    errors: Floats
    income: float
    kept: tuple[bool, ...] = ()

    def fractions(self, caution: float = 0.0) -> tuple[int, ...]:
        """Each seller's part of all growth, WAD, summing to at most 1; all zero where nobody added any.

        With `caution`, a value counts less that many of its standard errors; the whole stays what it is.
        """
        try:
            whole = weights_from_credit(self.values, WAD)
        except NoCreditError:
            return (0,) * len(self.values)
        sure = np.divide(
            self.values - caution * self.errors if caution else self.values,
            self.values,
            out=np.zeros(len(self.values)),
            where=self.values > 0,
        )
        return tuple(share * int(max(part, 0.0) * BPS) // BPS for share, part in zip(whole, sure, strict=True))


@dataclass(frozen=True, slots=True)
class Paid:
    """What a checkpoint decided: a share (WAD) for each seller, and who is to deliver."""

    shares: tuple[int, ...]
    delivers: tuple[bool, ...]


class Way(Protocol):
    """A way to pay for signals."""

    def settle(self, books: Books) -> Paid:
        """Shares for the period that begins, of what the version passes on; they sum to at most WAD."""
        ...


@dataclass(frozen=True, slots=True)
class EqualShares:
    """Everything is passed on, to everybody alike."""

    def settle(self, books: Books) -> Paid:
        """1/n each."""
        n = len(books.values)
        return Paid(tuple(weights_from_credit(np.ones(n), WAD)), (True,) * n)


@dataclass(frozen=True, slots=True)
class CreditShares:
    """Everything is passed on, by Shapley value; alike where nobody has any."""

    def settle(self, books: Books) -> Paid:
        """In proportion to what is above 0."""
        shares = books.fractions()
        return Paid(shares, (True,) * len(shares)) if any(shares) else EqualShares().settle(books)


@dataclass(frozen=True, slots=True)
class Seller:
    """A seller's side: its account, what a signal costs it (wei), and how it asks.

    `ask` and `floor` are shares (WAD): the first it asks for, and the least it takes whatever its cost.
    """

    account: Account
    cost: int
    ask: int
    floor: int = 0

    def quotes(self, income: float, steps: int, part_bps: int = 0) -> Quotes:
        """From its ask down to what covers its cost at this income (wei a question), less the part paid up front."""
        needed = min(int(self.cost / income * BPS) + 1, BPS) * (WAD // BPS) if self.cost and income > 0 else 0
        limit = max(needed, self.floor)
        left = BPS - part_bps
        return Quotes(max(self.ask, limit) * left // BPS, -(-limit * left // BPS), steps)


@dataclass(slots=True)
class Negotiated:
    """Every seller is bargained with alone, for one period; no deal, no signal and no share.

    The forecaster's limit is the seller's part of all growth, less `caution` standard errors against guessers who were
    lucky. Together the shares never exceed what there is.
    """

    account: Account
    sellers: tuple[Seller, ...]
    domain: Domain
    clock: Callable[[], int]
    every: int
    steps: int = 5
    caution: float = 0.0
    advances: Advances | None = None
    part_bps: int = 0
    held: list[tuple[Negotiation, ...]] = field(default_factory=list)
    limits: list[tuple[tuple[int, int], ...]] = field(default_factory=list)

    def settle(self, books: Books) -> Paid:
        """Bargain with everybody; what is agreed is in the negotiations' deals, kept in `held`.

        `limits` keeps each pair's limits (forecaster's, seller's) for the analysis; neither saw the other's.
        """
        now = self.clock()
        table = Table(domain=self.domain, task=books.period, now=now, expires=now + (self.every + 1) * QUESTION_TIME)
        worth = books.fractions(self.caution) if books.income > 0 else (0,) * len(self.sellers)
        # What is paid up front is no longer the version's to pay.
        worth = tuple(most * (BPS - self.part_bps) // BPS for most in worth)
        asks = [seller.quotes(books.income, self.steps, self.part_bps) for seller in self.sellers]
        self.limits.append(tuple((most, quotes.limit) for most, quotes in zip(worth, asks, strict=True)))
        self.held.append(
            tuple(
                bargain(self.account, seller.account, Quotes(0, most, self.steps), quotes, table)
                for seller, most, quotes in zip(self.sellers, worth, asks, strict=True)
            )
        )
        shares = tuple(agreed_share(negotiation) for negotiation in self.held[-1])
        if self.advances is not None:
            self.advances.end(books.kept)
            self.advances.begin([advance_of(share, books.income, self.every, self.part_bps) for share in shares])
        return Paid(shares, tuple(negotiation.status is Status.AGREED for negotiation in self.held[-1]))


@dataclass(frozen=True, slots=True)
class Skimming:
    """Negotiates, and then announces a part (bps) of what it agreed to."""

    honest: Negotiated
    part_bps: int

    def settle(self, books: Books) -> Paid:
        """The shares that it announces; a seller compares them with its deal, and so delivers nothing."""
        agreed = self.honest.settle(books)
        return Paid(tuple(share * self.part_bps // BPS for share in agreed.shares), agreed.delivers)


def agreed_share(negotiation: Negotiation) -> int:
    """The share (WAD) of a negotiation that both signed; 0 of any other."""
    deal = negotiation.deal
    return 0 if deal is None or negotiation.signatures is None else deal.terms.price.at(0)
