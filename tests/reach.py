"""Which tests play on the chain that `--chain` chooses: those that reach tests/harness.py by imports or fixtures."""

from __future__ import annotations

import ast
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parent
CHOOSER: Final = "harness"


def plays_on_chosen_chain(path: Path, fixtures: Collection[str]) -> bool:
    """Whether a test in this file, with all fixtures it uses, may touch the chosen chain."""
    conftests = [folder / "conftest.py" for folder in path.parents if folder.is_relative_to(TESTS)]
    return _reaches(path) or any(not _playing(each).isdisjoint(fixtures) for each in conftests if each.exists())


@cache
def _playing(conftest: Path) -> frozenset[str]:
    """The fixtures of a conftest.py that use anything from a module that reaches the harness."""
    tree = ast.parse(conftest.read_text(encoding="utf-8"))
    chosen = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if any(_reaches(file) for file in _files(conftest, _modules(node)))
    }
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and chosen & {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
    )


@cache
def _reaches(path: Path) -> bool:
    """Whether a file is the harness, or imports it, directly or not."""
    seen, waiting = {path}, [path]
    while waiting:
        file = waiting.pop()
        if file.stem == CHOOSER:
            return True
        tree = ast.parse(file.read_text(encoding="utf-8"))
        imported = {name for node in ast.walk(tree) for name in _modules(node)}
        new = _files(file, imported) - seen
        seen |= new
        waiting += new
    return False


def _modules(node: ast.AST) -> set[str]:
    """Last parts of the names that an import may take as modules."""
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
    if isinstance(node, ast.ImportFrom):
        names.append(node.module or "")
    return {name.split(".")[-1] for name in names}


def _files(beside: Path, modules: Collection[str]) -> set[Path]:
    """Files of the tests that these names can mean in a file."""
    found = {folder / f"{name}.py" for name in modules for folder in (beside.parent, TESTS)}
    return {file for file in found if file.exists()}
