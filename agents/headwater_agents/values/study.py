"""The study: one consensus for everybody beside agreements, over bounds, thresholds and social graphs.

Everything is measured in one yardstick, `headwater.values.utilities` in l1: 1 for one's own system, 0 for the farthest.
Where a graph is random the same is done for several seeds, and a figure is their mean with its 95% interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from headwater.report import mean_interval
from headwater.values import (
    QUARTILES,
    Bounds,
    Consensus,
    Formation,
    FormationConfig,
    Norm,
    Population,
    Utility,
    consensus,
    distances,
    form,
    measures,
    overlap,
    pair_distances,
    transition,
    utilities,
)
from headwater_agents.values.graphs import NEIGHBOURS, RANDOM, make_graph, offered, refusal
from headwater_agents.values.pictured import pictured
from headwater_agents.values.society import Society, SocietyError, unbounded

MOST_SIGNATURES: Final = 3_000_000
"""Most pairs of agent and agreement that overlap is looked at for."""

PAIRS: Final = 200_000
"""Pairs of agents that are drawn where there are more of them."""

SHOWN: Final = 0.1
"""Quantile of pairwise distance (the larger of both parts) at which the pictures' threshold stands by default."""

MOST_TRANSITION: Final = 20_000
"""Most agents that the transition p is searched for, which takes dozens of consensuses."""

Progress = Callable[[int, int, str], None]
Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class StudySettings:
    """What is looked at.

    Attributes:
        graphs: names of social graphs, or paths of files with one; the first one is that of the pictures. Empty:
            nearest, then all that fit.
        neighbours: how many each agent knows at least, save in the complete graph.
        thresholds: how many steps the sweep has, from nobody agrees to everybody accepts one agreement.
        threshold: the one the pictures show; None for the first decile of pairwise distance.
        seeds: how many random graphs of a kind are tried.
        seed: the first of them, and that of drawn pairs.
        norm: in which bounds and thresholds are measured, unless the society declares bounds of its own.
        utility: whose optimum an agreement is.
        rounds: of exchange at most.
    """

    graphs: tuple[str, ...] = ()
    neighbours: int = NEIGHBOURS
    thresholds: int = 14
    threshold: float | None = None
    seeds: int = 5
    seed: int = 1
    norm: Norm = Norm.L1
    utility: Utility = Utility.SQUARED
    rounds: int = 200

    def __post_init__(self) -> None:
        if not 2 <= self.thresholds <= 200:
            raise SocietyError(f"thresholds: {self.thresholds}; expected 2 to 200")
        if not 1 <= self.seeds <= 1_000:
            raise SocietyError(f"seeds: {self.seeds}; expected 1 to 1,000")
        if self.threshold is not None and not (math.isfinite(self.threshold) and self.threshold >= 0):
            raise SocietyError(f"threshold: {self.threshold}; expected a finite number, 0 or more")

    def config(self, threshold: float | None = None) -> FormationConfig:
        """How agreements form at a threshold."""
        return FormationConfig(threshold=threshold, utility=self.utility, rounds=self.rounds)


@dataclass(frozen=True, eq=False)
class _Setting:
    """One setting of bounds or threshold, to be tried on every graph."""

    population: Population
    bounds: Bounds | None = None
    quantile: float | None = None
    threshold: float | None = None


