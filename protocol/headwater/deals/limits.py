"""Where a negotiation can stand, and what bounds it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from headwater.deals.deal import MAX_TIME
from headwater.deals.errors import DealError
from headwater.deals.price import whole

MAX_ROUNDS: Final = 1_000


class Status(StrEnum):
    """Where a negotiation stands; all but OPEN are ends."""

    OPEN = "open"
    AGREED = "agreed"
    HALTED = "halted"
    DEADLOCKED = "deadlocked"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a negotiation: offers in all, 1 to 1,000, and seconds for each message, 1 or more."""

    rounds: int = 10
    reply_window: int = 600

    def __post_init__(self) -> None:
        if not whole(self.rounds) or not 1 <= self.rounds <= MAX_ROUNDS:
            raise DealError(f"rounds: {self.rounds}; accepted: 1 to {MAX_ROUNDS}")
        if not whole(self.reply_window) or not 1 <= self.reply_window <= MAX_TIME:
            raise DealError(f"reply window: {self.reply_window}; accepted: whole seconds, 1 or more")
