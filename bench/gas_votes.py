"""Gas of the vote on the threshold and of the court, for the snapshot; `bench.gas` calls it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from eth_hash.auto import keccak

from headwater.chain import Receipt
from headwater.chain.participant import Participant
from headwater.chain.tester import EmbeddedBackend
from headwater.covenant import (
    Charter,
    CovenantAddresses,
    FixedBounds,
    FixedProfile,
    FixedSystem,
    FixedUpdate,
    HalfSpace,
    HomophilyVote,
    Limit,
    Prover,
    Sealed,
    SignedUpdate,
    Update,
    UpdateCourt,
    ValueDesk,
    ValueRegistry,
    Voter,
    l2_limit,
    vocabulary_hash,
)
from headwater.units import WAD
from headwater_deploy import ProtocolConfig, deploy

SALT: Final = bytes(range(32))
_VOCABULARY: Final = vocabulary_hash(["liberty", "equality"], ["tax"])
_SYSTEM: Final = FixedSystem.of([0.5, 0.5], [[0.0, 0.0]])
_BOND: Final = 1_000 * WAD


class _Notes:
    """The receipt of each function's last call."""

    def __init__(self) -> None:
        self.gas: dict[str, int] = {}

    def __call__(self, name: str, receipt: Receipt) -> None:
        self.gas[name.partition(".")[2]] = receipt.gas_used


def votes_and_court() -> dict[str, int]:
    """Both, on a chain of their own. Gas by operation; exact and repeatable."""
    chain = EmbeddedBackend(seed=7)
    accounts = chain.dev_accounts(5)
    made = deploy(chain, accounts[0], ProtocolConfig(registries=False, deals=False))
    assert made.covenants is not None
    governor, *people = [Participant(made.system, account) for account in accounts]
    for person in people:
        governor.transfer(person.address, 10**5 * WAD)
        person.approve(made.system.addresses.vault)
    for voter in people[:2]:
        voter.stake(1_000 * WAD)
    votes = _vote_rows(chain, people[:2], made.covenants.vote)
    return votes | _court_rows(people[2], people[3], governor, made.covenants)


def _vote_rows(chain: EmbeddedBackend, voters: Sequence[Participant], address: str) -> dict[str, int]:
    """Three rounds over 256 ticks by two voters with stake; the words of the tree are fresh in the first only.

    Tick 0 is the longest way up the tree. Gas by operation.
    """
    vote = HomophilyVote(voters[0].system, address)
    notes, found = _Notes(), dict[str, int]()
    people = [Voter(vote, voter.account, notes) for voter in voters]
    for number in range(3):
        step = "first" if number == 0 else "steady"
        chain.time_travel(max(chain.now(), vote.next_opening()))
        people[0].open()
        for person in people:
            person.commit(0, SALT)
            found.setdefault(f"vote: commit ({step})", notes.gas["commit"])
        chain.time_travel(vote.round().commit_end)
        for person in people:
            person.reveal(0, SALT)
            found.setdefault(f"vote: reveal, 256 ticks ({step})", notes.gas["reveal"])
        chain.time_travel(vote.round().reveal_end)
        people[0].tally()
        found[f"vote: open ({step})"] = notes.gas["open"]
        found[f"vote: tally, 256 ticks ({step})"] = notes.gas["tally"]
    return found


def _court_rows(
    member: Participant, prover: Participant, relayer: Participant, places: CovenantAddresses
) -> dict[str, int]:
    """A member is convicted again and again, with a new bond each time. Gas by operation."""
    backend = member.system.backend
    registry, court = ValueRegistry(backend, places.registry), UpdateCourt(backend, places.court)
    desk, notes = ValueDesk(registry, member.account), _Notes()
    hand = Prover(court, prover.account, notes)
    desk.approve()
    sealed = Sealed(system=_SYSTEM, bounds=FixedBounds.of(1.0, 1.0, "l1"), vocabulary=_VOCABULARY, salt=SALT)
    desk.commit(sealed)
    desk.reveal(sealed, _BOND)
    found: dict[str, int] = {}
    for dimension in (16, 1_024):
        loose = (Limit("linf", 0, dimension, 10**12),) * 15
        profile = FixedProfile(keccak(b"policy"), dimension, (l2_limit(dimension, 0.5), *loose))
        agreement = desk.propose(_SYSTEM, "l1", _VOCABULARY, profile.hash)
        ValueDesk(registry, relayer.account).relay(desk.sign(registry.agreement(agreement), 2**40))
        kept = FixedProfile(profile.policy, dimension, loose)
        vector = FixedUpdate.of([0.75 - 0.5 * (i % 2) for i in range(dimension)])
        spaces = [HalfSpace.of([1.0 + 0.001 * (i + j) for i in range(dimension)], -1.0, 1.0) for j in range(8)]
        charter = Charter(tuple(spaces))
        for number, (what, under) in enumerate((("a norm", profile), ("a half-space", kept), ("a profile", kept))):
            update = Update(
                member=desk.address,
                agreement=agreement,
                round=number,
                model=keccak(b"model"),
                profile=under.hash,
                charter=charter.hash,
                vector=vector.hash,
            )
            message = update.message(backend.chain_id, court.address)
            signed = SignedUpdate(update=update, signature=member.account.sign_typed(message), vector=vector)
            hand.claim(update, SALT)
            found["court: claim (first)"] = notes.gas["claim"]
            for _ in range(court.claim_blocks - 1):
                relayer.transfer(relayer.address, 0)
            if what == "a profile":
                hand.prove_mismatch(signed, SALT)
                found["court: convict of another profile"] = notes.gas["convict_mismatch"]
            else:
                hand.prove(signed, under, charter, SALT)
                name = "convict_profile" if what == "a norm" else "convict_charter"
                found[f"court: convict of {what}, {dimension:,} entries"] = notes.gas[name]
            desk.deposit(_BOND)
    return found
