"""Signal prices: how they are found, what they rest on, and who delivers for them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.chain.accounts import Account
from headwater.credit import pooled_growth_game, shapley
from headwater.deals import Status, deals_domain
from headwater.units import WAD
from headwater_agents.bargaining.errors import BargainError
from headwater_agents.bargaining.studies.signals import signals_study
from headwater_agents.bargaining.studies.signals_advance import advance_of
from headwater_agents.bargaining.studies.signals_arms import BuyerSettings, SignalBuyer
from headwater_agents.bargaining.studies.signals_bargain import Quotes, Table, bargain
from headwater_agents.bargaining.studies.signals_config import SignalsConfig
from headwater_agents.bargaining.studies.signals_market import Market
from headwater_agents.bargaining.studies.signals_value import contributions, measured
from headwater_agents.bargaining.studies.signals_ways import (
    Books,
    CreditShares,
    EqualShares,
    Negotiated,
    Seller,
    Skimming,
    Way,
    agreed_share,
)
from headwater_agents.lab.cast import OddsRule
from headwater_agents.lab.rain import load_rain
from headwater_agents.policies import WagerConfig

BUYER, SELLER, ESCROW, *OTHERS = (Account.derive(60, index) for index in range(6))
DOMAIN = deals_domain(31337, ESCROW.address)
TABLE = Table(domain=DOMAIN, task=3, now=1_000, expires=2_000)
SETTINGS = BuyerSettings(every=5, wager=WagerConfig(), stake=100_000 * WAD, keep_bps=1_000)
WORLD = load_rain().window(12, start=300, burn_in=60)

shares = st.integers(0, WAD)


@given(shares, shares, shares, shares, st.integers(2, 6))
@settings(max_examples=30, deadline=None)
def test_a_share_is_agreed_just_where_both_limits_allow_one(
    most: int, bid: int, least: int, ask: int, steps: int
) -> None:
    bids, asks = Quotes(min(bid, most), most, steps), Quotes(max(ask, least), least, steps)
    ended = bargain(BUYER, SELLER, bids, asks, TABLE)
    assert len(ended.messages) <= 2 * steps + 1
    if most >= least and most > 0:
        assert ended.status is Status.AGREED
        assert least <= agreed_share(ended) <= most
    else:
        assert ended.deal is None
        assert ended.status is (Status.HALTED if most == 0 else Status.DEADLOCKED)


def test_who_would_pay_nothing_says_so_at_once() -> None:
    ended = bargain(BUYER, SELLER, Quotes(0, 0, 5), Quotes(WAD, 1, 5), TABLE)
    assert (ended.status, len(ended.messages)) == (Status.HALTED, 1)


def test_question_by_question_values_sum_to_the_exact_shapley_value() -> None:
    rng = np.random.default_rng(4)
    signals, odds = rng.dirichlet(np.ones(2), (30, 4)), np.full((30, 2), 0.5)
    game = pooled_growth_game(signals, odds, rng.integers(0, 2, 30), pool="evidence", weights=[0.3, 0.1, 0.0, 0.4])
    added = contributions(game)
    assert added.shape == (4, 30)
    np.testing.assert_allclose(added.sum(axis=1), shapley(game).values, atol=1e-12)
    assert not added[2].any()


def test_who_never_delivered_is_worth_nothing_and_nobody_is_sure_of_it() -> None:
    added = np.array([[1.0, 3.0, 5.0], [1.0, 2.0, 3.0], [9.0, 9.0, 9.0]])
    came = np.array([[True, True, True], [True, False, False], [False, False, False]])
    values, errors = measured(added, came)
    np.testing.assert_allclose(values, [3.0, 1.0, 0.0])
    np.testing.assert_allclose(errors, [2 / np.sqrt(3), np.inf, np.inf])


def test_parts_of_all_growth_never_exceed_the_whole_and_caution_lowers_them() -> None:
    books = Books(period=0, values=np.array([3.0, 1.0, -2.0]), errors=np.array([1.0, 2.0, 1.0]), income=5.0)
    assert sum(books.fractions()) == WAD
    assert books.fractions() == (pytest.approx(3 * WAD / 4), pytest.approx(WAD / 4), 0)
    assert books.fractions(1.0)[1:] == (0, 0)
    assert books.fractions(1.0)[0] == pytest.approx(WAD // 2, rel=1e-3)
    nothing = replace(books, values=np.array([-1.0, 0.0, 0.0]))
    assert nothing.fractions() == (0, 0, 0)
    assert CreditShares().settle(nothing) == EqualShares().settle(nothing)


def negotiated(cost: int, floor: int = 0) -> Negotiated:
    accounts = [Account.derive(61, index) for index in range(4)]
    return Negotiated(
        BUYER, tuple(Seller(each, cost, WAD // 2, floor) for each in accounts), DOMAIN, lambda: 1_000, SETTINGS.every
    )


def rehearsed(way: Way) -> SignalBuyer:
    buyer = SignalBuyer("archive", Market.fresh(2, 2, OddsRule(), 25, 7), EqualShares(), SETTINGS)
    buyer.rehearse(WORLD.archive)
    return buyer.like("arm", way)


def test_an_echo_is_worth_nothing_and_gets_no_deal_and_cheap_members_get_one() -> None:
    way = negotiated(cost=WAD)
    buyer = rehearsed(way)
    weights = buyer.weights()
    assert sum(weights) == WAD
    assert buyer.books().values[3] == pytest.approx(0.0, abs=1e-12)
    assert weights[3] == 0
    deal = way.held[0][0].deal
    assert deal is not None
    assert weights[0] == deal.terms.price.at(0) > 0


def test_a_seller_whose_cost_is_above_its_worth_does_not_sell() -> None:
    buyer = rehearsed(negotiated(cost=10**6 * WAD))
    assert buyer.weights() == (0, 0, 0, 0, WAD)
    buyer.forecast(WORLD.questions[0])
    buyer.learn(WORLD.questions[0])
    assert buyer.delivered == [0, 0, 0, 0]


def test_sellers_withhold_from_who_announces_less_than_it_signed() -> None:
    way = Skimming(negotiated(cost=WAD), 9_999)
    buyer = rehearsed(way)
    assert 0 < sum(buyer.weights()[:4]) < sum(agreed_share(each) for each in way.honest.held[0])
    belief = buyer.forecast(WORLD.questions[0])
    np.testing.assert_allclose(belief, np.array(buyer.odds) / WAD)
    honest = rehearsed(negotiated(cost=WAD))
    honest.weights()
    assert abs(honest.forecast(WORLD.questions[0]) - belief).max() > 0.01


def test_prices_are_negotiated_anew_at_every_checkpoint_and_stand_in_between() -> None:
    way = negotiated(cost=WAD)
    buyer = rehearsed(way)
    announced = []
    for day in WORLD.questions:
        announced.append(buyer.weights())
        buyer.forecast(day)
        buyer.learn(day)
    assert [len(set(announced[start : start + 5])) for start in (0, 5, 10)] == [1, 1, 1]
    assert [[each.task for each in period] for period in way.held] == [[0] * 4, [1] * 4, [2] * 4]


def test_no_price_or_forecast_reads_what_has_not_fallen_yet() -> None:
    *before, last = WORLD.questions
    seen = []
    for day in (last, replace(last, rain=99.0, outcome=1 - last.outcome)):
        buyer = rehearsed(negotiated(cost=WAD))
        told: list[object] = []
        for each in before:
            told += [buyer.weights(), tuple(buyer.forecast(each))]
            buyer.learn(each)
        seen.append([*told, buyer.weights(), tuple(buyer.forecast(day))])
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    "changes",
    [
        {"every": 0},
        {"steps": 1},
        {"steps": 501},
        {"least_cost": 2, "most_cost": 1},
        {"member_ask": WAD + 1},
        {"noise_floor": -1},
    ],
)
def test_settings_out_of_range_are_refused(changes: dict[str, int]) -> None:
    with pytest.raises(BargainError, match=r"accepted|shares are"):
        SignalsConfig(**changes)  # type: ignore[arg-type]


def test_a_share_and_its_advance_come_to_what_the_whole_share_would() -> None:
    assert advance_of(WAD // 4, 100.0 * WAD, 10, 5_000) == 250 * WAD
    assert advance_of(WAD // 5, 100.0 * WAD, 10, 2_000) == 50 * WAD
    assert advance_of(WAD // 4, -1.0, 10, 5_000) == 0


@given(shares, st.integers(0, 9_000), st.floats(1e18, 1e24), st.integers(0, 10**24))
@settings(max_examples=30, deadline=None)
def test_what_is_paid_up_front_lowers_a_sellers_quotes_by_as_much(
    ask: int, part_bps: int, income: float, cost: int
) -> None:
    seller = Seller(SELLER, cost, ask)
    whole, left = seller.quotes(income, 5), seller.quotes(income, 5, part_bps)
    for before, after in ((whole.opening, left.opening), (whole.limit, left.limit)):
        assert abs(after - before * (10_000 - part_bps) / 10_000) <= 1 + before * 1e-15


def test_settings_without_an_escrow_of_deals_are_refused() -> None:
    payroll = SignalsConfig().payroll
    without = replace(payroll, season=replace(payroll.season, protocol=replace(payroll.season.protocol, deals=False)))
    with pytest.raises(BargainError, match="deals = True"):
        SignalsConfig(payroll=without)


@pytest.mark.parametrize("numbers", [{"windows": 1}, {"questions": 0}, {"seed": -1}])
def test_studies_of_no_size_are_refused(numbers: dict[str, int]) -> None:
    with pytest.raises(BargainError, match="accepted"):
        signals_study(**numbers)  # type: ignore[arg-type]


def test_a_market_has_one_to_eleven_members() -> None:
    for members in (0, 12):
        with pytest.raises(BargainError, match="1 to 11"):
            Market.fresh(members, 2, OddsRule(), 25, 1)
