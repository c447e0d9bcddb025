"""Signals are negotiated, announced, delivered and paid on a chain, and every wei follows from the signed deals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from headwater.chain import connect, local_control
from headwater.deals import DealEscrow, Status
from headwater.units import WAD
from headwater_agents.bargaining.studies.signals import signals_grids, signals_study
from headwater_agents.bargaining.studies.signals_advance import Advances
from headwater_agents.bargaining.studies.signals_config import ADVANCE, ARMS, SKIMS, TALKS, SignalsConfig
from headwater_agents.bargaining.studies.signals_market import Market
from headwater_agents.bargaining.studies.signals_pay import SignalsSeason, check_deals
from headwater_agents.bargaining.studies.signals_season import play_signals
from headwater_agents.durable.journal import Journal
from headwater_agents.lab.rain import load_rain
from headwater_deploy import ProtocolConfig, deploy

EVERY = 3
CONFIG = SignalsConfig(every=EVERY, members=2)
WORLD = load_rain().window(6, start=400, burn_in=80)


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignalsSeason]:
    journal = tmp_path_factory.mktemp("signals") / "journal.sqlite"
    with closing(connect("revm", seed=1)) as backend, closing(Journal(journal)) as kept:
        yield play_signals(backend, WORLD, CONFIG, kept, np.random.default_rng(5))


def test_what_was_paid_is_what_was_agreed_to_the_wei(season: SignalsSeason) -> None:
    assert [check.what for check in (*season.checks, *season.pay.checks) if not check.ok] == []
    negotiated = next(arm for arm in season.arms if arm.arm == TALKS)
    assert negotiated.staked > 0
    assert sum(seller.paid for seller in negotiated.sellers) > 0
    for seller in negotiated.sellers:
        assert seller.paid == season.payroll.stage.system.balance(season.payroll.address(f"{TALKS}/{seller.name}"))
    assert any(check.actual > 0 for check in season.checks if "share in the version" in check.what)


def test_deals_that_were_not_signed_do_not_explain_what_was_paid(season: SignalsSeason) -> None:
    held = season.negotiations[TALKS]
    assert any(negotiation.status is Status.AGREED for negotiation in held[0])
    others = [tuple(reversed(period)) for period in held]
    sellers = tuple(seller.name for seller in season.arms[0].sellers)
    checks = check_deals(season.payroll, season.pay, TALKS, sellers, EVERY, others)
    assert not all(check.ok for check in checks)


def test_the_market_knows_the_odds_that_the_chain_shows(season: SignalsSeason) -> None:
    rules = CONFIG.payroll.season
    market = Market.fresh(2, 2, rules.rule, rules.rent_bps, 1)
    for play in season.payroll.plays:
        odds = market.question(0).odds
        assert tuple(play.odds) == odds
        market = market.learnt(odds, play.day)


def test_a_forecaster_that_announces_less_than_it_signed_gets_no_signal_and_wins_nothing(season: SignalsSeason) -> None:
    skims = next(arm for arm in season.arms if arm.arm == SKIMS)
    assert skims.deals > 0
    assert (skims.won, skims.staked) == (0, 0)
    assert [seller.delivered for seller in skims.sellers] == [0] * len(skims.sellers)


def test_free_riders_are_paid_by_equal_shares_and_not_by_negotiation(season: SignalsSeason) -> None:
    paid = {arm.arm: sum(seller.paid for seller in arm.sellers if seller.free_rides) for arm in season.arms}
    assert paid["equal"] > 0
    assert paid[TALKS] == 0


def test_half_up_front_is_paid_by_the_escrow_and_half_by_the_cascade(season: SignalsSeason) -> None:
    arm = next(arm for arm in season.arms if arm.arm == ADVANCE)
    assert len(season.advanced) == 2
    for place, seller in enumerate(arm.sellers):
        deals = [period.talks[place] for period in season.advanced if period.kept[place]]
        assert seller.advanced == sum(talk.deal.terms.deposit for talk in deals if talk and talk.deal)
    assert sum(seller.advanced for seller in arm.sellers) > 0
    assert sum(seller.flowed for seller in arm.sellers) > 0


def test_who_did_not_deliver_to_the_whole_period_gets_no_advance() -> None:
    with closing(connect("revm", seed=1)) as backend:
        steward, payer, *sellers = local_control(backend).dev_accounts(4)
        found = deploy(backend, steward, ProtocolConfig(registries=False, covenants=False, genesis_supply=100 * WAD))
        assert found.deals is not None
        advances = Advances(
            backend=backend,
            escrow=found.deals.escrow,
            payer=payer,
            steward=steward,
            sellers=tuple(sellers),
            term=1_000,
        )
        advances.begin((3 * WAD, 5 * WAD))
        advances.end((True, False))
        advances.begin((7 * WAD, 0))
        advances.end((False, True))
        assert advances.paid() == (3 * WAD, 0)
        assert [check.what for check in advances.checks("arm") if not check.ok] == []
        # Five came back, seven were locked of it: two were lent anew, and all seven came back.
        assert DealEscrow(backend, found.deals.escrow).balance(payer.address).free == 7 * WAD


def test_the_study_is_the_same_whoever_repeats_it_and_fills_its_tables() -> None:
    told: list[str] = []
    record = signals_study(
        CONFIG, windows=2, questions=2, chain="revm", progress=lambda done, total, text: told.append(f"{done}/{total}")
    )
    assert record["failed"] == []
    assert told[-1] == "4/4"
    assert record == signals_study(CONFIG, windows=2, questions=2, chain="revm")
    grids = signals_grids(record)
    assert [len(grid.rows) for grid in grids] == [len(ARMS), len(ARMS) - 1, 4]
    for grid in grids:
        assert all(len(row) == len(grid.columns) for row in grid.rows)
    assert sum(row["share_wad"] for row in record["seasons"][0]["deals"][:4]) <= WAD
