"""What members propose: honest ones train, others try to be paid for harm, for copies or for nothing.

Everybody sees the round's model, every profile, the reference and validation rows, and the updates of earlier rounds.
Updates of the same round are sealed until all are in, unless the cooperative says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np

from headwater.learning import Batch, Context, Profile, ProtectedLoss, local_update
from headwater.learning.filter import filter_update
from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.tables import Floats

VALIDATION: Final = "validation"
"""The group name under which a liar treats the validation rows as if a profile protected them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Local:
    """How members train: step size, steps a round, rows a step (all of them with None)."""

    rate: float = 0.5
    steps: int = 4
    size: int | None = 64

    def __post_init__(self) -> None:
        if not (np.isfinite(self.rate) and self.rate > 0):
            raise CooperativeError(f"rate is {self.rate}; it must be a finite number above 0")
        if self.steps < 1 or (self.size is not None and self.size < 1):
            raise CooperativeError("steps and rows a step must be at least 1")


@dataclass(frozen=True, eq=False, kw_only=True, slots=True)
class Sight:
    """What a member sees when it proposes.

    round counts from 0. past: updates as they were applied, by member, of each earlier round. shown: updates of this
    round that are known already; empty where rounds are sealed. filtered: whether profiles are enforced at all.
    """

    round: int
    context: Context
    profiles: tuple[Profile, ...]
    filtered: bool
    validation: Batch
    past: tuple[Mapping[str, Floats], ...]
    shown: Mapping[str, Floats]
    local: Local

    def usual(self) -> float:
        """Length of a usual update: the median of the last round's that moved at all; 1 before there is one."""
        lengths = [float(np.linalg.norm(each)) for each in (self.past[-1] if self.past else {}).values()]
        moved = [length for length in lengths if length > 0]
        return float(np.median(moved)) if moved else 1.0


class Behaviour(Protocol):
    """How a member makes its update. `kind` is its name in results."""

    @property
    def kind(self) -> str: ...  # noqa: D102

    def propose(self, sight: Sight, rng: np.random.Generator) -> Floats:
        """The member's update of this round, (d,)."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class Honest:
    """Trains on its own rows."""

    batch: Batch
    kind: str = field(default="honest", init=False)

    def propose(self, sight: Sight, rng: np.random.Generator) -> Floats:
        """Some steps of gradient descent."""
        local = sight.local
        context = sight.context
        size = None if local.size is None else min(local.size, len(self.batch))
        return local_update(
            context.task, context.theta, self.batch, rate=local.rate, steps=local.steps, size=size, rng=rng
        )


@dataclass(frozen=True, slots=True)
class Idle:
    """Sends zeros and hopes for a share."""

    kind: str = field(default="idle", init=False)

    def propose(self, sight: Sight, rng: np.random.Generator) -> Floats:
        """Nothing."""
        return np.zeros(sight.context.task.dimension)


@dataclass(frozen=True, slots=True)
class Copier:
    """Sends what others sent: this round's update of whoever is shown first, else the mean of the last round's."""

    kind: str = field(default="copier", init=False)

    def propose(self, sight: Sight, rng: np.random.Generator) -> Floats:
        """A copy; nothing in the first round if that is sealed."""
        if sight.shown:
            return next(iter(sight.shown.values())).copy()
        if not sight.past or not sight.past[-1]:
            return np.zeros(sight.context.task.dimension)
        result: Floats = np.mean(list(sight.past[-1].values()), axis=0)
        return result


@dataclass(frozen=True, slots=True)
class Blurrer:
    """A copier that hides it: what it copies, with normal noise of `noise` times its length."""

    noise: float = 0.5
    kind: str = field(default="blurrer", init=False)

    def propose(self, sight: Sight, rng: np.random.Generator) -> Floats:
        """A copy with noise."""
        copy = Copier().propose(sight, rng)
        length = float(np.linalg.norm(copy)) / np.sqrt(len(copy))
        result: Floats = copy + self.noise * length * rng.standard_normal(len(copy))
        return result


@dataclass(frozen=True, slots=True)
class Noise:
    """Sends noise as long as what others sent, in directions that change the model's predictions."""

    length: float = 0.1
    kind: str = field(default="noise", init=False)

    def propose(self, sight: Sight, rng: np.random.Generator) -> Floats:
        """Normal noise, of `length` in the first round."""
        task = sight.context.task
        drawn = rng.standard_normal(task.dimension)
        still = task.symmetries()
        shown = list(sight.past[-1].values()) if sight.past else []
        length = float(np.median([np.linalg.norm(each) for each in shown])) if shown else self.length
        return _scaled(drawn - still.T @ (still @ drawn), length)


