"""Points at which a process may be killed: named in the code that passes them, listed here, killed at by tests.

`HEADWATER_CRASH_AT=outbox.signed` (or `outbox.signed:3`, the third time) ends the process with SIGKILL right there: no
handler runs, no file is flushed, as if the power had gone. Without the variable a point costs one comparison.
"""

from __future__ import annotations

import os
import signal
from enum import StrEnum
from typing import Final

VARIABLE: Final = "HEADWATER_CRASH_AT"


class CrashPoint(StrEnum):
    """Every place a process can be killed at, in the order in which a question passes them."""

    # Selling. Lost if wrong: a second, different signal for one question; a signal that was paid for and never comes;
    # a payment that serves two questions.
    SIGNAL_SIGNED = "seller.signed"
    SIGNAL_KEPT = "seller.kept"
    SALE_BOUND = "seller.bound"
    SALE_SETTLED = "seller.settled"
    SALE_NOTED = "seller.noted"

    # Settling. Lost if wrong: a nonce that blocks all later ones, or a payment whose outcome nobody learns.
    SETTLEMENT_KEPT = "facilitator.kept"
    SETTLEMENT_SENT = "facilitator.sent"
    SETTLEMENT_MINED = "facilitator.mined"

    # Buying. Lost if wrong: money twice for one signal, the signal, the limit on what is spent, or the evidence.
    PURCHASE_SIGNED = "buyer.signed"
    PURCHASE_KEPT = "buyer.kept"
    PURCHASE_ANSWERED = "buyer.answered"
    PURCHASE_DONE = "buyer.done"


def _wanted() -> tuple[str, int]:
    name, _, times = os.environ.get(VARIABLE, "").partition(":")
    return name, int(times) if times.isdigit() else 1


_name, _left = _wanted()


def reach(point: CrashPoint) -> None:
    """Pass a crash point; if the environment asks for it, never return."""
    global _left
    if _name and point == _name:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
