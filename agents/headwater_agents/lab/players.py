"""Everybody who stakes in a season, behind one face: what they believe, what they do, what they learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol, TypeVar

from headwater.units import WAD
from headwater_agents.lab.cast import Cast
from headwater_agents.lab.rain import RainDay
from headwater_agents.policies import (
    Action,
    Forecast,
    ForecasterView,
    LastOutcome,
    LastOutcomeConfig,
    OddsCopier,
    OddsCopierConfig,
    OutcomeLesson,
    Question,
)

COPIER: Final = "odds-copier"
LAST: Final = "last-outcome"

MemoryT = TypeVar("MemoryT")


class Player(Protocol):
    """A forecaster with its memory. A view's memory is filled in by the player."""

    kind: str
    suppliers: tuple[str, ...]

    def belief(self, question: Question, signals: tuple[Forecast | None, ...]) -> Forecast:
        """Its forecast of the question, whether it stakes on it or not."""
        ...

    def act(self, view: ForecasterView[None]) -> list[Action]:
        """What its policy asks for."""
        ...

    def learn(self, odds: Forecast, day: RainDay) -> None:
        """Learn from a resolved question."""
        ...


class PooledPlayer:
    """A forecaster of the cast. The cast itself lets it learn, with everybody else."""

    kind = "pooled"

    def __init__(self, cast: Cast, name: str) -> None:
        self._cast = cast
        self._name = name
        self._policy = cast.forecasters[name]
        self.suppliers = next(node.suppliers for node in cast.config.network.forecasters if node.name == name)

    def belief(self, question: Question, signals: tuple[Forecast | None, ...]) -> Forecast:
        """The pool of what it bought."""
        return self._policy.pool.forecast(self._cast.buyer_memories[self._name].pool, question, signals)

    def act(self, view: ForecasterView[None]) -> list[Action]:
        """As its policy."""
        return self._policy.act(_with(view, self._cast.buyer_memories[self._name]))

    def learn(self, odds: Forecast, day: RainDay) -> None:
        """Nothing here: see `Cast.learn`."""


class CopierPlayer:
    """Reports the public odds."""

    kind = "copier"
    suppliers: tuple[str, ...] = ()

    def __init__(self, seed: int) -> None:
        self._policy = OddsCopier(OddsCopierConfig(seed=seed))

    def belief(self, question: Question, signals: tuple[Forecast | None, ...]) -> Forecast:
        """The public odds."""
        return question.odds

    def act(self, view: ForecasterView[None]) -> list[Action]:
        """As its policy."""
        return self._policy.act(view)

    def learn(self, odds: Forecast, day: RainDay) -> None:
        """It learns nothing."""


class LastOutcomePlayer:
    """Goes by what followed the last outcome so far. It has read the archive too."""

    kind = "last-outcome"
    suppliers: tuple[str, ...] = ()

    def __init__(self, seed: int, outcomes: int, archive: tuple[RainDay, ...]) -> None:
        self._policy = LastOutcome(LastOutcomeConfig(seed=seed, outcomes=outcomes))
        self._memory = self._policy.start()
        for day in archive:
            self.learn((WAD,), day)  # counts of transitions need no odds

    def belief(self, question: Question, signals: tuple[Forecast | None, ...]) -> Forecast:
        """Frequencies after the last outcome."""
        return self._policy.belief(self._memory, question)

    def act(self, view: ForecasterView[None]) -> list[Action]:
        """As its policy."""
        return self._policy.act(_with(view, self._memory))

    def learn(self, odds: Forecast, day: RainDay) -> None:
        """Count one more transition."""
        self._memory = self._policy.learn(self._memory, OutcomeLesson(odds=odds, outcome=day.outcome))


def make_players(cast: Cast, archive: tuple[RainDay, ...], *, baselines: bool) -> Mapping[str, Player]:
    """Players by name: the cast's forecasters, and the two baselines if asked for."""
    seed = cast.config.seed * 2**16
    players: dict[str, Player] = {name: PooledPlayer(cast, name) for name in cast.forecasters}
    if baselines:
        players[COPIER] = CopierPlayer(seed + 2**15)
        players[LAST] = LastOutcomePlayer(seed + 2**15 + 1, cast.config.outcomes, archive)
    return players


def _with(view: ForecasterView[None], memory: MemoryT) -> ForecasterView[MemoryT]:
    return ForecasterView(
        address=view.address,
        question=view.question,
        suppliers=view.suppliers,
        signals=view.signals,
        standing=view.standing,
        position=view.position,
        wallet=view.wallet,
        bonded=view.bonded,
        free=view.free,
        min_wager=view.min_wager,
        memory=memory,
    )