@dataclass(frozen=True, slots=True)
class Quitter:
    """Works for some rounds, then sends zeros and keeps its share."""

    batch: Batch
    rounds: int = 2
    kind: str = field(default="quitter", init=False)

    def propose(self, sight: Sight, rng: np.random.Generator) -> Floats:
        """Honest work, later nothing."""
        return (Honest(self.batch) if sight.round < self.rounds else Idle()).propose(sight, rng)


@dataclass(frozen=True, slots=True)
class Older:
    """A copier that sells again what was shown `back` rounds ago, which may be forgotten by then."""

    back: int = 3
    kind: str = field(default="older", init=False)

    def propose(self, sight: Sight, rng: np.random.Generator) -> Floats:
        """The mean of that round; nothing before there is one."""
        if len(sight.past) < self.back or not sight.past[-self.back]:
            return np.zeros(sight.context.task.dimension)
        result: Floats = np.mean(list(sight.past[-self.back].values()), axis=0)
        return result


@dataclass(frozen=True, eq=False, slots=True)
class Flipper:
    """A blunt poisoner: trains on its rows with every label wrong, and sends `boost` times the result."""

    batch: Batch
    classes: int
    boost: float = 3.0
    kind: str = field(default="flipper", init=False)

    def propose(self, sight: Sight, rng: np.random.Generator) -> Floats:
        """Honest work on wrong labels."""
        wrong = Batch(features=self.batch.features, labels=(self.batch.labels + 1) % self.classes)
        return self.boost * Honest(wrong).propose(sight, rng)


@dataclass(frozen=True, slots=True)
class Poisoner:
    """Knows the filter and adapts: sends what hurts the validation loss most among what the filter admits.

    It climbs the validation loss by `boost` usual lengths and moves the result onto the profiles' intersection itself,
    so that nothing of it is refused. Should nothing be admitted, it sends nothing.
    """

    boost: float = 3.0
    kind: str = field(default="poisoner", init=False)

    def propose(self, sight: Sight, rng: np.random.Generator) -> Floats:
        """The most harm that passes."""
        context = sight.context
        climb = context.task.gradient(context.theta, sight.validation)
        return admitted(_scaled(climb, self.boost * sight.usual()), sight, sight.profiles, context)


@dataclass(frozen=True, slots=True)
class Smuggler:
    """A poisoner that wants to be paid: hurts a group that no profile names, and improves validation a little.

    It treats the validation rows as protected, with a negative tolerance of `gain` (nats): what it sends passes the
    filter and earns. Where the two cannot be had together it sends nothing.
    """

    target: str
    gain: float = 2e-4
    boost: float = 3.0
    kind: str = field(default="smuggler", init=False)

    def propose(self, sight: Sight, rng: np.random.Generator) -> Floats:
        """Harm to the target that others take for help."""
        context = sight.context
        climb = context.task.gradient(context.theta, context.group(self.target))
        own = Profile("own", (ProtectedLoss(group=VALIDATION, tolerance=-self.gain),))
        wider = replace(context, groups={**context.groups, VALIDATION: sight.validation})
        profiles = (*(sight.profiles if sight.filtered else ()), own)
        return admitted(_scaled(climb, self.boost * sight.usual()), replace(sight, filtered=True), profiles, wider)


@dataclass(frozen=True, eq=False, slots=True)
class Turncoat:
    """Works honestly until round `turn`, then poisons with the credit it has saved."""

    batch: Batch
    turn: int
    kind: str = field(default="turncoat", init=False)

    def propose(self, sight: Sight, rng: np.random.Generator) -> Floats:
        """Honest work, later the most harm that passes."""
        return (Honest(self.batch) if sight.round < self.turn else Poisoner()).propose(sight, rng)


def admitted(update: Floats, sight: Sight, profiles: tuple[Profile, ...], context: Context) -> Floats:
    """The nearest update that these profiles admit; zeros where there is none; the update itself if nothing filters."""
    if not sight.filtered:
        return update
    verdict = filter_update(update, profiles, context, mode="project")
    return verdict.update if verdict.admissible else np.zeros_like(update)


def _scaled(direction: Floats, length: float) -> Floats:
    size = float(np.linalg.norm(direction))
    return direction * (length / size) if size > 0 else np.zeros_like(direction)
