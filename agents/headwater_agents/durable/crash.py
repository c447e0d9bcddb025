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
