"""How much memory processes take, where the system tells."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_PSS: Final = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def proportional_set(pid: int | None) -> int | None:
    """Bytes of memory that are this process's: its own, and its share of what others map too; None if not known."""
    if pid is None:
        return None
    try:
        found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii"))
    except OSError:
        return None
    return None if found is None else 1_024 * int(found[1])
