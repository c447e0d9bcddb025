"""Who sells signals in the rain: calibrated ensemble members, one that guesses, one that repeats the public odds.

The public odds follow from the series' own rule (headwater.twin): whoever counts outcomes knows them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Protocol, Self

import numpy as np

from headwater.units import MAX_WEI
from headwater_agents.bargaining.errors import BargainError
from headwater_agents.lab.cast import OddsRule
from headwater_agents.lab.rain import MEMBERS, RainDay
from headwater_agents.policies import (
    Forecast,
    Phase,
    Provider,
    ProviderConfig,
    ProviderLesson,
    ProviderMemory,
    ProviderView,
    Question,
    Signal,
    to_wad,
)

NOISE: Final = "noise"
ECHO: Final = "echo"


class Source(Protocol):
    """One seller, immutable."""

    @property
    def name(self) -> str:
        """Whose signals they are."""
        ...

    def signal(self, question: Question, day: RainDay) -> Forecast:
        """Its forecast (WAD) of the question; of the day it reads the ensemble alone."""
        ...

    def learnt(self, odds: Forecast, day: RainDay) -> Self:
        """The same seller after the question is resolved."""
        ...


@dataclass(frozen=True, slots=True)
class Member:
    """An ensemble member, numbered from 1 as in the source, that calibrates its own reading."""

    number: int
    policy: Provider
    memory: ProviderMemory

    @classmethod
    def fresh(cls, number: int, outcomes: int) -> Self:
        """One that has learnt nothing."""
        policy = Provider(ProviderConfig(outcomes=outcomes))
        return cls(number, policy, policy.start())

    @property
    def name(self) -> str:
        """Its name."""
        return f"member-{self.number}"

    def signal(self, question: Question, day: RainDay) -> Forecast:
        """Its calibrated forecast."""
        reading = day.ensemble[self.number - 1]
        view = ProviderView(question=question, reading=reading, sold=False, memory=self.memory)
        said = [action for action in self.policy.act(view) if isinstance(action, Signal)]
        return said[0].forecast

    def learnt(self, odds: Forecast, day: RainDay) -> Self:
        """After the question is resolved."""
        lesson = ProviderLesson(odds=odds, reading=day.ensemble[self.number - 1], outcome=day.outcome)
        return replace(self, memory=self.policy.learn(self.memory, lesson))


@dataclass(frozen=True, slots=True)
class Noise:
    """A free-rider that draws its forecast: uniform over all forecasts, by seed and day."""

    seed: int
    name: str = NOISE

    def signal(self, question: Question, day: RainDay) -> Forecast:
        """What it drew."""
        rng = np.random.default_rng([self.seed, day.row])
        return to_wad(rng.dirichlet(np.ones(len(question.odds))), question.p_min)

    def learnt(self, odds: Forecast, day: RainDay) -> Self:
        """Nothing is learnt."""
        return self


@dataclass(frozen=True, slots=True)
class Echo:
    """A free-rider that repeats the public odds."""

    name: str = ECHO

    def signal(self, question: Question, day: RainDay) -> Forecast:
        """The public odds."""
        return question.odds

    def learnt(self, odds: Forecast, day: RainDay) -> Self:
        """Nothing is learnt."""
        return self


@dataclass(frozen=True, slots=True)
class Market:
    """All sellers and the count of outcomes, immutable. `counts` are what the public odds follow from."""

    sources: tuple[Source, ...]
    rule: OddsRule
    rent_bps: int
    counts: tuple[int, ...]

    @classmethod
    def fresh(cls, members: int, outcomes: int, rule: OddsRule, rent_bps: int, seed: int) -> Self:
        """`members` (1 to 11) ensemble members, a guesser and an echo, that have learnt nothing.

        Raises BargainError.
        """
        if not 1 <= members <= MEMBERS:
            raise BargainError(f"{members} members sell signals; accepted: 1 to {MEMBERS}")
        honest = tuple(Member.fresh(number, outcomes) for number in range(1, members + 1))
        return cls((*honest, Noise(seed), Echo()), rule, rent_bps, (0,) * outcomes)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the sellers, in order."""
        return tuple(source.name for source in self.sources)

    def question(self, number: int) -> Question:
        """The question that is asked next, without a bound of capacity."""
        return Question(
            id=number,
            phase=Phase.COMMIT,
            odds=self.rule.odds(list(self.counts)),
            p_min=self.rule.p_min,
            capacity=MAX_WEI,
            rent_bps=self.rent_bps,
        )

    def signals(self, question: Question, day: RainDay) -> tuple[Forecast, ...]:
        """What every seller has to sell for a question."""
        return tuple(source.signal(question, day) for source in self.sources)

    def learnt(self, odds: Forecast, day: RainDay) -> Self:
        """The market after the question is resolved."""
        return replace(
            self,
            sources=tuple(source.learnt(odds, day) for source in self.sources),
            counts=tuple(self.rule.count(list(self.counts), day.outcome)),
        )

    def reopened(self) -> Self:
        """The same sellers before a series in which nothing is resolved yet."""
        return replace(self, counts=(0,) * len(self.counts))