def study(society: Society, settings: StudySettings | None = None, progress: Progress | None = None) -> Record:
    """All results on a society, as numbers, texts, lists and dictionaries that a summary can keep.

    Raises:
        SocietyError: a graph that is unknown or makes no sense for the society.
    """
    chosen = settings or StudySettings()
    graphs = chosen.graphs or ("nearest", *(name for name in offered(society) if name != "nearest"))
    tell = progress or (lambda _done, _total, _text: None)
    free = society.population if society.bounded else society.population.with_bounds(unbounded(society.n, chosen.norm))
    norm = free.bounds.norm
    rng = np.random.default_rng(chosen.seed)
    weights, judgements = pair_distances(free, norm, rng, PAIRS)
    reference = chosen.threshold
    if reference is None:
        both = np.maximum(weights, judgements)
        reference = float(np.quantile(both, SHOWN)) if both.size else 0.0
    swept = _thresholds(free, norm, chosen.thresholds, reference)
    quartiles = [
        Bounds(weights=_quantile(weights, q), judgements=_quantile(judgements, q), norm=norm) for q in QUARTILES
    ]
    settings_of = [
        *([_Setting(free)] if society.bounded else []),
        *(_Setting(free.with_bounds(b), bounds=b, quantile=q) for q, b in zip(QUARTILES, quartiles, strict=True)),
        *(_Setting(free, threshold=threshold) for threshold in swept),
    ]
    plays = [(name, seed) for name in graphs for seed in _seeds(name, chosen)]
    total = len(plays) * len(settings_of) + 1
    tell(0, total, "one consensus")
    single = _single(free, chosen)
    cells: list[Record] = []
    homes: list[npt.NDArray[np.int64]] = []
    parts: dict[str, int] = {}
    shown: Formation | None = None
    done = 1
    for name in graphs:
        samples: list[list[Record]] = [[] for _ in settings_of]
        for seed in _seeds(name, chosen):
            graph = make_graph(society, name, chosen.neighbours, seed)
            if not graph.is_connected:
                parts[name] = int(graph.components.max()) + 1
            for index, setting in enumerate(settings_of):
                tell(done, total, f"{name} graph")
                done += 1
                formation = form(setting.population, graph, chosen.config(setting.threshold))
                samples[index].append(_sample(setting.population, formation, setting.threshold, chosen.utility))
                if name == graphs[0] and seed == chosen.seed and setting.threshold is not None:
                    homes.append(formation.home)
                    shown = formation if setting.threshold == reference else shown
        cells += [_cell(name, setting, each) for setting, each in zip(settings_of, samples, strict=True)]
    tell(total, total, "done")
    if shown is None:  # the reference is one of the swept thresholds
        raise SocietyError("the shown threshold was not swept")
    return {
        "society": {
            "name": society.name,
            "title": society.title,
            "source": society.source,
            "agents": society.n,
            "values": list(free.values),
            "actions": list(free.actions),
            "people": float(free.sizes.sum()),
            "bounded": society.bounded,
        },
        "settings": {
            "graphs": list(graphs),
            "skipped": {each: why for each in ("complete", "geographic") if (why := refusal(society, each))},
            **({"parts": parts} if parts else {}),
            "neighbours": chosen.neighbours,
            "thresholds": [float(each) for each in swept],
            "threshold": float(reference),
            "seeds": chosen.seeds,
            "seed": chosen.seed,
            "norm": str(norm),
            "utility": str(chosen.utility),
            "rounds": chosen.rounds,
        },
        "distances": {
            "pairs": int(weights.size),
            "all": weights.size == society.n * (society.n - 1) // 2,
            **{
                part: {f"q{round(100 * q)}": _quantile(column, q) for q in (0, *QUARTILES, 1)}
                for part, column in (("weights", weights), ("judgements", judgements))
            },
        },
        "single": single,
        "cells": cells,
        "shown": pictured(society, free, shown, float(reference), graphs[0], swept, homes, chosen.utility),
    }


def _seeds(graph: str, settings: StudySettings) -> Sequence[int]:
    return range(settings.seed, settings.seed + settings.seeds) if graph in RANDOM else (settings.seed,)


def _quantile(column: npt.NDArray[np.float64], q: float) -> float:
    return float(np.quantile(column, q)) if column.size else 0.0


def _thresholds(population: Population, norm: Norm, count: int, reference: float) -> list[float]:
    """Evenly from 0 to where everybody accepts the common optimum, and the one that is shown."""
    vectors, m = population.vectors, population.m
    common = consensus(population, 2.0).system.vector
    parts = ((vectors[:, :m], common[:m]), (vectors[:, m:], common[m:]))
    top = max(float(distances(norm, own, other).max()) for own, other in parts)
    # A hair above, lest rounding keeps the farthest one out of what it just accepts.
    even = np.linspace(0.0, top * (1 + 1e-9), count).tolist()
    return sorted({*even, reference})


