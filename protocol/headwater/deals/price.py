"""Prices: a share of a base, fixed or by the state that is observed when the task settles.

share(s) = share of the last step whose state is ≤ s;    word(step) = state · 2⁶⁴ + share;
hash     = keccak256(word ‖ word ‖ …), each word 32 bytes, big-endian.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from eth_hash.auto import keccak

from headwater.deals.errors import Reason, Refused
from headwater.units import WAD

MAX_STEPS: Final = 16
MAX_STATE: Final = 2**192 - 1
_SHARE_BITS: Final = 64


def whole(number: object) -> bool:
    """Whether it is an int, and not a bool."""
    return isinstance(number, int) and not isinstance(number, bool)


def percent(share: int) -> str:
    """A share (WAD) in percent, without rounding: 55%, 33.333333333333333333%."""
    sign, digits = ("-" if share < 0 else ""), f"{abs(share):019d}"
    fraction = digits[-16:].rstrip("0")
    return f"{sign}{int(digits[:-16])}{'.' + fraction if fraction else ''}%"


@dataclass(frozen=True, slots=True)
class Price:
    """Steps (state, share): shares are WAD from 0 to 100%; states start at 0, rise strictly, and stay below 2^192.

    Raises Refused: PRICE for the steps, SHARE for a share out of range.
    """

    steps: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        if not isinstance(self.steps, tuple) or not 1 <= len(self.steps) <= MAX_STEPS:
            raise Refused(Reason.PRICE, f"a price has 1 to {MAX_STEPS} steps, each a pair (state, share)")
        for step in self.steps:
            if not (isinstance(step, tuple) and len(step) == 2 and whole(step[0]) and whole(step[1])):
                raise Refused(Reason.PRICE, "a step of a price is a pair (state, share) of whole numbers")
            if not 0 <= step[1] <= WAD:
                raise Refused(Reason.SHARE, f"a share of {percent(step[1])}; accepted: 0% to 100%")
        states = [state for state, _ in self.steps]
        if states[0] != 0 or states[-1] > MAX_STATE or any(a >= b for a, b in pairwise(states)):
            raise Refused(Reason.PRICE, "a price's states start at 0 and rise strictly, below 2^192")

    @classmethod
    def fixed(cls, share: int) -> Price:
        """The same share (WAD) whatever is observed. Raises Refused (SHARE)."""
        return cls(((0, share),))

    def at(self, state: int) -> int:
        """The share (WAD) at an observed state, 0 or more. Raises Refused (AMOUNT)."""
        if not 0 <= state <= MAX_STATE:
            raise Refused(Reason.AMOUNT, f"an observed state is from 0 to 2^192 - 1, not {state}")
        return self.steps[bisect_right(self.steps, state, key=lambda step: step[0]) - 1][1]

    @property
    def most(self) -> int:
        """The largest share (WAD) it can come to."""
        return max(share for _, share in self.steps)

    @property
    def words(self) -> tuple[int, ...]:
        """Each step as the contract takes it: state · 2⁶⁴ + share."""
        return tuple(state << _SHARE_BITS | share for state, share in self.steps)

    @property
    def packed(self) -> bytes:
        """The words, 32 bytes each."""
        return b"".join(word.to_bytes(32, "big") for word in self.words)

    @property
    def hash(self) -> bytes:
        """By which a Deal names it: keccak256 of the packed words, 32 bytes."""
        return bytes(keccak(self.packed))

    def __str__(self) -> str:
        if len(self.steps) == 1:
            return percent(self.steps[0][1])
        return ", ".join(f"{percent(share)} from {state}" for state, share in self.steps)
