"""What a season of signal prices came to, and how its pay is held against the signed deals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from headwater.chain.audit import Check
from headwater.deals import Negotiation, dump, load
from headwater.units import WAD
from headwater_agents.bargaining.studies.signals_advance import Advanced
from headwater_agents.bargaining.studies.signals_config import SignalsConfig
from headwater_agents.bargaining.studies.signals_market import ECHO, NOISE
from headwater_agents.bargaining.studies.signals_ways import agreed_share
from headwater_agents.cooperative.payroll import Payroll
from headwater_agents.cooperative.reconcile import Reconciliation

_FREE_RIDERS: Final = (NOISE, ECHO)


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerPay:
    """A seller under one forecaster: questions it delivered to, what that cost it, and what it got; wei.

    `flowed` to it through the cascade, `advanced` at the DealEscrow.
    """

    name: str
    delivered: int
    cost: int
    flowed: int
    advanced: int

    @property
    def paid(self) -> int:
        """All it got, wei."""
        return self.flowed + self.advanced

    @property
    def free_rides(self) -> bool:
        """Whether what it sells says nothing."""
        return self.name in _FREE_RIDERS


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmPay:
    """What one forecaster's way of paying came to; wei.

    Attributes:
        arm: the way.
        won: sum of its nets in the arena; less what sellers got is what the forecaster has of it.
        staked: questions it staked on.
        purse: what the cascade paid to its own purse.
        sellers: in the market's order.
        messages, deals, talks: messages said; negotiations that ended in a deal, and all of them.
    """

    arm: str
    won: int
    staked: int
    purse: int
    sellers: tuple[SellerPay, ...]
    messages: int
    deals: int
    talks: int

    @property
    def forecaster(self) -> int:
        """What is left to the forecaster: in its stake and its purse."""
        return self.won - sum(seller.paid for seller in self.sellers)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsSeason:
    """A played season: what the chain holds, who talked about what, and every comparison to the wei."""

    config: SignalsConfig
    payroll: Payroll
    pay: Reconciliation
    arms: tuple[ArmPay, ...]
    negotiations: dict[str, list[tuple[Negotiation, ...]]]
    limits: dict[str, list[tuple[tuple[int, int], ...]]]
    advanced: tuple[Advanced, ...]
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every comparison agrees exactly."""
        return self.pay.ok and all(check.ok for check in self.checks)


def check_deals(
    payroll: Payroll,
    pay: Reconciliation,
    arm: str,
    sellers: tuple[str, ...],
    every: int,
    held: list[tuple[Negotiation, ...]],
) -> list[Check]:
    """Holds what the chain announced and paid against the signed deals alone, as their transcripts tell them.

    Each transcript is judged again: every rule, every signature. For each question, the version that it was bound to
    gives each seller its agreed share; each seller's balance is Σ over versions of floor(released · share / 10¹⁸).
    """
    agreed = [tuple(agreed_share(load(dump(negotiation))) for negotiation in period) for period in held]
    announced = {made.version: made for made in payroll.announced(arm)}
    of_version: dict[int, tuple[int, ...]] = {}
    checks = []
    for index, play in enumerate(payroll.plays):
        if arm not in play.bound:
            continue
        shares, version = agreed[index // every], play.bound[arm]
        leaves = {leaf.child: leaf.weight for leaf in announced[version].leaves or ()}
        for seller, share in zip(sellers, shares, strict=True):
            checks.append(
                Check(
                    what=f"{arm}, question {play.question}: {seller}'s share in the version (WAD)",
                    expected=share,
                    actual=leaves.get(payroll.address(f"{arm}/{seller}"), 0),
                )
            )
        of_version[version] = shares
    released = {each.version: each.released for each in pay.versions if each.cooperative == arm}
    for place, seller in enumerate(sellers):
        checks.append(
            Check(
                what=f"{arm}/{seller}: balance by its deals",
                expected=sum(released.get(version, 0) * shares[place] // WAD for version, shares in of_version.items()),
                actual=payroll.stage.system.balance(payroll.address(f"{arm}/{seller}")),
            )
        )
    return checks
