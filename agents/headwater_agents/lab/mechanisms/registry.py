"""Mechanisms by name, and from a researcher's own file."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

from headwater_agents.lab.mechanisms.base import LabError, Mechanism
from headwater_agents.lab.mechanisms.by_stake import ByStake
from headwater_agents.lab.mechanisms.equal_split import EqualSplit

Factory = Callable[..., Mechanism]
"""Makes a fresh mechanism; takes keyword arguments only, all of which have defaults."""

_MECHANISMS: Final[dict[str, Factory]] = {
    # The real contracts, "headwater", stand here first.
    EqualSplit.name: EqualSplit,
    ByStake.name: ByStake,
}

_ATTRIBUTES: Final = ("name", "secret_reports", "binds_weights", "scored")
_METHODS: Final = tuple(
    name for name, member in vars(Mechanism).items() if inspect.isfunction(member) and not name.startswith("_")
)


def names() -> tuple[str, ...]:
    """Names that `make` knows, in the order of tables."""
    return tuple(_MECHANISMS)


def make(name: str, **settings: Any) -> Mechanism:
    """A fresh mechanism: one of `names()`, or "path.py:ClassName" for a class in a file of one's own.

    Raises:
        LabError: for an unknown name, a file or class that is missing or fails, settings that it does not take, or an
            object that is not a mechanism.
    """
    factory = _from_file(name) if ":" in name else _known(name)
    try:
        inspect.signature(factory).bind(**settings)
    except TypeError as error:
        accepted = ", ".join(inspect.signature(factory).parameters) or "none"
        raise LabError(f"{name} cannot be made from these settings: {error}; it takes: {accepted}") from error
    mechanism = factory(**settings)
    missing = [each for each in _ATTRIBUTES if not hasattr(mechanism, each)]
    missing += [each for each in _METHODS if not callable(getattr(mechanism, each, None))]
    if missing:
        raise LabError(f"{name} is not a mechanism; it lacks: {', '.join(missing)}")
    return mechanism


def _known(name: str) -> Factory:
    try:
        return _MECHANISMS[name]
    except KeyError:
        known = ", ".join(names())
        raise LabError(f"there is no mechanism {name!r}; there are {known}, or path.py:ClassName") from None


def _from_file(name: str) -> Factory:
    place, _, wanted = name.rpartition(":")
    path = Path(place).resolve()
    if path.suffix != ".py" or not path.is_file():
        raise LabError(f"{name!r} must be path.py:ClassName; there is no Python file {place!r}")
    factory = getattr(_load(path), wanted, None)
    if not inspect.isclass(factory):
        raise LabError(f"there is no class {wanted!r} in {place}")
    if abstract := sorted(getattr(factory, "__abstractmethods__", ())):
        raise LabError(f"class {wanted!r} in {place} must still implement: {', '.join(abstract)}")
    return cast(Factory, factory)  # whether it makes a mechanism is checked on what it makes


def _load(path: Path) -> ModuleType:
    """The file as a module, loaded once, under a name of its own that cannot hide an installed package."""
    module_name = f"headwater_lab_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    if module_name in sys.modules:
        return sys.modules[module_name]
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise LabError(f"{path} cannot be loaded as a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # dataclasses look their module up while it loads
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[module_name]
        raise LabError(f"{path} fails when it is loaded: {type(error).__name__}: {error}") from error
    return module
