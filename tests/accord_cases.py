"""Small populations, graphs and rules for agents that reach agreements by messages."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.values import FormationConfig, Norm, Population, PopulationBounds, SocialGraph
from headwater_agents.accord import Faults, Report, Rules


def some_population(n: int, seed: int, bound: float = 0.6, norm: Norm = Norm.LINF) -> Population:
    """n agents over 2 values and 2 actions, sizes from 1 to 10; bounds from half of `bound` to `bound`."""
    rng = np.random.default_rng(seed)
    share = rng.uniform(0.5, 1.0, n)
    return Population(
        names=tuple(f"agent {i}" for i in range(n)),
        values=("care", "freedom"),
        actions=("build", "keep"),
        weights=rng.dirichlet(np.ones(2), n),
        judgements=rng.uniform(-1, 1, (n, 2, 2)),
        sizes=rng.uniform(1, 10, n),
        bounds=PopulationBounds(weights=bound * share, judgements=2 * bound * share, norm=norm),
    )


def some_graph(n: int, seed: int, chords: int = 0) -> SocialGraph:
    """A ring with some chords."""
    rng = np.random.default_rng([seed, n])
    pairs = [(i, (i + 1) % n) for i in range(n)] + [tuple(rng.choice(n, 2, replace=False)) for _ in range(chords)]
    return SocialGraph.joining(n, np.array(pairs))


def some_rules(rounds: int = 10, lag: int = 0, patience: float = 3.0, **faults: Any) -> Rules:
    """Rules with these faults."""
    return Rules(
        formation=FormationConfig(rounds=rounds, tolerance=0.0), lag=lag, patience=patience, faults=Faults(**faults)
    )


def one_story(reports: dict[int, Report]) -> None:
    """Whoever signed with others tells the same members and system as each of those who ended."""
    for report in reports.values():
        for other in report.members:
            if other in reports and report.status == "signed":
                assert reports[other].members == report.members
                assert reports[other].system == report.system
