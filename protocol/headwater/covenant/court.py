"""What a member signs of a model update, and typed clients of the UpdateCourt: `UpdateCourt` reads, `Prover` writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from typing import Any, Final

from eth_hash.auto import keccak

from headwater.chain.accounts import Account, typed_digest
from headwater.chain.artifacts import load
from headwater.chain.backend import Backend, Receipt
from headwater.chain.client import Contract
from headwater.chain.codec import encode
from headwater.chain.transaction import checksum
from headwater.covenant.charter import Charter, breaches
from headwater.covenant.errors import CovenantError
from headwater.covenant.wire import FixedProfile, FixedUpdate
from headwater.typed_data import Domain

COURT_NAME: Final = "HeadwaterUpdateCourt"
COURT_VERSION: Final = "1"
UPDATE: Final = {
    "member": "address",
    "agreement": "uint256",
    "round": "uint256",
    "model": "bytes32",
    "profile": "bytes32",
    "charter": "bytes32",
    "vector": "bytes32",
}
"""Fields of an EIP-712 `Update`, in order."""
OFFENCES: Final = ("profile", "charter", "mismatch")
"""Names of the court's offences, from number 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What a member signs: hashes (32 bytes) of the model it is to, of the profile, the charter and the entries."""

    member: str
    agreement: int
    round: int
    model: bytes
    profile: bytes
    charter: bytes
    vector: bytes

    def __post_init__(self) -> None:
        object.__setattr__(self, "member", checksum(self.member))
        for name in ("model", "profile", "charter", "vector"):
            if len(getattr(self, name)) != 32:
                raise CovenantError(f"the hash of the {name} has 32 bytes, got {len(getattr(self, name))}")

    def message(self, chain_id: int, court: str) -> dict[str, Any]:
        """The EIP-712 message to sign, in the form `Account.sign_typed` and `eth_signTypedData_v4` take."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return court_domain(chain_id, court).message("Update", UPDATE, values)

    def digest(self, chain_id: int, court: str) -> bytes:
        """What is signed, 32 bytes; the court convicts it at most once."""
        return typed_digest(self.message(chain_id, court))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedUpdate:
    """A member's update and its signature, as an aggregator takes it and keeps it: with `vector` it is evidence."""

    update: Update
    signature: bytes
    vector: FixedUpdate


def court_domain(chain_id: int, court: str) -> Domain:
    """The EIP-712 domain of an UpdateCourt."""
    return Domain(name=COURT_NAME, version=COURT_VERSION, chain_id=chain_id, contract=checksum(court))


def claim_hash(chain_id: int, court: str, prover: str, digest: bytes, salt: bytes) -> bytes:
    """What a prover claims before it proves; the salt is 32 random bytes, kept until then. Raises CovenantError."""
    if len(salt) != 32:
        raise CovenantError(f"a salt has 32 bytes, got {len(salt)}")
    types = ("uint256", "address", "address", "bytes32", "bytes32")
    return bytes(keccak(encode(types, (chain_id, court, prover, digest, salt))))


def sign_update(
    account: Account,
    chain_id: int,
    court: str,
    *,
    agreement: int,
    round: int,
    model: bytes,
    profile: FixedProfile,
    charter: Charter,
    vector: FixedUpdate,
) -> SignedUpdate:
    """Sign an update that keeps everything it is signed under.

    Raises CovenantError if it breaks something: its signature would cost the bond. That `profile` is the agreement's is
    for the caller to see (`ValueRegistry.profile_of`).
    """
    if broken := breaches(vector, profile, charter):
        raise CovenantError(f"the update breaks {broken}; signing it would cost the bond")
    update = Update(
        member=account.address,
        agreement=agreement,
        round=round,
        model=model,
        profile=profile.hash,
        charter=charter.hash,
        vector=vector.hash,
    )
    return SignedUpdate(update=update, signature=account.sign_typed(update.message(chain_id, court)), vector=vector)


