"""An x402 payment as both sides read it: an EIP-3009 authorisation of a token, checked before anything is done."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any, Final

from eth_hash.auto import keccak
from pydantic import ValidationError
from x402 import PaymentPayload

from headwater.chain import ArgumentError, HeadwaterError, address_bytes, checksum, recover
from headwater.typed_data import Domain, signing_hash, struct_typehash

MAX_HEADER: Final = 8_192
"""Longest payment header that is read, bytes; the stock client's take about 1,500."""

IDENTIFIER: Final = "payment-identifier"
"""x402's extension by which a payer gives its payment a name of its own."""

IDENTIFIER_OFFER: Final[dict[str, Any]] = {
    "info": {"required": False},
    "schema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "required": {"type": "boolean"},
            "id": {"type": "string", "minLength": 16, "maxLength": 128, "pattern": "^[a-zA-Z0-9_-]+$"},
        },
        "required": ["required"],
    },
}
"""How a seller declares it. (The package's own helpers need a JSON schema validator that nothing here uses.)"""

TRANSFER_FIELDS: Final = {
    "from": "address",
    "to": "address",
    "value": "uint256",
    "validAfter": "uint256",
    "validBefore": "uint256",
    "nonce": "bytes32",
}
"""Fields of EIP-3009's TransferWithAuthorization, in order, as name → type."""

_TRANSFER_TYPE: Final = struct_typehash("TransferWithAuthorization", TRANSFER_FIELDS)
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,77}")
_WORD: Final = re.compile(r"0x[0-9a-fA-F]{64}")
_SIGNATURE: Final = re.compile(r"(0x)?[0-9a-fA-F]{130}")
_IDENTIFIER: Final = re.compile(r"[a-zA-Z0-9_-]{16,128}")
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")


class PaymentError(HeadwaterError, ValueError):
    """A payment that cannot be read; says what is wrong with it, and what is accepted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Currency:
    """What is paid in: a token with EIP-3009 on a chain, and the name and version its EIP-712 domain has."""

    chain_id: int
    token: str
    name: str = "Headwater"
    version: str = "1"

    @property
    def network(self) -> str:
        """The chain as x402 names it (CAIP-2)."""
        return f"eip155:{self.chain_id}"

    @property
    def domain(self) -> Domain:
        """The token's EIP-712 domain."""
        return Domain(name=self.name, version=self.version, chain_id=self.chain_id, contract=self.token)


@dataclass(frozen=True, kw_only=True, slots=True)
class Authorization:
    """A signed EIP-3009 transfer: wei, seconds (valid strictly between), addresses checksummed.

    `accepted` is what its payer says it answers: (network, asset, payee), as named in the payment. `secret` is the
    SHA-256 of the payment identifier that came with it, b"" if none did. The identifier never goes to the chain, so
    it tells the payer apart from those who read the payment there.
    """

    payer: str
    payee: str
    value: int
    valid_after: int
    valid_before: int
    nonce: bytes
    signature: bytes
    accepted: tuple[str, str, str]
    secret: bytes

    def digest(self, currency: Currency) -> bytes:
        """What its payer signs, 32 bytes."""
        numbers = (self.value, self.valid_after, self.valid_before)
        struct = keccak(
            _TRANSFER_TYPE
            + address_bytes(self.payer).rjust(32, b"\0")
            + address_bytes(self.payee).rjust(32, b"\0")
            + b"".join(number.to_bytes(32, "big") for number in numbers)
            + self.nonce
        )
        return signing_hash(currency.domain, struct)

    def signed_by_payer(self, currency: Currency) -> bool:
        """Whether the payer's key made the signature. Wallets that are contracts are not asked."""
        try:
            return recover(self.digest(currency), self.signature) == self.payer
        except ArgumentError:
            return False


def read_header(header: str) -> tuple[PaymentPayload, Authorization]:
    """Read a PAYMENT-SIGNATURE header: base64 of a JSON payment of x402 version 2. Raises PaymentError."""
    if len(header) > MAX_HEADER:
        raise PaymentError(f"the payment header has {len(header)} characters; at most {MAX_HEADER} are read")
    try:
        content = json.loads(base64.b64decode(header.encode("ascii"), validate=True))
    except (UnicodeEncodeError, binascii.Error):
        raise PaymentError("the payment header is not base64") from None
    except (ValueError, RecursionError):
        raise PaymentError("the payment header is not JSON in base64") from None
    return read_payload(content)


def read_payload(content: Any) -> tuple[PaymentPayload, Authorization]:
    """Read a payment from its JSON. Raises PaymentError."""
    if not isinstance(content, dict) or content.get("x402Version") != 2:
        raise PaymentError("the payment is not one of x402 version 2")
    try:
        payload = PaymentPayload.model_validate(content)
    except (ValidationError, RecursionError):
        raise PaymentError("the payment lacks what x402 version 2 asks for: payload and accepted") from None
    return payload, read_authorization(payload)


def read_authorization(payload: PaymentPayload) -> Authorization:
    """The EIP-3009 authorisation of a payment. Raises PaymentError on anything else, and on malformed fields."""
    raw = payload.payload.get("authorization")
    signature = payload.payload.get("signature")
    if payload.payload.keys() != {"authorization", "signature"} or not isinstance(raw, dict):
        raise PaymentError("the payment must be an EIP-3009 authorisation and its signature")
    if not isinstance(signature, str) or not _SIGNATURE.fullmatch(signature):
        raise PaymentError("the payment's signature must be 65 bytes in hex")
    nonce = raw.get("nonce")
    if not isinstance(nonce, str) or not _WORD.fullmatch(nonce):
        raise PaymentError("the authorisation's nonce must be 32 bytes in hex")
    accepted = payload.accepted
    return Authorization(
        payer=_address(raw, "from"),
        payee=_address(raw, "to"),
        value=_number(raw, "value"),
        valid_after=_number(raw, "validAfter"),
        valid_before=_number(raw, "validBefore"),
        nonce=bytes.fromhex(nonce[2:]),
        signature=bytes.fromhex(signature.removeprefix("0x")),
        accepted=(str(accepted.network), accepted.asset, accepted.pay_to),
        secret=_secret(payload.extensions),
    )


def with_identifier(extensions: dict[str, Any] | None) -> dict[str, Any]:
    """A seller's extensions with a fresh identifier, 128 random bits, where it takes one."""
    answered = dict(extensions or {})
    offered = answered.get(IDENTIFIER)
    if isinstance(offered, dict) and isinstance(offered.get("info"), dict):
        answered[IDENTIFIER] = {**offered, "info": {**offered["info"], "id": "pay_" + secrets.token_hex(16)}}
    return answered


def _secret(extensions: dict[str, Any] | None) -> bytes:
    declared = (extensions or {}).get(IDENTIFIER)
    if declared is None:
        return b""
    info = declared.get("info") if isinstance(declared, dict) else None
    identifier = info.get("id") if isinstance(info, dict) else None
    if identifier is None:
        return b""  # a client that only echoes what the seller offered
    if not isinstance(identifier, str) or not _IDENTIFIER.fullmatch(identifier):
        raise PaymentError("the payment identifier must be 16 to 128 letters, digits, hyphens or underscores")
    return hashlib.sha256(identifier.encode()).digest()


def _address(raw: dict[str, Any], name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise PaymentError(f"the authorisation's {name} must be an address: 0x and 40 hex digits")
    return checksum(value)


def _number(raw: dict[str, Any], name: str) -> int:
    value = raw.get(name)
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value) or int(value) >= 2**256:
        raise PaymentError(f"the authorisation's {name} must be a uint256 as a string of decimal digits")
    return int(value)
