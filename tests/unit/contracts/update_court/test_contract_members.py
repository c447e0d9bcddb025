"""A member that is a contract signs by its own rule (ERC-1271), for as long as it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks import refused
from court_cases import BOND, CHARTER, LONG, PROFILE, SLASH_BPS, SYSTEM, VOCABULARY, Bar
from harness import SALT
from headwater.chain import Contract, deploy, load, typed_digest
from headwater.covenant import Acceptance, FixedBounds, FixedUpdate, Sealed, SignedUpdate, Update, commitment

YES, NO = bytes.fromhex("1626ba7e"), bytes(4)
DEADLINE = 2**40


@pytest.fixture
def wallet(bar: Bar) -> Contract:
    """A contract that declared, and joined the agreement by its own rule."""
    artifact = load("Wallet", Path(__file__).parents[1] / "registry_contracts")
    sender, chain_id, registry = bar.world.stranger, bar.backend.chain_id, bar.registry.contract
    made, _ = deploy(bar.backend, artifact, True, sender=sender.account)

    def run(contract: Contract, name: str, *args: object) -> None:
        made.send("run", contract.address, contract.encode(name, *args), sender=sender.account)

    sender.transfer(made.address, BOND)
    run(bar.world.system.token, "approve", registry.address, BOND)
    sealed = Sealed(system=SYSTEM, bounds=FixedBounds.of(1.0, 1.0, "l1"), vocabulary=VOCABULARY, salt=SALT)
    bounds = (sealed.bounds.weights, sealed.bounds.judgements)
    run(
        registry,
        "commit",
        commitment(chain_id, registry.address, made.address, sealed.frame, sealed.bounds, SYSTEM, SALT),
    )
    run(registry, "reveal", sealed.frame.words, bounds, SYSTEM.encode(), SALT, BOND)
    record = bar.registry.agreement(bar.agreement)
    accepted = Acceptance(
        member=made.address,
        agreement=bar.agreement,
        system=record.system_hash,
        profile=record.profile,
        declaration=1,
        deadline=DEADLINE,
    )
    made.send("accept", typed_digest(accepted.message(chain_id, registry.address)), YES, sender=sender.account)
    entries = (SYSTEM.encode(), SYSTEM.encode())
    args = (bar.agreement, made.address, sealed.frame.words, *entries, DEADLINE, b"")
    registry.send("accept", *args, sender=sender.account)
    return made


def test_a_contract_is_held_to_what_it_says_it_signed_and_only_while_it_says_so(bar: Bar, wallet: Contract) -> None:
    vector = FixedUpdate.of(LONG)
    update = Update(
        member=wallet.address,
        agreement=bar.agreement,
        round=1,
        model=bytes(32),
        profile=PROFILE.hash,
        charter=CHARTER.hash,
        vector=vector.hash,
    )
    signed = SignedUpdate(update=update, signature=b"", vector=vector)
    digest = update.digest(bar.backend.chain_id, bar.court.address)
    bar.claim(signed)
    # The limit that the specification names: what a contract takes back convicts it no longer.
    for said in (NO, YES):
        wallet.send("accept", digest, said, sender=bar.world.stranger.account)
        if said == NO:
            with refused(bar, "court: invalid signature of the member"):
                bar.prover.prove(signed, PROFILE, CHARTER, SALT)
    assert bar.prover.prove(signed, PROFILE, CHARTER, SALT) == BOND * SLASH_BPS // 10_000


def test_a_contract_does_not_answer_for_another_of_the_same_key(bar: Bar, wallet: Contract) -> None:
    """An update names its signer: what the contract's owner signed for itself is another digest."""
    own = bar.update(LONG, who=bar.stranger)
    wallet.send(
        "accept", own.update.digest(bar.backend.chain_id, bar.court.address), YES, sender=bar.world.stranger.account
    )
    moved = bar.update(LONG, who=bar.stranger, member=wallet.address)
    bar.claim(moved)
    with refused(bar, "court: invalid signature of the member"):
        bar.prover.prove(moved, PROFILE, CHARTER, SALT)
