"""What agents say to each other: four kinds of messages, each signed (EIP-712) and chained to the one before."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from eth_hash.auto import keccak

from headwater.chain.accounts import Account
from headwater.deals.deal import Deal, address_word, sign_digest, signed_by
from headwater.deals.errors import Reason, Refused
from headwater.deals.price import whole
from headwater.deals.terms import checked_address
from headwater.typed_data import Domain, signing_hash, struct_typehash

MESSAGE: Final = {
    "negotiation": "bytes32",
    "sequence": "uint256",
    "previous": "bytes32",
    "kind": "uint8",
    "sender": "address",
    "deal": "bytes32",
}
"""Fields of an EIP-712 `Message`, in order."""
ZERO: Final = bytes(32)
MAX_SEQUENCE: Final = 2**64 - 1
_TYPEHASH: Final = struct_typehash("Message", MESSAGE)


class Kind(IntEnum):
    """What a message does."""

    PROPOSE = 1
    COUNTER = 2
    AGREE = 3
    HALT = 4


OFFERS: Final = (Kind.PROPOSE, Kind.COUNTER)


def negotiation_id(task: int, first: str, second: str, nonce: int) -> bytes:
    """keccak256(abi.encode(task, first party, second party, nonce)), 32 bytes."""
    words = task.to_bytes(32, "big") + address_word(first) + address_word(second) + nonce.to_bytes(32, "big")
    return bytes(keccak(words))


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. Only its form is checked here; a Negotiation judges it when it receives it.

    Attributes:
        domain: the escrow it is said for.
        negotiation: 32 bytes (`negotiation_id`).
        sequence: its number in the negotiation, from 0.
        previous: digest of the message before, 32 bytes; zero if it is the first.
        kind: what it does.
        sender: checksummed address.
        deal: what is offered or agreed to; None in a halt.
        signature: the sender's on the message, 65 bytes.
        deal_signature: in an agreement the sender's on the deal, 65 bytes; empty in all others.

    Raises:
        Refused: MALFORMED, or PARTY for a sender that is no address.
    """

    domain: Domain
    negotiation: bytes
    sequence: int
    previous: bytes
    kind: Kind
    sender: str
    deal: Deal | None = None
    signature: bytes = b""
    deal_signature: bytes = b""

    def __post_init__(self) -> None:
        checked_address("sender", self.sender)
        for name, word in (("negotiation", self.negotiation), ("previous", self.previous)):
            if not isinstance(word, bytes) or len(word) != len(ZERO):
                raise Refused(Reason.MALFORMED, f"{name}: accepted are 32 bytes")
        if not isinstance(self.kind, Kind):
            raise Refused(Reason.MALFORMED, "kind: accepted are 1 propose, 2 counter, 3 agree, 4 halt")
        if not whole(self.sequence) or not 0 <= self.sequence <= MAX_SEQUENCE:
            raise Refused(Reason.MALFORMED, "sequence: accepted are whole numbers from 0, below 2^64")

    @property
    def deal_hash(self) -> bytes:
        """The deal's struct hash; zero in a halt."""
        return ZERO if self.deal is None else self.deal.struct_hash

    @property
    def digest(self) -> bytes:
        """What the sender signs, 32 bytes; its hash, by which the next message names it."""
        struct = keccak(
            _TYPEHASH
            + self.negotiation
            + self.sequence.to_bytes(32, "big")
            + self.previous
            + int(self.kind).to_bytes(32, "big")
            + address_word(self.sender)
            + self.deal_hash
        )
        return bytes(signing_hash(self.domain, struct))

    def message(self) -> dict[str, Any]:
        """The same for a wallet: the form `eth_signTypedData_v4` and `Account.sign_typed` take."""
        values = {
            "negotiation": self.negotiation,
            "sequence": self.sequence,
            "previous": self.previous,
            "kind": int(self.kind),
            "sender": self.sender,
            "deal": self.deal_hash,
        }
        return self.domain.message("Message", MESSAGE, values)

    @property
    def is_signed(self) -> bool:
        """Whether its signature is its sender's."""
        return signed_by(self.digest, self.signature) == self.sender


def write_message(
    account: Account, domain: Domain, negotiation: bytes, sequence: int, previous: bytes, kind: Kind, deal: Deal | None
) -> Message:
    """A message signed by the account; if it agrees, the deal as well. An offer leaves its deal unsigned."""
    unsigned = Message(
        domain=domain,
        negotiation=negotiation,
        sequence=sequence,
        previous=previous,
        kind=kind,
        sender=account.address,
        deal=deal,
    )
    return Message(
        domain=domain,
        negotiation=negotiation,
        sequence=sequence,
        previous=previous,
        kind=kind,
        sender=account.address,
        deal=deal,
        signature=sign_digest(account, unsigned.digest),
        deal_signature=deal.sign(account, domain) if deal is not None and kind is Kind.AGREE else b"",
    )
