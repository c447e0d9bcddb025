"""A society as a file such as `files` reads, and as a table."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any, Final

from headwater.report.grids import Grid, number
from headwater_agents.values.society import Society, SocietyError

SHOWN: Final = 40
"""Most agents of a table."""


def as_record(society: Society) -> dict[str, Any]:
    """A society as the JSON that `files.read_society` takes; bounds only where all of them are finite."""
    population = society.population
    bounds = population.bounds
    bounded = all(math.isfinite(each) for each in (*bounds.weights.tolist(), *bounds.judgements.tolist()))
    agents = []
    for index, name in enumerate(population.names):
        agent: dict[str, Any] = {
            "name": name,
            "size": float(population.sizes[index]),
            "weights": dict(zip(population.values, population.weights[index].tolist(), strict=True)),
            "judgements": {
                action: dict(zip(population.values, row, strict=True))
                for action, row in zip(population.actions, population.judgements[index].tolist(), strict=True)
            },
        }
        if bounded:
            agent["bounds"] = {
                "weights": float(bounds.weights[index]),
                "judgements": float(bounds.judgements[index]),
            }
        if society.places is not None and society.places.shape[1] == 2:
            agent["place"] = society.places[index].tolist()
        if society.kinds:
            agent["kind"] = society.kinds[index]
        agents.append(agent)
    return {
        "title": society.title,
        "source": society.source,
        "norm": str(bounds.norm),
        "plane": not society.sphere,
        "values": list(population.values),
        "actions": list(population.actions),
        "agents": agents,
    }


def write_society(path: Path, society: Society) -> None:
    """Writes a society as .csv or .json. Raises SocietyError for another ending, OSError where it cannot be written."""
    kind = path.suffix.lower()
    record = as_record(society)
    if kind == ".json":
        text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    elif kind == ".csv":
        text = _csv(record)
    else:
        raise SocietyError(f"{path}: a population is written as .csv or .json")
    path.write_text(text, encoding="utf-8", newline="\n")


def _csv(record: dict[str, Any]) -> str:
    first = record["agents"][0]
    place = ("x", "y") if record["plane"] else ("latitude", "longitude")
    head = [
        *("name", "size"),
        *(f"weight:{value}" for value in record["values"]),
        *(f"{action}/{value}" for action in record["actions"] for value in record["values"]),
        *(("bound:weights", "bound:judgements") if "bounds" in first else ()),
        *(place if "place" in first else ()),
        *(("kind",) if "kind" in first else ()),
    ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    for agent in record["agents"]:
        writer.writerow(
            [
                *(agent["name"], repr(agent["size"])),
                *(repr(each) for each in agent["weights"].values()),
                *(repr(each) for row in agent["judgements"].values() for each in row.values()),
                *(repr(each) for each in agent.get("bounds", {}).values()),
                *(repr(each) for each in agent.get("place", [])),
                *([agent["kind"]] if "kind" in agent else []),
            ]
        )
    return out.getvalue()


def data_grid(society: Society) -> Grid:
    """The first agents of a society."""
    population = society.population
    rows = [
        (
            population.names[index],
            society.kinds[index] if society.kinds else "",
            f"{population.sizes[index]:,.4g}" if population.sizes[index] < 1e4 else f"{population.sizes[index]:,.0f}",
            *(number(each, 3) for each in population.weights[index].tolist()),
            *(number(each, 3) for each in population.judgements[index].ravel().tolist()),
        )
        for index in range(min(population.n, SHOWN))
    ]
    more = f" The first {SHOWN} of {population.n:,}." if population.n > SHOWN else ""
    return Grid(
        title=society.title,
        note=f"{society.source}.{more}",
        columns=(
            *("agent", "", "size"),
            *(f"w {each}" for each in population.values),
            *(f"{action}/{value}" for action in population.actions for value in population.values),
        ),
        rows=tuple(rows),
        texts=2,
    )
