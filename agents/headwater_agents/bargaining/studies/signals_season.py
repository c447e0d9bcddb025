"""One season in which forecasters pay for signals in different ways, on one chain, and what each side got of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from headwater.chain import Account, Backend, local_control
from headwater.deals import Negotiation, deals_domain
from headwater.typed_data import Domain
from headwater.units import WAD
from headwater_agents.bargaining.studies.signals_advance import Advances
from headwater_agents.bargaining.studies.signals_arms import PURSE, BuyerSettings, SignalBuyer
from headwater_agents.bargaining.studies.signals_config import (
    ADVANCE,
    ARMS,
    CAREFUL,
    CREDIT,
    EQUAL,
    SKIMS,
    TALKS,
    SignalsConfig,
)
from headwater_agents.bargaining.studies.signals_market import ECHO, NOISE, Market
from headwater_agents.bargaining.studies.signals_pay import ArmPay, SellerPay, SignalsSeason, check_deals
from headwater_agents.bargaining.studies.signals_ways import (
    QUESTION_TIME,
    CreditShares,
    EqualShares,
    Negotiated,
    Seller,
    Skimming,
    Way,
)
from headwater_agents.cooperative.onchain import play_payroll
from headwater_agents.cooperative.payroll import Payroll
from headwater_agents.cooperative.reconcile import Reconciliation, reconcile
from headwater_agents.durable.journal import Journal
from headwater_agents.lab.rain import RainWorld
from headwater_deploy import deals, plan

_SKIMMED_BPS: Final = 9_000
_CAUTION: Final = 1.0
_UP_FRONT_BPS: Final = 5_000
Progress = Callable[[int, int, str], None]


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
    advances = _advances(ways[ADVANCE])
    buyers = {arm: base.like(arm, way) for arm, way in ways.items()}
    payroll = play_payroll(backend, world, [*buyers.values()], config.payroll, journal, progress)
    advances.end(buyers[ADVANCE].kept())
    pay = reconcile(payroll)
    held = {arm: _talks(way) for arm, way in ways.items()}
    return SignalsSeason(
        config=config,
        payroll=payroll,
        pay=pay,
        arms=tuple(_arm_pay(buyers[arm], payroll, pay, costs, held[arm]) for arm in ARMS),
        advanced=tuple(advances.played),
        negotiations=held,
        limits={arm: _honest(way).limits for arm, way in ways.items() if isinstance(way, (Negotiated, Skimming))},
        checks=tuple(
            check
            for arm in (TALKS, ADVANCE, CAREFUL)
            for check in (
                *check_deals(payroll, pay, arm, market.names, config.every, held[arm]),
                *(advances.checks(arm) if arm == ADVANCE else ()),
            )
        ),
    )


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
    if arm == ADVANCE:
        way.part_bps = _UP_FRONT_BPS
        way.advances = Advances(
            backend=backend,
            escrow=domain.contract,
            payer=people[arm],
            steward=local_control(backend).dev_accounts(1)[0],
            sellers=tuple(seller.account for seller in sellers),
            term=(config.every + 1) * QUESTION_TIME,
        )
    return Skimming(way, _SKIMMED_BPS) if arm == SKIMS else way


def _advances(way: Way) -> Advances:
    if not isinstance(way, Negotiated) or way.advances is None:
        raise AssertionError("this way pays in advance")
    return way.advances


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
    way = buyer.way
    advances = way.advances if isinstance(way, Negotiated) else None
    advanced = (0,) * len(buyer.market.names) if advances is None else advances.paid()
    up_front = [] if advances is None else [talk for period in advances.played for talk in period.talks if talk]
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
                flowed=pay.paid[f"{arm}/{name}"],
                advanced=advanced[place],
            )
            for place, name in enumerate(buyer.market.names)
        ),
        messages=sum(len(negotiation.messages) for negotiation in (*talks, *up_front)),
        deals=sum(negotiation.deal is not None for negotiation in talks),
        talks=len(talks),
    )
