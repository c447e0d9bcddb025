"""A cooperative that learns rain as it falls: trained on the archive, it forecasts, and trains on with what resolves.

In time order, of the days known so far: what members trained on, then a year that profiles are judged on, fixed at the
start, then the latest year, on which contributions are measured. A day that leaves the latest year goes to the member
that holds its month, who may train on it from the next round on. Nothing later in time is ever read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from headwater.credit import NoCreditError
from headwater.learning import Batch, Ground, Profile, Settings, SoftmaxRegression
from headwater_agents.cooperative.behaviour import Behaviour, Honest, Local
from headwater_agents.cooperative.engine import Member, Trainer
from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.profiles import REFERENCE
from headwater_agents.cooperative.rainset import FEATURES, owner_of, rain_features, rain_groups, rain_table
from headwater_agents.cooperative.tables import CLIP, Floats, Ints
from headwater_agents.cooperative.trial import LOCAL
from headwater_agents.lab.rain import RainDay

YEAR_OF_QUESTIONS = 122
"""Questions in a year of three-day windows."""

WEIGHT_TOTAL = 10_000_000
"""What the weights of a version sum to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CollectiveConfig:
    """Settings of a learning cooperative.

    rounds: of training on the archive. every: questions between two rounds while the season runs. hold: days the
    profiles are judged on, and as many, the latest, on which contributions are measured.
    """

    rounds: int = 15
    every: int = 10
    hold: int = YEAR_OF_QUESTIONS
    local: Local = field(default_factory=lambda: LOCAL["rain"])
    settings: Settings = field(default_factory=lambda: Settings(window=1, shown=False))

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.every < 1 or self.hold < 12:
            raise CooperativeError("rounds and every must be at least 1, hold at least 12")


class RainCollective:
    """Implements `payroll.Collective` by a `Trainer`.

    Args:
        name: of the cooperative.
        holders: members with data, each with the index of its run of months.
        runs: into how many runs the year's months are cut.
        liars: members without data, by name.
        profiles: of the cooperative's agreement.
        archive: days before the first question, in time order.
        outcomes: classes of a question.
        config: settings.
        seed: of every member's draws.

    Raises CooperativeError where the archive leaves somebody without a day, or is too short to hold out from.
    """

    def __init__(
        self,
        name: str,
        holders: dict[str, int],
        runs: int,
        liars: dict[str, Behaviour],
        profiles: Sequence[Profile],
        archive: Sequence[RainDay],
        outcomes: int,
        config: CollectiveConfig,
        seed: int,
    ) -> None:
        hold = config.hold
        if len(archive) < 3 * hold:
            raise CooperativeError(f"an archive of {len(archive)} days; holding out needs at least {3 * hold}")
        self.name = name
        self.members = (*holders, *liars)
        self._config, self._runs, self._holders = config, runs, dict(holders)
        self._owner = {index: member for member, index in holders.items()}
        task = SoftmaxRegression(len(FEATURES), outcomes)
        own, reference = archive[: -2 * hold], archive[-2 * hold : -hold]
        self._latest = list(archive[-hold:])
        raw, _ = rain_table(own)
        self._mean, self._scale = raw.mean(axis=0), np.where(raw.std(axis=0) > 0, raw.std(axis=0), 1.0)
        self._days: dict[str, list[RainDay]] = {member: [] for member in holders}
        for day in own:
            self._give(day)
        for member, days in self._days.items():
            if not days:
                raise CooperativeError(f"{member} of {name} holds no day of the archive")
        kept = self._batch(reference)
        groups = {
            group: Batch(features=kept.features[mask], labels=kept.labels[mask])
            for group, mask in rain_groups(reference).items()
            if mask.any()
        }
        size = float(np.median([len(days) for days in self._days.values()]))
        self._liars = tuple(Member(name=each, behaviour=what, size=size) for each, what in liars.items())
        self.trainer = Trainer(
            Ground(task=task, groups=groups, references={REFERENCE: kept}, feature_names=FEATURES),
            self._present(),
            profiles,
            self._batch(self._latest),
            local=config.local,
            settings=config.settings,
            theta=task.start(np.random.default_rng([seed, 1])),
            seed=seed,
        )
        self._pool = list(self._latest)
        self._rows: list[Ints] = []
        self._resolved = 0
        for _ in range(config.rounds):
            self._step()

    def forecast(self, day: RainDay) -> Floats:
        """Probabilities (k,) of the day's classes, from its ensemble and date."""
        features = self._standard(rain_features(day))[None]
        result: Floats = self.trainer.ground.task.predict(self.trainer.theta, features)[0]
        return result

    def learn(self, day: RainDay) -> None:
        """Take a resolved day in; every so often train another round."""
        self._latest.append(day)
        self._pool.append(day)
        self._give(self._latest.pop(0))
        self._resolved += 1
        if self._resolved % self._config.every == 0:
            self.trainer.members = self._present()
            self._step()

    def weights(self) -> tuple[int, ...] | None:
        """Integer credit weights of the members; None while nobody's credit is above zero."""
        try:
            found = self.trainer.ledger.weights(WEIGHT_TOTAL)
        except NoCreditError:
            return None
        return tuple(found[member] for member in self.members)

    def validated(self) -> tuple[Batch, list[Ints]]:
        """Days that contributions were ever measured on, and which of them in each round."""
        return self._batch(self._pool), list(self._rows)

    def _step(self) -> None:
        self.trainer.step(self._batch(self._latest))
        self._rows.append(np.arange(len(self._pool) - len(self._latest), len(self._pool)))

    def _give(self, day: RainDay) -> None:
        owner = self._owner.get(owner_of(day, self._runs))
        if owner is not None:
            self._days[owner].append(day)

    def _present(self) -> tuple[Member, ...]:
        honest = tuple(
            Member(name=member, behaviour=Honest(self._batch(days)), size=float(len(days)))
            for member, days in self._days.items()
        )
        return (*honest, *self._liars)

    def _standard(self, raw: Floats) -> Floats:
        result: Floats = np.clip((raw - self._mean) / self._scale, -CLIP, CLIP)
        return result

    def _batch(self, days: Sequence[RainDay]) -> Batch:
        raw, labels = rain_table(days)
        return Batch(features=self._standard(raw), labels=labels)
