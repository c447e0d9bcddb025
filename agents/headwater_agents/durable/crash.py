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

    # The journal. Lost if it were wrong: the salt of a wager that stands, and the wager with it.
    JOURNAL_PLANNING = "journal.planning"  # a commitment was decided on; its salt is not on disk
    JOURNAL_PLANNED = "journal.planned"  # its salt is on disk; nothing is sent
    JOURNAL_MARKING = "journal.marking"  # what became of it is known; not noted
    JOURNAL_MARKED = "journal.marked"

    # The outbox. Lost if it were wrong: gas and money spent twice, or everything behind a nonce that never comes.
    OUTBOX_DECIDED = "outbox.decided"  # nonce chosen, transaction signed; nothing is on disk
    OUTBOX_RECORDED = "outbox.recorded"  # on disk; no node has it
    OUTBOX_SENT = "outbox.sent"  # a node has it; what it answered is not known here
    OUTBOX_REFUSED = "outbox.refused"  # the node would not have it; not noted
    OUTBOX_SEEN = "outbox.seen"  # seen in a block; not noted
    OUTBOX_ENDED = "outbox.ended"  # its end is noted; whoever asked for it does not know
    OUTBOX_RAISING = "outbox.raising"  # signed again for higher fees; not on disk
    OUTBOX_RAISED = "outbox.raised"  # on disk; no node has it
    OUTBOX_RAISE_SENT = "outbox.raise-sent"  # a node has it, in place of the one before or refused
    OUTBOX_CANCELLING = "outbox.cancelling"  # too late for it: the cancel is signed; not on disk
    OUTBOX_CANCEL_RECORDED = "outbox.cancel-recorded"  # on disk; no node has it
    OUTBOX_CANCEL_SENT = "outbox.cancel-sent"  # a node has the cancel; either may be mined
    OUTBOX_VANISHED = "outbox.vanished"  # a block that held it is gone; not noted
    OUTBOX_REOPENED = "outbox.reopened"  # noted; not sent again
    OUTBOX_FILLING = "outbox.filling"  # a nonce below ours is nobody's any more; nothing is on disk
    OUTBOX_DISPLACED = "outbox.displaced"  # another transaction has our nonce; not noted

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
