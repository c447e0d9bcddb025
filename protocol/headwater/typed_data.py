"""EIP-712 domains and messages, as contracts hash them and as wallets are shown them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from eth_hash.auto import keccak

_FIELDS: Final = {"name": "string", "version": "string", "chainId": "uint256", "verifyingContract": "address"}


def struct_typehash(name: str, fields: Mapping[str, str]) -> bytes:
    """keccak of a struct's type: its name and its fields as name → type (none of them a struct), 32 bytes."""
    return keccak(f"{name}({','.join(f'{kind} {field}' for field, kind in fields.items())})".encode())


_TYPEHASH: Final = struct_typehash("EIP712Domain", _FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """Where a signature counts: one contract (a checked address) of one chain, under a name and a version."""

    name: str
    version: str
    chain_id: int
    contract: str

    @property
    def separator(self) -> bytes:
        """EIP-712 hashStruct of the domain, 32 bytes."""
        return _separator(self)

    def message(self, primary: str, fields: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, Any]:
        """A message in the form `eth_signTypedData_v4` takes: its type's name, fields as name → type, their values."""
        return {
            "types": {
                "EIP712Domain": [{"name": name, "type": kind} for name, kind in _FIELDS.items()],
                primary: [{"name": name, "type": kind} for name, kind in fields.items()],
            },
            "primaryType": primary,
            "domain": {
                "name": self.name,
                "version": self.version,
                "chainId": self.chain_id,
                "verifyingContract": self.contract,
            },
            "message": dict(values),
        }


def signing_hash(domain: Domain, struct_hash: bytes) -> bytes:
    """What is signed, 32 bytes: keccak256(0x1901 ‖ domain separator ‖ hashStruct(message))."""
    return keccak(b"\x19\x01" + domain.separator + struct_hash)


@lru_cache(maxsize=256)
def _separator(domain: Domain) -> bytes:
    return keccak(
        _TYPEHASH
        + keccak(domain.name.encode())
        + keccak(domain.version.encode())
        + domain.chain_id.to_bytes(32, "big")
        + bytes.fromhex(domain.contract.removeprefix("0x")).rjust(32, b"\0")
    )