def _single(population: Population, settings: StudySettings) -> Record:
    found: Record = {"consensus": [], "transition": None}
    orders: list[tuple[str, float]] = [("1", 1.0), ("2", 2.0), ("∞", math.inf)]
    if population.n <= MOST_TRANSITION:
        crossing = transition(population)
        found["transition"] = {"p": _finite(crossing.p), "gap": crossing.gap, "span": crossing.span}
        if crossing.p is not None and math.isfinite(crossing.p):
            orders.insert(1 if crossing.p < 2 else 2, ("transition", crossing.p))
    for name, p in orders:
        found["consensus"].append(_consensus(population, name, consensus(population, p)))
    return found


def _consensus(population: Population, name: str, one: Consensus) -> Record:
    worth = utilities(population, one.system.vector)
    measured = measures(population, worth)
    return {
        "name": name,
        "p": _finite(one.p),
        "weights": one.system.weights.tolist(),
        "judgements": one.system.judgements.tolist(),
        "scores": one.system.scores().tolist(),
        "cost_weights": one.cost_weights,
        "cost_judgements": one.cost_judgements,
        "mean": measured.mean,
        "worst": measured.worst,
        "worst_agent": population.names[int(worth.argmin())],
        "gini": measured.gini,
    }


def _finite(p: float | None) -> float | str | None:
    return "inf" if p == math.inf else p


def _sample(population: Population, formation: Formation, threshold: float | None, utility: Utility) -> Record:
    worth = utilities(population, formation.vectors[formation.home])
    found = measures(population, worth, formation.home)
    record: Record = {
        "agreements": found.groups,
        "alone": found.alone,
        "largest": found.largest,
        "largest_people": found.largest_people,
        "mean": found.mean,
        "worst": found.worst,
        "gini": found.gini,
        "rounds": formation.rounds,
        "signing_rounds": formation.signing_rounds,
        "gap": formation.gap,
    }
    together = formation.group_sizes[formation.home] > 1
    if together.any():
        record["joined"] = float(np.average(worth[together], weights=population.sizes[together]))
    if population.n * len(formation.agreements) <= MOST_SIGNATURES:
        over = overlap(population, formation.agreements, threshold, utility=utility)
        best = measures(population, over.utility_best, formation.home)
        shares = population.sizes / population.sizes.sum()
        sizes = formation.group_sizes
        record |= {
            "signatures": float(shares @ over.signatures),
            "moved": float((over.utility_best > over.utility_home).mean()),
            "still_alone": int((over.signed[:, sizes > 1].sum(axis=1) == 0).sum()),
            "best_mean": best.mean,
            "best_worst": best.worst,
            "best_gini": best.gini,
            "would_refuse": float(over.would_refuse.sum() / max(int(over.signatories.sum()), 1)),
        }
    return record


def _cell(graph: str, setting: _Setting, samples: Sequence[Record]) -> Record:
    bounds = setting.bounds
    return {
        "graph": graph,
        "quantile": setting.quantile,
        "bounds": None if bounds is None else {"weights": bounds.weights, "judgements": bounds.judgements},
        "threshold": setting.threshold,
        "samples": len(samples),
        "fields": {
            key: _interval([float(each[key]) for each in samples])
            for key in samples[0]
            if all(key in each for each in samples)
        },
    }


def _interval(values: Sequence[float]) -> Record:
    """Mean with its 95% interval over seeds; where there is one sample because nothing is random, three times it."""
    if len(values) == 1:
        return {"mean": values[0], "low": values[0], "high": values[0]}
    return mean_interval(values).to_dict()


def quartile_cells(record: Mapping[str, Any], graph: str | None = None) -> Iterator[Record]:
    """The cells of a study at the quartiles of pairwise distance, of one graph or all."""
    return (c for c in record["cells"] if c["quantile"] is not None and graph in (None, c["graph"]))


def swept_cells(record: Mapping[str, Any], graph: str) -> list[Record]:
    """The cells of a study's sweep of the threshold on a graph."""
    return [c for c in record["cells"] if c["threshold"] is not None and c["graph"] == graph]
