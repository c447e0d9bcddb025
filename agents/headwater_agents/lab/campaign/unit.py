"""A unit of work: a pure function by name, and its arguments."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from headwater_agents.lab.campaign.errors import CampaignError
from headwater_agents.lab.campaign.version import code_version
from headwater_agents.lab.mechanisms.base import LabError
from headwater_agents.lab.own_file import load_file

Record = dict[str, Any]
"""What a unit returns: JSON values by name. Amounts of wei are decimal strings."""

_OWN: Final = ("headwater", "headwater_agents", "headwater_deploy")
"""Packages whose sources `code_version` covers."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One call whose record depends on its arguments alone.

    Attributes:
        key: name for people, unlike any other's of the campaign, e.g. "skim stake_share=0.1 seed=3".
        call: "package.module:function", or "path/to/file.py:function" for a file of one's own, from the folder one
            works in.
        args: keyword arguments, JSON values.
    """

    key: str
    call: str
    args: Mapping[str, Any] = field(default_factory=dict)

    def digest(self) -> str:
        """SHA-256 hex of all that decides the record: call, arguments, our code, and the files that they name.

        A file counts, by its contents, if the call or a text anywhere in the arguments names it as "path.py:Name", or
        if the call's module is outside our packages. What such a file imports in its turn does not.

        Raises:
            CampaignError: arguments that JSON has no place for; a call or a file that is not there.
        """
        named = {self.call, *_texts(self.args)}
        files = {text: _file_digest(text) for text in sorted(named) if is_file_reference(text)}
        if not is_file_reference(self.call) and self.call.partition(".")[0].partition(":")[0] not in _OWN:
            files[self.call] = _module_digest(self.call)
        return hashlib.sha256(
            canonical_json(
                {"call": self.call, "args": dict(self.args), "code": code_version(), "files": files}, f"unit {self.key}"
            ).encode()
        ).hexdigest()


def canonical_json(value: Any, what: str) -> str:
    """JSON with sorted keys and no spaces; floats keep every digit, numpy's numbers are plain ones.

    Raises:
        CampaignError: NaN, an infinite number, a key that is no string, or a value JSON has no place for.
    """
    try:
        return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CampaignError(f"{what}: expected JSON values only: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        if wrong := [key for key in value if not isinstance(key, str)]:
            raise TypeError(f"key {wrong[0]!r} is no string")
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return _plain(value.tolist())
    return value


def load_callable(call: str) -> Callable[..., Any]:
    """The function that a unit names.

    Raises:
        CampaignError: a text of another form, or a module, file or function that is missing or fails to load.
    """
    place, _, name = call.rpartition(":")
    if not place or not name.isidentifier():
        raise CampaignError(f"{call!r} names no function; expected package.module:function or path/to/file.py:function")
    module = _load_file(Path(place).resolve()) if is_file_reference(call) else _load_module(place)
    function = getattr(module, name, None)
    if not callable(function):
        raise CampaignError(f"there is no function {name!r} in {place}")
    found: Callable[..., Any] = function
    return found


def is_file_reference(text: str) -> bool:
    """Whether a text has the form path.py:Name."""
    place, _, name = text.rpartition(":")
    return place.endswith(".py") and name.isidentifier()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _load_module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise CampaignError(f"module {name!r} cannot be imported: {error}") from error
    except Exception as error:
        raise CampaignError(f"module {name!r} fails when it is loaded: {type(error).__name__}: {error}") from error


def _load_file(path: Path) -> ModuleType:
    try:
        return load_file(path)
    except LabError as error:
        raise CampaignError(str(error)) from error


def _file_digest(reference: str) -> str:
    path = Path(reference.rpartition(":")[0])
    try:
        changed = path.stat().st_mtime_ns
    except OSError as error:
        raise CampaignError(f"{reference!r}: there is no Python file {path}") from error
    return _contents(path.resolve(), changed)


@cache
def _contents(path: Path, changed: int) -> str:
    """SHA-256 hex of a file, read once until it changes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _module_digest(call: str) -> str:
    origin = getattr(_load_module(call.rpartition(":")[0]), "__file__", None)
    return _file_digest(f"{origin}:module") if origin else "built in"
