"""Attacks by name as rows of a table: an attack with its parameters, and each of the variants it states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from headwater_agents.adversaries.registry import attack_class, check_parameters
from headwater_agents.lab.campaign.unit import canonical_json
from headwater_agents.lab.game.attack import Attack
from headwater_agents.lab.mechanisms.base import LabError
from headwater_agents.trial.errors import TrialError

ADAPTED: Final = "/adapted"
"""Suffix of an attack with parameters that a search has found."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """An attack with its parameters.

    Attributes:
        label: for tables: the attack's name, with "/suffix" for a variant.
        attack: as `make_attack` takes it.
        kind: its class.
        given: parameters that are not left at their defaults.
    """

    label: str
    attack: str
    kind: type[Attack]
    given: Mapping[str, Any]

    @property
    def parameters(self) -> dict[str, Any]:
        """All parameters, defaults included."""
        return {**self.kind.parameters(), **self.given}


def cases_of(
    names: Sequence[str],
    changes: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    variants: bool = True,
    adapted: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[Case, ...]:
    """Cases of attacks, in the order of names.

    A name stands for the attack as it is by default and for all of its variants; "name/suffix" for that variant alone.
    Two that come to the same parameters are one; a variant's name goes before the attack's own, and that before the
    adapted one's.

    Args:
        names: "name", "name/suffix", "path.py:ClassName" or "path.py:ClassName/suffix".
        changes: parameters by the label of the attack's class (see `label_of`); they win over a variant's.
        variants: False for defaults only, where no variant is named.
        adapted: parameters by attack, as `make_attack` takes it, of one more case each, "name/adapted".

    Raises:
        TrialError: no attack of that name, no such variant or parameter, a value that is none for a parameter, or two
            attacks that go by one label.
    """
    found: dict[tuple[str, str], Case] = {}
    for name in names:
        for case in _variants(name, changes or {}, variants, adapted or {}):
            identity = (case.attack, canonical_json(case.parameters, case.label))
            known = found.get(identity)
            if known is None or ("/" not in known.label and case.label != f"{known.label}{ADAPTED}"):
                found[identity] = case
    places: dict[str, str] = {}
    for case in found.values():
        label = label_of(case.kind)
        if places.setdefault(label, case.attack) != case.attack:
            raise TrialError(f"{places[label]} and {case.attack} both go by {label!r}; give one another name")
    return tuple(found.values())


def label_of(kind: type[Attack]) -> str:
    """What a class goes by: the name it states, or that of the class."""
    return kind.name if "name" in vars(kind) else kind.__name__


def kind_of(name: str) -> tuple[str, type[Attack], str]:
    """What `make_attack` takes, the class, and the suffix of the variant if one is named. Raises TrialError."""
    place, colon, tail = name.rpartition(":")
    attack, _, suffix = tail.partition("/")
    attack = place + colon + attack
    try:
        return attack, attack_class(attack), suffix
    except LabError as error:
        raise TrialError(str(error)) from error


def _variants(
    name: str,
    changes: Mapping[str, Mapping[str, Any]],
    with_variants: bool,
    adapted: Mapping[str, Mapping[str, Any]],
) -> Iterator[Case]:
    attack, kind, suffix = kind_of(name)
    label = label_of(kind)
    changed = changes.get(label, {})
    try:
        check_parameters(label, kind, changed)
    except LabError as error:
        raise TrialError(str(error)) from error
    if suffix and suffix not in kind.variants:
        raise TrialError(f"{label} has no variant {suffix!r}; it has {', '.join(kind.variants) or 'none'}")
    listed: dict[str, Mapping[str, Any]] = {"": {}, **kind.variants}
    chosen = [suffix] if suffix else list(listed) if with_variants else [""]
    for each in chosen:
        parameters = {**listed[each], **changed}
        yield Case(label=f"{label}/{each}" if each else label, attack=attack, kind=kind, given=parameters)
    if attack in adapted:
        yield Case(label=f"{label}{ADAPTED}", attack=attack, kind=kind, given={**adapted[attack], **changed})
