"""What a federation learns, and how the folders of its coordinator and of its members hold it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from headwater.learning import (
    Batch,
    Ground,
    LearningError,
    Profile,
    Settings,
    Task,
    local_update,
    profile_fields,
    profile_from,
    task_from,
)
from headwater.learning.batch import Floats
from headwater_agents.cooperative.behaviour import Local
from headwater_agents.cooperative.flower.absence import FederationError

PLAN: Final = "federation.json"
_FORMAT: Final = 1


@dataclass(frozen=True, eq=False, kw_only=True)
class Federation:
    """Everything that the coordinator knows: no member's private examples.

    Attributes:
        ground: the task, and the examples that profiles name.
        theta: (d,), the model to begin with.
        members: names, in the order in which updates are added up.
        profiles: every profile of the agreement.
        validation: examples on which contributions are measured.
        settings: how rounds are run.
        local: how members train.
        most: the most examples that a member's word counts for in the mean; without end when None.
            rounds: how many, at least 1.
        seed: of every draw; a member's in a round are `member_generator`'s.
        gathering: seconds to wait for all members before the first round.
        patience: seconds to wait for members in each round; it ends as soon as all have answered.

    Raises:
        FederationError: no member, a name twice or one that cannot stand in a setting, or a number outside its range.
    """

    ground: Ground
    theta: Floats
    members: tuple[str, ...]
    profiles: tuple[Profile, ...]
    validation: Batch
    settings: Settings = field(default_factory=Settings)
    local: Local = field(default_factory=Local)
    most: int | None = None
    rounds: int = 10
    seed: int = 0
    gathering: float = 300.0
    patience: float = 120.0

    def __post_init__(self) -> None:
        if not self.members or len(set(self.members)) != len(self.members):
            raise FederationError("a federation has at least one member, and no name twice")
        for name in self.members:
            if not name or len(name) > 64 or not name.isprintable() or set(name) & set("\"'\\= "):
                raise FederationError(
                    f"{name!r} is no member's name: 1 to 64 printable characters, no blanks, quotes or equals signs"
                )
        if self.rounds < 1 or self.seed < 0:
            raise FederationError("there is at least one round, and the seed is not negative")
        if not (0 < self.patience < np.inf and 0 < self.gathering < np.inf):
            raise FederationError("gathering and patience are finite and above 0 s")
        if self.most is not None and self.most < 1:
            raise FederationError(f"the most examples that count are at least 1; got {self.most}")
        self.ground.at(self.theta)  # refuses a model that is not the task's

    @property
    def task(self) -> Task:
        """What is learnt."""
        return self.ground.task

    def weight(self, examples: int) -> float:
        """What a member's update weighs in the mean, by the number of examples that it says it holds."""
        return float(examples if self.most is None else min(examples, self.most))

    def order(self, number: int, member: str) -> dict[str, str | int | float]:
        """What a member is told in round `number` (from 0) beside the model: all that `train` needs."""
        return {
            "task": json.dumps(self.task.describe()),
            "rate": self.local.rate,
            "steps": self.local.steps,
            "size": self.local.size or 0,
            "seed": self.seed,
            "round": number,
            "member": self.members.index(member),
        }


def member_generator(seed: int, number: int, member: int) -> np.random.Generator:
    """Of a member's draws in round `number` (from 0), the same wherever it runs. `member` counts from 0."""
    return np.random.default_rng([seed, number, member])


def train(theta: Floats, batch: Batch, order: Mapping[str, Any]) -> Floats:
    """A member's update of a round, (d,), from its own examples and what the coordinator told it.

    Raises:
        FederationError: an order that lacks something or holds something else. LearningError: a task that is none, or
            that the batch does not fit.
    """
    try:
        task = task_from(json.loads(str(order["task"])))
        size = int(order["size"])
        rng = member_generator(int(order["seed"]), int(order["round"]), int(order["member"]))
        rate, steps = float(order["rate"]), int(order["steps"])
    except LearningError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise FederationError(f"the coordinator's order is not well formed: {error}") from None
    drawn = min(size, len(batch)) if size else None
    return local_update(task, theta, batch, rate=rate, steps=steps, size=drawn, rng=rng)


def save_batch(batch: Batch, path: Path) -> None:
    """Writes examples as .npz, which holds `features` (n, f) and `labels` (n,)."""
    np.savez(path, features=batch.features, labels=batch.labels)


def load_batch(path: Path) -> Batch:
    """Reads examples. Raises FederationError: no such file, or another form; TaskError: numbers that are no batch."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Batch(features=arrays["features"], labels=arrays["labels"])
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise FederationError(f"{path} cannot be read as features and labels in .npz: {error}") from None
    except ValueError as error:
        raise FederationError(f"{path} holds no examples: {error}") from None


def save(federation: Federation, folder: Path) -> None:
    """Writes what the coordinator needs to an existing folder."""
    ground = federation.ground
    batches: dict[str, Mapping[str, Batch]] = {
        "validation": {"": federation.validation},
        "groups": ground.groups,
        "references": ground.references,
    }
    files: dict[str, dict[str, str]] = {}
    for kind, named in batches.items():
        files[kind] = {name: f"{kind}-{index}.npz" for index, name in enumerate(named)}
        for name, batch in named.items():
            save_batch(batch, folder / files[kind][name])
    np.save(folder / "theta.npy", federation.theta)
    fields = {
        "format": _FORMAT,
        "task": federation.task.describe(),
        "members": federation.members,
        "profiles": [profile_fields(profile) for profile in federation.profiles],
        "feature_names": ground.feature_names,
        "rate": federation.local.rate,
        "steps": federation.local.steps,
        "size": federation.local.size,
        "most": federation.most,
        "settings": asdict(federation.settings),
        "rounds": federation.rounds,
        "seed": federation.seed,
        "gathering": federation.gathering,
        "patience": federation.patience,
        "files": files,
    }
    (folder / PLAN).write_text(json.dumps(fields, indent=1) + "\n", encoding="utf-8")


def load(folder: Path) -> Federation:
    """Reads what `save` wrote. Raises FederationError, or LearningError for a part that is not well formed."""
    try:
        fields = json.loads((folder / PLAN).read_text(encoding="utf-8"))
        if fields["format"] != _FORMAT:
            raise FederationError(f"{folder / PLAN} is of format {fields['format']}; accepted: {_FORMAT}")
        found = {
            kind: {name: load_batch(folder / file) for name, file in named.items()}
            for kind, named in fields["files"].items()
        }
        return Federation(
            ground=Ground(
                task=task_from(fields["task"]),
                groups=found["groups"],
                references=found["references"],
                feature_names=tuple(fields["feature_names"]),
            ),
            theta=np.load(folder / "theta.npy", allow_pickle=False),
            members=tuple(fields["members"]),
            profiles=tuple(profile_from(entry) for entry in fields["profiles"]),
            validation=found["validation"][""],
            settings=Settings(**fields["settings"]),
            local=Local(rate=fields["rate"], steps=fields["steps"], size=fields["size"]),
            most=fields["most"],
            rounds=fields["rounds"],
            seed=fields["seed"],
            gathering=fields["gathering"],
            patience=fields["patience"],
        )
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise FederationError(f"{folder} holds no federation: {error!r}") from None
