"""A social graph of one's own, from a CSV or a JSON file of ties by agents' names.

CSV: the columns `from` and `to`, a row a tie. JSON: a list of pairs, [["ann", "ben"], …]. A tie holds both ways, and
one that comes again, either way round, is the same tie. Agents without a tie know nobody; the graph may fall apart.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from headwater.safejson import loads
from headwater.values import SocialGraph, ValuesError
from headwater_agents.values.society import SocietyError

ENDINGS: Final = (".csv", ".json")
MOST_BYTES: Final = 200_000_000


def is_file(graph: str) -> bool:
    """Whether a graph is given as a file rather than by name."""
    return Path(graph).suffix.lower() in ENDINGS


def read_graph(path: Path, names: Sequence[str]) -> SocialGraph:
    """The graph of a .csv or .json file on the agents of these names, in their order.

    Raises:
        SocietyError: not such a file, a tie of an agent with itself, or of somebody who is not there; names the tie.
        OSError: it cannot be read.
    """
    if path.stat().st_size > MOST_BYTES:
        raise SocietyError(f"{path}: larger than {MOST_BYTES // 10**6} MB")
    try:
        text = path.read_text(encoding="utf-8-sig")
        pairs = _of_csv(text) if path.suffix.lower() == ".csv" else _of_json(text)
        number = {name: index for index, name in enumerate(names)}
        return SocialGraph.joining(len(names), [_tie(where, pair, number) for where, pair in pairs])
    except UnicodeDecodeError:
        raise SocietyError(f"{path}: not a text file in UTF-8") from None
    except ValuesError as error:
        raise SocietyError(f"{path}: {error}") from None


def _tie(where: str, pair: tuple[Any, Any], number: dict[str, int]) -> tuple[int, int]:
    for name in pair:
        if not isinstance(name, str) or name not in number:
            known = ", ".join(list(number)[:5]) + (", …" if len(number) > 5 else "")
            raise SocietyError(f"{where}: there is no agent {str(name)[:60]!r}; agents are {known}")
    if pair[0] == pair[1]:
        raise SocietyError(f"{where}: {pair[0]} is tied to itself; a tie joins two agents")
    return number[pair[0]], number[pair[1]]


def _of_csv(text: str) -> list[tuple[str, tuple[Any, Any]]]:
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text))]
    except csv.Error as error:
        raise SocietyError(f"cannot be read as CSV: {error}") from None
    if not rows or rows[0] != ["from", "to"]:
        raise SocietyError("the first row of a graph names its columns, from and to; each further one is a tie")
    found: list[tuple[str, tuple[Any, Any]]] = []
    for line, row in enumerate(rows[1:], start=2):
        if not any(row):
            continue
        if len(row) != 2:
            raise SocietyError(f"row {line} has {len(row)} cells; expected the names of two agents")
        found.append((f"row {line}", (row[0], row[1])))
    return found


def _of_json(text: str) -> list[tuple[str, tuple[Any, Any]]]:
    try:
        pairs = loads(text)
    except ValueError as error:
        raise SocietyError(f"cannot be read as JSON: {error}") from None
    if not isinstance(pairs, list):
        raise SocietyError('a graph is a list of pairs of names, [["ann", "ben"], …]')
    found: list[tuple[str, tuple[Any, Any]]] = []
    for place, pair in enumerate(pairs, start=1):
        if not isinstance(pair, list) or len(pair) != 2:
            raise SocietyError(f'tie {place} is no pair of names, as in [["ann", "ben"], …]')
        found.append((f"tie {place}", (pair[0], pair[1])))
    return found