class UpdateCourt:
    """The court, read-only. Every method may raise ConnectionFailed."""

    def __init__(self, backend: Backend, address: str) -> None:
        self.backend = backend
        self.contract = Contract(backend, address, load("UpdateCourt").abi, name="UpdateCourt")

    @property
    def address(self) -> str:
        """Where it is."""
        return self.contract.address

    @property
    def slash_bps(self) -> int:
        """What a conviction takes of a bond, bps."""
        return int(self.contract.call("SLASH_BPS"))

    @property
    def claim_blocks(self) -> int:
        """Blocks from a claim to its proof."""
        return int(self.contract.call("CLAIM_BLOCKS"))

    def convicted(self, update: Update) -> bool:
        """Whether an update was convicted."""
        return bool(self.contract.call("convicted", update.digest(self.backend.chain_id, self.address)))

    def claimed(self, claim: bytes) -> int:
        """The block in which a claim was made; 0 if it was not."""
        return int(self.contract.call("claimed", claim))

    def breaks_profile(self, profile: FixedProfile, index: int, vector: FixedUpdate) -> bool:
        """Whether the contract finds a limit broken. Raises Reverted."""
        return bool(self.contract.call("breaks_profile", profile.encode(), index, vector.encode()))

    def breaks_charter(self, charter: Charter, index: int, vector: FixedUpdate) -> bool:
        """Whether the contract finds a half-space broken. Raises Reverted."""
        return bool(self.contract.call("breaks_charter", charter.rows[index].encode(), vector.encode()))


class Prover:
    """An account that proves breaches: it claims first, and is paid for what it claimed.

    Every verb may raise Reverted (with the contract's reason), ArgumentError, TransactionRejected, NotMined and
    ConnectionFailed; then nothing has changed on the chain.
    """

    def __init__(
        self, court: UpdateCourt, account: Account, observe: Callable[[str, Receipt], None] = lambda _, receipt: None
    ) -> None:
        """`observe` is called with the function's name and the receipt of everything sent."""
        self.court = court
        self.account = account
        self._observe = observe

    @property
    def address(self) -> str:
        """The account's address: it sends, and it is paid."""
        return self.account.address

    def _send(self, name: str, *args: object) -> Receipt:
        receipt = self.court.contract.send(name, *args, sender=self.account)
        self._observe(f"UpdateCourt.{name}", receipt)
        return receipt

    def claim(self, update: Update, salt: bytes) -> Receipt:
        """Claim the reward for convicting an update; prove it `claim_blocks` later, with the same salt."""
        chain_id, court = self.court.backend.chain_id, self.court.address
        return self._send("claim", claim_hash(chain_id, court, self.address, update.digest(chain_id, court), salt))

    def prove(
        self, signed: SignedUpdate, profile: FixedProfile, charter: Charter, salt: bytes, agreed: bytes | None = None
    ) -> int:
        """Convict an update of the first thing it breaks, or of another profile than `agreed`, the agreement's hash.

        Wei taken of the bond. Raises CovenantError if it breaks nothing.
        """
        if agreed is not None and agreed != signed.update.profile:
            return self.prove_mismatch(signed, salt)
        broken = breaches(signed.vector, profile, charter)
        if not broken:
            raise CovenantError("the update breaks neither the profile nor the charter")
        part, index = broken[0]
        if part == "profile":
            evidence: tuple[object, ...] = (profile.encode(), index, signed.vector.encode())
        else:
            evidence = (list(charter.hashes), index, charter.rows[index].encode(), signed.vector.encode())
        return self._convict(part, signed, salt, *evidence)

    def prove_mismatch(self, signed: SignedUpdate, salt: bytes) -> int:
        """Convict an update that was signed under another profile than its agreement's; wei taken of the bond."""
        return self._convict("mismatch", signed, salt)

    def _convict(self, offence: str, signed: SignedUpdate, salt: bytes, *evidence: object) -> int:
        lead = (astuple(signed.update), signed.signature)
        receipt = self._send(f"convict_{offence}", *lead, *evidence, self.address, salt)
        return int(receipt.event("Convicted")["taken"])
