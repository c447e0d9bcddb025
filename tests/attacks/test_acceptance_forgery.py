"""Who signs an agreement signs this one, here, as this member, on that declaration: no signature counts elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_hash.auto import keccak

from checks import refused
from harness import ZERO, new_backend
from headwater.chain import Account, Contract, deploy, load, typed_digest
from headwater.covenant import Acceptance, commitment
from value_cases import FAR, GIFT, MIN_BOND, Commons, forged, new_commons, sealed, send_as, system

INVALID = "registry: invalid signature of the member"
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
WALLETS = Path(__file__).parents[1] / "unit" / "contracts" / "registry_contracts"


@pytest.fixture(scope="module")
def _deployed() -> Commons:
    return new_commons(new_backend(seed=4))


@pytest.fixture
def commons(_deployed: Commons) -> Iterator[Commons]:
    snapshot = _deployed.backend.snapshot()
    yield _deployed
    _deployed.backend.revert(snapshot)


def _hand_in(commons: Commons, signature: bytes, agreement: int = 1, member: str = "", deadline: int = FAR) -> None:
    """Relay what fits the agreement and the member but for the signature."""
    entries = system().encode()
    who = member or commons.member.address
    args = (agreement, who, sealed().frame.words, entries, entries, deadline, signature)
    send_as(commons.attacker.account, commons.registry.contract, "accept", *args)


@pytest.mark.parametrize(
    "changes",
    [
        {"member": "0x" + "11" * 20},
        {"agreement": 2},
        {"system": bytes(32)},
        {"profile": keccak(b"another")},
        {"declaration": 2},
        {"declaration": 0},
        {"deadline": FAR - 1},
    ],
)
def test_a_signature_counts_for_exactly_what_it_says(commons: Commons, changes: dict[str, Any]) -> None:
    commons.declare(commons.member, sealed())
    made = commons.agree(system())
    assert commons.agree(system()).system_hash == made.system_hash
    with refused(commons, INVALID):
        _hand_in(commons, forged(commons.member, made, 1, **changes).signature)
    _hand_in(commons, forged(commons.member, made, 1).signature)
    assert commons.registry.is_member(1, commons.member.address)


def test_an_acceptance_is_not_replayed_in_an_agreement_of_the_same_words(commons: Commons) -> None:
    """Same system, same profile, another number: a proposer copies an agreement to keep who has left the first."""
    commons.member.deposit(MIN_BOND)
    commons.declare(commons.member, sealed())
    made, copy = commons.agree(system()), commons.agree(system())
    signed = commons.member.sign(made, FAR)
    with refused(commons, INVALID):
        _hand_in(commons, signed.signature, agreement=copy.number)


@pytest.mark.parametrize("where", ["chain", "registry"])
def test_an_acceptance_is_not_replayed_on_another_chain_or_registry(commons: Commons, where: str) -> None:
    commons.declare(commons.member, sealed())
    made = commons.agree(system())
    chain, place = commons.backend.chain_id, commons.registry.address
    acceptance = forged(commons.member, made, 1).acceptance
    message = acceptance.message(chain + 1, place) if where == "chain" else acceptance.message(chain, commons.treasury)
    with refused(commons, INVALID):
        _hand_in(commons, commons.member.account.sign_typed(message))


def test_an_acceptance_signed_on_an_older_declaration_is_void(commons: Commons) -> None:
    """A wide bound, signed under once, does not outlive the declaration it stood in."""
    commons.declare(commons.member, sealed(weights=2))
    made = commons.agree(system(0.9))
    signed = commons.member.sign(made, FAR)
    commons.declare(commons.member, sealed(weights=2), 0)
    with refused(commons, INVALID):
        commons.attacker.relay(signed)  # the systems are equal, the declarations are two


def test_nobody_signs_for_another(commons: Commons) -> None:
    commons.declare(commons.member, sealed())
    made = commons.agree(system())
    message = forged(commons.member, made, 1).acceptance.message(commons.backend.chain_id, commons.registry.address)
    good = commons.member.account.sign_typed(message)
    r, s, v = good[:32], int.from_bytes(good[32:64], "big"), good[64:]
    for signature in (
        commons.attacker.account.sign_typed(message),
        b"",
        bytes(65),
        bytes(1024),
        good[:64],
        good + b"\0",
        good[:64] + bytes((0,)),
        good[:64] + bytes((55 - good[64],)),
        r + (ORDER - s).to_bytes(32, "big") + bytes((55 - v[0],)),
    ):
        with refused(commons, INVALID):
            _hand_in(commons, signature)
    with refused(commons, "registry: member declared nothing"):
        _hand_in(commons, bytes(65), member=ZERO)  # what recovers to nobody is nobody's
    _hand_in(commons, good)


def _house(commons: Commons) -> Contract:
    """A contract that has declared; it accepts what its accept() was told (ERC-1271)."""
    house, _ = deploy(commons.backend, load("Wallet", WALLETS), True, sender=commons.attacker.account)
    registry, mine = commons.registry.contract, sealed()

    def run(target: Contract, name: str, *args: Any) -> None:
        send_as(commons.attacker.account, house, "run", target, target.encode(name, *args))

    commons.token.send("transfer", house, MIN_BOND, sender=commons.attacker.account)
    digest = commitment(
        commons.backend.chain_id, registry.address, house.address, mine.frame, mine.bounds, mine.system, mine.salt
    )
    run(commons.token, "approve", registry, MIN_BOND)
    run(registry, "commit", digest)
    bounds = mine.bounds.weights, mine.bounds.judgements
    run(registry, "reveal", mine.frame.words, bounds, mine.system.encode(), mine.salt, MIN_BOND)
    return house


def test_a_contract_signs_by_its_own_rule_and_only_for_itself(commons: Commons) -> None:
    house, twin = _house(commons), _house(commons)
    made = commons.agree(system())
    acceptance = Acceptance(
        member=house.address,
        agreement=made.number,
        system=made.system_hash,
        profile=made.profile,
        declaration=1,
        deadline=FAR,
    )

    def digest(of: Acceptance) -> bytes:
        return typed_digest(of.message(commons.backend.chain_id, commons.registry.address))

    with refused(commons, INVALID):
        _hand_in(commons, b"any", member=house.address)
    # Both houses of one owner say yes to the words of the one: that makes a member of the one.
    for each in (house, twin):
        send_as(commons.attacker.account, each, "accept", digest(acceptance), bytes.fromhex("1626ba7e"))
    with refused(commons, INVALID):
        _hand_in(commons, b"any", member=twin.address)
    send_as(commons.attacker.account, house, "accept", digest(acceptance), bytes.fromhex("ffffffff"))
    with refused(commons, INVALID):
        _hand_in(commons, b"any", member=house.address)
    send_as(commons.attacker.account, house, "accept", digest(acceptance), bytes.fromhex("1626ba7e"))
    _hand_in(commons, b"any", member=house.address)
    assert commons.registry.members(1) == [house.address]


def _gas(commons: Commons) -> list[int]:
    """What an outsider's whole life costs, from the declaration to the withdrawal."""
    who = commons.other
    seen: list[int] = []
    who._observe = lambda _, receipt: seen.append(receipt.gas_used)
    commons.declare(who, sealed(salt=bytes(31) + b"\1"))
    made = commons.agree(system())
    who.relay(who.sign(made, FAR))
    who.leave(made.number)
    commons.travel(8 * 86_400)
    who.withdraw()
    return seen


