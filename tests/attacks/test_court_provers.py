"""Around a proof: who copies it, who convicts itself, who leaves in time, who signs with many names or not at all."""

from __future__ import annotations

from dataclasses import astuple, replace

import pytest

from checks import refused
from court_cases import BOND, CHARTER, CLAIM_BLOCKS, FINE, LONG, PROFILE, PROVER_BPS, SLASH_BPS, Bar, new_bar
from harness import SALT, World
from headwater.covenant import Prover, SignedUpdate

TAKEN = BOND * SLASH_BPS // 10_000
SHARE = TAKEN * PROVER_BPS // 10_000


@pytest.fixture
def bar(world: World) -> Bar:
    """A court, and an agreement with two members."""
    return new_bar(world)


def _proof(signed: SignedUpdate, prover: str, salt: bytes = SALT) -> tuple[object, ...]:
    return (astuple(signed.update), signed.signature, PROFILE.encode(), 0, signed.vector.encode(), prover, salt)


def test_who_copies_a_proof_out_of_the_pool_pays_its_author(bar: Bar) -> None:
    """The copier may send it first, as it stands: the author is paid. With its own name in it there is no claim."""
    signed, copier = bar.update(LONG), bar.world.providers[1]
    bar.claim(signed)
    with refused(bar, "court: not claimed"):
        bar.court.contract.send("convict_profile", *_proof(signed, copier.address), sender=copier.account)
    # It may claim now; whoever waits in the pool is through before that claim is worth anything.
    Prover(bar.court, copier.account).claim(signed.update, SALT)
    before = bar.world.system.balance(bar.prover.address), bar.world.system.balance(copier.address)
    bar.court.contract.send("convict_profile", *_proof(signed, bar.prover.address), sender=copier.account)
    after = bar.world.system.balance(bar.prover.address), bar.world.system.balance(copier.address)
    assert (after[0] - before[0], after[1] - before[1]) == (SHARE, 0)


def test_a_claim_tells_nobody_what_it_is_about_and_copied_is_worth_nothing(bar: Bar) -> None:
    signed, copier = bar.update(LONG), bar.world.providers[1]
    receipt = bar.prover.claim(signed.update, SALT)
    (claim,) = (event.args["claim"] for event in bar.court.contract.decode(receipt.logs))
    assert signed.update.digest(bar.backend.chain_id, bar.court.address) not in receipt.logs[0].data
    with refused(bar, "court: claimed already"):
        bar.court.contract.send("claim", claim, sender=copier.account)
    bar.wait()
    with refused(bar, "court: not claimed"):
        bar.court.contract.send("convict_profile", *_proof(signed, copier.address), sender=copier.account)


def test_whoever_convicts_itself_in_time_gets_back_the_provers_share_and_no_more(bar: Bar) -> None:
    """Not prevented: the offender knows first. What deters is the rest, which nobody it knows gets."""
    signed = bar.update(LONG)
    friend = Prover(bar.court, bar.member.account)
    system, me = bar.world.system, bar.member.address
    before = system.balance(me) + bar.registry.bond(me).amount
    bar.claim(signed, friend)
    friend.prove(signed, PROFILE, CHARTER, SALT)
    after = system.balance(me) + bar.registry.bond(me).amount
    assert before - after == TAKEN - SHARE
    with refused(bar, "court: convicted already"):
        friend.prove(signed, PROFILE, CHARTER, SALT)


def test_nobody_escapes_by_leaving_before_the_bond_is_free(bar: Bar) -> None:
    signed = bar.update(LONG)
    bar.prover.claim(signed.update, SALT)
    bar.member.leave(bar.agreement)
    for _ in range(CLAIM_BLOCKS - 1):
        with refused(bar, "registry: unbonding not over"):
            bar.member.withdraw()
    assert bar.prover.prove(signed, PROFILE, CHARTER, SALT) == TAKEN


def test_another_members_signature_and_another_rounds_convict_only_themselves(bar: Bar) -> None:
    signed = bar.update(LONG)
    renamed = replace(signed, update=replace(signed.update, member=bar.other.address))
    for moved in (renamed, replace(signed, update=replace(signed.update, round=2))):
        bar.claim(moved)
        with refused(bar, "court: invalid signature of the member"):
            bar.prover.prove(moved, PROFILE, CHARTER, SALT)


def test_a_second_form_of_a_signature_is_no_second_conviction(bar: Bar) -> None:
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    signed = bar.update(LONG)
    s = int.from_bytes(signed.signature[32:64], "big")
    other = replace(
        signed,
        signature=signed.signature[:32] + (order - s).to_bytes(32, "big") + bytes([55 - signed.signature[64]]),
    )
    bar.claim(signed)
    with refused(bar, "court: invalid signature of the member"):
        bar.prover.prove(other, PROFILE, CHARTER, SALT)
    bar.prover.prove(signed, PROFILE, CHARTER, SALT)
    with refused(bar, "court: convicted already"):
        bar.prover.prove(signed, PROFILE, CHARTER, SALT)


def test_an_honest_member_is_out_of_every_provers_reach(bar: Bar) -> None:
    """With an admissible update there is no list, index or vector that convicts, nor another member's evidence."""
    honest, guilty = bar.update(FINE, who=bar.other), bar.update(LONG)
    bar.claim(honest)
    mixed = (
        (replace(honest, vector=guilty.vector), "court: not the signed vector"),
        (replace(honest, signature=guilty.signature), "court: the constraint is kept"),
        (replace(guilty, signature=honest.signature), "court: not claimed"),
    )
    for evidence, reason in mixed:
        for index in (0,) if evidence is mixed[2][0] else range(len(PROFILE.limits)):
            words = list(_proof(evidence, bar.prover.address))
            words[3] = index
            with refused(bar, reason):
                bar.court.contract.send("convict_profile", *words, sender=bar.prover.account)
    assert bar.registry.bond(bar.other.address).amount == BOND
