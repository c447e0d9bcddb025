"""Agreements: proposed by anybody, joined by who signed and is near enough, for a while, on its last declaration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from checks import refused
from headwater.chain import Reverted
from headwater.covenant import (
    SCALE,
    CovenantError,
    FixedBounds,
    FixedSystem,
    Sealed,
    system_hash,
    vocabulary_hash,
)
from value_cases import (
    FAR,
    JOIN_WINDOW,
    MIN_BOND,
    PROFILE,
    SALT,
    VOCABULARY,
    Commons,
    forged,
    sealed,
    send_as,
    system,
)

REFUSALS = [("weights", "registry: weights too far apart"), ("judgements", "registry: judgements too far apart")]


def test_an_agreement_is_what_was_proposed(commons: Commons) -> None:
    commons.threshold.send("set", 7 * SCALE, sender=commons.court)
    made = commons.agree(system(0.6, -0.25), "linf")
    assert made.number == commons.registry.agreements() == 1
    assert (made.system, made.norm, made.vocabulary, made.profile) == (system(0.6, -0.25), "linf", VOCABULARY, PROFILE)
    assert (made.threshold, made.members, made.proposer) == (7 * SCALE, 0, commons.stranger.address)
    assert made.system_hash == system_hash(made.frame, made.system)
    assert made.registered == commons.backend.block_time(commons.backend.block_number())
    state = commons.registry.contract.call("agreement", 1)
    assert (state.system, state.profile, state.norm, state.values, state.actions) == (
        made.system_hash, PROFILE, 3, 2, 1,
    )  # fmt: skip
    assert commons.registry.profile_of(1) == PROFILE
    assert commons.registry.profile_of(2) == bytes(32)
    with pytest.raises(CovenantError, match="there is no agreement 2"):
        commons.registry.agreement(2)


def test_an_agreement_without_a_profile_is_refused(commons: Commons) -> None:
    with refused(commons, "registry: empty profile"):
        commons.stranger.propose(system(), "l1", VOCABULARY, bytes(32))


def test_anybody_relays_what_a_member_signed(commons: Commons) -> None:
    commons.declare(commons.member, sealed(0.5, 0.1))
    made = commons.agree(system(0.6))
    receipt = commons.stranger.relay(commons.member.sign(made, FAR))
    joined = receipt.event("Joined")
    assert (joined["weights"], joined["judgements"], joined["declaration"]) == (2 * SCALE // 10, SCALE // 10, 1)
    membership = commons.registry.membership(1, commons.member.address)
    time = commons.backend.block_time(receipt.block_number)
    assert (membership.joined, membership.left, membership.declaration) == (time, 0, 1)
    assert commons.registry.is_member(1, commons.member.address)
    assert commons.registry.was_member(1, commons.member.address)
    assert commons.registry.agreement(1).members == 1
    assert commons.registry.members(1) == [commons.member.address]
    assert commons.registry.bond(commons.member.address).open == 1
    assert not commons.registry.was_member(1, commons.stranger.address)


@pytest.mark.parametrize("norm", ["l1", "squared-l2", "linf"])
@pytest.mark.parametrize(("part", "refusal"), REFUSALS)
def test_a_bound_is_closed_and_no_step_wider(commons: Commons, norm: str, part: str, refusal: str) -> None:
    agreed = system(0.5, 0.25)
    far = FixedBounds.of(4, 4, norm)
    own = FixedSystem.of([0.5, 0.5], [[0.0, 0.0]]) if part == "judgements" else system(0.75, 0.25)
    gap = {"l1": SCALE // 4, "squared-l2": SCALE * SCALE // 16, "linf": SCALE // 4}[norm]
    if part == "weights":
        gap *= {"l1": 2, "squared-l2": 2, "linf": 1}[norm]
    made = commons.agree(agreed, norm)
    for bound, reason in ((gap - 1, refusal), (gap, None)):
        mine = Sealed(system=own, bounds=replace(far, **{part: bound}), vocabulary=VOCABULARY, salt=SALT)  # type: ignore[arg-type]
        number = commons.declare(commons.member, mine)
        signed = forged(commons.member, made, number)
        if reason is None:
            commons.stranger.relay(signed)
            assert commons.registry.is_member(made.number, commons.member.address)
        else:
            with pytest.raises(CovenantError, match="farther from what"):
                commons.member.sign(made, FAR)
            with refused(commons, reason):
                commons.stranger.relay(signed)


@pytest.mark.parametrize(("norm", "unit"), [("l1", 1), ("squared-l2", SCALE), ("linf", 1)])
@pytest.mark.parametrize(("part", "refusal"), REFUSALS)
def test_the_threshold_caps_a_generous_bound(commons: Commons, norm: str, unit: int, part: str, refusal: str) -> None:
    """At SCALE whatever the norm: under squared l2 a threshold of 0.25 is a squared distance of 0.25."""
    commons.declare(commons.member, sealed(0.75, 0.25, weights=4, judgements=4, norm=norm))
    agreed = system(0.25, 0.25) if part == "weights" else system(0.75, -0.25)
    gap = {"l1": SCALE // 2, "squared-l2": SCALE * SCALE // 4, "linf": SCALE // 2}[norm]
    if part == "weights":
        gap *= {"l1": 2, "squared-l2": 2, "linf": 1}[norm]
    assert gap % unit == 0
    for cap, reason in ((gap // unit - 1, refusal), (gap // unit, None)):
        commons.threshold.send("set", cap, sender=commons.court)
        made = commons.agree(agreed, norm)
        signed = forged(commons.member, made, 1)
        if reason is None:
            commons.stranger.relay(signed)
        else:
            with refused(commons, reason):
                commons.stranger.relay(signed)


def test_the_threshold_of_the_registration_stays_the_agreements(commons: Commons) -> None:
    commons.declare(commons.member, sealed(0.5, weights=2))
    commons.declare(commons.other, sealed(0.5, weights=2))
    wide = commons.agree(system(0.9))
    commons.threshold.send("set", 0, sender=commons.court)
    narrow = commons.agree(system(0.9))
    commons.threshold.send("set", 10 * SCALE, sender=commons.court)
    assert (wide.threshold, narrow.threshold) == (2 * SCALE, 0)
    commons.join(commons.member, wide)
    with refused(commons, "registry: weights too far apart"):
        commons.stranger.relay(forged(commons.other, narrow, 1))


@pytest.mark.parametrize("threshold", [2**64 - 1, 2**64, 2**256 - 1])
def test_no_threshold_stops_registrations_by_its_size(commons: Commons, threshold: int) -> None:
    commons.threshold.send("set", threshold, sender=commons.court)
    commons.declare(commons.member, sealed(0.0, -1.0, weights=float("inf"), judgements=float("inf"), norm="squared-l2"))
    made = commons.agree(system(1.0, 1.0), "squared-l2")
    assert made.threshold == 2**64 - 1
    commons.join(commons.member, made)


def test_an_agreement_takes_members_for_a_while(commons: Commons) -> None:
    """So nobody keeps proposals from a lax day for later."""
    for who in (commons.member, commons.other):
        commons.declare(who, sealed())
    made = commons.agree(system())
    commons.backend.time_travel(made.registered + JOIN_WINDOW - 1)
    commons.join(commons.member, made)
    with refused(commons, "registry: agreement takes no more members"):
        commons.join(commons.other, made)
    assert commons.registry.is_member(1, commons.member.address)


def test_an_acceptance_counts_until_its_deadline(commons: Commons) -> None:
    commons.declare(commons.member, sealed())
    made = commons.agree(system())
    deadline = commons.backend.now() + 100
    signed = commons.member.sign(made, deadline)
    before = commons.backend.snapshot()
    commons.backend.time_travel(deadline + 1)
    with refused(commons, "registry: acceptance is expired"):
        commons.stranger.relay(signed)
    commons.backend.revert(before)
    commons.backend.time_travel(deadline)
    commons.stranger.relay(signed)


def test_who_declared_nothing_or_has_no_bond_for_one_more_joins_nothing(commons: Commons) -> None:
    first, second = commons.agree(system()), commons.agree(system(0.6))
    words = first.frame.words
    args = (1, commons.member.address, words, system().encode(), system().encode(), FAR, b"")
    with refused(commons, "registry: member declared nothing"):
        send_as(commons.stranger.account, commons.registry.contract, "accept", *args)
    with pytest.raises(CovenantError, match="never made declaration 0"):
        commons.member.sign(first, FAR)
    commons.declare(commons.member, sealed())
    commons.join(commons.member, first)
    signed = commons.member.sign(second, FAR)
    with refused(commons, "registry: bond too small for one more agreement"):
        commons.stranger.relay(signed)
    commons.member.deposit(MIN_BOND)
    commons.stranger.relay(signed)
    assert commons.registry.bond(commons.member.address).open == 2


def test_there_is_no_joining_what_is_not_there(commons: Commons) -> None:
    commons.declare(commons.member, sealed())
    args = (1, commons.member.address, sealed().frame.words, system().encode(), system().encode(), FAR, b"")
    with refused(commons, "registry: no such agreement"):
        send_as(commons.stranger.account, commons.registry.contract, "accept", *args)
    with refused(commons, "registry: no such agreement"):
        commons.member.leave(1)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"agreed": system(0.51).encode()}, "registry: not the agreement's system"),
        ({"agreed": system().encode() + bytes(8)}, "registry: not the agreement's system"),
        ({"agreed": b""}, "registry: not the agreement's system"),
        ({"frame": (VOCABULARY, 2, 1, 3)}, "registry: not the agreement's system"),
        ({"frame": (bytes(32), 2, 1, 1)}, "registry: not the agreement's system"),
        ({"frame": (VOCABULARY, 1, 3, 1)}, "registry: not the agreement's system"),
        ({"frame": (VOCABULARY, 2, 2**255, 1)}, "registry: not the agreement's system"),
        ({"declared": system(0.51).encode()}, "registry: not the declared system"),
        ({"declared": system().encode() + b"\0"}, "registry: not the declared system"),
        ({"declared": system().encode()[:-1]}, "registry: not the declared system"),
        ({"declared": b""}, "registry: not the declared system"),
    ],
)
def test_only_what_was_declared_and_agreed_is_compared(commons: Commons, changes: dict[str, Any], reason: str) -> None:
    commons.declare(commons.member, sealed())
    made = commons.agree(system())
    signed = commons.member.sign(made, FAR)
    given = {
        "agreement": 1,
        "member": commons.member.address,
        "frame": made.frame.words,
        "declared": system().encode(),
        "agreed": system().encode(),
        "deadline": FAR,
        "signature": signed.signature,
    }
    with refused(commons, reason):
        send_as(commons.attacker.account, commons.registry.contract, "accept", *{**given, **changes}.values())
    send_as(commons.attacker.account, commons.registry.contract, "accept", *given.values())


def test_an_acceptance_that_another_signed_is_none(commons: Commons) -> None:
    commons.declare(commons.member, sealed())
    signed = forged(commons.attacker, commons.agree(system()), 1, member=commons.member.address)
    with refused(commons, "registry: invalid signature of the member"):
        commons.attacker.relay(signed)


@pytest.mark.parametrize("other", [{"norm": "linf"}, {"vocabulary": vocabulary_hash(["a", "b"], ["c"])}])
def test_declarations_in_another_norm_or_vocabulary_do_not_meet_an_agreement(
    commons: Commons, other: dict[str, Any]
) -> None:
    commons.declare(commons.member, sealed(**other))
    made = commons.agree(system())
    with pytest.raises(CovenantError, match="another vocabulary, shape or norm"):
        commons.member.sign(made, FAR)
    args = (1, commons.member.address, made.frame.words, system().encode(), system().encode(), FAR, b"")
    with refused(commons, "registry: not the declared system"):
        send_as(commons.stranger.account, commons.registry.contract, "accept", *args)


def test_who_declares_anew_is_bound_by_it_from_then_on_only(commons: Commons) -> None:
    commons.member.deposit(MIN_BOND)
    commons.declare(commons.member, sealed(0.5, weights=0.1))
    old = commons.agree(system(0.5))
    commons.join(commons.member, old)
    waiting = commons.agree(system(0.5))
    signed = commons.member.sign(waiting, FAR)
    commons.declare(commons.member, sealed(0.9, weights=0.1), 0)
    assert commons.registry.is_member(old.number, commons.member.address)
    assert commons.registry.membership(old.number, commons.member.address).declaration == 1
    with refused(commons, "registry: not the declared system"):
        commons.stranger.relay(signed)
    commons.member.deposit(MIN_BOND)
    commons.join(commons.member, commons.agree(system(0.9)))
    assert commons.registry.membership(3, commons.member.address).declaration == 2


def test_the_distances_that_the_view_tells_need_systems(commons: Commons) -> None:
    call = commons.registry.contract.call
    assert call("distances", (VOCABULARY, 2, 1, 1), system(0.5, 1).encode(), system(0.75, -1).encode()) == (
        SCALE // 2,
        2 * SCALE,
    )
    with pytest.raises(Reverted, match="registry: entries of the wrong length"):
        call("distances", (VOCABULARY, 2, 1, 1), system().encode(), system().encode()[:-8])
