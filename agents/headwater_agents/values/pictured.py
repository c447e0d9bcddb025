"""What of a formation its pictures show: groups with what they say, agents on the plane of values, groups over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from headwater.values import Formation, Population, Utility, overlap, utilities
from headwater_agents.values.flow import make_flow
from headwater_agents.values.pictures.canvas import ranked
from headwater_agents.values.society import Society

COLUMNS: Final = 13
"""Most thresholds of the diagram of groups."""

LISTED: Final = 20
"""Most agreements that a summary describes, and most members it names."""

DOTS: Final = 3_000
"""Most agents that stand on the plane."""

MOST_SIGNATURES: Final = 3_000_000


def pictured(
    society: Society,
    population: Population,
    formation: Formation,
    threshold: float,
    graph: str,
    thresholds: Sequence[float],
    homes: Sequence[npt.NDArray[np.int64]],
    utility: Utility,
) -> dict[str, Any]:
    """One formation in full, and the flow of agents over all thresholds.

    Args:
        society: whose.
        population: its agents, under the bounds they had.
        formation: at `threshold` on `graph`.
        thresholds: of the sweep, increasing; `threshold` among them.
        homes: (n,) for each of them, the agreement of every agent.
        utility: whose optimum an agreement is.
    """
    home = formation.home.tolist()
    sizes = population.sizes.tolist()
    groups = ranked(home, sizes)
    along = population.judgements.mean(axis=(1, 2)) if population.a else population.weights[:, 0]
    columns = _columns(homes, thresholds, threshold)
    reference = [thresholds[i] for i in columns].index(threshold)
    chosen = range(0, population.n, max(1, -(-population.n // DOTS)))
    return {
        "graph": graph,
        "threshold": threshold,
        "names": [population.names[i] for i in chosen],
        "kinds": [society.kinds[i] for i in chosen] if society.kinds else [],
        "sizes": [sizes[i] for i in chosen],
        "groups_of": [groups[i] for i in chosen],
        "counts": np.bincount(np.array([g for g in groups if g is not None], dtype=np.int64)).tolist(),
        "alone": groups.count(None),
        "drawn": len(chosen),
        "groups": _groups(society, population, formation, groups, threshold, utility),
        "plane": _plane(population, formation, list(chosen), groups),
        "flow": make_flow(
            [thresholds[i] for i in columns],
            [homes[i] for i in columns],
            groups,
            reference,
            population.names,
            np.asarray(along, dtype=np.float64),
        ).to_dict(),
    }


def _columns(homes: Sequence[npt.NDArray[np.int64]], thresholds: Sequence[float], reference: float) -> list[int]:
    """Places of the thresholds to draw: where the partition changed, evenly thinned, the reference always."""
    changed = [
        index
        for index, home in enumerate(homes)
        if not index or thresholds[index] == reference or not np.array_equal(home, homes[index - 1])
    ]
    if len(changed) > COLUMNS:
        spread = np.linspace(0, len(changed) - 1, COLUMNS).round().astype(int).tolist()
        kept = {changed[place] for place in spread}
        changed = sorted({*kept, list(thresholds).index(reference)})
    return changed


def _groups(
    society: Society,
    population: Population,
    formation: Formation,
    groups: Sequence[int | None],
    threshold: float,
    utility: Utility,
) -> list[dict[str, Any]]:
    """Agreements of more than one member by size: what they say, who signed, and what it is worth to them."""
    worth = utilities(population, formation.vectors[formation.home])
    place = {int(formation.home[index]): group for index, group in enumerate(groups) if group is not None}
    ordered = sorted(place, key=lambda number: place[number])
    signatories: list[int] | None = None
    if population.n * len(formation.agreements) <= MOST_SIGNATURES:
        signatories = overlap(population, formation.agreements, threshold, utility=utility).signatories.tolist()
    shares = population.sizes / population.sizes.sum()
    found = []
    for number in ordered[:LISTED]:
        agreement = formation.agreements[number]
        members = agreement.members
        largest = members[np.argsort(-population.sizes[members], kind="stable")][:LISTED]
        inside = shares[members]
        found.append(
            {
                "number": number,
                "members": int(members.size),
                "people": float(inside.sum()),
                "names": [population.names[i] for i in largest.tolist()],
                "kinds": Counter(society.kinds[i] for i in members.tolist()).most_common(4) if society.kinds else [],
                "weights": agreement.system.weights.tolist(),
                "judgements": agreement.system.judgements.tolist(),
                "scores": agreement.system.scores().tolist(),
                "mean": float(inside @ worth[members] / inside.sum()),
                "worst": float(worth[members].min()),
                "signatories": None if signatories is None else int(signatories[number]),
            }
        )
    return found


def _plane(
    population: Population, formation: Formation, chosen: list[int], groups: Sequence[int | None]
) -> dict[str, Any]:
    """Axes that anybody can read: the weight and the action's score that differ most between agents.

    Without actions the second axis is the weight that differs second most.
    """
    spread = np.argsort(-population.weights.std(axis=0), kind="stable")
    first = int(spread[0])
    agreed = formation.vectors
    m, a = population.m, population.a
    if m == 2:
        first = 0  # the other weight is its mirror image
    x, x_agreed = population.weights[:, first], agreed[:, first]
    if a:
        scores = np.einsum("nav,nv->na", population.judgements, population.weights)
        agreed_scores = np.einsum("nav,nv->na", agreed[:, m:].reshape(-1, a, m), agreed[:, :m])
        most = int(scores.std(axis=0).argmax())
        y, y_agreed = scores[:, most], agreed_scores[:, most]
        y_name = f"score of {population.actions[most]} (Σ weight · judgement)"
    else:
        second = int(spread[min(1, m - 1)])
        y, y_agreed, y_name = population.weights[:, second], agreed[:, second], f"weight on {population.values[second]}"
    square = {group: int(formation.home[index]) for index, group in enumerate(groups) if group is not None}
    numbers = [square[group] for group in sorted(square)[:LISTED]]
    return {
        "x_name": f"weight on {population.values[first]}",
        "y_name": y_name,
        "x": x[chosen].tolist(),
        "y": y[chosen].tolist(),
        "agreements": np.stack([x_agreed, y_agreed], axis=1)[numbers].tolist(),
    }
