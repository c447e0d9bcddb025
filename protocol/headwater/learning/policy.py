"""Profile files: TOML or JSON in, one canonical form and one hash out.

The canonical form is JSON with keys in order, no white space, ASCII only, constraints sorted by their own text, every
default written out, and every number a whole count of billionths under a name ending in `_e9`. Two files that say the
same have the same canonical form; its Keccak-256 is the `policy` of the chain's profile encoding.
"""

from __future__ import annotations

import json
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
from eth_utils.crypto import keccak

from headwater.learning.errors import ProfileError
from headwater.learning.profile import (
    Constraint,
    FrozenFeatures,
    Kind,
    NormBound,
    Profile,
    ProtectedLoss,
    ReferenceAccuracy,
    units,
)
from headwater.safejson import check_depth, loads

_KINDS: dict[str, type[Constraint]] = {
    Kind.PROTECTED_LOSS: ProtectedLoss,
    Kind.REFERENCE_ACCURACY: ReferenceAccuracy,
    Kind.FROZEN_FEATURES: FrozenFeatures,
    Kind.NORM: NormBound,
}
_NUMBERS = ("tolerance", "bound")


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of a profile file (draft 2020-12), as it ships in the package."""
    text = files("headwater.learning").joinpath("profile.schema.json").read_text(encoding="utf-8")
    answer: dict[str, Any] = json.loads(text)
    return answer


def parse_profile(text: str, form: str = "toml") -> Profile:
    """A profile from the text of a file.

    Args:
        text: what the file holds.
        form: "toml" or "json".

    Raises:
        ProfileError: text that is not of that form, keys or values that the schema does not take, or a constraint that
            cannot be; the message says where.
    """
    if form not in ("toml", "json"):
        raise ProfileError(f"a profile file is toml or json; got {form!r}")
    try:
        check_depth(text)
        fields = tomllib.loads(text) if form == "toml" else loads(text)
    except ValueError as error:
        raise ProfileError(f"not {form.upper()}: {error}") from None
    return profile_from(fields)


def profile_from(fields: object) -> Profile:
    """A profile from the fields of a file. Raises ProfileError as `parse_profile` does."""
    checker = jsonschema.Draft202012Validator(schema())
    problem = jsonschema.exceptions.best_match(checker.iter_errors(fields))
    if problem is not None:
        problem = _of_its_kind(problem)
        where = "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in problem.absolute_path)
        raise ProfileError(f"profile{where}: {problem.message[:300]}")
    given: dict[str, Any] = fields  # type: ignore[assignment]  # the schema has said so
    return Profile(given["name"], tuple(_constraint(entry) for entry in given["constraints"]))


def _of_its_kind(problem: jsonschema.ValidationError) -> jsonschema.ValidationError:
    """Of a constraint that no kind takes, what the kind that it names has against it."""
    if problem.validator != "oneOf" or not isinstance(problem.instance, dict) or "kind" not in problem.instance:
        return problem
    for at, kind in enumerate(problem.schema["oneOf"]):
        if kind.get("properties", {}).get("kind", {}).get("const") == problem.instance["kind"]:
            own = [error for error in problem.context if error.relative_schema_path[0] == at]
            return jsonschema.exceptions.best_match(own) or problem
    problem.message = f"kind {problem.instance['kind']!r} is none of {', '.join(Kind)}"
    return problem


def load_profile(path: Path | str) -> Profile:
    """A profile from a `.toml` or `.json` file. Raises ProfileError: no such file, another ending, or a bad profile."""
    source = Path(path)
    if source.suffix not in (".toml", ".json"):
        raise ProfileError(f"{source.name}: a profile file ends in .toml or .json")
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(f"{source.name} cannot be read: {error}") from None
    try:
        return parse_profile(text, source.suffix[1:])
    except ProfileError as error:
        raise ProfileError(f"{source.name}: {error}") from None


def profile_fields(profile: Profile) -> dict[str, Any]:
    """The fields of a profile file that says the same, every default written out."""
    return {"name": profile.name, "constraints": [_fields(constraint) for constraint in profile.constraints]}


def canonical(profile: Profile) -> str:
    """The canonical form (see the module)."""
    entries = []
    for constraint in profile.constraints:
        fields = _fields(constraint)
        if isinstance(constraint, FrozenFeatures):
            # Order says nothing here; numbers before names.
            fields["features"] = sorted(constraint.features, key=lambda f: (isinstance(f, str), f))
        entries.append({_key(name): _value(name, value) for name, value in fields.items()})
    entries.sort(key=_compact)
    return _compact({"name": profile.name, "constraints": entries})


def profile_hash(profile: Profile) -> bytes:
    """Keccak-256 of the canonical form, 32 bytes."""
    return bytes(keccak(canonical(profile).encode("ascii")))


def _fields(constraint: Constraint) -> dict[str, Any]:
    fields: dict[str, Any] = {"kind": str(constraint.kind)}
    match constraint:
        case ProtectedLoss():
            fields |= {"group": constraint.group, "tolerance": constraint.tolerance}
        case ReferenceAccuracy():
            fields |= {"reference": constraint.reference, "tolerance": constraint.tolerance}
        case FrozenFeatures():
            fields |= {"features": list(constraint.features), "tolerance": constraint.tolerance}
        case NormBound():
            fields |= {"order": str(constraint.order), "bound": constraint.bound}
    return fields


def _constraint(entry: dict[str, Any]) -> Constraint:
    given = {name: value for name, value in entry.items() if name != "kind"}
    return _KINDS[entry["kind"]](**given)


def _key(name: str) -> str:
    return f"{name}_e9" if name in _NUMBERS else name


def _value(name: str, value: Any) -> Any:
    return units(value, name, least=-1e6) if name in _NUMBERS else value


def _compact(fields: object) -> str:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
