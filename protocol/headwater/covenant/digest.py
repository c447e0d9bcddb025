"""What is hashed and what is signed for the ValueRegistry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from eth_hash.auto import keccak

from headwater.chain.codec import encode
from headwater.chain.transaction import checksum
from headwater.covenant.errors import CovenantError
from headwater.covenant.fixed import FixedBounds, FixedSystem, norm_code
from headwater.typed_data import Domain

REGISTRY_NAME: Final = "HeadwaterValues"
REGISTRY_VERSION: Final = "1"
ACCEPTANCE: Final = {
    "member": "address",
    "agreement": "uint256",
    "system": "bytes32",
    "profile": "bytes32",
    "declaration": "uint256",
    "deadline": "uint256",
}
"""Fields of an EIP-712 `Acceptance`, in order."""
_FRAME: Final = "(bytes32,uint256,uint256,uint256)"
_BOUNDS: Final = "(uint256,uint256)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What the entries of a system mean: the vocabulary's hash, numbers of values and actions, the norm's number."""

    vocabulary: bytes
    values: int
    actions: int
    norm: int

    @classmethod
    def of(cls, system: FixedSystem, norm: str, vocabulary: bytes) -> Frame:
        """The frame of a system. Raises CovenantError."""
        return cls(vocabulary=_word("vocabulary", vocabulary), values=system.m, actions=system.a, norm=norm_code(norm))

    @property
    def words(self) -> tuple[bytes, int, int, int]:
        """As the contract takes it."""
        return self.vocabulary, self.values, self.actions, self.norm


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What a member signs: this agreement, by number and content, on that one of its declarations, until a time (s)."""

    member: str
    agreement: int
    system: bytes
    profile: bytes
    declaration: int
    deadline: int

    def message(self, chain_id: int, registry: str) -> dict[str, Any]:
        """The EIP-712 message to sign, in the form `Account.sign_typed` and `eth_signTypedData_v4` take."""
        values = {
            "member": checksum(self.member),
            "agreement": self.agreement,
            "system": self.system,
            "profile": self.profile,
            "declaration": self.declaration,
            "deadline": self.deadline,
        }
        return registry_domain(chain_id, registry).message("Acceptance", ACCEPTANCE, values)


def registry_domain(chain_id: int, registry: str) -> Domain:
    """The EIP-712 domain of a ValueRegistry."""
    return Domain(name=REGISTRY_NAME, version=REGISTRY_VERSION, chain_id=chain_id, contract=checksum(registry))


def vocabulary_hash(values: Sequence[str], actions: Sequence[str]) -> bytes:
    """keccak256(abi.encode(string[] values, string[] actions)): what the columns and rows of a system are called."""
    return bytes(keccak(encode(("string[]", "string[]"), (list(values), list(actions)))))


def system_hash(frame: Frame, system: FixedSystem) -> bytes:
    """keccak256(abi.encode(frame) ‖ entries), by which the registry knows a system."""
    return bytes(keccak(encode((_FRAME,), (frame.words,)) + system.encode()))


def commitment(
    chain_id: int, registry: str, member: str, frame: Frame, bounds: FixedBounds, system: FixedSystem, salt: bytes
) -> bytes:
    """What a member commits: keccak256(abi.encode(chain id, registry, member, system hash, bounds, salt)).

    `salt` is 32 random bytes, kept secret until the reveal: without it anybody could try systems until one fits.
    """
    words = (
        chain_id,
        checksum(registry),
        checksum(member),
        system_hash(frame, system),
        (bounds.weights, bounds.judgements),
        _word("salt", salt),
    )
    return bytes(keccak(encode(("uint256", "address", "address", "bytes32", _BOUNDS, "bytes32"), words)))


def _word(name: str, content: bytes) -> bytes:
    if len(content) != 32:
        raise CovenantError(f"a {name} has 32 bytes, got {len(content)}")
    return bytes(content)
