"""JSON (and TOML) from others: refused before parsing when it is nested deeper than anything here is.

A parser that recurses relies on the interpreter's limit, which other libraries of the process raise until the stack
ends first.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

MAX_DEPTH: Final = 32
_STRING: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'')
_BRACKET: Final = re.compile(r"[\[\]{}]")


def check_depth(text: str) -> None:
    """Raises ValueError for brackets outside of strings that are open more than 32 deep."""
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH} levels")


def loads(text: str) -> Any:
    """Parses JSON of at most 32 levels. Raises ValueError: deeper, a key twice, or no JSON."""
    check_depth(text)
    return json.loads(text, object_pairs_hook=_unlike)


def _unlike(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, entry in pairs:
        if key in fields:
            raise ValueError(f"the key {key!r} stands twice")
        fields[key] = entry
    return fields
