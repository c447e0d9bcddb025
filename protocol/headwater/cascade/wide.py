"""Exact unsigned integers of several 32-bit limbs, vectorised.

A wide array is a uint64 array of shape (limbs, n), least significant limb first, each limb below 2**32, so that a
product of two limbs fits its word. Money and weights exceed 64 bits, floats lose wei, and Python integers cost about a
microsecond for a leaf; limbs cost about a tenth of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import index
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Wide = NDArray[np.uint64]
Stored = NDArray[np.uint32]

BITS: Final = 32
_MASK: Final = np.uint64(2**32 - 1)
_SHIFT: Final = np.uint64(32)


def limbs_for(value: int) -> int:
    """How many limbs hold every integer from 0 to value; at least 1."""
    return max(1, -(-value.bit_length() // BITS))


def from_ints(values: Sequence[int], limbs: int) -> Wide:
    """Wide array of non-negative Python integers.

    Raises:
        OverflowError: a value is negative or needs more limbs.
        TypeError: a value is no integer.
    """
    size = 4 * limbs
    packed = b"".join([index(value).to_bytes(size, "little") for value in values])
    return np.ascontiguousarray(np.frombuffer(packed, "<u4").reshape(-1, limbs).T).astype(np.uint64)


def to_ints(wide: NDArray[Any]) -> list[int]:
    """Python integers of a wide array (uint64 or stored as uint32), shape (limbs, n)."""
    limbs, n = wide.shape
    if limbs == 1:
        return [int(value) for value in wide[0].tolist()]
    packed = np.ascontiguousarray(wide.T).astype("<u4").tobytes()
    size = 4 * limbs
    return [int.from_bytes(packed[i : i + size], "little") for i in range(0, n * size, size)]


def from_words(words: NDArray[np.uint64], limbs: int) -> Wide:
    """Wide array of 64-bit words, shape (n,); `limbs` must be enough for the largest."""
    wide = np.zeros((limbs, len(words)), np.uint64)
    wide[0] = words & _MASK
    if limbs > 1:
        wide[1] = words >> _SHIFT
    return wide


def carry(wide: Wide) -> None:
    """Brings limbs that may have grown past 2**32 back below it, in place; the sum must fit."""
    for i in range(len(wide) - 1):
        wide[i + 1] += wide[i] >> _SHIFT
        wide[i] &= _MASK


def mul(a: Wide, b: Wide, limbs: int) -> Wide:
    """The low `limbs` limbs of a * b, element by element."""
    columns = np.zeros((limbs, a.shape[1]), np.uint64)
    for i in range(min(len(a), limbs)):
        for j in range(min(len(b), limbs - i)):
            product = a[i] * b[j]
            columns[i + j] += product & _MASK
            if i + j + 1 < limbs:
                product >>= _SHIFT
                columns[i + j + 1] += product
    carry(columns)
    columns[-1] &= _MASK
    return columns


def sub(a: Wide, b: Wide) -> Wide:
    """a - b modulo 2**(32 * limbs); a and b have equally many limbs."""
    out = np.empty_like(a)
    borrow: NDArray[np.uint64] | np.uint64 = np.uint64(0)
    for i in range(len(a)):
        difference = a[i] - b[i] - borrow  # wraps; the top bit then says that a limb was borrowed
        out[i] = difference & _MASK
        borrow = difference >> np.uint64(63)
    return out


def at_least(a: Wide, b: Wide) -> NDArray[np.bool_]:
    """Where a >= b; a and b have equally many limbs."""
    borrow: NDArray[np.uint64] | np.uint64 = np.uint64(0)
    for i in range(len(a)):
        borrow = (a[i] - b[i] - borrow) >> np.uint64(63)
    return np.asarray(borrow == 0)


def bit_lengths(a: Wide) -> NDArray[np.int64]:
    """How many bits each element has, 0 for 0; shape (n,)."""
    out = np.zeros(a.shape[1], np.int64)
    for i, limb in enumerate(a):
        # A limb is exact as a float, and the exponent of a float is the bit length of its integer part.
        length = np.frexp(limb.astype(np.float64))[1].astype(np.int64)
        out = np.where(limb > 0, BITS * i + length, out)
    return out


def shift_left(a: Wide, bits: NDArray[np.int64], limbs: int) -> Wide:
    """a << bits, element by element; the result must fit `limbs` limbs."""
    power = np.zeros((limbs, len(bits)), np.uint64)
    power[bits // BITS, np.arange(len(bits))] = np.uint64(1) << (bits % BITS).astype(np.uint64)
    return mul(a, power, limbs)


def floats(a: NDArray[Any]) -> NDArray[np.float64]:
    """The values rounded to floats (a few units in the last place off), shape (n,)."""
    out = np.zeros(a.shape[1])
    for i, limb in enumerate(a):
        out += limb.astype(np.float64) * 2.0 ** (BITS * i)
    return out


def reciprocals(total: Wide, limbs: int) -> Wide:
    """floor(2**(32 * (len(total) + limbs)) / total), in limbs + 1 limbs.

    Schoolbook division, a limb at a time. The quotient digit comes from floats; it is below 2**32, so their relative
    error of a few 2**-53 puts it off by one at most, which the remainder then shows.

    Args:
        total: shape (size, n); the top limb at least 2**29, so that the quotient fits, and the top bit clear.
        limbs: how many limbs beyond the point.
    """
    size, n = total.shape
    wide_total = np.concatenate([total, np.zeros((1, n), np.uint64)])
    divisor = floats(total)
    out = np.empty((limbs + 1, n), np.uint64)
    rest = np.zeros((size + 1, n), np.uint64)
    rest[size] = 1
    for place in range(limbs, -1, -1):
        digit = np.minimum(np.floor(floats(rest) / divisor), 2.0**BITS - 1).astype(np.uint64)
        rest = sub(rest, mul(total, digit[None], size + 1))
        below = rest[size] >> np.uint64(31)  # the top bit: the digit was one too large
        digit -= below
        rest += wide_total * below
        carry(rest)
        rest[size] &= _MASK
        above = at_least(rest, wide_total).astype(np.uint64)
        digit += above
        rest = sub(rest, wide_total * above)
        out[place] = digit
        rest = np.concatenate([np.zeros((1, n), np.uint64), rest[:size]])
    return out


def scale_down(a: Wide, numerator: NDArray[np.uint64], denominator: int) -> Wide:
    """floor(a * numerator / denominator), element by element, for a numerator not above the denominator.

    Args:
        a: shape (limbs, n).
        numerator: shape (n,), each from 0 to denominator.
        denominator: 1 to 2**31.
    """
    product = np.zeros((len(a) + 1, a.shape[1]), np.uint64)
    product[:-1] = a * numerator
    carry(product)
    divisor = np.uint64(denominator)
    quotient = np.empty_like(a)
    remainder = product[-1]  # below the denominator, as the numerator is not above it
    for i in range(len(a) - 1, -1, -1):
        word = (remainder << _SHIFT) | product[i]
        quotient[i] = word // divisor
        remainder = word - quotient[i] * divisor
    return quotient


class Amounts:
    """Many exact amounts, read like a sequence of Python integers.

    Attributes:
        limbs: shape (limbs, n), uint32, least significant limb first.
    """

    __slots__ = ("limbs",)

    def __init__(self, limbs: Stored) -> None:
        self.limbs = limbs

    def __len__(self) -> int:
        return int(self.limbs.shape[1])

    def __getitem__(self, place: int) -> int:
        return int.from_bytes(np.ascontiguousarray(self.limbs[:, place]).astype("<u4").tobytes(), "little")

    def __iter__(self) -> Iterator[int]:
        return iter(self.ints())

    def slice(self, start: int, stop: int) -> list[int]:
        """The integers from start (inclusive) to stop (exclusive)."""
        return to_ints(self.limbs[:, start:stop])

    def ints(self) -> list[int]:
        """All of them as Python integers."""
        return to_ints(self.limbs)

    def sum(self) -> int:
        """Their exact sum."""
        return sum(int(limb.sum(dtype=np.uint64)) << (BITS * i) for i, limb in enumerate(self.limbs))

    def floats(self) -> NDArray[np.float64]:
        """Their values rounded to floats, for analysis only, shape (n,)."""
        return floats(self.limbs)
