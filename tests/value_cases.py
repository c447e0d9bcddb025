"""What tests of the ValueRegistry share: the contract with keys in the court's and the treasury's place, and people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_hash.auto import keccak

from harness import LocalBackend
from headwater.chain import Account, Contract, Receipt, create_address, deploy, load
from headwater.covenant import (
    SCALE,
    Acceptance,
    AgreementRecord,
    FixedBounds,
    FixedSystem,
    Sealed,
    SignedAcceptance,
    ValueDesk,
    ValueRegistry,
    vocabulary_hash,
)
from headwater.units import WAD

DAY = 86_400
MIN_BOND = 100 * WAD
UNBONDING = 7 * DAY
REVEAL_WINDOW = DAY
JOIN_WINDOW = 30 * DAY
PROVER_BPS = 2_500
GIFT = 10_000 * WAD
FAR = 2**40
"""A deadline no test comes near."""
PROFILE = keccak(b"profile")
SALT = bytes(range(32))
VOCABULARY = vocabulary_hash(["liberty", "equality"], ["tax"])


@dataclass
class Commons:
    """The registry. `court` is a key that slashes as the UpdateCourt would; `threshold` says what the vote would."""

    backend: LocalBackend
    token: Contract
    threshold: Contract
    registry: ValueRegistry
    court: Account
    treasury: str
    people: list[ValueDesk]

    @property
    def contracts(self) -> Sequence[Contract]:
        return self.token, self.threshold, self.registry.contract

    @property
    def member(self) -> ValueDesk:
        return self.people[0]

    @property
    def other(self) -> ValueDesk:
        return self.people[1]

    @property
    def attacker(self) -> ValueDesk:
        return self.people[2]

    @property
    def stranger(self) -> ValueDesk:
        return self.people[3]

    def balance(self, address: str) -> int:
        return int(self.token.call("balanceOf", address))

    def travel(self, seconds: int) -> None:
        """Let the next transaction see a time this much later than now."""
        self.backend.time_travel(self.backend.now() + seconds)

    def declare(self, who: ValueDesk, sealed: Sealed, bond: int = MIN_BOND) -> int:
        who.commit(sealed)
        return who.reveal(sealed, bond)

    def agree(self, system: FixedSystem, norm: str = "l1", profile: bytes = PROFILE) -> AgreementRecord:
        return self.registry.agreement(self.stranger.propose(system, norm, VOCABULARY, profile))

    def join(self, who: ValueDesk, agreement: AgreementRecord) -> None:
        """By a relayer."""
        self.stranger.relay(who.sign(agreement, FAR))

    def slash(self, who: ValueDesk, agreement: int, amount: int, prover: str) -> int:
        receipt = self.registry.contract.send("slash", who.address, agreement, amount, prover, sender=self.court)
        return int(receipt.event("Slashed")["taken"])

    def audit(self) -> None:
        """The contract holds what it owes, which is what its members have; supply is what everybody has."""
        bonds = [self.registry.bond(desk.address).amount for desk in self.people]
        assert self.registry.owed() == sum(bonds) == self.balance(self.registry.address)
        everybody = [desk.address for desk in self.people]
        holders = {*everybody, self.registry.address, self.treasury, self.court.address}
        assert sum(self.balance(holder) for holder in holders) == self.token.call("totalSupply")


def new_commons(backend: LocalBackend, people: int = 5, seed: int = 0) -> Commons:
    """Deploy, and give everybody tokens."""
    court, treasury, *accounts = [Account.derive(1_000 + seed, i) for i in range(2 + people)]
    deployer = backend.dev_accounts(1)[0]
    token, _ = deploy(
        backend, load("HeadwaterToken"), deployer.address, 10**9 * WAD, deployer.address, 10**8 * WAD, sender=deployer
    )
    here = Path(__file__).parent / "unit" / "contracts" / "value_registry"
    threshold, _ = deploy(backend, load("Threshold", here), 2 * SCALE, sender=deployer)
    place = create_address(deployer.address, backend.nonce(deployer.address))
    contract, _ = deploy(
        backend,
        load("ValueRegistry"),
        token,
        treasury.address,
        threshold,
        court.address,
        MIN_BOND,
        UNBONDING,
        REVEAL_WINDOW,
        JOIN_WINDOW,
        PROVER_BPS,
        sender=deployer,
    )
    assert contract.address == place
    for account in (court, *accounts):
        backend.fund(account.address, 10**20)
    for account in accounts:
        token.send("transfer", account.address, GIFT, sender=deployer)
    token.send("transfer", treasury.address, 10**8 * WAD - people * GIFT, sender=deployer)
    registry = ValueRegistry(backend, contract.address)
    desks = [ValueDesk(registry, account) for account in accounts]
    for desk in desks:
        desk.approve()
    return Commons(
        backend=backend,
        token=token,
        threshold=threshold,
        registry=registry,
        court=court,
        treasury=treasury.address,
        people=desks,
    )


def system(first: float = 0.5, judgement: float = 0.0) -> FixedSystem:
    """Two values, one action: the first value's weight, and how far the action promotes it."""
    return FixedSystem.of([first, 1 - first], [[judgement, 0.0]])


def sealed(
    first: float = 0.5,
    judgement: float = 0.0,
    *,
    weights: float = 1.0,
    judgements: float = 1.0,
    norm: str = "l1",
    vocabulary: bytes = VOCABULARY,
    salt: bytes = SALT,
) -> Sealed:
    """A declaration of `system` with these bounds."""
    return Sealed(
        system=system(first, judgement),
        bounds=FixedBounds.of(weights, judgements, norm),
        vocabulary=vocabulary,
        salt=salt,
    )


def send_as(account: Account, contract: Contract, name: str, *args: Any) -> Receipt:
    """Any function, with any arguments: also those that the typed client would not send."""
    return contract.send(name, *args, sender=account)


def forged(who: ValueDesk, made: AgreementRecord, number: int, **changes: Any) -> SignedAcceptance:
    """An acceptance that its desk would not sign, signed with its key all the same; change what a test is about."""
    acceptance = Acceptance(
        **{
            "member": who.address,
            "agreement": made.number,
            "system": made.system_hash,
            "profile": made.profile,
            "declaration": number,
            "deadline": FAR,
            **changes,
        }
    )
    message = acceptance.message(who.registry.backend.chain_id, who.registry.address)
    return SignedAcceptance(acceptance=acceptance, signature=who.account.sign_typed(message))
