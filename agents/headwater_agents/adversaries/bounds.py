"""Checks of an attack's parameters, and of where it is played."""

from __future__ import annotations

from typing import Any

from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.game.setting import Setting
from headwater_agents.lab.game.table import Table
from headwater_agents.lab.mechanisms.base import LabError
from headwater_agents.lab.mechanisms.headwater import HeadwaterMechanism


def within(attack: Attack, **limits: tuple[float, float]) -> None:
    """Each parameter named lies between its least and largest value, both included. Raises LabError."""
    for field, (low, high) in limits.items():
        value = getattr(attack, field)
        if not low <= value <= high:
            raise LabError(f"{field} is {value!r}; attack {attack.name} takes {low:g} to {high:g}")


def one_of(attack: Attack, **accepted: tuple[Any, ...]) -> None:
    """Each parameter named has one of the values given. Raises LabError."""
    for field, values in accepted.items():
        value = getattr(attack, field)
        if value not in values:
            choices = ", ".join(repr(each) for each in values)
            raise LabError(f"{field} is {value!r}; attack {attack.name} takes one of {choices}")


def headwater_only(attack: Attack, setting: Setting) -> Setting:
    """The setting as it is. Raises LabError for any other mechanism."""
    if setting.mechanism != HeadwaterMechanism.name:
        raise LabError(f"attack {attack.name} is about Headwater's contracts; {setting.mechanism} has none")
    return setting


def headwater_of(table: Table) -> HeadwaterMechanism:
    """The contracts behind the table. Raises LabError where there are none."""
    if not isinstance(table.mechanism, HeadwaterMechanism):
        raise LabError(f"{table.mechanism.name} has no contracts to speak to")
    return table.mechanism
