"""The adaptive attacker: it tries an attack's parameters on seeds of its own, and keeps those that paid best.

The optimiser is SciPy's differential evolution (Storn and Price 1997). What it finds is judged on fresh seeds by
whoever asked, never on the ones it was found with: the best of many tries is lucky by construction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
from scipy.optimize import differential_evolution

from headwater.units import WAD
from headwater_agents.adversaries.registry import attack_class, make_attack
from headwater_agents.lab.mechanisms.base import LabError
from headwater_agents.trial.units import attack_arm, difference, honest_arm, prepared


@dataclass(frozen=True, slots=True)
class Search:
    """What an adaptive attacker found: its best parameters, their mean gain on the training seeds (per unit staked),
    every trial in order, and how many plays it cost."""

    attack: str
    parameters: dict[str, Any]
    training_gain: float
    trials: tuple[tuple[dict[str, Any], float], ...] = field(repr=False)
    plays: int


def search(
    attack: str,
    setting: Mapping[str, Any],
    seeds: Sequence[int],
    *,
    budget: int,
    rng: np.random.Generator,
    fixed: Mapping[str, Any] | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Search:
    """Maximise an attack's mean gain over its `ranges`.

    Args:
        attack: name or "path.py:ClassName"; its class says in `ranges` which parameters may move, and how far.
        setting: plain values, as `Setting.from_json` takes them.
        seeds: to train on.
        budget: sets of parameters to try, at least 8.
        rng: the optimiser's dice.
        fixed: parameters that stay put.
        jobs: processes; the result does not depend on it.
        progress: called with (sets tried, budget).

    Raises LabError if there is nothing to search or nothing to search with.
    """
    kind, held = attack_class(attack), dict(fixed or {})
    free = {name: bounds for name, bounds in kind.ranges.items() if name not in held}
    if not free:
        raise LabError(f"attack {attack} has no parameters left to search; its ranges are {dict(kind.ranges)}")
    if budget < 8 or not seeds:
        raise LabError(f"a search needs a budget of at least 8 and a seed, got {budget} and {len(seeds)}")
    defaults = kind.parameters()
    trials: list[tuple[dict[str, Any], float]] = []
    seen: dict[str, float] = {}
    honest: dict[tuple[str, int], dict[str, Any]] = {}
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) if jobs > 1 else None
    run: Callable[..., Any] = map if pool is None else pool.map

    def gain(point: np.ndarray[Any, Any]) -> float:
        chosen = {**held, **_parameters(dict(zip(free, point.tolist(), strict=True)), defaults)}
        key = json.dumps(chosen, sort_keys=True)
        if key not in seen:
            if len(trials) >= budget:
                return 0.0  # the optimiser's last generation may ask beyond the budget: nothing new is tried
            seen[key] = _mean_gain(attack, setting, chosen, seeds, honest, run)
            trials.append((chosen, seen[key]))
            progress(len(trials), budget)
        return -seen[key]

    people = max(1, min(8, budget // (3 * len(free))))
    try:
        differential_evolution(
            gain,
            list(free.values()),
            x0=[float(min(max(defaults[name], low), high)) for name, (low, high) in free.items()],
            rng=rng,
            popsize=people,
            maxiter=max(1, budget // (people * len(free))),
            polish=False,
            callback=lambda *_: len(trials) >= budget,
        )
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)
    best, value = max(trials, key=lambda trial: trial[1])
    return Search(attack, best, value, tuple(trials), len(trials) * len(seeds) + len(honest))


def _parameters(point: Mapping[str, float], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the kind that the defaults are; floats to three places, so that near misses are not tried twice."""
    chosen: dict[str, Any] = {}
    for name, value in point.items():
        if isinstance(defaults[name], bool):
            chosen[name] = value >= 0.5
        elif isinstance(defaults[name], int):
            chosen[name] = round(value)
        else:
            chosen[name] = round(value, 3)
    return chosen


def _mean_gain(
    attack: str,
    setting: Mapping[str, Any],
    chosen: Mapping[str, Any],
    seeds: Sequence[int],
    honest: dict[tuple[str, int], dict[str, Any]],
    run: Callable[..., Any],
) -> float:
    both = prepared(setting, attack, chosen)
    key = json.dumps(both, sort_keys=True)
    missing = [seed for seed in seeds if (key, seed) not in honest]
    for seed, record in zip(missing, run(partial(_honest, both), missing), strict=True):
        honest[key, seed] = record
    attacked = run(partial(_attacked, both, attack, dict(chosen)), seeds)
    foresight = make_attack(attack, **chosen).foresight
    gains = [
        difference(record, honest[key, seed], both["stake"] / WAD, foresight=foresight)["gain"]
        for seed, record in zip(seeds, attacked, strict=True)
    ]
    return float(np.mean(gains))


def _honest(setting: Mapping[str, Any], seed: int) -> dict[str, Any]:
    return honest_arm(setting=setting, seed=seed)


def _attacked(setting: Mapping[str, Any], attack: str, parameters: Mapping[str, Any], seed: int) -> dict[str, Any]:
    return attack_arm(setting=setting, attack=attack, parameters=parameters, seed=seed)
