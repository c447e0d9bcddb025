"""A sweep described in a TOML file: one function, over a grid of its arguments, each cell with many seeds.

[sweep]
name = "skim"                                   # letters, digits, dot, dash, underscore
unit = "headwater_agents.trial.units:attack_cell"  # or "path/to/file.py:function"
seeds = 40                                      # 1 to 40; or [101, 140]; left out if the unit takes none

[fixed]                                         # arguments of every cell
attack = "skim"
questions = 200

[grid]                                          # every value with every other
fraction = [0.1, 0.4, 0.9]
"world_settings.quality" = [0.25, 1.0]

[[zip]]                                         # lists that go in step, as one axis; as many groups as one likes
"provider.elasticity" = [0.2, 0.8]
"provider.leave_rate" = [0.0, 0.05]
"""

from __future__ import annotations

import datetime as dt
import inspect
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

from headwater_agents.lab.campaign.errors import CampaignError
from headwater_agents.lab.campaign.unit import Unit, canonical_json, load_callable

SEED: Final = "seed"
"""The argument that a sweep's seeds are given as."""

MAX_UNITS: Final = 1_000_000
"""More is a slip of the pen."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_TABLES: Final = {"sweep": dict, "fixed": dict, "grid": dict, "zip": list}
_SWEEP_KEYS: Final = ("name", "unit", "seeds")

Cell = dict[str, Any]
"""Arguments that set a cell apart from the others."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A grid of units.

    Attributes:
        name: also that of its folder.
        call: the unit's function, as `Unit.call`.
        fixed: arguments of every cell.
        axes: each a list of points, which are the arguments that vary along it; the last varies fastest.
        seeds: of every cell; empty if the unit takes none.
    """

    name: str
    call: str
    fixed: Mapping[str, Any]
    axes: tuple[tuple[Cell, ...], ...]
    seeds: range

    def cells(self) -> list[Cell]:
        """Every combination of the axes' points, in order."""
        return [{name: value for point in points for name, value in point.items()} for points in product(*self.axes)]

    def units(self) -> list[Unit]:
        """Every cell with every seed, seeds fastest."""
        return [unit for cell in self.cells() for unit in self.of(cell)]

    def of(self, cell: Cell) -> Iterator[Unit]:
        """The units of a cell, in the order of seeds."""
        for seed in self.seeds or (None,):
            varying = cell if seed is None else {**cell, SEED: seed}
            key = " ".join(f"{name}={_text(value)}" for name, value in varying.items())
            yield Unit(key or self.name, self.call, {**self.fixed, **varying})


def load_sweep(path: Path) -> Sweep:
    """Read a sweep's file, and check that the function is there and takes such arguments.

    Raises:
        CampaignError: the file is not TOML, or has unknown keys, wrong types, names twice, an empty grid or too many
            units; or the function does not fit.
        OSError: the file cannot be read.
    """
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CampaignError(f"{path} is not TOML: {error}") from error
    try:
        sweep = parse_sweep(content)
        _check_call(sweep)
    except CampaignError as error:
        raise CampaignError(f"{path}: {error}") from error
    return sweep


def parse_sweep(content: Mapping[str, Any]) -> Sweep:
    """A sweep from a file's content, its function not yet looked for. Raises CampaignError as `load_sweep`."""
    _known("the file", content, _TABLES)
    for name, kind in _TABLES.items():
        if not isinstance(content.get(name, kind()), kind):
            raise CampaignError(f"{name} must be {'[[zip]] groups' if name == 'zip' else f'a table, [{name}]'}")
    head = content.get("sweep", {})
    _known("[sweep]", head, _SWEEP_KEYS)
    name, call = (_needed(head, key) for key in ("name", "unit"))
    if not _NAME.fullmatch(name):
        raise CampaignError(f"name {name!r}: expected letters, digits, dots, dashes and underscores only")
    fixed = dict(content.get("fixed", {}))
    axes = tuple(_axes(content))
    seeds = _seeds(head.get("seeds"))
    _check_names(fixed, axes, with_seeds=bool(seeds))
    _check_values("[fixed]", fixed)
    count = math.prod(len(axis) for axis in axes) * max(1, len(seeds))
    if count > MAX_UNITS:
        raise CampaignError(f"the grid has {count:,} units; at most {MAX_UNITS:,} are accepted")
    return Sweep(name, call, fixed, axes, seeds)


