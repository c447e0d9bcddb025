"""A population of one's own, from a CSV or a JSON file.

CSV: a row an agent, with the columns

    name                        required; each once
    weight:VALUE                required, one for every value; a row's weights sum to 1
    ACTION/VALUE                required for every action and value; −1 (demotes) to 1 (promotes)
    size                        above 0; 1 where the column is missing
    bound:weights               how far an agreement's weights may be from one's own; both bounds or neither
    bound:judgements            the same of its judgements
    latitude, longitude         in degrees, or
    x, y                        in any unit; both of a pair or neither
    kind                        what the agent is, for tables and colours

JSON: an object with "values" and "actions" (lists of names), optionally "norm" (l1, squared-l2 or linf), "title" and
"source", and "agents": a list of objects with "name", "weights" (by value, or a list), "judgements" (by action, then by
value, or a list of lists), and optionally "size", "bounds" ({"weights": …, "judgements": …}), "place" ([latitude,
longitude], or [x, y] where "plane" is true) and "kind". No other key, and none twice.

Weights that miss 1 by up to a thousandth are taken as rounded and scaled to sum to 1; anything further off is refused.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from headwater.safejson import loads
from headwater.values import Norm, Population, PopulationBounds, ValuesError
from headwater_agents.values.society import Society, SocietyError, unbounded

ROUNDING: Final = 1e-3
"""How far a row's weights may be from summing to 1 and still be taken as rounded."""

MOST_BYTES: Final = 200_000_000

_FIELDS: Final = ("values", "actions", "agents", "norm", "title", "source", "plane")
_OF_AGENTS: Final = ("name", "weights", "judgements", "size", "bounds", "place", "kind")


def read_society(path: Path, norm: Norm = Norm.L1) -> Society:
    """The population of a .csv or .json file; `norm` is that of its bounds where the file does not name one.

    Raises:
        SocietyError: not such a file, or something in it that is no population; names the agent and what is accepted.
        OSError: it cannot be read.
    """
    kind = path.suffix.lower()
    if kind not in (".csv", ".json"):
        raise SocietyError(f"{path}: a population is a .csv or a .json file")
    if path.stat().st_size > MOST_BYTES:
        raise SocietyError(f"{path}: larger than {MOST_BYTES // 10**6} MB")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise SocietyError(f"{path}: not a text file in UTF-8") from None
    try:
        record = _from_csv(text) if kind == ".csv" else _from_json(text)
        return _society(record, path, norm)
    except SocietyError as error:
        raise SocietyError(f"{path}: {error}") from None
    except ValuesError as error:
        raise SocietyError(f"{path}: {error}") from error


def _from_csv(text: str) -> dict[str, Any]:
    rows = [row for row in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in row)]
    if not rows:
        raise SocietyError("the file is empty; its first row names the columns")
    head = [cell.strip() for cell in rows[0]]
    twice = [name for index, name in enumerate(head) if name in head[:index]]
    if twice:
        raise SocietyError(f"column {twice[0]!r} comes twice")
    values = [name.removeprefix("weight:") for name in head if name.startswith("weight:")]
    pairs = [name.rpartition("/") for name in head if "/" in name]
    actions = list(dict.fromkeys(action for action, _, _ in pairs))
    known = {"name", "size", "kind", "latitude", "longitude", "x", "y", "bound:weights", "bound:judgements"}
    expected = {f"weight:{value}" for value in values} | {f"{action}/{value}" for action in actions for value in values}
    if not values:
        raise SocietyError("no weights; expected a column weight:VALUE for every value")
    if missing := sorted(({"name"} | expected) - set(head)):
        raise SocietyError(f"column {missing[0]!r} is missing")
    if strange := [name for name in head if name not in known | expected]:
        raise SocietyError(
            f"column {strange[0]!r} is unknown; expected name, weight:VALUE, ACTION/VALUE of a value that has a "
            "weight, size, kind, bound:weights, bound:judgements, latitude, longitude, x, y"
        )
    plane = "x" in head or "y" in head
    for first, second in (("latitude", "longitude"), ("x", "y"), ("bound:weights", "bound:judgements")):
        if (first in head) != (second in head):
            raise SocietyError(f"columns {first} and {second} go together; one of them is missing")
    if plane and "latitude" in head:
        raise SocietyError("places are latitude and longitude, or x and y; not both")
    agents = []
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(head):
            raise SocietyError(f"row {line} has {len(row)} cells; the head has {len(head)}")
        cell = {name: text.strip() for name, text in zip(head, row, strict=True)}
        agent: dict[str, Any] = {
            "name": cell["name"],
            "weights": {value: cell[f"weight:{value}"] for value in values},
            "judgements": {action: {value: cell[f"{action}/{value}"] for value in values} for action in actions},
        }
        agent |= {key: cell[key] for key in ("size", "kind") if key in cell}
        if "bound:weights" in cell:
            agent["bounds"] = {"weights": cell["bound:weights"], "judgements": cell["bound:judgements"]}
        if plane or "latitude" in cell:
            agent["place"] = [cell["x"], cell["y"]] if plane else [cell["latitude"], cell["longitude"]]
        agents.append(agent)
    return {"values": values, "actions": actions, "agents": agents, "plane": plane}


