"""The fence around a program, inside its process: what its source may name, what it gets, what it may not cause.

Loaded by `guest.py`, which imports nothing of this project; neither does this.
"""

from __future__ import annotations

import ast
import builtins
import io
import sys
import types
from typing import Any

NOT_GIVEN = (
    "breakpoint compile copyright credits delattr eval exec exit globals help input license locals memoryview open quit"
    " setattr vars __import__ __loader__ __spec__"
)

REFUSED_NAMES = frozenset(NOT_GIVEN.split())
"""Builtins that a program does not get."""

OPERATORS = (
    "abs add all bool call contains doc enter eq exit floordiv ge getitem gt hash index init int iadd iter le len lt"
    " main mod mul name ne neg new next pos pow radd repr reversed rmul rsub rtruediv setitem slots str sub truediv"
)

DUNDERS = frozenset(f"__{name}__" for name in OPERATORS.split())
"""The names with double underscores that a program may write."""

FRAMES = ("gi_", "cr_", "ag_", "tb_", "f_back", "f_globals", "f_locals", "f_builtins", "f_code")
"""Attributes of generators, coroutines, tracebacks and frames begin so; they lead out of the program."""

READERS = (
    "attrgetter methodcaller Formatter ForwardRef get_type_hints global_enum singledispatch singledispatchmethod"
    " update_wrapper wraps"
)

LEADING_OUT = frozenset(READERS.split())
"""What allowed modules have that reads an attribute, or evaluates a text, by a name that nobody looked at."""

EVENTS = frozenset({"exec", "compile", "builtins.id", "object.__setattr__", "sys._getframe"})
"""The audit events that may happen while a program runs; every other ends it."""


class RefusedError(Exception):
    """A source that is not run at all."""


def look(tree: ast.AST, allowed: frozenset[str]) -> None:
    """Raise RefusedError for a source that names what no program here needs."""
    used: set[str] = set()
    own: set[str] = set()
    for node in ast.walk(tree):
        modules, words = _named(node)
        for module in modules:
            if module not in allowed:
                raise RefusedError(f"import of {module}")
        for word in words:
            if (word.startswith("__") and word.endswith("__") and word not in DUNDERS) or word.startswith(FRAMES):
                raise RefusedError(f"use of {word}")
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            used.add(node.id)
        elif not isinstance(node, ast.Attribute):
            own.update(words)
    # A program may call a variable `input`; it may not expect the builtin.
    for word in sorted((used & REFUSED_NAMES) - own):
        raise RefusedError(f"use of {word}")


def _named(node: ast.AST) -> tuple[list[str], list[str]]:
    """The modules and the names that stand at a node."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names], [alias.asname or "" for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        inner = [alias.name for alias in node.names]
        return ["." * node.level + (node.module or "")], [*inner, *(alias.asname or "" for alias in node.names)]
    if isinstance(node, ast.Attribute):
        return [], [node.attr]
    if isinstance(node, ast.Name):
        return [], [node.id]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [], [node.name]
    if isinstance(node, ast.keyword | ast.arg):
        return [], [node.arg or ""]
    return [], list(node.kwd_attrs) if isinstance(node, ast.MatchClass) else []


def safe_builtins(allowed: frozenset[str]) -> dict[str, Any]:
    """The builtins of a program: without those refused, with an `__import__` and a `getattr` that look."""
    plain_getattr = builtins.getattr
    fronts = {name: front(sys.modules[name]) for name in allowed}
    for name in allowed:
        package, _, inner = name.rpartition(".")
        if package:
            setattr(fronts[package], inner, fronts[name])

    def guarded_import(name: str, space: Any = None, local: Any = None, wanted: Any = (), level: int = 0) -> Any:
        if level or name not in fronts:
            raise ImportError(f"{name} is not among the modules that a program may import")
        return fronts[name if wanted else name.partition(".")[0]]

    def guarded_getattr(what: Any, name: str, *default: Any) -> Any:
        if type(name) is not str or name.startswith(("_", *FRAMES)):
            raise AttributeError("getattr takes plain names here")
        return plain_getattr(what, name, *default)

    kept = {name: getattr(builtins, name) for name in dir(builtins) if name not in REFUSED_NAMES}
    return {**kept, "__import__": guarded_import, "getattr": guarded_getattr}


def front(module: types.ModuleType) -> types.ModuleType:
    """A module with the public names of another and none of the modules it uses: `enum.sys` leads out."""
    public = getattr(module, "__all__", dir(module))
    face = types.ModuleType(module.__name__)
    for name in public:
        entry = getattr(module, name)
        if not name.startswith("_") and name not in LEADING_OUT and not isinstance(entry, types.ModuleType):
            setattr(face, name, entry)
    return face


class Counter(io.TextIOBase):
    """Where prints go: nowhere, and not for ever."""

    def __init__(self, most: int, leave: Any) -> None:
        self._left = most
        self._leave = leave

    def write(self, text: str) -> int:
        """Counts."""
        self._left -= len(text)
        if self._left < 0:
            self._leave("output: it prints more than it may")
        return len(text)


def hook(leave: Any) -> Any:
    """The audit hook: an event that no program needs ends the process at once, so that nothing can catch it."""

    def audit(event: str, details: tuple[Any, ...], permitted: frozenset[str] = EVENTS) -> None:
        if event not in permitted:
            first = details[0] if details and type(details[0]) in (str, int) else ""
            leave(f"refused: {event} {str(first)[:100]}".rstrip())

    return audit
