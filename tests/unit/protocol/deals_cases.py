"""Two bargaining parties, and what is to be said between them."""

from __future__ import annotations

from dataclasses import replace

from headwater.chain.accounts import Account
from headwater.deals import Kind, Limits, Message, Negotiation, Price, Terms, deals_domain
from headwater.deals.deal import sign_digest
from headwater.units import WAD

FIRST, SECOND, OTHER, ESCROW = (Account.derive(6, index) for index in range(4))
DOMAIN = deals_domain(31337, ESCROW.address)
LIMITS = Limits(rounds=3, reply_window=60)
NOW, EXPIRES = 1_000, 5_000
CHOICES = {FIRST.address: ("door", "lever"), SECOND.address: ("door", "lever")}


def terms(share: int = 55 * WAD // 100, deposit: int = 0) -> Terms:
    """The first pays the second for the lever."""
    return Terms(
        payer=FIRST.address,
        payee=SECOND.address,
        payer_action="door",
        payee_action="lever",
        price=Price.fixed(share),
        deposit=deposit,
    )


def fresh(limits: Limits = LIMITS, nonce: int = 0) -> Negotiation:
    """Nothing said; the first is to speak."""
    return Negotiation.between(FIRST.address, SECOND.address, DOMAIN, 7, nonce, limits, now=NOW, choices=CHOICES)


def offered(share: int = 55 * WAD // 100, limits: Limits = LIMITS) -> Negotiation:
    """An offer of the first is on the table."""
    negotiation = fresh(limits)
    return negotiation.receive(negotiation.offer(FIRST, terms(share), EXPIRES), NOW + 1)


def taken() -> Negotiation:
    """The second took it; the first has not countersigned."""
    negotiation = offered()
    return negotiation.receive(negotiation.agree(SECOND), NOW + 2)


def agreed() -> Negotiation:
    """The second took it and the first countersigned: the deal is both's."""
    return taken().countersigned(FIRST)


def resigned(message: Message, account: Account, **changes: object) -> Message:
    """The message with some fields changed, signed again by the account; if it agrees, its deal as well."""
    changed = replace(message, **changes)  # type: ignore[arg-type]
    deal_signature = b""
    if changed.kind is Kind.AGREE and changed.deal is not None:
        deal_signature = changed.deal.sign(account, changed.domain)
    return replace(changed, signature=sign_digest(account, changed.digest), deal_signature=deal_signature)
