"""Model updates and static profiles in fixed point, as the UpdateCourt reads them. Integers; floats only enter.

vector:   u_i, 8 bytes each, signed, big-endian, at SCALE; 1 to 1,024 of them
profile:  policy (32 bytes) ‖ dimension (2) ‖ records; each record kind (1) ‖ start (2) ‖ stop (2) ‖ bound (8, at SCALE)

Entries are rounded toward zero and bounds outward. So whoever keeps a constraint in real numbers, or as float64 finds
it kept, keeps it in these integers: an honest member cannot be convicted.

    |u| ≤ B        |trunc(S·u)| ≤ floor(S·B)
    ‖u‖₂ ≤ B       Σ trunc(S·uᵢ)² ≤ (S·B)² ≤ ceil(S·B·(1 + 2⁻⁴⁰))²

2⁻⁴⁰ covers the rounding of a float64 norm of 1,024 entries. Half-spaces: `headwater.covenant.charter`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Self

import numpy as np
from eth_hash.auto import keccak
from numpy.typing import ArrayLike

from headwater.covenant.errors import CovenantError
from headwater.covenant.fixed import ENTRY, SCALE

MAX_DIMENSION: Final = 1_024
"""Entries of an update that the court reads."""
MAX_LIMITS: Final = 256
L2: Final = 1
LINF: Final = 2
KINDS: Final[dict[str, int]] = {"l2": L2, "linf": LINF}
"""The court's number of each kind of limit."""
_MAX_BOUND: Final = 2**64 - 1
_MAX_ENTRY: Final = 2**63 - 1
FLOATS: Final = Fraction(1, 2**40)
"""Covers the relative rounding of a float64 sum over 1,024 entries."""


