"""What a task settles to, in integers: the DealEscrow's arithmetic beside it, exact to the wei.

base  = deposit, or the payer's reward if there is none
share = price(observed) if both kept the deal, its largest if only the payee did, 0 if the payee did not
paid  = floor(base · share / 10¹⁸), refunded = deposit − paid
net   = reward + what deals paid in − what its reward paid out,      returned = pot − Σ rewards
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from headwater.deals.deal import MAX_REVISION, Deal
from headwater.deals.errors import DealError
from headwater.deals.price import MAX_STATE, Price
from headwater.units import MAX_WEI, WAD

_KEPT: Final = 192
_REVISION: Final = 194


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a resolver says of a deal: who kept it, the state it observed, and which revision it judged.

    Raises DealError for a state below 0 or from 2^192 on, a revision below 0 or from 2^32 on.
    """

    payer_kept: bool
    payee_kept: bool
    observed: int = 0
    revision: int = 0

    def __post_init__(self) -> None:
        for name, value, most in (("state", self.observed, MAX_STATE), ("revision", self.revision, MAX_REVISION)):
            if type(value) is not int or not 0 <= value <= most:
                raise DealError(f"{name} {value}; accepted: whole numbers from 0, below 2^{most.bit_length()}")

    @property
    def word(self) -> int:
        """As the contract takes it: observed (192 bits) | payer kept | payee kept | revision (32)."""
        kept = self.payer_kept << _KEPT | self.payee_kept << (_KEPT + 1)
        return self.observed | kept | self.revision << _REVISION


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What a deal came to: the share (WAD), wei to the payee, wei of the deposit back to the payer."""

    share: int
    paid: int
    refunded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What a task came to, all in wei.

    Attributes:
        paid: of each deal, in the order given.
        nets: account → what it can collect; whoever nets nothing is left out.
        refunds: payer → what comes back of deposits; likewise.
        returned: of the pot, to the sponsor.
    """

    paid: tuple[Paid, ...]
    nets: Mapping[str, int]
    refunds: Mapping[str, int]
    returned: int


def share_of(price: Price, verdict: Verdict | None) -> int:
    """The share (WAD) in force under a verdict; None if nobody judged."""
    if verdict is None or not verdict.payee_kept:
        return 0
    return price.at(verdict.observed) if verdict.payer_kept else price.most


def settle_task(
    pot: int,
    rewards: Mapping[str, int],
    deals: Sequence[tuple[Deal, Verdict | None]],
    *,
    finished: bool = True,
) -> Settlement:
    """What a task with this pot (wei), these rewards (account → wei) and these deals in force settles to.

    A task that is not finished lapses: all goes back, whatever was reported. A verdict counts for every deal it is
    given with. Raises DealError for what the contract would not have let happen: rewards below 0 or above the pot, a
    payer whose reward is promised beyond 100%.
    """
    if not 0 <= pot <= MAX_WEI or any(reward < 0 for reward in rewards.values()) or sum(rewards.values()) > pot:
        raise DealError(f"rewards of {sum(rewards.values())} wei out of a pot of {pot}; accepted: 0 to the pot")
    promised: Counter[str] = Counter()
    for deal, _ in deals:
        if deal.terms.deposit == 0:
            promised[deal.terms.payer] += deal.terms.price.most
    if any(share > WAD for share in promised.values()):
        raise DealError("somebody's reward is promised beyond 100%")
    nets: Counter[str] = Counter(dict(rewards)) if finished else Counter()
    refunds: Counter[str] = Counter()
    found = []
    for deal, verdict in deals:
        terms = deal.terms
        share = share_of(terms.price, verdict if finished else None)
        paid = (terms.deposit or rewards.get(terms.payer, 0)) * share // WAD
        if terms.deposit:
            refunds[terms.payer] += terms.deposit - paid
        else:
            nets[terms.payer] -= paid
        nets[terms.payee] += paid
        found.append(Paid(share=share, paid=paid, refunded=terms.deposit - paid if terms.deposit else 0))
    return Settlement(
        paid=tuple(found),
        nets={account: net for account, net in nets.items() if net},
        refunds={payer: back for payer, back in refunds.items() if back},
        returned=pot - sum(rewards.values()) if finished else pot,
    )
