"""Plain values held against defaults: what comes from a command line or a file is of the kind it replaces."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Final

from headwater_agents.lab.mechanisms.base import LabError

_OPEN: Final = ("|", "Optional", "Union", "Any", "object")
"""Parts of annotations that say that a value need not be of its default's kind."""

_LONGEST: Final = 80


def check_fields(what: str, kind: Any, values: Mapping[str, Any]) -> None:
    """Values of a dataclass's fields, by name; names it does not have are passed over. Raises LabError."""
    for each in fields(kind):
        if each.name in values:
            default = each.default if each.default_factory is MISSING else each.default_factory()
            check_value(f"{what}: {each.name}", values[each.name], default, each.type)


def check_arguments(what: str, factory: Callable[..., Any], values: Mapping[str, Any]) -> None:
    """Keyword arguments, by name; names it does not have are passed over. Raises LabError."""
    parameters = inspect.signature(factory).parameters
    for name in [each for each in values if each in parameters]:
        check_value(f"{what}: {name}", values[name], parameters[name].default, parameters[name].annotation)


def check_value(what: str, value: Any, default: Any, annotation: Any = None) -> None:
    """A value in place of a default: as whole, finite, true or false, as text or as settings as that is.

    Where the default is none of these, or the annotation leaves the kind open, anything goes.

    Raises:
        LabError: it is of another kind; says what is accepted.
    """
    if any(word in str(annotation) for word in _OPEN):
        return
    if isinstance(default, bool):
        fits, accepted = isinstance(value, bool), "true or false"
    elif isinstance(default, float) or (isinstance(default, int) and annotation in (float, "float")):
        fits, accepted = _is_finite(value), "a finite number"
    elif isinstance(default, int):
        fits, accepted = isinstance(value, int) and not isinstance(value, bool), "an integer"
    elif isinstance(default, str):
        fits, accepted = isinstance(value, str), "a text"
    elif isinstance(default, Mapping):
        fits, accepted = isinstance(value, Mapping), "settings by name"
    elif is_dataclass(default) and not isinstance(default, type):
        fits, accepted = isinstance(value, type(default)), "settings by name"
    else:
        return
    if not fits:
        raise LabError(f"{what} is {_text(value)}; it must be {accepted}")


def _is_finite(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer no float is as large as
        return False


def _text(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
