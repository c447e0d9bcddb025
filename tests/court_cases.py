"""What tests of the UpdateCourt share: the three contracts about values, an agreement with members, signed updates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_hash.auto import keccak

from harness import SALT, TOKENS, World
from headwater.chain import Contract, create_address, deploy, load
from headwater.chain.backend import Backend
from headwater.covenant import (
    Charter,
    FixedBounds,
    FixedProfile,
    FixedSystem,
    FixedUpdate,
    HalfSpace,
    Prover,
    Sealed,
    SignedUpdate,
    Update,
    UpdateCourt,
    ValueDesk,
    ValueRegistry,
    l2_limit,
    linf_limits,
    vocabulary_hash,
)
from headwater_deploy import DAY, HOUR

BOND = 1_000 * TOKENS
SLASH_BPS = 8_000
CLAIM_BLOCKS = 3
PROVER_BPS = 1_500
DIMENSION = 6
MODEL = keccak(b"model")
VOCABULARY = vocabulary_hash(["liberty", "equality"], ["tax"])
SYSTEM = FixedSystem.of([0.5, 0.5], [[0.0, 0.0]])
# Norm at most 1; entries 2 and 3 left alone but for 0.01.
LIMITS = (l2_limit(DIMENSION, 1.0), *linf_limits(range(DIMENSION), 1.0), *linf_limits([2, 3], 0.01))
PROFILE = FixedProfile(keccak(b"policy"), DIMENSION, LIMITS)
# The first entry may not rise; the sum of all is at most 1.
CHARTER = Charter((HalfSpace.of([1, 0, 0, 0, 0, 0], 0.0, 1.0), HalfSpace.of([1] * DIMENSION, 1.0, 1.0)))
FINE = (-0.5, 0.25, 0.0, 0.01, 0.5, 0.5)
LONG = (-0.9, 0.5, 0.0, 0.0, 0.5, 0.0)
"""Breaks the norm, limit 0."""
TOUCHING = (-0.5, 0.0, 0.0, 0.02, 0.0, 0.0)
"""Touches entry 3, limit 2."""
RISING = (0.5, 0.0, 0.0, 0.0, 0.0, 0.0)
"""Raises entry 0, half-space 0."""


@dataclass
class Bar:
    """A court, its registry, an agreement that `member` and `other` joined, and a prover."""

    world: World
    registry: ValueRegistry
    court: UpdateCourt
    agreement: int
    member: ValueDesk
    other: ValueDesk
    stranger: ValueDesk
    prover: Prover

    @property
    def backend(self) -> Backend:
        return self.world.backend

    @property
    def contracts(self) -> Sequence[Contract]:
        return (*self.world.contracts, self.registry.contract, self.court.contract)

    def wait(self, blocks: int = CLAIM_BLOCKS) -> None:
        for _ in range(blocks - 1):
            self.world.governor.transfer(self.world.governor.address, 0)

    def update(self, entries: Sequence[float], who: ValueDesk | None = None, **changes: object) -> SignedUpdate:
        """Signed without looking at what it breaks; `changes` are fields of what is signed."""
        vector, signer = FixedUpdate.of(entries), self.member if who is None else who
        said: dict[str, object] = {
            "member": signer.address,
            "agreement": self.agreement,
            "round": 1,
            "model": MODEL,
            "profile": PROFILE.hash,
            "charter": CHARTER.hash,
            "vector": vector.hash,
            **changes,
        }
        update = Update(**said)  # type: ignore[arg-type]
        message = update.message(self.backend.chain_id, self.court.address)
        return SignedUpdate(update=update, signature=signer.account.sign_typed(message), vector=vector)

    def claim(self, signed: SignedUpdate, prover: Prover | None = None) -> None:
        """Claim and wait until it counts."""
        (prover or self.prover).claim(signed.update, SALT)
        self.wait()

    def convict(self, signed: SignedUpdate) -> int:
        """Claim, wait and prove; wei taken."""
        self.claim(signed)
        return self.prover.prove(signed, PROFILE, CHARTER, SALT, self.registry.profile_of(self.agreement))


def new_bar(world: World, slash_bps: int = SLASH_BPS) -> Bar:
    """Deploy, declare, agree and join."""
    governor, backend = world.governor, world.backend
    first = backend.nonce(governor.address)
    registry, vote, court = (create_address(governor.address, first + i) for i in range(3))
    places = world.system.addresses
    args: dict[str, tuple[object, ...]] = {
        "ValueRegistry": (places.token, places.treasury, vote, court, BOND // 10, DAY, DAY, 30 * DAY, PROVER_BPS),
        "HomophilyVote": (places.vault, 0, 2 * 10**9, 201, 200, HOUR, HOUR, HOUR, HOUR, 2_000),
        "UpdateCourt": (registry, slash_bps, CLAIM_BLOCKS),
    }
    for (name, values), place in zip(args.items(), (registry, vote, court), strict=True):
        contract, _ = deploy(backend, load(name), *values, sender=governor.account)
        assert contract.address == place
    known = ValueRegistry(backend, registry)
    found = UpdateCourt(backend, court)
    member, other = (ValueDesk(known, forecaster.account) for forecaster in world.forecasters[:2])
    stranger = ValueDesk(known, world.stranger.account)
    agreement = stranger.propose(SYSTEM, "l1", VOCABULARY, PROFILE.hash)
    for desk in (member, other):
        desk.approve()
        sealed = Sealed(system=SYSTEM, bounds=FixedBounds.of(1.0, 1.0, "l1"), vocabulary=VOCABULARY, salt=SALT)
        desk.commit(sealed)
        desk.reveal(sealed, BOND)
        stranger.relay(desk.sign(known.agreement(agreement), 2**40))
    return Bar(
        world=world,
        registry=known,
        court=found,
        agreement=agreement,
        member=member,
        other=other,
        stranger=stranger,
        prover=Prover(found, world.providers[0].account),
    )