def _known(where: str, table: Mapping[str, Any], accepted: Mapping[str, Any] | tuple[str, ...]) -> None:
    if unknown := [key for key in table if key not in accepted]:
        raise CampaignError(f"{where} has the unknown key {unknown[0]!r}; accepted: {', '.join(accepted)}")


def _needed(head: Mapping[str, Any], key: str) -> str:
    if key not in head:
        raise CampaignError(f"[sweep] lacks {key!r}")
    if not isinstance(head[key], str):
        raise CampaignError(f"{key} must be text, not {head[key]!r}")
    return str(head[key])


def _seeds(value: Any) -> range:
    if value is None:
        return range(0)
    first, last = value if isinstance(value, list) and len(value) == 2 else (1, value)
    if any(type(bound) is not int for bound in (first, last)) or not 0 <= first <= last:
        raise CampaignError(f"seeds is {value!r}; expected a number of at least 1, or [first, last]")
    return range(first, last + 1)


def _axes(content: Mapping[str, Any]) -> Iterator[tuple[Cell, ...]]:
    for name, values in content.get("grid", {}).items():
        _check_axis("[grid]", name, values)
        yield tuple({name: value} for value in values)
    for group in content.get("zip", []):
        if not isinstance(group, dict) or not group:
            raise CampaignError("every [[zip]] group must be a table of lists")
        for name, values in group.items():
            _check_axis("[[zip]]", name, values)
        if len(set((lengths := {name: len(values) for name, values in group.items()}).values())) > 1:
            told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            raise CampaignError(f"lists of a [[zip]] group go in step and must be equally long: {told}")
        yield tuple(dict(zip(group, point, strict=True)) for point in zip(*group.values(), strict=True))


def _check_axis(where: str, name: str, values: Any) -> None:
    if not isinstance(values, list):
        raise CampaignError(f"{where} {name} must be a list of values, not {values!r}; a single one belongs in [fixed]")
    if not values:
        raise CampaignError(f"{where} {name} is empty: the grid has no cell")
    _check_values(f"{where} {name}", {name: values})
    texts = [canonical_json(value, name) for value in values]
    if where == "[grid]" and len(set(texts)) < len(texts):
        raise CampaignError(f"{where} {name} has a value twice")


def _check_values(where: str, value: Any) -> None:
    if isinstance(value, dict):
        for inner in value.values():
            _check_values(where, inner)
    elif isinstance(value, list):
        for inner in value:
            _check_values(where, inner)
    elif isinstance(value, dt.date | dt.time):
        raise CampaignError(f"{where} holds the date or time {value}; write it as text")
    elif isinstance(value, float) and not math.isfinite(value):
        raise CampaignError(f"{where} holds {value}; expected finite numbers")


def _check_names(fixed: Mapping[str, Any], axes: tuple[tuple[Cell, ...], ...], *, with_seeds: bool) -> None:
    names = [*fixed, *(name for axis in axes for name in axis[0]), *([SEED] if with_seeds else [])]
    if twice := [name for name in names if names.count(name) > 1]:
        places = "[fixed], [grid], [[zip]] and seeds" if twice[0] == SEED else "[fixed], [grid] and [[zip]]"
        raise CampaignError(f"{twice[0]} is given twice; each argument stands once in {places}")


def _check_call(sweep: Sweep) -> None:
    function = load_callable(sweep.call)
    unit = next(sweep.of(sweep.cells()[0]))
    try:
        inspect.signature(function).bind(**unit.args)
    except TypeError as error:
        accepted = ", ".join(inspect.signature(function).parameters) or "none"
        raise CampaignError(
            f"{sweep.call} cannot be called with these arguments: {error}; it takes: {accepted}"
        ) from error
    except ValueError:  # a function in C that does not tell
        return


def _text(value: Any) -> str:
    return value if isinstance(value, str) else canonical_json(value, "an argument")
