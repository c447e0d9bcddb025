"""One season in which forecasters pay for signals in different ways, on one chain, and what each side got of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from headwater.chain import Account, Backend, local_control
from headwater.chain.audit import Check
from headwater.deals import Negotiation, deals_domain, dump, load
from headwater.typed_data import Domain
from headwater.units import MAX_WEI, WAD
from headwater_agents.bargaining.errors import BargainError
from headwater_agents.bargaining.studies.signals_arms import (
    PURSE,
    BuyerSettings,
    CreditShares,
    EqualShares,
    Negotiated,
    Seller,
    SignalBuyer,
    Skimming,
    Way,
    agreed_share,
)
from headwater_agents.bargaining.studies.signals_market import ECHO, NOISE, Market
from headwater_agents.cooperative.onchain import play_payroll
from headwater_agents.cooperative.payroll import Payroll, PayrollConfig
from headwater_agents.cooperative.reconcile import Reconciliation, reconcile
from headwater_agents.durable.journal import Journal
from headwater_agents.lab.rain import RainWorld
from headwater_agents.runner.stage import SeasonConfig
from headwater_deploy import deals, plan

EQUAL, CREDIT, TALKS, CAREFUL, SKIMS = "equal", "credit", "negotiated", "careful", "skims"
ARMS: Final = (EQUAL, CREDIT, TALKS, CAREFUL, SKIMS)
"""Ways to pay: alike; by Shapley value; as negotiated; as negotiated by one that counts values a standard error lower;
as negotiated by one that then announces nine tenths of it."""

_SKIMMED_BPS: Final = 9_000
_CAUTION: Final = 1.0
_FREE_RIDERS: Final = (NOISE, ECHO)
Progress = Callable[[int, int, str], None]


def _season() -> SeasonConfig:
    usual = SeasonConfig(warm_up=2)
    return replace(usual, protocol=replace(usual.protocol, deals=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsConfig:
    """Settings of a season.

    Attributes:
        every: questions from one checkpoint to the next.
        members: ensemble members that sell; a guesser and an echo sell beside them.
        least_cost, most_cost: wei that a signal costs a member, drawn evenly from there.
        member_ask: the share (WAD) that members ask for first.
        noise_ask, noise_floor: the guesser's first and last demand, WAD; its signals cost nothing.
        echo_ask, echo_floor: likewise of the one who repeats the odds.
        steps: offers of each side, 2 to 500.
        payroll: how the season is played; its protocol has the DealEscrow.
    """

    every: int = 15
    members: int = 4
    least_cost: int = 3 * WAD
    most_cost: int = 25 * WAD
    member_ask: int = 60 * WAD // 100
    noise_ask: int = 50 * WAD // 100
    noise_floor: int = 20 * WAD // 100
    echo_ask: int = 30 * WAD // 100
    echo_floor: int = 5 * WAD // 100
    steps: int = 5
    payroll: PayrollConfig = field(default_factory=lambda: PayrollConfig(season=_season()))

    def __post_init__(self) -> None:
        if self.every < 1 or not 2 <= self.steps <= 500:
            raise BargainError(f"every {self.every}, steps {self.steps}; accepted: 1 or more, and 2 to 500")
        if not 0 <= self.least_cost <= self.most_cost <= MAX_WEI:
            raise BargainError(f"costs from {self.least_cost} to {self.most_cost} wei; accepted: 0 or more, in order")
        shares = (self.member_ask, self.noise_floor, self.noise_ask, self.echo_floor, self.echo_ask)
        if not all(0 <= share <= WAD for share in shares):
            raise BargainError(f"shares are from 0 to {WAD} (WAD)")
        if not self.payroll.season.protocol.deals:
            raise BargainError("signals are negotiated for a DealEscrow: the season's protocol needs deals = True")


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerPay:
    """A seller under one forecaster: questions it delivered to, what that cost it, and what it was paid; wei."""

    name: str
    delivered: int
    cost: int
    paid: int

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
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every comparison agrees exactly."""
        return self.pay.ok and all(check.ok for check in self.checks)