def _from_json(text: str) -> dict[str, Any]:
    try:
        record = loads(text)
    except ValueError as error:
        raise SocietyError(f"cannot be read as JSON: {error}") from None
    if not isinstance(record, dict):
        raise SocietyError('expected an object with "values", "actions" and "agents"')
    for key in ("values", "actions", "agents"):
        if not isinstance(record.get(key), list):
            raise SocietyError(f'"{key}" is missing or no list; expected "values", "actions" and "agents"')
    for key in ("values", "actions"):
        if not all(isinstance(name, str) for name in record[key]):
            raise SocietyError(f'"{key}" is a list of names')
    _only(_FIELDS, record, "the file")
    if not isinstance(record.get("plane", False), bool):
        raise SocietyError(f'"plane" is {record["plane"]!r}; expected true or false')
    return record


def _only(known: Sequence[str], given: Mapping[str, Any], whose: str) -> None:
    """A misspelt key would otherwise be a setting that silently does nothing."""
    if strange := [key for key in given if key not in known]:
        raise SocietyError(f"{whose} has an unknown key {strange[0]!r}; accepted: {', '.join(known)}")


def _society(record: Mapping[str, Any], path: Path, norm: Norm) -> Society:
    agents, values, actions = record["agents"], record["values"], record["actions"]
    if not agents:
        raise SocietyError("no agents; expected at least one")
    if not all(isinstance(agent, dict) for agent in agents):
        raise SocietyError('every one of "agents" is an object')
    names = [agent.get("name") for agent in agents]
    for index, name in enumerate(names):
        if not isinstance(name, str) or not name:
            raise SocietyError(f"agent {index + 1} has no name")
        _only(_OF_AGENTS, agents[index], f"agent {name}")
    weights = np.array([_weights(agent, values) for agent in agents])
    judgements = np.array([_judgements(agent, actions, values) for agent in agents])
    bounded = _all_or_none(agents, "bounds")
    if "norm" in record:
        norm = Norm.parse(str(record["norm"]))
    bounds = unbounded(len(agents), norm)
    if bounded:
        each = [
            [_number(agent, f"bound on {part}", _entry(agent, "bounds", part)) for part in ("weights", "judgements")]
            for agent in agents
        ]
        bounds = PopulationBounds(weights=np.array(each)[:, 0], judgements=np.array(each)[:, 1], norm=norm)
    placed = _all_or_none(agents, "place")
    sphere = not record.get("plane", False)
    places = np.array([_place(agent, sphere) for agent in agents]) if placed else None
    return Society(
        name=path.stem,
        title=str(record.get("title", f"{len(agents):,} agents of {path.name}")),
        source=str(record.get("source", path.name)),
        population=Population(
            names=tuple(names),
            values=tuple(values),
            actions=tuple(actions),
            weights=weights,
            judgements=judgements.reshape(len(agents), len(actions), len(values)),
            sizes=np.array([_number(agent, "size", agent.get("size", 1)) for agent in agents]),
            bounds=bounds,
        ),
        places=places,
        sphere=placed and sphere,
        kinds=tuple(str(agent["kind"]) for agent in agents) if _all_or_none(agents, "kind") else (),
        bounded=bounded,
    )


