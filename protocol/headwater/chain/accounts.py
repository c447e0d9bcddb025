"""Accounts: a private key that signs transactions and EIP-712 messages, and never shows itself."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

import coincurve
from eth_hash.auto import keccak

from headwater.chain.errors import ArgumentError, KeyUnavailable
from headwater.chain.transaction import SignedTransaction, Transaction, checksum

_CURVE_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
PASSWORD_ENV: Final = "HEADWATER_PASSWORD"  # noqa: S105 - the variable's name, not a password
"""Environment variable that a keystore's password is read from, if it is set."""


def development_key(seed: int, index: int) -> bytes:
    """Private key, 32 bytes, of development account `index` of a seed. Anybody can work it out: never for real money.

    key = 1 + keccak("headwater account" ‖ seed ‖ index) mod (n - 1), seed and index as 32 bytes.
    """
    if seed < 0 or index < 0:
        raise ArgumentError(f"seed and index are not negative, got {seed} and {index}")
    digest = keccak(b"headwater account" + seed.to_bytes(32, "big") + index.to_bytes(32, "big"))
    return (1 + int.from_bytes(digest, "big") % (_CURVE_ORDER - 1)).to_bytes(32, "big")


class Account:
    """A secp256k1 key. Compare, hash and print it by its address; the key itself cannot be pickled or printed."""

    __slots__ = ("_key", "address")

    def __init__(self, key: bytes) -> None:
        if len(key) != 32 or not 0 < int.from_bytes(key, "big") < _CURVE_ORDER:
            raise KeyUnavailable("a private key is 32 bytes, neither zero nor above the curve's order")
        self._key = coincurve.PrivateKey(key)
        #: Checksummed address.
        self.address: str = checksum(keccak(self._key.public_key.format(compressed=False)[1:])[12:])

    def __repr__(self) -> str:
        return f"Account({self.address})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Account) and other.address == self.address

    def __hash__(self) -> int:
        return hash(self.address)

    def __reduce__(self) -> NoReturn:
        raise TypeError("an Account is not pickled: it would write its private key out")

    # Where keys come from

    @classmethod
    def from_hex(cls, key: str) -> Account:
        """From 64 hex digits, with or without 0x. Raises KeyUnavailable, which does not repeat the text."""
        try:
            raw = bytes.fromhex(key.strip().removeprefix("0x"))
        except ValueError:
            raise KeyUnavailable("a private key is written as 64 hex digits; what was given is not hex") from None
        return cls(raw)

    @classmethod
    def derive(cls, seed: int, index: int) -> Account:
        """Development account, never for real money: of `development_key(seed, index)`."""
        return cls(development_key(seed, index))

    @classmethod
    def from_env(cls, variable: str) -> Account:
        """From an environment variable that holds 64 hex digits. Raises KeyUnavailable."""
        text = os.environ.get(variable, "")
        if not text.strip():
            raise KeyUnavailable(f"environment variable {variable} is not set; it has to hold a private key in hex")
        try:
            return cls.from_hex(text)
        except KeyUnavailable as error:
            raise KeyUnavailable(f"environment variable {variable}: {error}") from None

    @classmethod
    def from_keystore(cls, path: str | Path, password: str | None = None) -> Account:
        """From a keystore file (Web3 secret storage, versions 1 and 3), as geth, foundry and eth-account write them.

        The password is the argument, else the environment's HEADWATER_PASSWORD, else asked for on the terminal.
        Raises KeyUnavailable if the file or the password is missing or they do not fit.
        """
        file = Path(path)
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise KeyUnavailable(f"keystore {file} cannot be read: {error.strerror}") from error
        except ValueError:
            raise KeyUnavailable(f"{file} is not a keystore: not JSON") from None
        if not isinstance(content, dict) or not ({"crypto", "Crypto"} & content.keys()):
            raise KeyUnavailable(f'{file} is not a keystore: no "crypto" section')
        if password is None:
            password = os.environ.get(PASSWORD_ENV)
        if password is None:
            if not sys.stdin.isatty():
                raise KeyUnavailable(f"keystore {file} needs a password: set {PASSWORD_ENV}, or run it in a terminal")
            password = getpass.getpass(f"Password for {file.name}: ")
        from eth_account import Account as EthAccount  # late: it imports half a second of pairing curves

        try:
            return cls(bytes(EthAccount.decrypt(content, password)))
        except (ValueError, KeyError, TypeError, NotImplementedError):
            raise KeyUnavailable(f"keystore {file} does not open with this password") from None

    def to_keystore(self, password: str) -> dict[str, Any]:
        """The key as a keystore (Web3 secret storage, version 3, scrypt), for `from_keystore` and other wallets."""
        from eth_account import Account as EthAccount  # late, for the same reason

        return dict(EthAccount.encrypt(self._key.secret, password))

    # What they sign

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign 32 bytes as they are: r ‖ s ‖ y-parity (0 or 1), 65 bytes, s low, deterministic (RFC 6979)."""
        return self._key.sign_recoverable(digest, hasher=None)

    def sign_transaction(self, transaction: Transaction) -> SignedTransaction:
        """Sign an EIP-1559 transaction."""
        signature = self.sign_digest(transaction.digest())
        raw = transaction.signed(
            signature[64], int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
        )
        return SignedTransaction(raw, "0x" + keccak(raw).hex(), self.address, transaction)

    def sign_typed(self, message: Mapping[str, Any]) -> bytes:
        """Sign an EIP-712 message; r ‖ s ‖ v (27 or 28), 65 bytes, as contracts and wallets expect.

        `message` is the full JSON form: types, primaryType, domain, message. Raises ArgumentError if malformed.
        """
        signature = self.sign_digest(typed_digest(message))
        return signature[:64] + bytes((signature[64] + 27,))


def typed_digest(message: Mapping[str, Any]) -> bytes:
    """The 32 bytes that an EIP-712 signature of the full message signs. Raises ArgumentError if it is malformed."""
    from eth_account.messages import encode_typed_data  # late, for the same reason

    try:
        signable = encode_typed_data(full_message=dict(message))
    except Exception as error:  # eth_account raises a dozen unrelated types here
        raise ArgumentError(f"not an EIP-712 message (types, primaryType, domain, message): {error}") from error
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


def recover_typed(message: Mapping[str, Any], signature: bytes) -> str:
    """Address that signed the EIP-712 message: 65 bytes r ‖ s ‖ v. Raises ArgumentError if that is no signature."""
    return recover(typed_digest(message), signature)


def recover(digest: bytes, signature: bytes) -> str:
    """Address that signed the 32-byte digest; v may be 0, 1, 27 or 28. Raises ArgumentError if that is no signature."""
    if len(signature) != 65 or signature[64] not in (0, 1, 27, 28):
        raise ArgumentError("a signature is 65 bytes, r, s and v, with v one of 0, 1, 27, 28")
    try:
        key = coincurve.PublicKey.from_signature_and_message(
            signature[:64] + bytes((signature[64] % 27,)), digest, hasher=None
        )
    except Exception as error:  # coincurve raises a bare Exception for a point off the curve
        raise ArgumentError("this signature belongs to no key") from error
    return checksum(keccak(key.format(compressed=False)[1:])[12:])
