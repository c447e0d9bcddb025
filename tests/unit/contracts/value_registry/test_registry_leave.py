"""Leaving: at once, for good, by nobody else; history stays."""

from __future__ import annotations

from checks import refused
from value_cases import FAR, MIN_BOND, UNBONDING, Commons, sealed, send_as, system


def test_who_leaves_is_out_at_once_and_stays_in_the_history(commons: Commons) -> None:
    for who in (commons.member, commons.other):
        commons.declare(who, sealed())
    made = commons.agree(system())
    commons.join(commons.member, made)
    commons.join(commons.other, made)
    receipt = commons.member.leave(1)
    time = commons.backend.block_time(receipt.block_number)
    assert receipt.event("Left")["joined"]
    assert commons.registry.membership(1, commons.member.address).left == time
    assert not commons.registry.is_member(1, commons.member.address)
    assert commons.registry.was_member(1, commons.member.address)
    assert commons.registry.members(1) == [commons.other.address]
    assert commons.registry.agreement(1).members == 1
    bond = commons.registry.bond(commons.member.address)
    assert (bond.amount, bond.open, bond.ready) == (MIN_BOND, 0, time + UNBONDING)
    with refused(commons, "registry: caller has left"):
        commons.member.leave(1)


def test_an_old_signature_lets_nobody_back_in(commons: Commons) -> None:
    commons.declare(commons.member, sealed())
    made = commons.agree(system())
    signed = commons.member.sign(made, FAR)
    commons.stranger.relay(signed)
    with refused(commons, "registry: member joined or left before"):
        commons.attacker.relay(signed)
    commons.member.leave(1)
    with refused(commons, "registry: member joined or left before"):
        commons.attacker.relay(signed)
    # Nor by one signed after leaving.
    with refused(commons, "registry: member joined or left before"):
        commons.member.relay(commons.member.sign(made, FAR - 1))


def test_a_signature_that_nobody_relayed_yet_is_taken_back_by_leaving(commons: Commons) -> None:
    commons.declare(commons.member, sealed())
    signed = commons.member.sign(commons.agree(system()), FAR)
    ready = commons.registry.bond(commons.member.address).ready
    assert not commons.member.leave(1).event("Left")["joined"]
    with refused(commons, "registry: member joined or left before"):
        commons.attacker.relay(signed)
    assert not commons.registry.was_member(1, commons.member.address)
    assert commons.registry.agreement(1).members == 0
    assert commons.registry.bond(commons.member.address).ready == ready
    assert commons.registry.members(1) == []


def test_nobody_leaves_for_another(commons: Commons) -> None:
    commons.declare(commons.member, sealed())
    commons.join(commons.member, commons.agree(system()))
    for who in (commons.attacker, commons.stranger):
        who.leave(1)
    assert commons.registry.is_member(1, commons.member.address)
    assert commons.registry.agreement(1).members == 1


def test_leaving_works_with_no_bond_no_vote_and_no_window_left(commons: Commons) -> None:
    commons.declare(commons.member, sealed())
    commons.join(commons.member, commons.agree(system()))
    commons.slash(commons.member, 1, 2**200, commons.stranger.address)
    commons.threshold.send("set", 0, sender=commons.court)
    commons.travel(400 * UNBONDING)
    commons.member.leave(1)
    with refused(commons, "registry: no bond"):
        commons.member.withdraw()
    send_as(commons.member.account, commons.registry.contract, "deposit", 5)
    commons.travel(UNBONDING)
    assert commons.member.withdraw() == 5
    commons.audit()