def _all_or_none(agents: Sequence[Mapping[str, Any]], key: str) -> bool:
    having = [key in agent for agent in agents]
    if any(having) and not all(having):
        agent = agents[having.index(False)]
        raise SocietyError(f"agent {agent['name']} has no {key}, but others do; give it for all or for none")
    return all(having)


def _weights(agent: Mapping[str, Any], values: Sequence[str]) -> list[float]:
    given = _listed(agent, "weights", agent.get("weights"), values)
    numbers = [_number(agent, f"weight of {value}", each) for value, each in zip(values, given, strict=True)]
    total = math.fsum(numbers)
    if abs(total - 1) > ROUNDING or min(numbers) < 0:
        raise SocietyError(
            f"agent {agent['name']}: weights {numbers} sum to {total:.6g}; expected none below 0, and a sum of 1"
        )
    return [number / total for number in numbers]


def _judgements(agent: Mapping[str, Any], actions: Sequence[str], values: Sequence[str]) -> list[list[float]]:
    rows = _listed(agent, "judgements", agent.get("judgements"), actions)
    found = []
    for action, row in zip(actions, rows, strict=True):
        given = _listed(agent, f"judgements of {action}", row, values)
        numbers = [_number(agent, f"{action}/{value}", each) for value, each in zip(values, given, strict=True)]
        for value, number in zip(values, numbers, strict=True):
            if not -1 <= number <= 1:
                raise SocietyError(f"agent {agent['name']}: {action}/{value} is {number}; expected −1 to 1")
        found.append(numbers)
    return found


def _listed(agent: Mapping[str, Any], what: str, given: Any, keys: Sequence[str]) -> list[Any]:
    """The entries of a list, or of an object by its keys, in the order of `keys`."""
    if isinstance(given, dict):
        if set(given) != set(keys):
            raise SocietyError(f"agent {agent['name']}: {what} are of {sorted(given)}; expected {sorted(keys)}")
        return [given[key] for key in keys]
    if not isinstance(given, list) or len(given) != len(keys):
        raise SocietyError(f"agent {agent['name']}: {what} missing, or not {len(keys)} of them ({', '.join(keys)})")
    return given


def _entry(agent: Mapping[str, Any], key: str, part: str) -> Any:
    given = agent[key]
    if not isinstance(given, dict) or set(given) != {"weights", "judgements"}:
        raise SocietyError(f'agent {agent["name"]}: {key} are {{"weights": …, "judgements": …}}')
    return given[part]


def _place(agent: Mapping[str, Any], sphere: bool) -> list[float]:
    given = _listed(agent, "place", agent["place"], ("latitude", "longitude") if sphere else ("x", "y"))
    place = [_number(agent, "place", each) for each in given]
    if sphere and not (-90 <= place[0] <= 90 and -180 <= place[1] <= 180):
        raise SocietyError(f"agent {agent['name']}: place {place}; expected degrees north (−90 to 90) and east (±180)")
    if not all(map(math.isfinite, place)):
        raise SocietyError(f"agent {agent['name']}: place {place} is not finite")
    return place


def _number(agent: Mapping[str, Any], what: str, given: Any) -> float:
    if not isinstance(given, bool):
        try:
            number = float(given)
        except (TypeError, ValueError):
            number = math.nan
        except OverflowError:
            raise SocietyError(f"agent {agent['name']}: {what} is too large for a number") from None
        # An infinite bound accepts everything; elsewhere the population refuses what is not finite.
        if not math.isnan(number):
            return number
    raise SocietyError(f"agent {agent['name']}: {what} is {given!r}; expected a number")
