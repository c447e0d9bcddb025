"""Where tables go: the terminal at its own width, a file or a pipe at a width that they fit."""

from __future__ import annotations

import sys
from typing import Final

from rich.console import Console

WIDTH: Final = 110
"""Columns of redirected output, which has no width of its own."""


def terminal() -> Console:
    """A console on standard output."""
    return Console() if sys.stdout.isatty() else Console(width=WIDTH)
