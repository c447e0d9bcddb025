"""Who an agent is to others: the address of a secp256k1 key. Packets carry a code that only the two ends of an edge can
make; records carry a signature that everybody can check."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

import coincurve
from eth_hash.auto import keccak

from headwater_agents.accord.errors import AccordError, PacketError

ADDRESS: Final = 20
CODE: Final = 16
SIGNATURE: Final = 65
_CODE_DOMAIN: Final = b"headwater accord packet\0"
_RECORD_DOMAIN: Final = b"headwater accord record\0"


class Identity:
    """A private key (32 bytes). Neither it nor its repr shows the key. Raises AccordError for what is no key."""

    __slots__ = ("_key", "address", "public")

    def __init__(self, secret: bytes) -> None:
        try:
            self._key = coincurve.PrivateKey(secret)
        except ValueError:
            raise AccordError("an agent's key is 32 bytes, neither zero nor above the curve's order") from None
        #: 33 bytes, compressed.
        self.public: bytes = self._key.public_key.format(compressed=True)
        #: 20 bytes.
        self.address: bytes = address_of(self.public)

    def __repr__(self) -> str:
        return f"Identity(0x{self.address.hex()})"

    def sign(self, body: bytes) -> bytes:
        """65 bytes: a recoverable signature of a record's body."""
        return self._key.sign_recoverable(keccak(_RECORD_DOMAIN + body), hasher=None)

    def codes(self, run: bytes, public: bytes) -> tuple[PacketCode, PacketCode]:
        """For packets to the owner of a public key (33 bytes), and from it, in the run of that number (8 bytes).

        Each is HMAC-SHA256 under sha256(domain ‖ run ‖ sender ‖ recipient ‖ shared secret), so a packet counts for one
        run, one edge and one direction; the secret is the two keys' (ECDH), and no third process can work it out.
        """
        other = address_of(public)
        shared = self._key.ecdh(public)
        return PacketCode(run, self.address, other, shared), PacketCode(run, other, self.address, shared)


class PacketCode:
    """Makes and checks the codes of packets from one agent to another."""

    __slots__ = ("_key",)

    def __init__(self, run: bytes, sender: bytes, recipient: bytes, shared: bytes) -> None:
        self._key = hashlib.sha256(_CODE_DOMAIN + run + sender + recipient + shared).digest()

    def of(self, content: bytes) -> bytes:
        """16 bytes."""
        return hmac.digest(self._key, content, "sha256")[:CODE]

    def fits(self, content: bytes, code: bytes) -> bool:
        """Whether the sender made this code for this content."""
        return hmac.compare_digest(self.of(content), code)


def address_of(public: bytes) -> bytes:
    """The 20 bytes by which a public key is known. Raises AccordError for bytes that are no key."""
    try:
        return keccak(coincurve.PublicKey(public).format(compressed=False)[1:])[12:]
    except ValueError:
        raise AccordError("a public key is 33 or 65 bytes, a point on secp256k1") from None


def author_of(body: bytes, signature: bytes) -> bytes:
    """The address whose key signed a record's body. Raises PacketError for a signature that is none."""
    try:
        key = coincurve.PublicKey.from_signature_and_message(signature, keccak(_RECORD_DOMAIN + body), hasher=None)
    except Exception as error:  # the binding raises bare Exception for a point that cannot be recovered
        raise PacketError("a record's signature is none") from error
    return keccak(key.format(compressed=False)[1:])[12:]
