"""The typed client that writes to the ValueRegistry: one account's calls. Each returns a receipt, or a number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from headwater.chain.accounts import Account
from headwater.chain.artifacts import load
from headwater.chain.backend import Receipt
from headwater.chain.client import Contract
from headwater.covenant.digest import Acceptance, Frame, commitment
from headwater.covenant.errors import CovenantError
from headwater.covenant.fixed import FixedBounds, FixedSystem
from headwater.covenant.registry import AgreementRecord, ValueRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What somebody is about to declare. Keep it until it is revealed: without the salt nobody can.

    `salt` is 32 random bytes, `vocabulary` what `vocabulary_hash` gives.
    """

    system: FixedSystem
    bounds: FixedBounds
    vocabulary: bytes
    salt: bytes

    @property
    def frame(self) -> Frame:
        """What the entries mean."""
        return Frame.of(self.system, self.bounds.norm, self.vocabulary)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAcceptance:
    """A member's acceptance and its signature (EIP-712), for anybody to relay."""

    acceptance: Acceptance
    signature: bytes


class ValueDesk:
    """An account's verbs on the registry. Money is wei, times seconds.

    Every verb may raise Reverted (with the contract's reason), ArgumentError, TransactionRejected, NotMined and
    ConnectionFailed; then nothing has changed on the chain.
    """

    def __init__(
        self,
        registry: ValueRegistry,
        account: Account,
        observe: Callable[[str, Receipt], None] = lambda _, receipt: None,
    ) -> None:
        """`observe` is called with the function's name and the receipt of everything sent."""
        self.registry = registry
        self.account = account
        self._observe = observe

    @property
    def address(self) -> str:
        """The account's address."""
        return self.account.address

    def _send(self, contract: Contract, name: str, *args: Any) -> Receipt:
        receipt = contract.send(name, *args, sender=self.account)
        self._observe(f"{contract.name}.{name}", receipt)
        return receipt

    # declarations

    def commit(self, sealed: Sealed) -> Receipt:
        """Commit to a declaration; a second commitment replaces the first."""
        digest = commitment(
            self.registry.backend.chain_id,
            self.registry.address,
            self.address,
            sealed.frame,
            sealed.bounds,
            sealed.system,
            sealed.salt,
        )
        return self._send(self.registry.contract, "commit", digest)

    def reveal(self, sealed: Sealed, bond: int = 0) -> int:
        """Declare what was committed, from the next block on; the declaration's number. `bond` is added (wei)."""
        bounds = (sealed.bounds.weights, sealed.bounds.judgements)
        entries = sealed.system.encode()
        receipt = self._send(self.registry.contract, "reveal", sealed.frame.words, bounds, entries, sealed.salt, bond)
        return int(receipt.event("Declared")["number"])

    # agreements

    def propose(self, system: FixedSystem, norm: str, vocabulary: bytes, profile: bytes) -> int:
        """Register an agreement under a profile's hash (32 bytes, not zero); its number."""
        frame = Frame.of(system, norm, vocabulary)
        receipt = self._send(self.registry.contract, "propose", frame.words, system.encode(), profile)
        return int(receipt.event("Proposed")["agreement"])

    def sign(self, agreement: AgreementRecord, deadline: int) -> SignedAcceptance:
        """Accept an agreement on this account's newest declaration, until the deadline; nothing is sent.

        Raises CovenantError if the contract would refuse: nothing declared, another frame, or too far apart.
        """
        declared = self.registry.declaration(self.address)
        if declared.frame != agreement.frame:
            raise CovenantError(
                f"agreement {agreement.number} has another vocabulary, shape or norm than what {self.address} declared"
            )
        if not agreement.admits(declared):
            raise CovenantError(
                f"agreement {agreement.number} is farther from what {self.address} declared than its bounds, capped by "
                f"the agreement's threshold {agreement.threshold}, allow"
            )
        acceptance = Acceptance(
            member=self.address,
            agreement=agreement.number,
            system=agreement.system_hash,
            profile=agreement.profile,
            declaration=declared.number,
            deadline=deadline,
        )
        message = acceptance.message(self.registry.backend.chain_id, self.registry.address)
        return SignedAcceptance(acceptance=acceptance, signature=self.account.sign_typed(message))

    def relay(self, signed: SignedAcceptance) -> Receipt:
        """Hand in anybody's acceptance. Raises CovenantError if there is no such agreement or declaration."""
        acceptance = signed.acceptance
        agreement = self.registry.agreement(acceptance.agreement)
        declared = self.registry.declaration(acceptance.member, acceptance.declaration)
        return self._send(
            self.registry.contract,
            "accept",
            acceptance.agreement,
            acceptance.member,
            agreement.frame.words,
            declared.system.encode(),
            agreement.system.encode(),
            acceptance.deadline,
            signed.signature,
        )

    def leave(self, agreement: int) -> Receipt:
        """Leave an agreement for good, or bar oneself from one before anybody relays what was signed."""
        return self._send(self.registry.contract, "leave", agreement)

    # bonds

    def approve(self, amount: int = 2**256 - 1) -> Receipt:
        """Let the registry take bonds from this account's tokens, up to an amount in wei; all by default."""
        token = Contract(
            self.registry.backend,
            self.registry.contract.call("TOKEN"),
            load("HeadwaterToken").abi,
            name="HeadwaterToken",
        )
        return self._send(token, "approve", self.registry.address, amount)

    def deposit(self, amount: int) -> Receipt:
        """Add to the bond, wei."""
        return self._send(self.registry.contract, "deposit", amount)

    def withdraw(self) -> int:
        """Take the whole bond back, once no agreement is open and the unbonding is over; wei."""
        receipt = self._send(self.registry.contract, "withdraw")
        return int(receipt.event("Withdrawn")["amount"])

    def sync(self) -> int:
        """Send what the registry was given without a call to the treasury; wei."""
        return int(self._send(self.registry.contract, "sync").event("Synced")["surplus"])
