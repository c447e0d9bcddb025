"""fund and withdraw: anybody gives to a bankroll, its sponsor alone takes what is free in it."""

from __future__ import annotations

import pytest

from checks import refused, send, told
from harness import TOKENS, ZERO, World, audit, series_params
from headwater.chain.participant import Participant

GIFT = 1_000 * TOKENS


@pytest.fixture
def series(world: World) -> int:
    """A series of the stranger's own, with GIFT in its bankroll."""
    made = world.stranger.create_series(series_params(world.stranger.address, governed=False, share_bps=4_000))
    world.stranger.fund(made, GIFT)
    return made


def _withdraw(world: World, who: Participant, series: int, amount: int, to: str | None = None) -> object:
    return send(who, world.system.treasury, "withdraw", series, amount, to or who.address)


def test_anybody_funds_a_bankroll(world: World, series: int) -> None:
    payer = world.providers[0]
    before = world.system.balance(payer.address)
    receipt = payer.fund(series, 7)
    assert world.system.balance(payer.address) == before - 7
    assert world.system.series_account(series) == (GIFT + 7, 0)
    assert told(world, receipt)[-1] == ("Funded", {"series": series, "payer": payer.address, "amount": 7})
    governed = world.series()
    bankroll = world.system.series_account(governed)[0]
    payer.fund(governed, 9)
    assert world.system.series_account(governed)[0] == bankroll + 9
    audit(world)


def test_a_bankroll_is_funded_only_with_what_is_there(world: World, series: int) -> None:
    payer = world.providers[0]
    balance = world.system.balance(payer.address)
    with refused(world, "treasury: nothing to fund"):
        payer.fund(series, 0)
    for missing in (0, series + 1, 2**256 - 1):
        with refused(world, "treasury: no such series"):
            payer.fund(missing, 1)
    for amount in (balance + 1, 2**96, 2**200):
        with refused(world, "erc20: transfer amount exceeds balance"):
            payer.fund(series, amount)
    with refused(world, ""):
        payer.fund(series, 2**256 - 1)
    payer.approve(world.system.addresses.treasury, 5)
    with refused(world, "erc20: insufficient allowance"):
        payer.fund(series, 6)


def test_the_sponsor_takes_all_that_is_free_and_not_a_wei_of_a_reserve(world: World, series: int) -> None:
    sponsor = world.stranger
    question = sponsor.open_question(series, world.times())
    reserve = GIFT * 4_000 // 10_000
    free = GIFT - reserve
    assert world.system.series_account(series) == (free, reserve)
    with refused(world, "treasury: more than the free bankroll"):
        _withdraw(world, sponsor, series, free + 1)
    before = world.system.balance(sponsor.address)
    receipt = send(sponsor, world.system.treasury, "withdraw", series, free, sponsor.address)
    assert told(world, receipt)[-1] == (
        "SponsorWithdrew",
        {"series": series, "to": sponsor.address, "amount": free},
    )
    assert world.system.balance(sponsor.address) == before + free
    assert world.system.series_account(series) == (0, reserve)
    with refused(world, "treasury: more than the free bankroll"):
        _withdraw(world, sponsor, series, 1)
    sponsor.void(question)  # the reserve comes back and is free again
    _withdraw(world, sponsor, series, reserve, world.providers[0].address)
    assert world.system.series_account(series) == (0, 0)
    audit(world)


def test_a_withdrawal_is_some_wei_to_somebody(world: World, series: int) -> None:
    with refused(world, "treasury: nothing to withdraw"):
        _withdraw(world, world.stranger, series, 0)
    with refused(world, "erc20: transfer to the zero address"):
        _withdraw(world, world.stranger, series, 1, ZERO)
    with refused(world, "treasury: more than the free bankroll"):
        _withdraw(world, world.stranger, series, 2**256 - 1)


def test_nobody_but_the_sponsor_withdraws(world: World, series: int) -> None:
    governed = world.series()
    for who in (world.governor, world.providers[0]):
        with refused(world, "treasury: caller is not the sponsor"):
            _withdraw(world, who, series, 1)
    for who in (world.governor, world.stranger):
        for other in (governed, 0, 99):
            with refused(world, "treasury: caller is not the sponsor"):
                _withdraw(world, who, other, 1)


def test_the_sponsor_is_who_created_the_series(world: World, series: int) -> None:
    assert world.system.treasury.call("sponsor", series) == world.stranger.address
    assert world.system.treasury.call("sponsor", world.series()) == ZERO
