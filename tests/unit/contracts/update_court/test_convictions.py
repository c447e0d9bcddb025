"""What convicts a member, whom it pays, and what the court refuses."""

from __future__ import annotations

from dataclasses import astuple, replace

import pytest
from eth_hash.auto import keccak

from checks import refused
from court_cases import (
    BOND,
    CHARTER,
    CLAIM_BLOCKS,
    FINE,
    LONG,
    PROFILE,
    PROVER_BPS,
    RISING,
    SLASH_BPS,
    TOUCHING,
    Bar,
    new_bar,
)
from harness import SALT, ZERO, World
from headwater.chain import Reverted, deploy, load, typed_digest
from headwater.covenant import CovenantError, FixedProfile, SignedUpdate, claim_hash, sign_update

TAKEN = BOND * SLASH_BPS // 10_000


def _profile(bar: Bar, signed: SignedUpdate, index: int, **changes: object) -> None:
    """convict_profile with any argument changed."""
    given: dict[str, object] = {
        "update": astuple(signed.update),
        "signature": signed.signature,
        "profile": PROFILE.encode(),
        "index": index,
        "vector": signed.vector.encode(),
        "prover": bar.prover.address,
        "salt": SALT,
        **changes,
    }
    bar.court.contract.send("convict_profile", *given.values(), sender=bar.prover.account)


def _charter(bar: Bar, signed: SignedUpdate, index: int, **changes: object) -> None:
    """convict_charter with any argument changed."""
    given: dict[str, object] = {
        "update": astuple(signed.update),
        "signature": signed.signature,
        "rows": list(CHARTER.hashes),
        "index": index,
        "row": CHARTER.rows[min(index, 1)].encode(),
        "vector": signed.vector.encode(),
        "prover": bar.prover.address,
        "salt": SALT,
        **changes,
    }
    bar.court.contract.send("convict_charter", *given.values(), sender=bar.prover.account)


@pytest.mark.parametrize(
    ("entries", "offence", "index"), [(LONG, 1, 0), (TOUCHING, 1, 2), (RISING, 2, 0)], ids=["norm", "frozen", "row"]
)
def test_a_breach_costs_a_part_of_the_bond_and_pays_the_prover(
    bar: Bar, entries: tuple[float, ...], offence: int, index: int
) -> None:
    signed = bar.update(entries)
    system, prover = bar.world.system, bar.prover.address
    before = system.balance(prover), system.balance(system.addresses.treasury)
    assert bar.convict(signed) == TAKEN
    share = TAKEN * PROVER_BPS // 10_000
    after = system.balance(prover), system.balance(system.addresses.treasury)
    assert (after[0] - before[0], after[1] - before[1]) == (share, TAKEN - share)
    assert bar.registry.bond(bar.member.address).amount == BOND - TAKEN
    assert bar.registry.bond(bar.other.address).amount == BOND
    assert bar.court.convicted(signed.update)
    (told,) = bar.court.contract.events("Convicted")
    assert (told.args["offence"], told.args["index"], told.args["taken"]) == (offence, index, TAKEN)
    assert (told.args["member"], told.args["prover"]) == (bar.member.address, prover)


def test_an_update_under_another_profile_than_the_agreements_is_an_offence_by_itself(bar: Bar) -> None:
    other = FixedProfile(keccak(b"laxer"), PROFILE.dimension, ())
    signed = bar.update(FINE, profile=other.hash)
    bar.claim(signed)
    assert bar.prover.prove(signed, other, CHARTER, SALT, PROFILE.hash) == TAKEN
    fine = bar.update(FINE)
    bar.claim(fine)
    with refused(bar, "court: it is the agreement's profile"):
        bar.prover.prove_mismatch(fine, SALT)


def test_an_update_is_convicted_once_whatever_else_it_breaks(bar: Bar) -> None:
    signed = bar.update((0.9, 0.5, 0.5, 0.5, 0.5, 0.5))
    bar.convict(signed)
    for convict, index in ((_profile, 0), (_profile, 2), (_charter, 0), (_charter, 1)):
        with refused(bar, "court: convicted already"):
            convict(bar, signed, index)


