"""Who knows whom in a society: the social graphs of a study, by name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from headwater.values import SocialGraph, complete, nearest, small_world
from headwater_agents.values.society import Society, SocietyError
from headwater_agents.values.ties import is_file, read_graph

GRAPHS: Final = {
    "complete": "everybody knows everybody",
    "nearest": "each knows those whose values are nearest to its own",
    "geographic": "each knows those who live or stand nearest",
    "small-world": "a ring in random order with a share of its ties thrown anywhere",
}
RANDOM: Final = frozenset({"small-world"})
"""Graphs that differ from seed to seed."""

MOST_COMPLETE: Final = 300
"""Most agents of a complete graph in a study; beyond, its ties outnumber what a study has time for."""

NEIGHBOURS: Final = 6
REWIRED: Final = 0.2
"""Share of a small world's ties that go anywhere."""


def offered(society: Society) -> tuple[str, ...]:
    """The graphs that make sense for this society."""
    return tuple(name for name in GRAPHS if refusal(society, name) is None)


def refusal(society: Society, name: str) -> str | None:
    """Why a graph is not offered for a society; None if it is."""
    if name == "complete" and society.n > MOST_COMPLETE:
        return f"a complete graph is for up to {MOST_COMPLETE:,} agents; there are {society.n:,}"
    if name == "geographic" and society.places is None:
        return "nothing is known about where agents stand; give places in the file"
    return None


def make_graph(society: Society, name: str, neighbours: int = NEIGHBOURS, seed: int = 1) -> SocialGraph:
    """A graph by its name, which is connected, or from a file of ties (`ties` says which), which may fall apart.

    Args:
        society: whose.
        name: one of GRAPHS, or the path of a .csv or .json file.
        neighbours: how many each knows at least (nearest, geographic) or on the ring (small world: rounded up to even);
            fewer where there are not so many others.
        seed: of the small world.

    Raises:
        SocietyError: another name, a graph that makes no sense for the society, no neighbours, or a file that
            is no graph.
        OSError: a file that cannot be read.
    """
    if is_file(name):
        return read_graph(Path(name), society.population.names)
    if name not in GRAPHS:
        raise SocietyError(f"graph {name!r}; accepted: {', '.join(GRAPHS)}, or the path of a .csv or .json file")
    if (why := refusal(society, name)) is not None:
        raise SocietyError(f"graph {name}: {why}")
    if neighbours < 1:
        raise SocietyError(f"neighbours: {neighbours}; expected at least 1")
    n = society.n
    if name == "complete" or n <= neighbours + 1:  # few agents all know each other
        return complete(n)
    if name == "nearest":
        return nearest(society.population.vectors, neighbours)
    if name == "geographic":
        places = society.coordinates()
        if places is None:
            raise SocietyError(f"graph {name}: nothing is known about where agents stand")
        return nearest(places, neighbours)
    rng = np.random.default_rng([seed, n])
    even = neighbours + neighbours % 2
    if n <= even:
        return complete(n)
    ring = small_world(n, even, REWIRED, rng)
    return SocialGraph(n, rng.permutation(n)[ring.edges])
