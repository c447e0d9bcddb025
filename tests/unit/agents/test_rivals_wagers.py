"""The two self-financed rivals: published figures, zero sums, and the properties their papers prove."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.units import WAD
from headwater_agents.lab.mechanisms import make
from headwater_agents.lab.mechanisms.kelly_market import kelly_market
from headwater_agents.lab.mechanisms.weighted_score import brier, weighted_score

WAGERS = st.lists(st.integers(1, 10**24), min_size=1, max_size=6)
CHANCE = st.integers(WAD // 100, 99 * WAD // 100)


def with_utility(wagers, scores, paid, utility=1_000):
    """Raja et al. add a client's utility to the weighted-score profit, by score and wager among those whom it pays."""
    nets = weighted_score([wager * WAD for wager in wagers], [score * WAD // 10_000 for score in scores], WAD)
    backed = sum(wager * score for wager, score, pays in zip(wagers, scores, paid, strict=True) if pays)
    parts = [wager * score * pays / backed for wager, score, pays in zip(wagers, scores, paid, strict=True)]
    return [net / WAD + utility * part for net, part in zip(nets, parts, strict=True)]


def test_reproduces_the_profits_of_three_forecasters():
    """A. Raja, P. Pinson, J. Kazempour, S. Grammatico, "A market for trading forecasts: a wagering mechanism" (Int. J.
    of Forecasting 40, 2024), Table 1a: wagers of 100, scores .943, .845, .483; the third is below the client's score,
    so its loss of 27.40 is the weighted-score rule alone. Lambert et al. (EC 2008) themselves print no figures.

    The client's utility is not printed; all profits of Tables 1a and 2 agree with 1,000.
    """
    profits = with_utility([100, 100, 100], [9_430, 8_450, 4_830], [True, True, False])
    assert profits == pytest.approx([546, 481.39, -27.40], abs=0.006)


def test_reproduces_the_profits_of_a_split_identity():
    """Same paper, Table 2: forecaster 2 as one identity, and as two with wagers of 40 and 60."""
    real = with_utility([100, 100], [9_430, 8_450], [True, True])
    fake = with_utility([100, 40, 60], [9_430, 8_450, 8_450], [True, True, True])
    assert real == pytest.approx([532.30, 467.69], abs=0.011)
    assert fake == pytest.approx([532.30, 187.07, 280.61], abs=0.011)


def test_reproduces_the_quadratic_score_of_the_paper():
    """Lambert et al. (EC 2008), Table 1: a profit of m_i · (Σ m_j (x − r_j)² / Σ m_j − (x − r_i)²)."""
    wagers, reports = [3, 5, 8], [Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)]
    for outcome in (0, 1):
        scores = [brier((int((1 - each) * WAD), int(each * WAD)), outcome) for each in reports]
        losses = [(outcome - each) ** 2 for each in reports]
        mean = sum(wager * loss for wager, loss in zip(wagers, losses, strict=True)) / sum(wagers)
        exact = [wager * WAD * (mean - loss) for wager, loss in zip(wagers, losses, strict=True)]
        nets = weighted_score([wager * WAD for wager in wagers], scores, WAD * WAD)
        assert all(abs(net - each) < 3 for net, each in zip(nets, exact, strict=True))


def test_reproduces_riskless_profit_between_others_reports():
    """Y. Chen, N. Devanur, D. Pennock, J. Wortman Vaughan, "Removing Arbitrage from Wagering Mechanisms" (EC 2014),
    section 3: reporting the others' mean, weighted by wagers, profits alike whatever comes. An identity of the paper:
    the profit is w (W − w) / W times the others' variance, here 2 · 4 / 6 · 0.3².
    """
    reports = [(WAD - each * WAD // 10, each * WAD // 10) for each in (5, 2, 8)]
    profits = [
        weighted_score([2 * WAD, 2 * WAD, 2 * WAD], [brier(each, outcome) for each in reports], WAD * WAD)[0]
        for outcome in (0, 1)
    ]
    assert profits[0] == profits[1] == 2 * 4 * 9 * WAD // 600


@given(wagers=WAGERS, data=st.data(), outcome=st.integers(0, 1))
def test_weighted_score_is_zero_sum_and_loses_no_more_than_a_wager(wagers, data, outcome):
    firsts = data.draw(st.lists(CHANCE, min_size=len(wagers), max_size=len(wagers)))
    scores = [brier((WAD - first, first), outcome) for first in firsts]
    nets = weighted_score(wagers, scores, WAD * WAD)
    assert sum(nets) == 0
    assert all(net >= -wager for net, wager in zip(nets, wagers, strict=True))


def test_reproduces_a_published_update_of_wealth():
    """The README of the package Wealth, an implementation of arXiv:1201.6655: three equal fortunes, beliefs .6, .5, .8,
    and the event happens: fortunes of 0.3157894736842105, 0.2631578947368421 and 0.42105263157894735.
    """
    third = 10**24
    nets = kelly_market([third] * 3, [6, 5, 8])
    wealth = [(third + net) / (3 * third) for net in nets]
    assert wealth == pytest.approx([0.3157894736842105, 0.2631578947368421, 0.42105263157894735], rel=1e-15)


@pytest.mark.parametrize("outcomes", [(1, 1, 0), (0, 0, 0, 0, 1), (1,) * 7])
def test_reproduces_the_papers_price_as_a_beta_posterior(outcomes):
    """Beygelzimer et al.: with wealth spread evenly over beliefs, the price updates like a Beta distribution, so that
    after k of n it is (k + 1) / (n + 2). An identity of the paper, which simulates it; 999 beliefs stand for all.
    """
    beliefs = range(1, 1_000)
    wealth = [10**24] * len(beliefs)
    for outcome in outcomes:
        nets = kelly_market(wealth, [each if outcome else 1_000 - each for each in beliefs])
        wealth = [each + net for each, net in zip(wealth, nets, strict=True)]
    price = sum(each * belief for each, belief in zip(wealth, beliefs, strict=True)) / 1_000 / sum(wealth)
    assert price == pytest.approx((sum(outcomes) + 1) / (len(outcomes) + 2), abs=1e-3)


@given(belief=CHANCE, other=CHANCE)
def test_the_multiplier_is_what_the_kelly_bet_at_the_price_returns(belief, other):
    """Kelly bets (p − P) / (1 − P) of wealth at a price P < p; if the event comes that returns wealth · p / P."""
    favoured, doubted = max(belief, other), min(belief, other)
    price = Fraction(favoured + doubted, 2 * WAD)
    p = Fraction(favoured, WAD)
    bet = (p - price) / (1 - price)
    after = 1 - bet + bet / price
    net = kelly_market([10**24, 10**24], [favoured, doubted])[0]
    assert abs(Fraction(net, 10**24) - (after - 1)) < Fraction(3, 10**24)


@given(wagers=WAGERS, data=st.data())
def test_kelly_market_is_zero_sum_and_loses_no_more_than_a_wager(wagers, data):
    chances = data.draw(st.lists(CHANCE, min_size=len(wagers), max_size=len(wagers)))
    nets = kelly_market(wagers, chances)
    assert sum(nets) == 0
    assert all(net >= -wager for net, wager in zip(nets, wagers, strict=True))


@pytest.mark.parametrize("name", ["weighted_score", "kelly_market"])
def test_a_lone_forecaster_neither_gains_nor_loses(name):
    mechanism = make(name)
    mechanism.enroll("one", 10 * WAD)
    question = mechanism.open().question
    mechanism.commit(question, "one", (WAD // 10, 9 * WAD // 10), 5 * WAD)
    mechanism.seal()
    assert mechanism.resolve(question, 1).nets == {"one": 0}


@pytest.mark.parametrize("name", ["weighted_score", "kelly_market"])
@pytest.mark.parametrize("outcome", [0, 1])
def test_splitting_a_wager_gains_no_more_than_dust(name, outcome):
    totals = []
    for parts in ((30,), (10, 20), (1, 2, 27)):
        mechanism = make(name)
        bets = [("other", 41, (WAD // 3, WAD - WAD // 3))]
        bets += [(f"part{index}", each, (WAD // 7, WAD - WAD // 7)) for index, each in enumerate(parts)]
        for each, wager, _ in bets:
            mechanism.enroll(each, wager * WAD)
        question = mechanism.open().question
        for each, wager, report in bets:
            mechanism.commit(question, each, report, wager * WAD)
        mechanism.seal()
        nets = mechanism.resolve(question, outcome).nets
        totals.append(-nets["other"])
    assert max(totals) - min(totals) <= 3
    assert abs(totals[0]) > WAD
