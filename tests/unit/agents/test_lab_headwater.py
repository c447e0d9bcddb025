"""Headwater behind the lab's verbs: the contracts decide, the mechanism only carries moves to them."""

from __future__ import annotations

import pytest

from headwater.twin import Scale, capacity, growth, net
from headwater.units import WAD
from headwater_agents.lab.mechanisms import LabError, Odds, Refused, Split, make
from headwater_agents.lab.mechanisms.headwater import HeadwaterMechanism

HIGH: Odds = (WAD // 4, 3 * WAD // 4)
STAKE = 1_000 * WAD


@pytest.fixture
def headwater() -> HeadwaterMechanism:
    made = HeadwaterMechanism(warm_up=0, sides=1, buffer=0)
    for name in ("one", "two"):
        made.enroll(name, STAKE)
    for name in ("source", "deeper"):
        made.enroll(name, 0)
    return made


def play(headwater: HeadwaterMechanism, outcome: int | None, wager: int = 100 * WAD) -> dict[str, int]:
    question = headwater.open().question
    headwater.commit(question, "one", HIGH, wager)
    headwater.seal()
    headwater.reveal(question, "one")
    return dict(headwater.resolve(question, outcome).nets)


def test_it_is_made_by_its_name() -> None:
    assert isinstance(make("headwater", warm_up=0), HeadwaterMechanism)
    with pytest.raises(LabError, match="rent"):
        make("headwater", rents=3)


def test_a_net_is_the_twins(headwater: HeadwaterMechanism) -> None:
    offer = headwater.open()
    scale = Scale.of(WAD // 100, 25)
    assert offer.capacity == capacity(2_000 * WAD, offer.odds, scale)
    headwater.commit(offer.question, "one", HIGH, 100 * WAD)
    headwater.seal()
    headwater.reveal(offer.question, "one")
    settled = headwater.resolve(offer.question, 1)
    assert settled.nets == {"one": net(100 * WAD, growth(HIGH[1], offer.odds[1]), offer.capacity, 100 * WAD, scale)}


def test_who_does_not_reveal_pays_the_worst_case(headwater: HeadwaterMechanism) -> None:
    question = headwater.open().question
    headwater.commit(question, "one", HIGH, 100 * WAD)
    headwater.seal()
    lost = headwater.resolve(question, 1).nets["one"]
    assert -101 * WAD < lost <= -100 * WAD


def test_a_late_void_refunds_less_rent(headwater: HeadwaterMechanism) -> None:
    assert -WAD < play(headwater, None)["one"] < 0


def test_money_flows_down_as_announced_and_balances_to_the_wei(headwater: HeadwaterMechanism) -> None:
    headwater.share("source", Split(2_000, (("deeper", 1),)))
    headwater.share("one", Split(4_000, (("source", 3), ("two", 1))))
    won = play(headwater, 1)["one"]
    headwater.finish()
    gains = {name: headwater.wealth(name) - headwater.brought_in(name) for name in ("one", "two", "source", "deeper")}
    assert gains["one"] == won * 4_000 // 10_000
    passed = won - gains["one"]
    assert gains["two"] == pytest.approx(passed / 4, rel=1e-9)
    assert gains["deeper"] == pytest.approx(passed * 0.75 * 0.8, rel=1e-9)
    assert gains["source"] == pytest.approx(passed * 0.75 * 0.2, rel=1e-9)
    assert 0 <= headwater.emitted() - sum(gains.values()) < 10


def test_flows_are_what_accounts_end_with_while_nobody_is_in_debt(headwater: HeadwaterMechanism) -> None:
    headwater.share("source", Split(2_000, (("deeper", 1),)))
    headwater.share("one", Split(4_000, (("source", 3), ("two", 1))))
    question = headwater.open().question
    headwater.commit(question, "one", HIGH, 100 * WAD)
    headwater.seal()
    headwater.reveal(question, "one")
    flows = headwater.resolve(question, 1).flows
    headwater.finish()
    for name, flow in flows.items():
        assert headwater.wealth(name) - headwater.brought_in(name) == pytest.approx(flow, rel=1e-9)


def test_a_split_announced_after_the_opening_moves_nothing(headwater: HeadwaterMechanism) -> None:
    headwater.share("one", Split(4_000, (("source", 1),)))
    question = headwater.open().question
    headwater.commit(question, "one", HIGH, 100 * WAD)
    headwater.seal()
    headwater.share("one", Split(4_000, (("two", 1),)))
    headwater.reveal(question, "one")
    won = headwater.resolve(question, 1).nets["one"]
    headwater.finish()
    assert headwater.wealth("source") == pytest.approx(won * 0.6, rel=1e-9)
    assert headwater.wealth("two") == STAKE


def test_retired_stake_can_be_enrolled_under_another_name(headwater: HeadwaterMechanism) -> None:
    headwater.retire("one")
    assert headwater.stake("one") == 0
    headwater.enroll("again", 400 * WAD, payer="one")
    assert headwater.stake("again") == 400 * WAD
    assert headwater.brought_in("again") == 0
    assert headwater.wealth("one") == STAKE - 400 * WAD
    with pytest.raises(Refused):
        headwater.enroll("more", STAKE, payer="one")


def test_side_series_take_posted_odds(headwater: HeadwaterMechanism) -> None:
    main, side = headwater.open(), headwater.open(1, HIGH)
    assert side.odds == HIGH
    assert main.question != side.question
    with pytest.raises(Refused, match="posted"):
        headwater.open(1)
    with pytest.raises(Refused, match="no series 2"):
        headwater.open(2, HIGH)


def test_reports_stay_secret_while_wagers_are_seen(headwater: HeadwaterMechanism) -> None:
    question = headwater.open().question
    headwater.commit(question, "one", HIGH, 100 * WAD)
    (seen,) = headwater.commitments(question)
    assert (seen.name, seen.wager, seen.report) == ("one", 100 * WAD, None)


@pytest.mark.parametrize(
    ("name", "report", "wager"),
    [("one", HIGH, 2 * STAKE), ("one", (0, WAD), WAD), ("one", HIGH, 1), ("nobody", HIGH, WAD), ("source", HIGH, WAD)],
)
def test_refused_commits_change_nothing(headwater: HeadwaterMechanism, name: str, report: Odds, wager: int) -> None:
    question = headwater.open().question
    with pytest.raises(Refused):
        headwater.commit(question, name, report, wager)
    assert headwater.commitments(question) == ()
    assert headwater.stake("one") == STAKE


def test_both_chains_pay_alike() -> None:
    paid = []
    for chain in ("tester", "revm"):
        made = HeadwaterMechanism(chain=chain, warm_up=0)
        made.enroll("one", STAKE)
        made.enroll("source", 0)
        made.share("one", Split(4_000, (("source", 1),)))
        nets = [play(made, outcome) for outcome in (1, 0, 1, 1)]
        made.finish()
        paid.append((nets, made.wealth("one"), made.wealth("source"), made.emitted()))
    assert paid[0] == paid[1]
