"""Signed transactions as clients send them: legacy with EIP-155, EIP-2930, EIP-1559. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import rlp  # type: ignore[import-untyped]
from eth_hash.auto import keccak
from rlp.exceptions import RLPException  # type: ignore[import-untyped]

from headwater.chain import ArgumentError, SignedTransaction, Transaction, recover
from headwater.chain.transaction import checksum, create_address, rlp_encode
from headwater_deploy.node.failure import refused

MAX_SIZE: Final = 131_072
"""Bytes of a raw transaction that the node takes: geth's bound."""

MAX_INITCODE: Final = 49_152  # EIP-3860
_HALF_ORDER: Final = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
_LEGACY: Final = 0
_ACCESS_LIST: Final = 1
_DYNAMIC_FEE: Final = 2
_FIELDS: Final = {_LEGACY: 9, _ACCESS_LIST: 11, _DYNAMIC_FEE: 12}

AccessList = tuple[tuple[str, tuple[bytes, ...]], ...]


@dataclass(frozen=True, slots=True)
class Decoded:
    """A signed transaction: what it says, who signed it. Fees are wei per gas; before EIP-1559 both are the price."""

    raw: bytes
    tx_hash: str
    sender: str
    kind: int
    chain_id: int
    nonce: int
    tip: int
    max_fee: int
    gas: int
    to: str | None
    value: int
    data: bytes
    access_list: AccessList
    v: int
    r: int
    s: int

    @property
    def cost(self) -> int:
        """The most wei it can take from its sender."""
        return self.gas * self.max_fee + self.value

    @property
    def creates(self) -> str | None:
        """Address of the contract it would create."""
        return create_address(self.sender, self.nonce) if self.to is None else None

    def price(self, base_fee: int) -> int:
        """Wei it pays per gas in a block of this base fee."""
        return min(self.max_fee, base_fee + self.tip)

    def worth(self, base_fee: int) -> int:
        """Wei per gas that it leaves to the block's maker."""
        return self.price(base_fee) - base_fee

    def intrinsic_gas(self) -> int:
        """Gas before the first instruction, its access list included: EIP-2930."""
        gas = intrinsic_gas(self.data, create=self.to is None)
        return gas + sum(2_400 + 1_900 * len(keys) for _, keys in self.access_list)

    def signed(self) -> SignedTransaction:
        """As the chains in this process take it."""
        said = Transaction(self.chain_id, self.nonce, self.tip, self.max_fee, self.gas, self.to, self.value, self.data)
        return SignedTransaction(self.raw, self.tx_hash, self.sender, said)


