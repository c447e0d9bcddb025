"""Signed signals: what a provider hands to a buyer, signed under EIP-712 so that anybody can check it later.

Domain: name "Headwater", version "1", the chain id, the arena as verifying contract. Type:

    Signal(uint256 question,address provider,uint256 agentId,uint256[] forecast,uint64 time)

The signature binds the forecast to its provider, the provider's ERC-8004 agent id, question, arena and chain; a
contract can check it with `ecrecover`. `signal_to_json` and `signal_from_json` are its form on the wire.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from coincurve import PrivateKey, PublicKey
from eth_hash.auto import keccak
from eth_utils.address import (
    is_address,
    is_checksum_address,
    is_checksum_formatted_address,
    to_canonical_address,
    to_checksum_address,
)

from headwater import typed_data as eip712
from headwater.typed_data import Domain, struct_typehash
from headwater.units import WAD

checksum: Final = lru_cache(maxsize=65_536)(to_checksum_address)

DOMAIN_NAME: Final = "Headwater"
DOMAIN_VERSION: Final = "1"
_FIELD_TYPES: Final = {
    "question": "uint256",
    "provider": "address",
    "agentId": "uint256",
    "forecast": "uint256[]",
    "time": "uint64",
}

UNREGISTERED: Final = 2**256 - 1
"""Agent id of a provider without an ERC-8004 registration; registered ids count from 0."""

MAX_SIGNAL_BYTES: Final = 2_048
"""Longest JSON text of a signed signal that is read; the longest there is takes about 900."""

_SIGNAL_TYPEHASH: Final = struct_typehash("Signal", _FIELD_TYPES)
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,77}")
_SIGNATURE: Final = re.compile(r"0x[0-9a-f]{130}")
_HALF_ORDER: Final = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


class SignalError(ValueError):
    """A signal that cannot be encoded, or whose signature does not hold."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignalDomain:
    """Where a signal counts: the chain id and the address of the arena."""

    chain_id: int
    arena: str

    def __post_init__(self) -> None:
        if not 0 < self.chain_id < 2**256:
            raise SignalError(f"chain_id is {self.chain_id}; it must be positive and below 2**256")
        _address(self.arena, "arena")

    @property
    def typed(self) -> Domain:
        """The EIP-712 domain."""
        return Domain(name=DOMAIN_NAME, version=DOMAIN_VERSION, chain_id=self.chain_id, contract=self.arena)


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """A provider's forecast of a question (WAD, 2 to 8 positive entries that sum to one), at `time` in s."""

    question: int
    provider: str
    agent_id: int = UNREGISTERED
    forecast: tuple[int, ...]
    time: int

    def __post_init__(self) -> None:
        if not 0 <= self.question < 2**256:
            raise SignalError(f"question is {self.question}; it must be a uint256")
        _address(self.provider, "provider")
        if not 0 <= self.agent_id < 2**256:
            raise SignalError(f"agent_id is {self.agent_id}; it must be a uint256")
        if not 2 <= len(self.forecast) <= 8:
            raise SignalError(f"forecast has {len(self.forecast)} entries; a question has 2 to 8 outcomes")
        if min(self.forecast) <= 0 or sum(self.forecast) != WAD:
            raise SignalError(f"forecast {self.forecast} must have positive entries that sum to {WAD}")
        if not 0 <= self.time < 2**64:
            raise SignalError(f"time is {self.time}; it must be a uint64 of seconds")


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedSignal:
    """A signal with its provider's signature: 65 bytes r ‖ s ‖ v, v 27 or 28, s in the lower half (EIP-2)."""

    signal: Signal
    signature: bytes


def struct_hash(signal: Signal) -> bytes:
    """EIP-712 hashStruct of a signal, 32 bytes."""
    return keccak(
        _SIGNAL_TYPEHASH
        + _word(signal.question)
        + _address(signal.provider, "provider").rjust(32, b"\0")
        + _word(signal.agent_id)
        + keccak(b"".join(_word(value) for value in signal.forecast))
        + _word(signal.time)
    )


def signing_hash(signal: Signal, domain: SignalDomain) -> bytes:
    """What is signed, 32 bytes: keccak256(0x1901 ‖ domain separator ‖ hashStruct(signal))."""
    return eip712.signing_hash(domain.typed, struct_hash(signal))


def typed_data(signal: Signal, domain: SignalDomain) -> dict[str, Any]:
    """The signal as `eth_signTypedData_v4` takes it, for wallets and for libraries other than this one."""
    return domain.typed.message(
        "Signal",
        _FIELD_TYPES,
        {
            "question": signal.question,
            "provider": signal.provider,
            "agentId": signal.agent_id,
            "forecast": list(signal.forecast),
            "time": signal.time,
        },
    )


def sign_signal(signal: Signal, domain: SignalDomain, key: bytes) -> SignedSignal:
    """Sign with the provider's 32-byte private key; deterministic (RFC 6979).

    Raises SignalError when the key is malformed or is not the named provider's.
    """
    try:
        private = PrivateKey(key)
    except (ValueError, TypeError):
        # Not chained: the library's error could carry the key into a log.
        raise SignalError("the private key is not 32 bytes of a valid secp256k1 secret") from None
    owner = _key_address(private.public_key)
    if owner != to_canonical_address(signal.provider):
        raise SignalError(f"the key belongs to {checksum(owner)}, the signal names provider {signal.provider}")
    raw = private.sign_recoverable(signing_hash(signal, domain), hasher=None)
    return SignedSignal(signal=signal, signature=raw[:64] + bytes([27 + raw[64]]))


