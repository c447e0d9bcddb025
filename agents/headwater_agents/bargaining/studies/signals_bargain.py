"""How a buyer and a seller of signals come to a share: alternating signed offers, each conceding to its own limit.

    quote_k = opening + (limit − opening) · k // (steps − 1),   k = 0 … steps − 1     (Faratin et al. 1998, β = 1)

A party takes what is no worse than its own next quote; when no offer is left, what is no worse than its limit. Neither
knows the other's limit. With `steps` offers each, a share that both limits allow is always found.
"""

from __future__ import annotations

from dataclasses import dataclass

from headwater.chain.accounts import Account
from headwater.deals import Limits, Message, Negotiation, Price, Status, Terms
from headwater.typed_data import Domain

BUYS, SELLS = "name the seller in the version", "deliver a signal to each question"


@dataclass(frozen=True, slots=True)
class Quotes:
    """What one side asks in turn: shares in WAD from `opening` to `limit`, in `steps` offers (2 or more)."""

    opening: int
    limit: int
    steps: int

    def at(self, k: int) -> int:
        """The k-th quote, from 0; the limit from the last step on."""
        return self.opening + (self.limit - self.opening) * min(k, self.steps - 1) // (self.steps - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Where and when they meet: whose signatures count (domain), for which period (task), from when (s), until when."""

    domain: Domain
    task: int
    now: int
    expires: int


def bargain(buyer: Account, seller: Account, bids: Quotes, asks: Quotes, table: Table) -> Negotiation:
    """The whole negotiation, ended; countersigned if they agree.

    The buyer speaks first; one that would pay nothing at all halts at once.
    """
    limits = Limits(rounds=bids.steps + asks.steps)
    negotiation = Negotiation.between(
        buyer.address,
        seller.address,
        table.domain,
        table.task,
        0,
        limits,
        now=table.now,
        choices={buyer.address: (BUYS,), seller.address: (SELLS,)},
    )
    sides = ((buyer, bids, 1), (seller, asks, -1))
    while negotiation.status is Status.OPEN:
        said = len(negotiation.messages)
        message = _next(negotiation, (buyer, seller), *sides[said % 2], said // 2, table.expires)
        negotiation = negotiation.receive(message, table.now)
    if negotiation.author is None:
        return negotiation
    return negotiation.countersigned(buyer if negotiation.author == buyer.address else seller)


def _next(
    negotiation: Negotiation,
    parties: tuple[Account, Account],
    speaker: Account,
    quotes: Quotes,
    sign: int,
    k: int,
    expires: int,
) -> Message:
    # `sign` is 1 for the buyer, to whom less is better, and -1 for the seller.
    last = negotiation.rounds >= negotiation.limits.rounds
    if negotiation.table is not None:
        offered = negotiation.table.terms.price.most
        if sign * offered <= sign * (quotes.limit if last else quotes.at(k)):
            return negotiation.agree(speaker)
    if last or (sign > 0 and quotes.limit <= 0):
        return negotiation.halt(speaker)
    buyer, seller = parties
    terms = Terms(
        payer=buyer.address,
        payee=seller.address,
        payer_action=BUYS,
        payee_action=SELLS,
        price=Price.fixed(quotes.at(k)),
    )
    return negotiation.offer(speaker, terms, expires)
