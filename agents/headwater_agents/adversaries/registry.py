"""Attacks by name, and from a researcher's own file. Every module of this package that defines an attack is listed."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import headwater_agents.adversaries as package
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.mechanisms.base import LabError
from headwater_agents.lab.own_file import class_from_file
from headwater_agents.lab.values import check_fields


@lru_cache(maxsize=1)
def attacks() -> Mapping[str, type[Attack]]:
    """Attack classes by name, sorted."""
    found: dict[str, type[Attack]] = {}
    for module in pkgutil.iter_modules(package.__path__):
        members = vars(importlib.import_module(f"{package.__name__}.{module.name}")).values()
        for member in members:
            if isinstance(member, type) and issubclass(member, Attack) and "name" in vars(member):
                found[member.name] = member
    return dict(sorted(found.items()))


def attack_class(name: str) -> type[Attack]:
    """The class of that name, or of "path.py:ClassName". Raises LabError."""
    if ":" in name:
        found = class_from_file(name)
        if not (isinstance(found, type) and issubclass(found, Attack)):
            raise LabError(f"{name} is not a subclass of headwater_agents.adversaries.Attack")
        return found
    try:
        return attacks()[name]
    except KeyError:
        raise LabError(f"there is no attack {name!r}; there are {', '.join(attacks())}, or path.py:ClassName") from None


def make_attack(name: str, **parameters: Any) -> Attack:
    """A fresh attack with these parameters.

    Raises:
        LabError: a name or a parameter that there is not, or a value that is none for it.
    """
    kind = attack_class(name)
    check_parameters(name, kind, parameters)
    return kind(**parameters)


def check_parameters(name: str, kind: type[Attack], parameters: Mapping[str, Any]) -> None:
    """Parameters that the class has, with values of their defaults' kinds. Raises LabError."""
    known = kind.parameters()
    if unknown := set(parameters) - set(known):
        raise LabError(f"attack {name} has no {', '.join(sorted(unknown))}; it takes: {', '.join(known) or 'none'}")
    check_fields(f"attack {name}", kind, parameters)
