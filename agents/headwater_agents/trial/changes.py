"""Changes to attacks, worlds, mechanisms and the setting, as "name=value" on a command line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from headwater_agents.lab.game.attack import Attack
from headwater_agents.trial.cases import kind_of, label_of
from headwater_agents.trial.errors import TrialError

_ELSEWHERE: Final = {
    "questions": "give it as the number of rounds",
    "world": "name worlds by themselves",
    "mechanism": "name mechanisms by themselves",
    "endowment": "an attack states its own, by its parameters",
}


@dataclass(slots=True)
class Changes:
    """Changes sorted by what they change.

    Attributes:
        attacks: parameters by the attack's label.
        worlds, mechanisms: settings by name.
        setting: attributes of `Setting`, nested as its JSON is.
    """

    attacks: dict[str, dict[str, Any]] = field(default_factory=dict)
    worlds: dict[str, dict[str, Any]] = field(default_factory=dict)
    mechanisms: dict[str, dict[str, Any]] = field(default_factory=dict)
    setting: dict[str, Any] = field(default_factory=dict)

    def of_attack(self, kind: type[Attack]) -> dict[str, Any]:
        """Changes of one attack's parameters."""
        return dict(self.attacks.get(label_of(kind), {}))


def parse_changes(texts: Sequence[str]) -> dict[str, Any]:
    """Values by name from "name=value" texts, a value being JSON if it reads as such, else text. Raises TrialError."""
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise TrialError(f"{text!r} is no change; expected NAME=VALUE, e.g. provider.leave_rate=0.1")
        if name in found:
            raise TrialError(f"{name} is set twice")
        try:
            found[name] = json.loads(value)
        except ValueError:  # no JSON, or more digits than Python reads
            found[name] = value
    return found


def sort_changes(
    values: Mapping[str, Any], attacks: Sequence[str], worlds: Sequence[str], mechanisms: Sequence[str]
) -> Changes:
    """Sort changes by what they are of.

    "NAME.KEY" changes a parameter of that attack, or a setting of that world or mechanism; "KEY" a parameter of every
    attack that has one of that name; all others are the setting's, a dot reaching into a part of it.

    Raises:
        TrialError: a change that nothing takes, or that is given by other means.
    """
    kinds = {label_of(kind): kind for _, kind, _ in map(kind_of, attacks)}
    sorted_, in_parts = Changes(), set[str]()
    for name, value in values.items():
        head, _, key = name.partition(".")
        if head in _ELSEWHERE:
            raise TrialError(f"{name} cannot be set like this; {_ELSEWHERE[head]}")
        takers = [label for label, kind in kinds.items() if name in kind.parameters()]
        if key and head in kinds:
            sorted_.attacks.setdefault(head, {})[key] = value
        elif key and head in worlds:
            sorted_.worlds.setdefault(head, {})[key] = value
        elif key and head in mechanisms:
            sorted_.mechanisms.setdefault(head, {})[key] = value
        elif takers:
            for label in takers:
                sorted_.attacks.setdefault(label, {})[name] = value
        elif head in (sorted_.setting.keys() - in_parts if key else in_parts):
            raise TrialError(f"{head} is set as a whole and in part")
        elif key:
            in_parts.add(head)
            sorted_.setting.setdefault(head, {})[key] = value
        else:
            sorted_.setting[name] = value
    return sorted_
