"""Programs of others that tests run, where they are installed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def find_anvil() -> str | None:
    """The anvil binary: $ANVIL, then the checkout's node_modules, then PATH."""
    local = ROOT / "node_modules" / ".bin" / "anvil"
    for candidate in (os.environ.get("ANVIL"), str(local), "anvil"):
        if candidate and (found := shutil.which(candidate)):
            return found
    return None