def intrinsic_gas(data: bytes, *, create: bool) -> int:
    """Gas before the first instruction: EIP-2028, 3860."""
    zeros = data.count(0)
    gas = 21_000 + 4 * zeros + 16 * (len(data) - zeros)
    return gas + 32_000 + 2 * ((len(data) + 31) // 32) if create else gas


def floor_gas(data: bytes) -> int:
    """Gas that data costs at least: EIP-7623."""
    zeros = data.count(0)
    return 21_000 + 10 * (zeros + 4 * (len(data) - zeros))


def decode(raw: bytes) -> Decoded:
    """Read a raw transaction and recover its sender. Raises RpcFailure: unknown type, malformed, unsigned."""
    if len(raw) > MAX_SIZE:
        raise refused(f"oversized data: transaction size {len(raw)}, limit {MAX_SIZE}")
    if not raw:
        raise refused("typed transaction too short")
    kind = _LEGACY if raw[0] >= 0xC0 else raw[0]
    if kind not in _FIELDS:
        raise refused("transaction type not supported")
    try:
        items = rlp.decode(raw if kind == _LEGACY else raw[1:])
    except RLPException as error:
        raise refused(f"rlp: {str(error)[:120]}") from None
    except RecursionError:
        raise refused("rlp: nested too deeply") from None
    if not isinstance(items, list) or len(items) != _FIELDS[kind]:
        raise refused(f"rlp: a transaction of type {kind} has {_FIELDS[kind]} fields")
    return _legacy(raw, items) if kind == _LEGACY else _typed(raw, kind, items)


def _legacy(raw: bytes, items: list[Any]) -> Decoded:
    nonce, price, gas, to, value, data, v, r, s = items
    sign = _integer(v)
    if sign in (27, 28):
        raise refused("only replay-protected (EIP-155) transactions allowed over RPC")
    if sign < 35:
        raise refused("invalid sender: invalid transaction v, r, s values")
    chain_id, parity = divmod(sign - 35, 2)
    digest = keccak(rlp_encode([nonce, price, gas, to, value, data, chain_id, 0, 0]))
    fee = _integer(price)
    return _made(raw, _LEGACY, digest, chain_id, nonce, fee, fee, gas, to, value, data, [], (sign, parity), r, s)


def _typed(raw: bytes, kind: int, items: list[Any]) -> Decoded:
    *said, parity, r, s = items
    digest = keccak(raw[:1] + rlp.encode(said))
    if kind == _ACCESS_LIST:
        chain_id, nonce, price, gas, to, value, data, access = said
        tip = fee = _integer(price)
    else:
        chain_id, nonce, priority, price, gas, to, value, data, access = said
        tip, fee = _integer(priority), _integer(price)
    sign = _integer(parity)
    if sign > 1:
        raise refused("invalid sender: invalid transaction v, r, s values")
    return _made(
        raw, kind, digest, _integer(chain_id), nonce, tip, fee, gas, to, value, data, access, (sign, sign), r, s
    )


def _made(
    raw: bytes,
    kind: int,
    digest: bytes,
    chain_id: int,
    nonce: Any,
    tip: int,
    fee: int,
    gas: Any,
    to: Any,
    value: Any,
    data: Any,
    access: Any,
    sign: tuple[int, int],
    r: Any,
    s: Any,
) -> Decoded:
    if not isinstance(to, bytes) or len(to) not in (0, 20) or not isinstance(data, bytes):
        raise refused("rlp: `to` has 20 bytes or none, and data is bytes")
    v, parity = sign
    big, small = _integer(r), _integer(s)
    # EIP-2: of the two signatures that fit, the one with the low s counts.
    if not big or not 0 < small <= _HALF_ORDER:
        raise refused("invalid sender: invalid transaction v, r, s values")
    try:
        sender = recover(digest, big.to_bytes(32, "big") + small.to_bytes(32, "big") + bytes((parity,)))
    except ArgumentError:
        raise refused("invalid sender: invalid transaction v, r, s values") from None
    return Decoded(
        raw=raw,
        tx_hash="0x" + keccak(raw).hex(),
        sender=sender,
        kind=kind,
        chain_id=chain_id,
        nonce=_integer(nonce, 64),
        tip=tip,
        max_fee=fee,
        gas=_integer(gas, 64),
        to=checksum(to) if to else None,
        value=_integer(value),
        data=data,
        access_list=_access_list(access),
        v=v,
        r=big,
        s=small,
    )


def _integer(item: Any, bits: int = 256) -> int:
    if not isinstance(item, bytes) or len(item) * 8 > bits or item[:1] == b"\0":
        raise refused(f"rlp: a number is at most {bits} bits, without leading zeros")
    return int.from_bytes(item, "big")


def _access_list(items: Any) -> AccessList:
    if not isinstance(items, list):
        raise refused("rlp: an access list is a list")
    entries = []
    for entry in items:
        if not (isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], list)):
            raise refused("rlp: an access list holds addresses with their slots")
        address, keys = entry
        if not (isinstance(address, bytes) and len(address) == 20):
            raise refused("rlp: an access list holds addresses with their slots")
        if any(not isinstance(key, bytes) or len(key) != 32 for key in keys):
            raise refused("rlp: a slot of an access list has 32 bytes")
        entries.append((checksum(address), tuple(keys)))
    return tuple(entries)
