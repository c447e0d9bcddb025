"""A Deal: terms for one task, as both sign them (EIP-712) and the DealEscrow holds them to.

struct hash = keccak256(type hash ‖ task ‖ payer ‖ payee ‖ keccak(payer's action) ‖ keccak(payee's action)
              ‖ price hash ‖ deposit ‖ nonce ‖ revision ‖ expires)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from eth_hash.auto import keccak

from headwater.chain.accounts import Account, recover
from headwater.chain.errors import ArgumentError
from headwater.chain.transaction import address_bytes, checksum
from headwater.deals.errors import Reason, Refused
from headwater.deals.price import whole
from headwater.deals.terms import Terms, action_hash, checked_number
from headwater.typed_data import Domain, signing_hash, struct_typehash

DEALS_NAME: Final = "Headwater Deals"
DEALS_VERSION: Final = "1"
DEAL: Final = {
    "task": "uint256",
    "payer": "address",
    "payee": "address",
    "payerAction": "bytes32",
    "payeeAction": "bytes32",
    "price": "bytes32",
    "deposit": "uint256",
    "nonce": "uint256",
    "revision": "uint256",
    "expires": "uint256",
}
"""Fields of an EIP-712 `Deal`, in order."""
MAX_WORD: Final = 2**256 - 1
MAX_REVISION: Final = 2**32 - 1
MAX_TIME: Final = 2**64 - 1
SIGNATURE: Final = 65
"""Bytes of a signature: r ‖ s ‖ v."""

_TYPEHASH: Final = struct_typehash("Deal", DEAL)
_HALF_ORDER: Final = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0  # of secp256k1


def deals_domain(chain_id: int, escrow: str) -> Domain:
    """The EIP-712 domain of a DealEscrow. Raises Refused (DOMAIN), ArgumentError for what is no address."""
    if not whole(chain_id) or not 0 <= chain_id <= MAX_WORD:
        raise Refused(Reason.DOMAIN, f"chain {str(chain_id)[:80]}; accepted: whole numbers from 0, below 2^256")
    return Domain(name=DEALS_NAME, version=DEALS_VERSION, chain_id=chain_id, contract=checksum(escrow))


def address_word(address: str) -> bytes:
    """An address as a 32-byte word."""
    return address_bytes(address).rjust(32, b"\0")


def sign_digest(account: Account, digest: bytes) -> bytes:
    """r ‖ s ‖ v with v 27 or 28, 65 bytes, as contracts expect; what `sign_typed` gives, from the digest."""
    signature = account.sign_digest(digest)
    return signature[:64] + bytes((signature[64] + 27,))


def signed_by(digest: bytes, signature: bytes) -> str | None:
    """Who signed, or nobody if the escrow would not take it: it wants 65 bytes, v of 27 or 28, and s at most half."""
    if len(signature) != SIGNATURE or signature[64] not in (27, 28):
        return None
    if int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        return None
    try:
        return recover(digest, signature)
    except ArgumentError:
        return None


@dataclass(frozen=True, slots=True)
class Deal:
    """Terms for a task.

    Attributes:
        terms: what each does and what passes.
        task: number of the task at the escrow, uint256.
        nonce: of this payer and payee; one deal per payer, payee, task and nonce is ever opened.
        revision: 0 opens; r + 1, signed by both, takes the place of r. Below 2^32.
        expires: until when it may be agreed to and opened, in seconds. Below 2^64.

    Raises:
        Refused: AMOUNT.
    """

    terms: Terms
    task: int
    nonce: int
    revision: int
    expires: int

    def __post_init__(self) -> None:
        checked_number("task", self.task, MAX_WORD)
        checked_number("nonce", self.nonce, MAX_WORD)
        checked_number("revision", self.revision, MAX_REVISION)
        checked_number("expires, in seconds", self.expires, MAX_TIME)

    @property
    def struct_hash(self) -> bytes:
        """EIP-712 hashStruct, 32 bytes."""
        terms = self.terms
        return bytes(
            keccak(
                _TYPEHASH
                + self.task.to_bytes(32, "big")
                + address_word(terms.payer)
                + address_word(terms.payee)
                + action_hash(terms.payer_action)
                + action_hash(terms.payee_action)
                + terms.price.hash
                + terms.deposit.to_bytes(32, "big")
                + self.nonce.to_bytes(32, "big")
                + self.revision.to_bytes(32, "big")
                + self.expires.to_bytes(32, "big")
            )
        )

    def digest(self, domain: Domain) -> bytes:
        """What both sign, 32 bytes."""
        return bytes(signing_hash(domain, self.struct_hash))

    def message(self, domain: Domain) -> dict[str, Any]:
        """The same for a wallet: the form `eth_signTypedData_v4` and `Account.sign_typed` take."""
        terms = self.terms
        values = {
            "task": self.task,
            "payer": terms.payer,
            "payee": terms.payee,
            "payerAction": action_hash(terms.payer_action),
            "payeeAction": action_hash(terms.payee_action),
            "price": terms.price.hash,
            "deposit": terms.deposit,
            "nonce": self.nonce,
            "revision": self.revision,
            "expires": self.expires,
        }
        return domain.message("Deal", DEAL, values)

    def sign(self, account: Account, domain: Domain) -> bytes:
        """An account's signature on it, 65 bytes."""
        return sign_digest(account, self.digest(domain))

    def check(self, signer: str, signature: bytes, domain: Domain) -> None:
        """Raises Refused (DEAL_SIGNATURE) unless `signature` is the signer's, in the form the escrow takes."""
        if signed_by(self.digest(domain), signature) != signer:
            raise Refused(
                Reason.DEAL_SIGNATURE,
                f"this is no signature of {signer} on the deal; accepted: r, s, v in 65 bytes, v 27 or 28, s low",
            )