def test_no_crowd_of_proposals_names_or_members_makes_anothers_calls_dearer(commons: Commons) -> None:
    # The first ever pays for the counters, and who empties them is refunded.
    commons.member.deposit(1)
    commons.agree(system())
    before = commons.backend.snapshot()
    alone = _gas(commons)
    commons.backend.revert(before)
    crowd = [Account.derive(77, i) for i in range(6)]
    first = commons.agree(system())
    for account in crowd:
        desk = type(commons.member)(commons.registry, account)
        commons.backend.fund(account.address, 10**20)
        commons.token.send("transfer", account.address, MIN_BOND, sender=commons.attacker.account)
        desk.approve()
        commons.declare(desk, sealed())
        commons.attacker.relay(desk.sign(first, FAR))
    for i in range(40):
        commons.attacker.propose(system(i / 40), "l1", sealed().vocabulary, keccak(b"%d" % i))
        commons.attacker.leave(i + 2)  # bars itself: a list of those would be its own
    crowded = _gas(commons)
    # Some zero bytes of calldata and times differ; a list that grew would cost hundreds a piece.
    assert all(abs(a - b) < 500 for a, b in zip(alone, crowded, strict=True)), (alone, crowded)


def test_nobody_binds_blocks_or_empties_anybody_who_signed_nothing(commons: Commons) -> None:
    """Everything the attacker may call, with the victim's name wherever one fits."""
    commons.declare(commons.member, sealed())
    made = commons.agree(system())
    signed = commons.member.sign(made, FAR)
    registry, victim = commons.registry.contract, commons.member.address
    attacker = commons.attacker.account
    with refused(commons, INVALID):
        _hand_in(commons, forged(commons.attacker, made, 1, member=victim).signature)
    for name, args in (("slash", (victim, 1, 1, attacker.address)), ("slash", (victim, 0, 1, attacker.address))):
        with refused(commons, "registry: caller is not the court"):
            send_as(attacker, registry, name, *args)
    send_as(attacker, registry, "leave", 1)
    send_as(attacker, registry, "sync")
    commons.attacker.propose(system(), "l1", sealed().vocabulary, made.profile)
    commons.stranger.relay(signed)
    commons.member.leave(1)
    commons.travel(8 * 86_400)
    assert commons.member.withdraw() == MIN_BOND
    assert commons.balance(victim) == GIFT
    commons.audit()