@dataclass(frozen=True, slots=True)
class FixedUpdate:
    """A model update in fixed point, entries at SCALE: what is signed, and what is aggregated. Raises CovenantError."""

    entries: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "entries", tuple(self.entries))
        check_dimension(len(self.entries))
        check_entries(self.entries)

    @classmethod
    def of(cls, update: ArrayLike) -> Self:
        """The update of real numbers (d,), each entry rounded toward zero. Raises CovenantError."""
        return cls(tuple(math.trunc(Fraction(x) * SCALE) for x in row("an update", update)))

    def reals(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Entries (d,) as floats: aggregate these, for the signature covers nothing else."""
        return np.array(self.entries, dtype=np.float64) / SCALE

    def encode(self) -> bytes:
        """The entries as the court takes them, 8·d bytes."""
        return pack(self.entries)

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """The update of packed entries. Raises CovenantError."""
        return cls(unpack(content))

    @property
    def hash(self) -> bytes:
        """keccak256 of the encoding."""
        return bytes(keccak(self.encode()))


@dataclass(frozen=True, slots=True)
class Limit:
    """A static constraint on the entries start to stop - 1: their l2 norm ("l2") or each of them ("linf") is bounded.

    `bound` is at SCALE. A feature left alone is "linf" on its entries, with its tolerance. Raises CovenantError.
    """

    kind: str
    start: int
    stop: int
    bound: int

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise CovenantError(f"there is no limit {self.kind!r}; there are {', '.join(KINDS)}")
        if not 0 <= self.start < self.stop <= MAX_DIMENSION:
            raise CovenantError(f"a limit is on entries of 0 to {MAX_DIMENSION - 1}, not {self.start}:{self.stop}")
        if type(self.bound) is not int or not 0 <= self.bound <= _MAX_BOUND:
            raise CovenantError(f"a limit's bound is an integer from 0 to 2**64 - 1, not {self.bound!r}")

    def breaks(self, update: FixedUpdate) -> bool:
        """Whether the update breaks it, exactly."""
        part = update.entries[self.start : self.stop]
        if self.kind == "l2":
            return sum(entry * entry for entry in part) > self.bound * self.bound
        return any(abs(entry) > self.bound for entry in part)


def l2_limit(dimension: int, bound: float) -> Limit:
    """‖u‖₂ ≤ bound over all entries, rounded outward. Raises CovenantError."""
    exact = exact_bound(bound) * SCALE
    return Limit("l2", 0, dimension, math.ceil(exact * (1 + FLOATS)))


def linf_limits(indices: Iterable[int], bound: float) -> tuple[Limit, ...]:
    """|u_i| ≤ bound for each of these entries: one limit for every run of neighbours. Raises CovenantError."""
    at_scale = math.floor(exact_bound(bound) * SCALE)
    runs: list[list[int]] = []
    for index in sorted(set(indices)):
        if runs and runs[-1][1] == index:
            runs[-1][1] += 1
        else:
            runs.append([index, index + 1])
    return tuple(Limit("linf", start, stop, at_scale) for start, stop in runs)


@dataclass(frozen=True, slots=True)
class FixedProfile:
    """The static part of a value profile, which its hash binds: dimension, limits, and the hash of the whole policy.

    `policy` is keccak256 of the profile file's canonical text, 32 bytes, so that two policies with the same limits are
    two profiles. Raises CovenantError.
    """

    policy: bytes
    dimension: int
    limits: tuple[Limit, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "limits", tuple(self.limits))
        check_dimension(self.dimension)
        if len(self.policy) != 32:
            raise CovenantError(f"a policy's hash has 32 bytes, got {len(self.policy)}")
        if len(self.limits) > MAX_LIMITS:
            raise CovenantError(f"a profile has at most {MAX_LIMITS} limits, got {len(self.limits)}")
        if any(limit.stop > self.dimension for limit in self.limits):
            raise CovenantError(f"a limit is on entries that an update of {self.dimension} does not have")

    def encode(self) -> bytes:
        """As the court takes it."""
        records = b"".join(
            bytes([KINDS[limit.kind]])
            + limit.start.to_bytes(2, "big")
            + limit.stop.to_bytes(2, "big")
            + limit.bound.to_bytes(8, "big")
            for limit in self.limits
        )
        return self.policy + self.dimension.to_bytes(2, "big") + records

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """The profile of an encoding. Raises CovenantError, as the court refuses."""
        if len(content) < 34 or (len(content) - 34) % 13:
            raise CovenantError(f"a profile has 34 bytes and 13 for each limit, got {len(content)}")
        names = {number: name for name, number in KINDS.items()}
        limits = []
        for at in range(34, len(content), 13):
            start, stop, bound = (int.from_bytes(content[at + i : at + j], "big") for i, j in ((1, 3), (3, 5), (5, 13)))
            limits.append(Limit(names.get(content[at], str(content[at])), start, stop, bound))
        return cls(content[:32], int.from_bytes(content[32:34], "big"), tuple(limits))

    @property
    def hash(self) -> bytes:
        """keccak256 of the encoding: what an agreement is registered with."""
        return bytes(keccak(self.encode()))

    @property
    def radius(self) -> float | None:
        """A bound on every |u_i| of an update inside, for `HalfSpace.of`; None if some entry has none."""
        least = [
            min((limit.bound for limit in self.limits if limit.start <= i < limit.stop), default=None)
            for i in range(self.dimension)
        ]
        # A bound may have been rounded down to the grain.
        return None if None in least else max(bound + 1 for bound in least if bound is not None) / SCALE


def pack(entries: Sequence[int]) -> bytes:
    """Entries, 8 bytes each."""
    return b"".join(entry.to_bytes(ENTRY, "big", signed=True) for entry in entries)


def unpack(content: bytes) -> tuple[int, ...]:
    """Entries of 8 bytes each. Raises CovenantError."""
    if len(content) % ENTRY:
        raise CovenantError(f"entries have {ENTRY} bytes each, got {len(content)}")
    return tuple(int.from_bytes(content[i : i + ENTRY], "big", signed=True) for i in range(0, len(content), ENTRY))


def check_dimension(dimension: int) -> None:
    """Raises CovenantError unless the court reads updates of so many entries."""
    if not 1 <= dimension <= MAX_DIMENSION:
        raise CovenantError(f"an update has 1 to {MAX_DIMENSION} entries on the chain, not {dimension}")


def check_entries(entries: Sequence[int]) -> None:
    """Raises CovenantError unless every entry is an integer of 8 bytes."""
    if any(type(entry) is not int or not -_MAX_ENTRY - 1 <= entry <= _MAX_ENTRY for entry in entries):
        raise CovenantError(f"an entry at SCALE has 8 bytes: a real number below {_MAX_ENTRY / SCALE:.3g} in size")


def exact_bound(bound: float) -> Fraction:
    """A bound as it is. Raises CovenantError."""
    if not math.isfinite(bound) or bound < 0:
        raise CovenantError(f"a bound is a finite number from 0 up, not {bound!r}")
    return Fraction(bound)


def row(name: str, given: ArrayLike) -> Any:
    """A list of finite floats. Raises CovenantError."""
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise CovenantError(f"{name} is an array of real numbers: {error}") from error
    if array.ndim != 1 or not np.isfinite(array).all():
        raise CovenantError(f"{name} is a row of finite real numbers; got shape {array.shape}")
    return array.tolist()
