"""What a transaction offers per gas, first and when it is sent again. Pure; wei per gas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_BPS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Fees:
    """EIP-1559: the most a transaction pays per gas, and the part of it that goes to the block's maker."""

    max_fee: int
    tip: int


def first_offer(base_fee: int, tip: int, cap: int) -> Fees:
    """Twice the base fee and the tip, so that it stays good for six blocks of the steepest rise; never above `cap`."""
    max_fee = min(2 * base_fee + tip, cap)
    return Fees(max_fee, min(tip, max_fee))


def raised_offer(last: Fees, base_fee: int, tip: int, cap: int, raise_bps: int) -> Fees | None:
    """An offer that nodes take in place of `last`: both fees higher by `raise_bps`, and as high as one made anew.

    None if `cap` leaves no room for that.
    """
    least_fee, least_tip = _raise(last.max_fee, raise_bps), _raise(last.tip, raise_bps)
    if least_fee > cap:
        return None
    wanted = max(least_tip, tip)
    max_fee = min(max(least_fee, 2 * base_fee + wanted), cap)
    return Fees(max_fee, min(wanted, max_fee))  # a tip is never above its fee, so this one is not below least_tip


def _raise(fee: int, bps: int) -> int:
    return max(fee + 1, -(-fee * (_BPS + bps) // _BPS))
