"""How patient an outbox is, what it pays at most, and by which clocks it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from headwater.chain import ArgumentError
from headwater.units import GWEI

Tell = Callable[[str, Mapping[str, Any]], None]
"""Hears what happened, by name, with its particulars: never a key, never signed bytes."""

_MAX_FEE: Final = 2**62  # wei per gas; what SQLite holds, and four ether a gas


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxConfig:
    """Seconds are the monotonic clock's; fees wei per gas.

    Attributes:
        patience: seconds after which what is not mined is sent again with higher fees.
        timeout: seconds that one call waits for an end; then it raises, and the transaction stays open.
        confirmations: blocks on top of a transaction's after which it is no longer watched.
        raise_bps: how much higher each fee of a replacement is; nodes ask for 10%, so at least 1,250.
        max_fee_cap: the most that is ever offered per gas. What needs more waits.
        doubt: seconds that a node has to insist on bad news (a transaction gone, a nonce taken) before it is
            believed: behind one URL there may be several nodes, and some lag.
        again: seconds between two broadcasts of the same bytes.
        poll: seconds between two looks, at first and at most.
    """

    patience: float = 12.0
    timeout: float = 120.0
    confirmations: int = 12
    raise_bps: int = 1_250
    max_fee_cap: int = 500 * GWEI
    doubt: float = 3.0
    again: float = 1.0
    poll: tuple[float, float] = (0.02, 0.5)

    def __post_init__(self) -> None:
        for name in ("patience", "timeout", "doubt", "again"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ArgumentError(f"{name} is a number of seconds, not negative; got {getattr(self, name)}")
        if not 0 < self.poll[0] <= self.poll[1]:
            raise ArgumentError(f"poll is two numbers of seconds, 0 < first <= most; got {self.poll}")
        if self.confirmations < 0:
            raise ArgumentError(f"confirmations is a number of blocks, not negative; got {self.confirmations}")
        if not 1_250 <= self.raise_bps <= 100_000:
            raise ArgumentError(f"raise_bps lies between 1,250 and 100,000, got {self.raise_bps}")
        if not 0 < self.max_fee_cap <= _MAX_FEE:
            raise ArgumentError(f"max_fee_cap lies between 1 and 2^62 wei per gas, got {self.max_fee_cap}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """Patience goes by a clock that nobody sets; deadlines by the chain's. The wall clock only dates records.

    `sleep` may raise to stop whoever waits: everything is on disk by then.
    """

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    wall: Callable[[], float] = time.time


def silent(event: str, about: Mapping[str, Any]) -> None:
    """A `Tell` that keeps it to itself."""
