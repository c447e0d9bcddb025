"""One formation and one set of consensuses, as records and tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headwater.report.grids import Grid, number
from headwater.values import (
    FormationConfig,
    Norm,
    Utility,
    consensus,
    distances,
    form,
    measures,
    quantile_bounds,
    transition,
    utilities,
)
from headwater_agents.values.graphs import NEIGHBOURS, make_graph
from headwater_agents.values.pictures.canvas import letter
from headwater_agents.values.society import Society, SocietyError, unbounded

QUANTILE = 0.25
NAMED = 12
LISTED = 20
"""Most agreements of a table."""


@dataclass(frozen=True, kw_only=True)
class FormSettings:
    """How one formation is made; without a quantile: own bounds, or the first quartile if nothing else binds."""

    graph: str = "nearest"
    neighbours: int = NEIGHBOURS
    threshold: float | None = None
    quantile: float | None = None
    norm: Norm = Norm.L1
    utility: str = "squared"
    rounds: int = 200
    seed: int = 1


def form_once(society: Society, settings: FormSettings) -> tuple[dict[str, Any], Grid]:
    """Every agreement in full, with the distance of each member to it beside the bound that it keeps.

    Raises SocietyError for a graph that is unknown or makes no sense for the society.
    """
    if society.bounded and settings.quantile is not None:
        raise SocietyError("quantile: the file declares bounds of its own; leave it out, or the bounds")
    population = society.population
    quantile = settings.quantile
    if quantile is None and settings.threshold is None and not society.bounded:
        quantile = QUANTILE
    if quantile is not None:
        rng = np.random.default_rng(settings.seed)
        population = population.with_bounds(quantile_bounds(population, settings.norm, (quantile,), rng)[0])
    elif not society.bounded:
        population = population.with_bounds(unbounded(society.n, settings.norm))
    graph = make_graph(society, settings.graph, settings.neighbours, settings.seed)
    config = FormationConfig(threshold=settings.threshold, utility=Utility(settings.utility), rounds=settings.rounds)
    found = form(population, graph, config)
    bounds = population.bounds.capped(settings.threshold)
    under = found.vectors[found.home]
    worth = utilities(population, under)
    m = population.m
    far = (
        distances(bounds.norm, population.weights, under[:, :m]),
        distances(bounds.norm, population.judgements.reshape(population.n, -1), under[:, m:]),
    )
    told = measures(population, worth, found.home)
    order = sorted(range(len(found.agreements)), key=lambda i: (-len(found.agreements[i].members), i))
    agreements = [
        {
            "weights": found.agreements[i].system.weights.tolist(),
            "judgements": found.agreements[i].system.judgements.tolist(),
            "members": [
                {
                    "name": population.names[j],
                    "utility": float(worth[j]),
                    "distances": [float(far[0][j]), float(far[1][j])],
                    "bounds": [_finite(bounds.weights[j]), _finite(bounds.judgements[j])],
                }
                for j in found.agreements[i].members.tolist()
            ],
        }
        for i in order
    ]
    record = {
        "data": society.title,
        "source": society.source,
        "values": list(population.values),
        "actions": list(population.actions),
        "graph": settings.graph,
        "parts": int(graph.components.max()) + 1,
        "norm": str(bounds.norm),
        "threshold": settings.threshold,
        "quantile": quantile,
        "rounds": found.rounds,
        "signing_rounds": found.signing_rounds,
        "gap": found.gap,
        "alone": told.alone,
        "mean": told.mean,
        "worst": told.worst,
        "gini": told.gini,
        "agreements": agreements,
    }
    return record, _form_grid(record)


def _finite(bound: float) -> float | None:
    return float(bound) if math.isfinite(bound) else None


def _form_grid(record: dict[str, Any]) -> Grid:
    shared = [one for one in record["agreements"] if len(one["members"]) > 1]
    rows = []
    for place, each in enumerate(shared[:LISTED]):
        names = [member["name"] for member in each["members"]]
        worth = [member["utility"] for member in each["members"]]
        scores = np.array(each["judgements"]).reshape(-1, len(record["values"])) @ np.array(each["weights"])
        rows.append(
            (
                f"{letter(place)}: " + ", ".join(names[:NAMED]) + (" …" if len(names) > NAMED else ""),
                f"{len(names):,}",
                *(number(w, 2) for w in each["weights"]),
                *(number(s, 2) for s in scores.tolist()),
                number(float(np.mean(worth)), 3),
                number(min(worth), 3),
            )
        )
    left = len(shared) - LISTED
    more = f"The largest {LISTED}; {left:,} more of several members are not shown. " if left > 0 else ""
    if record["parts"] > 1:
        more += f"The graph falls into {record['parts']:,} parts; nobody agrees across them. "
    return Grid(
        title=f"{len(record['agreements']):,} agreements, {record['alone']:,} of one member",
        note=more
        + f"Mean utility {record['mean']:.4f} (people), worst {record['worst']:.4f}, Gini {record['gini']:.4f}; "
        f"{record['rounds']} rounds of exchange, {record['signing_rounds']} of signing. Members' means are of agents.",
        columns=(
            *("agreement", "n"),
            *(f"w {each}" for each in record["values"]),
            *(f"score {each}" for each in record["actions"]),
            *("mean", "worst"),
        ),
        rows=tuple(rows),
        texts=1,
    )


def consensus_of(society: Society, orders: Sequence[float]) -> tuple[dict[str, Any], Grid]:
    """The single consensus at each p, with the transition p."""
    population = society.population
    crossing = transition(population)
    found = []
    for p in orders:
        one = consensus(population, p)
        measured = measures(population, utilities(population, one.system.vector))
        found.append(
            {
                "p": "inf" if math.isinf(one.p) else one.p,
                "weights": one.system.weights.tolist(),
                "judgements": one.system.judgements.tolist(),
                "scores": one.system.scores().tolist(),
                "cost_weights": one.cost_weights,
                "cost_judgements": one.cost_judgements,
                "mean": measured.mean,
                "worst": measured.worst,
                "gini": measured.gini,
            }
        )
    at = crossing.p
    said = "the ends coincide" if at is None else "only at p = ∞" if math.isinf(at) else f"p = {at:.6f}"
    record = {
        "data": society.title,
        "source": society.source,
        "values": list(population.values),
        "actions": list(population.actions),
        "consensus": found,
        "transition": {"p": "inf" if at == math.inf else at, "gap": crossing.gap, "span": crossing.span},
    }
    grid = Grid(
        title=f"One consensus: {society.title}",
        note=f"Transition, where the consensus is equally far from both ends: {said}. Costs are the l_p means that the "
        "consensus minimises. Utility: 1 under one's own system, 0 under the farthest there can be.",
        columns=(
            "p",
            *(f"w {each}" for each in population.values),
            *(f"score {each}" for each in population.actions),
            *("cost weights", "judgements", "mean utility", "worst", "Gini"),
        ),
        rows=tuple(
            (
                str(one["p"]).replace("inf", "∞"),
                *(number(w, 3) for w in one["weights"]),
                *(number(s, 3) for s in one["scores"]),
                *(number(one[key], 4) for key in ("cost_weights", "cost_judgements", "mean", "worst", "gini")),
            )
            for one in found
        ),
    )
    return record, grid
