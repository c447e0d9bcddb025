"""Predictoor: figures that Ocean's own contract tests assert, and who is right."""

import pytest

from headwater.units import WAD
from headwater_agents.lab.mechanisms import EMISSION, make
from headwater_agents.lab.mechanisms.predictoor import payouts

UP, DOWN, EVEN = (WAD // 4, 3 * WAD // 4), (3 * WAD // 4, WAD // 4), (WAD // 2, WAD // 2)


def test_reproduces_the_payout_of_the_only_predictoor():
    """oceanprotocol/contracts, test/unit/datatokens/ERC20Template3.test.js, "#payout - predictoor should get paid".

    A subscription of 2 tokens over 300 epochs and a stake of 1, right: 1 + 2 / 300; the epoch's revenue is
    6666666666666666 wei ("#redeemUnusedSlotRevenue", same file).
    """
    revenue = 2 * WAD // 300
    assert revenue == 6_666_666_666_666_666
    assert payouts([WAD], [True], revenue) == [WAD + 6_666_666_666_666_666]
    assert payouts([WAD], [True], revenue)[0] / WAD == pytest.approx(1 + 2 / 300, rel=1e-15)


def test_reproduces_the_published_revenue_of_an_epoch():
    """docs.predictoor.ai, "Earn as a Predictoor": a price of 3 OCEAN, 5-minute epochs, 24 hours: 3 / (1440 / 5) each.

    The pages publish the rule, and this revenue; shared 1 : 3 by two right ones, with a wrong one's stake of 4.
    """
    revenue = 3 * WAD // (1440 // 5)
    paid = payouts([WAD, 3 * WAD, 4 * WAD], [True, True, False], revenue)
    assert [each / WAD for each in paid] == pytest.approx([2 + 3 / 288 / 4, 6 + 9 / 288 / 4, 0], rel=1e-15)


def test_winners_get_stakes_in_proportion_as_the_contracts_test_states():
    """Same contract test, "multiple predictoor compete and some gets paid": stake / winners' stake · all stake."""
    assert payouts([10, 20, 30, 60], [True, False, True, False], 0) == [30, 0, 90, 0]


def test_all_wrong_lose_everything_and_no_revenue_is_paid():
    """Same contract test, "all predictoors are slashed, feeCollector gets the stakes"."""
    assert payouts([10, 20], [False, False], 1_000) == [0, 0]
    mechanism = make("predictoor")
    mechanism.enroll("one", 10 * WAD)
    question = mechanism.open().question
    mechanism.commit(question, "one", DOWN, 4 * WAD)
    mechanism.seal()
    assert mechanism.resolve(question, 1).nets == {"one": -4 * WAD}
    assert mechanism.emitted() == -4 * WAD


@pytest.mark.parametrize(
    ("report", "outcome", "right"), [(UP, 1, True), (UP, 0, False), (DOWN, 0, True), (EVEN, 1, True)]
)
def test_a_report_stands_for_the_side_it_thinks_likelier(report, outcome, right):
    mechanism = make("predictoor")
    mechanism.enroll("one", 10 * WAD)
    question = mechanism.open().question
    mechanism.commit(question, "one", report, WAD)
    mechanism.seal()
    assert mechanism.resolve(question, outcome).nets == {"one": EMISSION if right else -WAD}


def test_a_favourite_of_the_odds_pays_whoever_copies_them():
    """Winner-pays is blind to the odds: on a question at 3 : 1, their copier is right three times in four."""
    mechanism = make("predictoor", emission=0)
    for name in ("copier", "contrarian"):
        mechanism.enroll(name, 100 * WAD)
    for outcome in (1, 1, 0, 1):
        question = mechanism.open(1, UP).question
        mechanism.commit(question, "copier", UP, 5 * WAD)
        mechanism.commit(question, "contrarian", DOWN, 5 * WAD)
        mechanism.seal()
        mechanism.resolve(question, outcome)
    assert mechanism.wealth("copier") == 110 * WAD
    assert mechanism.emitted() == 0