def play_signals(
    backend: Backend,
    world: RainWorld,
    config: SignalsConfig,
    journal: Journal,
    rng: np.random.Generator,
    progress: Progress = lambda done, total, text: None,
) -> SignalsSeason:
    """Play the world's questions with one forecaster for each way of paying, all with the same sellers and archive.

    Args:
        backend: a fresh chain whose clock can be moved.
        world: questions, and the archive in which everybody delivers samples before the first deal.
        config: settings.
        journal: where commitments are kept.
        rng: draws costs and the guesser's seed.
        progress: called with (questions done, all questions, what is being done).

    Raises BargainError, SeasonError, ChainError.
    """
    season = config.payroll.season
    market = Market.fresh(config.members, world.k, season.rule, season.rent_bps, int(rng.integers(2**32)))
    # Whole thousandths of a token, so that a float never decides a wei.
    drawn = rng.uniform(config.least_cost / WAD, config.most_cost / WAD, config.members)
    costs = [*(round(float(cost) * 1_000) * (WAD // 1_000) for cost in drawn), 0, 0]
    settings = BuyerSettings(
        every=config.every, wager=config.payroll.wager, stake=season.stake, keep_bps=config.payroll.keep_bps
    )
    base = SignalBuyer("archive", market, EqualShares(), settings)
    progress(0, len(world.questions), "learning from the archive")
    base.rehearse(world.archive)
    people = _people(backend, base)
    governor = local_control(backend).dev_accounts(1)[0]
    found = deals(plan(governor.address, backend.nonce(governor.address), season.protocol))
    if found is None:
        raise AssertionError("the config has deals")
    domain = deals_domain(backend.chain_id, found.escrow)
    ways = {arm: _way(arm, config, people, domain, backend, market.names, costs) for arm in ARMS}
    buyers = {arm: base.like(arm, way) for arm, way in ways.items()}
    payroll = play_payroll(backend, world, [*buyers.values()], config.payroll, journal, progress)
    pay = reconcile(payroll)
    held = {arm: _talks(way) for arm, way in ways.items()}
    return SignalsSeason(
        config=config,
        payroll=payroll,
        pay=pay,
        arms=tuple(_arm_pay(buyers[arm], payroll, pay, costs, held[arm]) for arm in ARMS),
        negotiations=held,
        limits={arm: _honest(way).limits for arm, way in ways.items() if isinstance(way, (Negotiated, Skimming))},
        checks=tuple(
            check
            for arm in (TALKS, CAREFUL)
            for check in check_deals(payroll, pay, arm, market.names, config.every, held[arm])
        ),
    )


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


def _people(backend: Backend, base: SignalBuyer) -> dict[str, Account]:
    # As `set_stage` hands out accounts: governor and keeper, then the staking, then their leaves.
    leaves = [name.removeprefix(f"{base.name}/") for name in base.members]
    names = [*ARMS, *(f"{arm}/{leaf}" for arm in ARMS for leaf in leaves)]
    accounts = local_control(backend).dev_accounts(2 + len(names))[2:]
    return dict(zip(names, accounts, strict=True))


def _way(
    arm: str,
    config: SignalsConfig,
    people: dict[str, Account],
    domain: Domain,
    backend: Backend,
    names: tuple[str, ...],
    costs: list[int],
) -> Way:
    if arm == EQUAL:
        return EqualShares()
    if arm == CREDIT:
        return CreditShares()
    demands = {NOISE: (config.noise_ask, config.noise_floor), ECHO: (config.echo_ask, config.echo_floor)}
    sellers = tuple(
        Seller(people[f"{arm}/{name}"], cost, *demands.get(name, (config.member_ask, 0)))
        for name, cost in zip(names, costs, strict=True)
    )
    caution = _CAUTION if arm == CAREFUL else 0.0
    way = Negotiated(people[arm], sellers, domain, backend.now, config.every, config.steps, caution)
    return Skimming(way, _SKIMMED_BPS) if arm == SKIMS else way


def _honest(way: Negotiated | Skimming) -> Negotiated:
    return way.honest if isinstance(way, Skimming) else way


def _talks(way: Way) -> list[tuple[Negotiation, ...]]:
    return list(_honest(way).held) if isinstance(way, (Negotiated, Skimming)) else []


def _arm_pay(
    buyer: SignalBuyer, payroll: Payroll, pay: Reconciliation, costs: list[int], held: list[tuple[Negotiation, ...]]
) -> ArmPay:
    arm = buyer.name
    nets = [play.nets[arm] for play in payroll.plays if arm in play.nets]
    talks = [negotiation for period in held for negotiation in period]
    return ArmPay(
        arm=arm,
        won=sum(nets),
        staked=len(nets),
        purse=pay.paid[f"{arm}/{PURSE}"],
        sellers=tuple(
            SellerPay(
                name=name,
                delivered=buyer.delivered[place],
                cost=costs[place] * buyer.delivered[place],
                paid=pay.paid[f"{arm}/{name}"],
            )
            for place, name in enumerate(buyer.market.names)
        ),
        messages=sum(len(negotiation.messages) for negotiation in talks),
        deals=sum(negotiation.deal is not None for negotiation in talks),
        talks=len(talks),
    )
