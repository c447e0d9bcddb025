"""The whole chain, joined: declared values → agreements → constraints → filtered updates → credit → cascade → pay.

Members declare values; agreements form among them; each agreement's scores make its profile by the charter; its members
train rain under that profile, liars among them; the model stakes in ForecastArena, and what it wins is paid by credit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from headwater.chain import Backend
from headwater.learning import Profile
from headwater.values import Agreement, Formation, Population, complete, form
from headwater_agents.cooperative.behaviour import Behaviour, Copier, Idle, Poisoner
from headwater_agents.cooperative.charters import charter_of
from headwater_agents.cooperative.collective import CollectiveConfig, RainCollective
from headwater_agents.cooperative.errors import CooperativeError
from headwater_agents.cooperative.onchain import Progress, play_payroll
from headwater_agents.cooperative.payroll import Payroll, PayrollConfig
from headwater_agents.cooperative.problem import member_names
from headwater_agents.cooperative.reconcile import Reconciliation, reconcile
from headwater_agents.cooperative.society import society
from headwater_agents.durable.journal import Journal
from headwater_agents.lab.rain import RainWorld
from headwater_agents.runner.stage import SeasonConfig

LIARS: Final[Mapping[str, Callable[[], Behaviour]]] = {"poisoner": Poisoner, "copier": Copier, "idle": Idle}
ARCHIVE: Final = 900
"""Questions before the first one played, from which members learn."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WholeConfig:
    """Settings of the whole chain.

    members: with data, 1 to 12, each holding its run of the year's months. liars: three more, without data, who declare
    values like everybody. questions: played on-chain. bound: within which members sign (l1, of weights). seed: of all.
    """

    members: int = 12
    liars: bool = True
    questions: int = 120
    bound: float = 0.4
    seed: int = 1
    collective: CollectiveConfig = field(default_factory=CollectiveConfig)
    payroll: PayrollConfig | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.members <= 12:
            raise CooperativeError(f"members is {self.members}; accepted: 1 to 12, a month each at least")
        if not (np.isfinite(self.bound) and self.bound >= 0):
            raise CooperativeError(f"bound is {self.bound}; it must be a finite number, 0 or more")
        if self.questions < 1:
            raise CooperativeError(f"questions is {self.questions}; it must be at least 1")


@dataclass(frozen=True, eq=False, kw_only=True, slots=True)
class Cooperative:
    """One agreement at work: who signed, what it asks of updates, and its training."""

    name: str
    agreement: Agreement
    profile: Profile
    collective: RainCollective


@dataclass(frozen=True, eq=False, kw_only=True, slots=True)
class Founded:
    """What formed: the population, its agreements, and the cooperatives that have somebody with data.

    `idle` are agreements that nobody with data signed: they have nothing to train on.
    """

    population: Population
    formation: Formation
    cooperatives: tuple[Cooperative, ...]
    idle: tuple[Agreement, ...]


@dataclass(frozen=True, eq=False, kw_only=True, slots=True)
class Whole:
    """The whole chain, played: what formed, the season, and its reconciliation."""

    founded: Founded
    payroll: Payroll
    found: Reconciliation


def found(config: WholeConfig, world: RainWorld) -> Founded:
    """Let members declare values, form agreements, make profiles, and train on the world's archive.

    Raises CooperativeError, ValuesError, LearningError.
    """
    holders = member_names(config.members)
    names = (*holders, *(LIARS if config.liars else ()))
    population = society(names, np.random.default_rng([config.seed, 2]), bound=config.bound)
    formation = form(population, complete(population.n))
    cooperatives, idle = [], []
    for number, agreement in enumerate(formation.agreements):
        members = [names[index] for index in agreement.members]
        mine = {member: holders.index(member) for member in members if member in holders}
        if not mine:
            idle.append(agreement)
            continue
        name = f"cooperative-{number + 1}"
        profile = charter_of(name, agreement, population)
        collective = RainCollective(
            name,
            mine,
            config.members,
            {member: LIARS[member]() for member in members if member not in holders},
            (profile,),
            world.archive,
            world.k,
            config.collective,
            seed=config.seed * 1_000 + number,
        )
        cooperatives.append(Cooperative(name=name, agreement=agreement, profile=profile, collective=collective))
    return Founded(population=population, formation=formation, cooperatives=tuple(cooperatives), idle=tuple(idle))


def play_whole(
    backend: Backend,
    world: RainWorld,
    config: WholeConfig,
    journal: Journal,
    progress: Progress = lambda done, total, text: None,
) -> Whole:
    """Found the cooperatives, play their season on-chain, and reconcile every wei. `world` needs an archive.

    Raises CooperativeError, ValuesError, LearningError, SeasonError, ChainError.
    """
    progress(0, len(world.questions), "forming and training")
    founded = found(config, world)
    payroll = play_payroll(
        backend,
        world,
        [each.collective for each in founded.cooperatives],
        config.payroll or PayrollConfig(season=SeasonConfig(seed=config.seed, warm_up=5)),
        journal,
        progress,
    )
    return Whole(founded=founded, payroll=payroll, found=reconcile(payroll))
