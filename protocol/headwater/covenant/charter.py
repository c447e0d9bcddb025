"""Half-spaces on an update in fixed point, as the UpdateCourt reads them, and what an update breaks.

row:      b (16 bytes, signed, at SCALE²) ‖ a_i (8 each, signed, at SCALE)
charter:  keccak256(abi.encode(bytes32[] hashes of the rows))

A half-space is scaled to max |aᵢ| = 1, and its bound rounded outward by as much as rounding a and an update of radius R
may take, 2⁻⁴⁰ for the float64 product of 1,024 entries among it:

    a·u ≤ b, |uᵢ| ≤ R       Σ âᵢ·ûᵢ ≤ ceil(S²·b + S·Σ|aᵢ| + S·R·Σ|âᵢ − S·aᵢ| + 2⁻⁴⁰·S²·R·Σ|aᵢ|)

What this gives away cannot be proven: a breach by less than about (2·Σ|aᵢ| + d·R)·1e-9 of a half-space so scaled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Self

from eth_hash.auto import keccak
from numpy.typing import ArrayLike

from headwater.chain.codec import encode
from headwater.covenant.errors import CovenantError
from headwater.covenant.fixed import SCALE
from headwater.covenant.wire import (
    FLOATS,
    FixedProfile,
    FixedUpdate,
    check_dimension,
    check_entries,
    exact_bound,
    pack,
    row,
    unpack,
)

MAX_ROWS: Final = 64
"""Half-spaces of a charter."""
_MAX_ROW_BOUND: Final = 2**127 - 1


@dataclass(frozen=True, slots=True)
class HalfSpace:
    """Σ a_i·u_i ≤ b with `normal` a at SCALE and `bound` b at SCALE². Raises CovenantError."""

    normal: tuple[int, ...]
    bound: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "normal", tuple(self.normal))
        check_dimension(len(self.normal))
        check_entries(self.normal)
        if type(self.bound) is not int or not -_MAX_ROW_BOUND - 1 <= self.bound <= _MAX_ROW_BOUND:
            raise CovenantError(f"a half-space's bound is an integer of 16 bytes, not {self.bound!r}")

    @classmethod
    def of(cls, normal: ArrayLike, bound: float, radius: float) -> Self:
        """The half-space a·u ≤ b of real numbers (d,), scaled to max |a_i| = 1, for updates with every |u_i| ≤ radius.

        Rounded outward by as much as rounding such an update and a may take. Raises CovenantError.
        """
        reals = [Fraction(x) for x in row("a half-space's normal", normal)]
        size = max((abs(x) for x in reals), default=Fraction(0))
        if size == 0:
            raise CovenantError("a half-space's normal has an entry other than zero")
        if not math.isfinite(bound):
            raise CovenantError(f"a half-space's bound is a finite number, not {bound!r}")
        reach = exact_bound(radius)
        scaled = [SCALE * x / size for x in reals]
        rounded = [round(x) for x in scaled]
        off = sum((abs(r - x) for r, x in zip(rounded, scaled, strict=True)), Fraction(0))
        total = sum((abs(x) for x in scaled), Fraction(0))
        exact = Fraction(bound) / size * SCALE**2 + total + SCALE * reach * (off + FLOATS * total)
        # No update reaches these ends, whatever its entries.
        return cls(tuple(rounded), max(-_MAX_ROW_BOUND - 1, min(_MAX_ROW_BOUND, math.ceil(exact))))

    def breaks(self, update: FixedUpdate) -> bool:
        """Whether the update lies outside, exactly. Raises CovenantError if it has another dimension."""
        if len(update.entries) != len(self.normal):
            raise CovenantError(f"an update of {len(update.entries)} entries against {len(self.normal)}")
        return sum(a * u for a, u in zip(self.normal, update.entries, strict=True)) > self.bound

    def encode(self) -> bytes:
        """As the court takes it."""
        return self.bound.to_bytes(16, "big", signed=True) + pack(self.normal)

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """The half-space of an encoding. Raises CovenantError."""
        if len(content) < 16:
            raise CovenantError(f"a half-space has 16 bytes and 8 for each entry, got {len(content)}")
        return cls(unpack(content[16:]), int.from_bytes(content[:16], "big", signed=True))

    @property
    def hash(self) -> bytes:
        """keccak256 of the encoding."""
        return bytes(keccak(self.encode()))


@dataclass(frozen=True, slots=True)
class Charter:
    """A round's half-spaces, at most 64. Raises CovenantError."""

    rows: tuple[HalfSpace, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(self.rows))
        if len(self.rows) > MAX_ROWS:
            raise CovenantError(f"a charter has at most {MAX_ROWS} half-spaces, got {len(self.rows)}")

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """Of the rows, in order."""
        return tuple(space.hash for space in self.rows)

    @property
    def hash(self) -> bytes:
        """keccak256(abi.encode(bytes32[] hashes))."""
        return bytes(keccak(encode(("bytes32[]",), (list(self.hashes),))))


def breaches(update: FixedUpdate, profile: FixedProfile, charter: Charter) -> list[tuple[str, int]]:
    """What it breaks: ("profile", index of the limit) and ("charter", index of the row). Raises CovenantError."""
    if len(update.entries) != profile.dimension:
        raise CovenantError(f"an update of {len(update.entries)} entries under a profile of {profile.dimension}")
    found = [("profile", i) for i, limit in enumerate(profile.limits) if limit.breaks(update)]
    return found + [("charter", i) for i, space in enumerate(charter.rows) if space.breaks(update)]


def seal(update: ArrayLike, profile: FixedProfile, charter: Charter) -> FixedUpdate:
    """The fixed-point update to sign; whoever signs nothing else cannot be convicted of a breach.

    Raises CovenantError if it breaks something, saying what: a filter that lets more through than rounding covers.
    """
    fixed = FixedUpdate.of(update)
    if broken := breaches(fixed, profile, charter):
        named = ", ".join(f"{part} {index}" for part, index in broken)
        raise CovenantError(f"the update breaks {named}; signing it would cost the bond")
    return fixed