def test_each_update_that_breaks_something_costs_again_until_nothing_is_left(bar: Bar) -> None:
    left = BOND
    for number in (1, 2):
        taken = bar.convict(bar.update(LONG, round=number))
        assert taken == left * SLASH_BPS // 10_000
        left -= taken
        assert bar.registry.bond(bar.member.address).amount == left


def test_with_the_whole_bond_taken_there_is_nothing_more_to_prove(world: World) -> None:
    bar = new_bar(world, slash_bps=10_000)
    assert bar.convict(bar.update(LONG)) == BOND
    signed = bar.update(LONG, round=2)
    bar.claim(signed)
    with refused(bar, "court: no bond left"):
        _profile(bar, signed, 0)
    # So it can still be proven should a bond come.
    bar.member.deposit(BOND // 2)
    _profile(bar, signed, 0)
    assert bar.registry.bond(bar.member.address).amount == 0


def test_what_is_kept_convicts_nobody(bar: Bar) -> None:
    signed = bar.update(FINE)
    bar.claim(signed)
    for index in range(len(PROFILE.limits)):
        with refused(bar, "court: the constraint is kept"):
            _profile(bar, signed, index)
    for index in range(len(CHARTER.rows)):
        with refused(bar, "court: the half-space is kept"):
            _charter(bar, signed, index)
    with pytest.raises(CovenantError, match="breaks neither"):
        bar.prover.prove(signed, PROFILE, CHARTER, SALT)


def test_only_what_was_signed_is_evidence(bar: Bar) -> None:
    signed = bar.update(LONG)
    bar.claim(signed)
    stricter = FixedProfile(PROFILE.policy, PROFILE.dimension, (replace(PROFILE.limits[0], bound=1),))
    with refused(bar, "court: not the signed profile"):
        _profile(bar, signed, 0, profile=stricter.encode())
    with refused(bar, "court: not the signed vector"):
        _profile(bar, signed, 0, vector=bar.update(TOUCHING).vector.encode())
    with refused(bar, "court: not the signed vector"):
        _charter(bar, signed, 0, vector=bar.update(RISING).vector.encode())
    with refused(bar, "court: not the signed charter"):
        _charter(bar, signed, 0, rows=[CHARTER.hashes[0]])
    with refused(bar, "court: no such half-space"):
        _charter(bar, signed, 2)
    with refused(bar, "court: not the half-space of the charter"):
        _charter(bar, signed, 1, row=CHARTER.rows[0].encode())
    with refused(bar, "court: no such constraint"):
        _profile(bar, signed, len(PROFILE.limits))


def test_a_list_that_cannot_be_read_convicts_nobody(bar: Bar) -> None:
    whole = PROFILE.encode()
    record = whole[34:47]
    cases = (
        (whole[:33], "court: profile is not whole"),
        (whole + b"\0", "court: profile is not whole"),
        (whole[:34], "court: no such constraint"),
        (whole[:32] + b"\0\x05" + whole[34:], "court: vector is not of the dimension"),
        (whole[:32] + b"\x04\x01" + whole[34:], "court: vector is not of the dimension"),
        (whole[:34] + b"\x03" + record[1:], "court: no such kind of constraint"),
        (whole[:34] + b"\x01\0\x02\0\x02" + record[5:], "court: constraint outside the vector"),
        (whole[:34] + b"\x01\0\0\0\x07" + record[5:], "court: constraint outside the vector"),
    )
    for content, reason in cases:
        signed = bar.update(LONG, profile=keccak(content))
        bar.claim(signed)
        with refused(bar, reason):
            _profile(bar, signed, 0, profile=content)
    row = CHARTER.rows[0].encode()
    signed = bar.update(RISING)
    for content in (row[:-8], row + bytes(8)):
        with pytest.raises(Reverted) as caught:
            bar.court.contract.call("breaks_charter", content, signed.vector.encode())
        assert caught.value.reason == "court: row is not of the vector's dimension"


def test_nobody_signs_for_a_member(bar: Bar) -> None:
    signed = bar.update(LONG)
    forged = bar.stranger.account.sign_typed(signed.update.message(bar.backend.chain_id, bar.court.address))
    elsewhere = bar.member.account.sign_typed(signed.update.message(bar.backend.chain_id + 1, bar.court.address))
    bar.claim(signed)
    for signature in (forged, elsewhere, b"", signed.signature[:64], signed.signature + b"\0"):
        with refused(bar, "court: invalid signature of the member"):
            _profile(bar, signed, 0, signature=signature)


def test_whoever_never_joined_the_agreement_is_not_held_to_it(bar: Bar) -> None:
    for signed in (bar.update(LONG, who=bar.stranger), bar.update(LONG, agreement=bar.agreement + 1)):
        bar.claim(signed)
        with refused(bar, "court: never a member"):
            _profile(bar, signed, 0)


def test_who_left_is_held_to_what_it_signed_as_long_as_its_bond_is_there(bar: Bar) -> None:
    signed = bar.update(LONG)
    bar.member.leave(bar.agreement)
    snapshot = bar.world.control.snapshot()
    assert bar.convict(signed) == TAKEN
    bar.world.control.revert(snapshot)
    bar.world.travel(bar.registry.bond(bar.member.address).ready)
    bar.member.withdraw()
    bar.claim(signed)
    with refused(bar, "court: no bond left"):
        _profile(bar, signed, 0)


def test_what_is_signed_is_the_contracts_own_digest(bar: Bar) -> None:
    signed = bar.update(LONG)
    message = signed.update.message(bar.backend.chain_id, bar.court.address)
    assert bar.court.contract.call("digest", astuple(signed.update)) == typed_digest(message)
    assert signed.update.digest(bar.backend.chain_id, bar.court.address) == typed_digest(message)


def test_the_client_signs_only_what_keeps_everything(bar: Bar) -> None:
    chain_id, court = bar.backend.chain_id, bar.court.address
    for entries, named in ((LONG, "profile"), (RISING, "charter")):
        with pytest.raises(CovenantError, match=named):
            sign_update(
                bar.member.account,
                chain_id,
                court,
                agreement=bar.agreement,
                round=1,
                model=keccak(b"model"),
                profile=PROFILE,
                charter=CHARTER,
                vector=bar.update(entries).vector,
            )
    fine = bar.update(FINE)
    made = sign_update(
        bar.member.account,
        chain_id,
        court,
        agreement=bar.agreement,
        round=1,
        model=fine.update.model,
        profile=PROFILE,
        charter=CHARTER,
        vector=fine.vector,
    )
    assert made == fine
    with pytest.raises(CovenantError, match="32 bytes"):
        replace(fine.update, model=b"short")


def test_a_claim_comes_first_and_ripens(bar: Bar) -> None:
    signed = bar.update(LONG)
    with refused(bar, "court: not claimed"):
        _profile(bar, signed, 0)
    bar.prover.claim(signed.update, SALT)
    for _ in range(CLAIM_BLOCKS - 1):
        with refused(bar, "court: the claim is too young"):
            _profile(bar, signed, 0)
    _profile(bar, signed, 0)
    digest = signed.update.digest(bar.backend.chain_id, bar.court.address)
    claim = claim_hash(bar.backend.chain_id, bar.court.address, bar.prover.address, digest, SALT)
    assert claim == bar.court.contract.call("claim_of", bar.prover.address, digest, SALT)
    assert bar.court.claimed(claim) > 0
    with refused(bar, "court: claimed already"):
        bar.prover.claim(signed.update, SALT)
    with pytest.raises(CovenantError, match="32 bytes"):
        bar.prover.claim(signed.update, b"short")


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        (0, ZERO, "court: zero address"),
        (1, 0, "court: slash not in 1..10000 bps"),
        (1, 10_001, "court: slash not in 1..10000 bps"),
        (2, 0, "court: claim blocks not in 1..256"),
        (2, 257, "court: claim blocks not in 1..256"),
    ],
)
def test_a_deployment_outside_the_rails_is_refused(bar: Bar, place: int, value: object, reason: str) -> None:
    args: list[object] = [bar.registry.address, SLASH_BPS, CLAIM_BLOCKS]
    args[place] = value
    with pytest.raises(Reverted) as caught:
        deploy(bar.backend, load("UpdateCourt"), *args, sender=bar.world.governor.account)
    assert caught.value.reason == reason
    assert (bar.court.slash_bps, bar.court.claim_blocks) == (SLASH_BPS, CLAIM_BLOCKS)
