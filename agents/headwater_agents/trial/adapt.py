"""The adaptive attacker of a trial: attacks with the parameters that paid best on seeds of their own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from headwater_agents.lab.campaign.export import write_whole
from headwater_agents.lab.campaign.unit import Unit, canonical_json
from headwater_agents.trial.cases import kind_of
from headwater_agents.trial.errors import TrialError
from headwater_agents.trial.plan import Trial, base_setting, changes_of

ADAPTED: Final = "adapted.json"
"""What searches have found, in a trial's folder, by all that decides it."""

TRAINING: Final = range(1_000_001, 1_000_007)
"""Seeds that parameters are searched on; none that a verdict rests on."""

Progress = Callable[[str, int, int], None]
"""Told the attack, how many sets of parameters were tried, and of how many."""


def adapt(trial: Trial, folder: Path, jobs: int, progress: Progress) -> dict[str, dict[str, Any]]:
    """The best parameters found for every attack that has any to search, by name, in the trial's first world on its
    first mechanism. What the folder knows is not searched again.

    Raises:
        TrialError: none of the attacks has parameters to search.
    """
    from headwater_agents.trial.search import search  # its optimiser takes a second to import

    changes = changes_of(trial)
    setting = base_setting(trial, changes, trial.worlds[0], trial.mechanisms[0])
    path, found = folder / ADAPTED, {}
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for name in dict.fromkeys(kind_of(each)[0] for each in trial.attacks):
        _, kind, _ = kind_of(name)
        held = {**changes.of_attack(kind), **({"stake_share": trial.stake_shares[0]} if trial.stake_shares else {})}
        only = kind.only and trial.mechanisms[0] not in kind.only
        if only or not set(kind.ranges) - set(held):
            continue
        wanted = {"attack": name, "setting": setting, "fixed": held, "seeds": list(TRAINING), "budget": trial.adapt}
        digest = Unit(name, "headwater_agents.trial.search:search", wanted).digest()
        if digest not in known:
            seed = int(hashlib.sha256(canonical_json(wanted, name).encode()).hexdigest()[:8], 16)
            best = search(
                name,
                setting,
                TRAINING,
                budget=trial.adapt,
                rng=np.random.default_rng(seed),
                fixed=held,
                jobs=jobs,
                progress=lambda done, of, name=name: progress(name, done, of),  # type: ignore[misc]
            )
            known[digest] = {"attack": name, "parameters": best.parameters, "training_gain": best.training_gain}
            write_whole(path, json.dumps(known, indent=1, sort_keys=True) + "\n")
        found[name] = _parameters(known[digest])
    if not found:
        raise TrialError(f"{', '.join(trial.attacks)}: no parameters to search")
    return found


def _parameters(entry: Mapping[str, Any]) -> dict[str, Any]:
    return dict(entry["parameters"])
