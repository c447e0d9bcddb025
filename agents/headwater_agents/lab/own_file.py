"""A researcher's own class: "path.py:ClassName"."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType

from headwater_agents.lab.mechanisms.base import LabError


def class_from_file(name: str) -> type:
    """The class that "path.py:ClassName" names. Raises LabError if file or class are missing or fail."""
    place, _, wanted = name.rpartition(":")
    path = Path(place).resolve()
    if path.suffix != ".py" or not path.is_file():
        raise LabError(f"{name!r} must be path.py:ClassName; there is no Python file {place!r}")
    found = getattr(load_file(path), wanted, None)
    if not inspect.isclass(found):
        raise LabError(f"there is no class {wanted!r} in {place}")
    if abstract := sorted(getattr(found, "__abstractmethods__", ())):
        raise LabError(f"class {wanted!r} in {place} must still implement: {', '.join(abstract)}")
    return found


def load_file(path: Path) -> ModuleType:
    """The file as a module, loaded once, under a name of its own that cannot hide an installed package.

    Raises LabError if there is no such file or it fails.
    """
    module_name = f"headwater_file_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    if module_name in sys.modules:
        return sys.modules[module_name]
    spec = importlib.util.spec_from_file_location(module_name, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise LabError(f"there is no Python file {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # dataclasses look their module up while it loads
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[module_name]
        raise LabError(f"{path} fails when it is loaded: {type(error).__name__}: {error}") from error
    return module
