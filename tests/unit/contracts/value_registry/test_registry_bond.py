"""Bonds: whose they are, when they can be taken back, what the court takes and where it goes."""

from __future__ import annotations

import pytest

from checks import refused
from harness import ZERO
from headwater.chain import Reverted
from headwater.units import WAD
from value_cases import GIFT, MIN_BOND, PROVER_BPS, UNBONDING, Commons, sealed, send_as, system


def _joined(commons: Commons) -> int:
    """The member in an agreement; its number."""
    commons.declare(commons.member, sealed())
    made = commons.agree(system())
    commons.join(commons.member, made)
    return made.number


def test_a_bond_is_the_members_and_comes_back_whole(commons: Commons) -> None:
    commons.member.deposit(3)
    commons.declare(commons.member, sealed())
    assert commons.registry.bond(commons.member.address).amount == MIN_BOND + 3 == commons.registry.owed()
    commons.audit()
    commons.travel(UNBONDING)
    assert commons.member.withdraw() == MIN_BOND + 3
    assert commons.balance(commons.member.address) == GIFT
    assert commons.registry.bond(commons.member.address).amount == 0 == commons.registry.owed()
    # What was declared stays, and binds again once there is a bond.
    assert commons.registry.declarations(commons.member.address) == 1
    with refused(commons, "registry: no bond"):
        commons.member.withdraw()
    commons.audit()


def test_nothing_and_too_much_cannot_be_deposited(commons: Commons) -> None:
    with refused(commons, "registry: nothing to deposit"):
        commons.member.deposit(0)
    for huge in (2**96, 2**256 - 1):
        with refused(commons, "registry: more than there can be"):
            commons.member.deposit(huge)
    with pytest.raises(Reverted, match="erc20: transfer amount exceeds balance"):
        commons.member.deposit(GIFT + 1)
    commons.audit()


def test_a_deposit_that_nothing_binds_comes_back_at_once(commons: Commons) -> None:
    commons.member.deposit(7)
    assert commons.member.withdraw() == 7


def test_a_bond_stays_while_an_agreement_is_open_and_for_a_while_after(commons: Commons) -> None:
    number = _joined(commons)
    commons.travel(10 * UNBONDING)
    with refused(commons, "registry: agreements are open"):
        commons.member.withdraw()
    receipt = commons.member.leave(number)
    left = commons.backend.block_time(receipt.block_number)
    commons.backend.time_travel(left + UNBONDING - 1)
    with refused(commons, "registry: unbonding not over"):
        commons.member.withdraw()
    commons.backend.time_travel(left + UNBONDING)
    assert commons.member.withdraw() == MIN_BOND


def test_a_declaration_alone_holds_the_bond_for_a_while(commons: Commons) -> None:
    """Or one purse would stand behind any number of names, one after the other."""
    commons.declare(commons.member, sealed())
    declared = commons.backend.block_time(commons.backend.block_number())
    with refused(commons, "registry: unbonding not over"):
        commons.member.withdraw()
    assert commons.registry.bond(commons.member.address).ready == declared + UNBONDING


def test_only_the_court_slashes(commons: Commons) -> None:
    number = _joined(commons)
    for who in (*commons.people, None):
        account = commons.backend.dev_accounts(1)[0] if who is None else who.account
        with refused(commons, "registry: caller is not the court"):
            send_as(account, commons.registry.contract, "slash", commons.member.address, number, 1, account.address)


@pytest.mark.parametrize("amount", [0, 1, 3, 4, 5, MIN_BOND // 2, MIN_BOND, MIN_BOND + 1, 2**256 - 1])
def test_what_is_slashed_goes_to_the_prover_and_the_treasury_to_the_wei(commons: Commons, amount: int) -> None:
    number = _joined(commons)
    prover, treasury = commons.balance(commons.stranger.address), commons.balance(commons.treasury)
    taken = commons.slash(commons.member, number, amount, commons.stranger.address)
    assert taken == min(amount, MIN_BOND)
    share = taken * PROVER_BPS // 10_000
    assert commons.balance(commons.stranger.address) - prover == share
    assert commons.balance(commons.treasury) - treasury == taken - share
    assert commons.registry.bond(commons.member.address).amount == MIN_BOND - taken
    assert commons.registry.is_member(number, commons.member.address)
    commons.audit()


def test_a_bond_is_in_the_courts_reach_until_the_very_end_of_the_unbonding(commons: Commons) -> None:
    number = _joined(commons)
    receipt = commons.member.leave(number)
    ends = commons.backend.block_time(receipt.block_number) + UNBONDING
    commons.backend.time_travel(ends - 1)
    assert commons.slash(commons.member, number, MIN_BOND // 2, commons.stranger.address) == MIN_BOND // 2
    with refused(commons, "registry: member left too long ago"):
        commons.slash(commons.member, number, 1, commons.stranger.address)
    assert commons.member.withdraw() == MIN_BOND // 2
    commons.audit()


def test_a_bond_does_not_answer_for_an_agreement_that_is_long_over(commons: Commons) -> None:
    number = _joined(commons)
    commons.member.leave(number)
    commons.join(commons.member, commons.agree(system()))
    commons.travel(UNBONDING)
    with refused(commons, "registry: member left too long ago"):
        commons.slash(commons.member, number, 1, commons.stranger.address)
    assert commons.slash(commons.member, number + 1, 1, commons.stranger.address) == 1


def test_nobody_answers_for_an_agreement_it_never_joined(commons: Commons) -> None:
    _joined(commons)
    commons.declare(commons.other, sealed())
    commons.attacker.leave(1)
    for who in (commons.other, commons.attacker):
        for number in (0, 1, 2):
            with refused(commons, "registry: never a member"):
                commons.slash(who, number, 1, commons.stranger.address)


def test_a_slash_needs_a_prover_that_can_be_paid(commons: Commons) -> None:
    number = _joined(commons)
    for nobody in (ZERO, commons.registry.address):
        with refused(commons, "registry: no such prover"):
            commons.slash(commons.member, number, 1, nobody)


def test_who_lost_its_bond_stays_a_member_and_joins_nothing_more(commons: Commons) -> None:
    number = _joined(commons)
    commons.slash(commons.member, number, MIN_BOND, commons.stranger.address)
    assert commons.slash(commons.member, number, MIN_BOND, commons.stranger.address) == 0
    commons.member.deposit(MIN_BOND)
    made = commons.agree(system())
    with refused(commons, "registry: bond too small for one more agreement"):
        commons.join(commons.member, made)
    commons.member.deposit(MIN_BOND)
    commons.join(commons.member, made)


def test_what_comes_without_a_call_goes_to_the_treasury(commons: Commons) -> None:
    _joined(commons)
    commons.token.send("transfer", commons.registry.address, 5 * WAD, sender=commons.other.account)
    before = commons.balance(commons.treasury)
    assert commons.stranger.sync() == 5 * WAD
    assert commons.balance(commons.treasury) == before + 5 * WAD
    assert commons.stranger.sync() == 0
    commons.audit()
