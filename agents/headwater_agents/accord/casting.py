"""From a population and its graph to what each agent is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headwater.chain.accounts import development_key
from headwater.values import Bounds, Population, SocialGraph
from headwater_agents.accord.agent import number_of
from headwater_agents.accord.brief import Brief, Neighbour, Rules
from headwater_agents.accord.errors import AccordError
from headwater_agents.accord.identity import Identity


def briefs_of(
    population: Population,
    graph: SocialGraph,
    rules: Rules,
    *,
    seed: int = 0,
    ports: Sequence[int] | None = None,
    leaves: Mapping[int, int] | None = None,
    pauses: Mapping[int, float] | None = None,
) -> list[Brief]:
    """One brief an agent, in order.

    Args:
        population: n agents.
        graph: who knows whom; any graph on n agents.
        rules: of the run.
        seed: of keys (development keys: anybody can work them out) and of the run's number.
        ports: where each listens; 0 for all if nobody does.
        leaves: agents that leave, and in which round.
        pauses: agents whose machines are slow, and how many seconds a round takes longer there.

    Raises:
        AccordError: a graph of another size, or an agent or a brief that cannot be.
    """
    if graph.n != population.n:
        raise AccordError(f"{population.n} agents but a graph of {graph.n}")
    for what, numbers in (("leave", leaves or {}), ("are slow", pauses or {})):
        wrong = [each for each in numbers if not 0 <= each < population.n]
        if wrong:
            raise AccordError(f"agents are numbered from 0 to {population.n - 1}; those who {what} name {wrong[0]}")
    secrets = [development_key(seed, index) for index in range(population.n)]
    publics = [Identity(secret).public for secret in secrets]
    neighbours: list[list[Neighbour]] = [[] for _ in range(population.n)]
    for pair in graph.edges.tolist():
        for i, j in (pair, reversed(pair)):
            neighbours[i].append(Neighbour(number=j, port=ports[j] if ports else 0, public=publics[j]))
    sizes, bounds = population.sizes, population.bounds
    return [
        Brief(
            run=number_of(f"headwater accord {seed}"),
            number=index,
            secret=secrets[index],
            system=population.system(index),
            bounds=Bounds(
                weights=float(bounds.weights[index]), judgements=float(bounds.judgements[index]), norm=bounds.norm
            ),
            size=float(sizes[index]),
            largest=float(sizes.max()),
            neighbours=tuple(neighbours[index]),
            rules=rules,
            leave_at=(leaves or {}).get(index),
            pause=(pauses or {}).get(index, 0.0),
        )
        for index in range(population.n)
    ]