def recover(signed: SignedSignal, domain: SignalDomain) -> str:
    """Checksum address of whoever signed exactly this signal under this domain.

    Raises SignalError when the signature is malformed: not 65 bytes, v not 27 or 28, s in the upper half, or
    no point of the curve.
    """
    signature = signed.signature
    if len(signature) != 65:
        raise SignalError(f"the signature has {len(signature)} bytes; it must be 65 (r, s, v)")
    if signature[64] not in (27, 28):
        raise SignalError(f"the signature's v is {signature[64]}; it must be 27 or 28")
    if int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        raise SignalError("the signature's s is in the upper half of the order; EIP-2 allows only the lower")
    try:
        public = PublicKey.from_signature_and_message(
            signature[:64] + bytes([signature[64] - 27]), signing_hash(signed.signal, domain), hasher=None
        )
    except ValueError as error:
        raise SignalError("the signature fits no public key") from error
    return checksum(_key_address(public))


def verify_signal(signed: SignedSignal, domain: SignalDomain) -> None:
    """Raise SignalError unless the named provider signed exactly this signal under this domain."""
    signer = recover(signed, domain)
    if signer != checksum(signed.signal.provider):
        raise SignalError(
            f"the signal names provider {signed.signal.provider}, but its signature is {signer}'s: "
            "the content, the arena, the chain or the signer is not what was signed"
        )


def from_typed_data(message: dict[str, Any]) -> Signal:
    """The signal of a message, `typed_data(...)["message"]`. Raises SignalError on bad fields."""
    missing = _FIELD_TYPES.keys() - message.keys()
    if missing:
        raise SignalError(f"the message lacks {', '.join(sorted(missing))}")
    forecast = message["forecast"]
    if not isinstance(forecast, (list, tuple)):
        raise SignalError(f"forecast is {forecast!r}; it must be a list of integers")
    numbers: Sequence[object] = [message["question"], message["agentId"], message["time"], *forecast]
    if any(not isinstance(value, int) or isinstance(value, bool) for value in numbers):
        raise SignalError("question, agentId, time and every forecast entry must be integers")
    return Signal(
        question=message["question"],
        provider=message["provider"],
        agent_id=message["agentId"],
        forecast=tuple(forecast),
        time=message["time"],
    )


def signal_to_json(signed: SignedSignal) -> bytes:
    """A signed signal as it goes over the wire, ASCII: its message and its signature.

    Integers are decimal strings, since many JSON readers lose digits beyond 2**53:

        {"question": "7", "provider": "0x…", "agentId": "3", "forecast": ["…", "…"], "time": "…", "signature": "0x…"}
    """
    signal = signed.signal
    content = {
        "question": str(signal.question),
        "provider": signal.provider,
        "agentId": str(signal.agent_id),
        "forecast": [str(value) for value in signal.forecast],
        "time": str(signal.time),
        "signature": "0x" + signed.signature.hex(),
    }
    return json.dumps(content, separators=(",", ":")).encode()


def signal_from_json(raw: bytes) -> SignedSignal:
    """Read what `signal_to_json` wrote; whose signature it is, is `verify_signal`'s to say.

    Raises SignalError on more than MAX_SIGNAL_BYTES, on anything but JSON, on a field too few or too many, on a
    number that is not written as plain decimal digits, and on what `Signal` does not admit.
    """
    if len(raw) > MAX_SIGNAL_BYTES:
        raise SignalError(f"the signal has {len(raw)} bytes; at most {MAX_SIGNAL_BYTES} are read")
    try:
        content = json.loads(raw.decode("ascii"))
    except (ValueError, RecursionError):
        raise SignalError("the signal is not JSON in ASCII") from None
    if not isinstance(content, dict) or content.keys() != _FIELD_TYPES.keys() | {"signature"}:
        raise SignalError(f"the signal must be an object of exactly {', '.join(sorted(_FIELD_TYPES))}, signature")
    forecast, signature = content["forecast"], content["signature"]
    if not isinstance(forecast, list) or len(forecast) > 8:
        raise SignalError("forecast must be a list of 2 to 8 decimal strings")
    if not isinstance(signature, str) or not _SIGNATURE.fullmatch(signature):
        raise SignalError("signature must be 0x and 130 hex digits")
    message = {
        "question": _decimal(content["question"], "question"),
        "provider": content["provider"],
        "agentId": _decimal(content["agentId"], "agentId"),
        "forecast": [_decimal(value, "a forecast entry") for value in forecast],
        "time": _decimal(content["time"], "time"),
    }
    return SignedSignal(signal=from_typed_data(message), signature=bytes.fromhex(signature[2:]))


def _decimal(value: object, name: str) -> int:
    # One way to write a number, so that a signal has one text: no sign, no spaces, no leading zero, ASCII digits.
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise SignalError(f"{name} must be a string of decimal digits")
    return int(value)


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")


# Every signal names its provider, and the same few providers sign all of them.
@lru_cache(maxsize=65_536)
def _canonical(value: str) -> bytes | None:
    """The 20 bytes of an address, None if it is not one."""
    if not is_address(value) or (is_checksum_formatted_address(value) and not is_checksum_address(value)):
        return None
    return to_canonical_address(value)


def _address(value: str, name: str) -> bytes:
    raw = _canonical(value) if isinstance(value, str) else None
    if raw is None:
        raise SignalError(f"{name} {value!r} is not an address: 20 bytes in hex, checksummed if in mixed case")
    return raw


def _key_address(key: PublicKey) -> bytes:
    return keccak(key.format(compressed=False)[1:])[12:]
