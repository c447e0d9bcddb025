"""What a season of cooperatives is made of: who plays, under which settings, and what is left of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from headwater.cascade.records import MAX_LIST
from headwater.chain.system import Announcement
from headwater.units import BPS, GWEI
from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.lab.rain import RainDay, RainWorld
from headwater_agents.policies import Forecast, WagerConfig
from headwater_agents.runner.executor import Versions
from headwater_agents.runner.stage import SeasonConfig, Stage

Floats = npt.NDArray[np.float64]


class Collective(Protocol):
    """A cooperative as the season sees it: it forecasts, learns what fell, and says what its members are credited."""

    name: str
    members: tuple[str, ...]

    def forecast(self, day: RainDay) -> Floats:
        """Probabilities (k,) of the day's classes, from its ensemble alone; what fell must not be read."""
        ...

    def learn(self, day: RainDay) -> None:
        """A resolved question: its outcome and rain may be read now."""
        ...

    def weights(self) -> tuple[int, ...] | None:
        """Integer credit weights of `members`, in their order; None while nobody has credit."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class PayrollConfig:
    """Settings of a season of cooperatives.

    season: deployment, stakes and series. wager: how a cooperative sizes its wagers. keep_bps: of every net, what stays
    with the cooperative's stake, 100 to 10,000. buffer: wei its escrow holds back, a multiple of 10^9.
    """

    season: SeasonConfig = field(default_factory=lambda: SeasonConfig(warm_up=5))
    wager: WagerConfig = field(default_factory=WagerConfig)
    keep_bps: int = 1_000
    buffer: int = 0

    def __post_init__(self) -> None:
        if not 100 <= self.keep_bps <= BPS:
            raise CooperativeError(f"keep_bps is {self.keep_bps}; accepted: 100 to {BPS}")
        if self.buffer < 0 or self.buffer % GWEI:
            raise CooperativeError(f"buffer is {self.buffer} wei; it must be a multiple of {GWEI}, 0 or more")


@dataclass(kw_only=True, slots=True)
class Play:
    """One question: odds and beliefs (WAD), wagers and nets (wei) by cooperative, the version each is bound to."""

    question: int
    day: RainDay
    odds: Forecast
    capacity: int
    beliefs: dict[str, Forecast] = field(default_factory=dict)
    wagers: dict[str, int] = field(default_factory=dict)
    bound: dict[str, int] = field(default_factory=dict)
    nets: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Payroll:
    """What a season leaves: the stage as it stands, each question, and the weights every version was announced with.

    `weights` are by version, in the order of the cooperative's members, as its record of credit gave them.
    """

    config: PayrollConfig
    world: RainWorld
    stage: Stage
    members: dict[str, tuple[str, ...]]
    plays: list[Play]
    versions: Versions
    weights: dict[int, tuple[int, ...]]

    def address(self, name: str) -> str:
        """Address of a cooperative or a member."""
        return self.stage.people[name].address

    def announced(self, cooperative: str) -> list[Announcement]:
        """A cooperative's versions, oldest first."""
        node = self.address(cooperative)
        return sorted((made for made in self.versions.values() if made.node == node), key=lambda made: made.version)


def check_cooperatives(cooperatives: Sequence[Collective]) -> None:
    """Raises CooperativeError unless names differ and every cooperative has 1 to 32 members."""
    names = [name for each in cooperatives for name in (each.name, *each.members)]
    if not cooperatives:
        raise CooperativeError("there is no cooperative; a season needs at least one")
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise CooperativeError(f"{twice[0]!r} stands for two; cooperatives and members need names of their own")
    for each in cooperatives:
        if not 1 <= len(each.members) <= MAX_LIST:
            raise CooperativeError(f"{each.name} has {len(each.members)} members; accepted: 1 to {MAX_LIST}")
