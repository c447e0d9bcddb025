"""Any model that gives probabilities, as a policy: it says what it believes, the rest is done for it.

    class Halfway:                                     # between the odds and the mean of what was bought
        def start(self) -> None: ...
        def learn(self, memory: None, case: Case, outcome: int) -> None: ...
        def forecast(self, memory: None, case: Case) -> list[float]: ...

`ModelForecaster(model, config)` stakes on it, `ModelProvider(model)` sells it. The code is its author's, and may fail:
a forecast that fails is a ModelError, after which the bot asks again, a lesson that fails is left out. What stands is
revealed whatever the model does.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

import numpy as np

from headwater.chain.errors import HeadwaterError
from headwater_agents.policies.actions import Action, Deposit, Signal
from headwater_agents.policies.base import PolicyError
from headwater_agents.policies.buyer import Buyer, BuyerMemory
from headwater_agents.policies.forecast import Floats, Forecast, ForecastError, to_floats, to_wad
from headwater_agents.policies.forecaster import ForecasterConfig, commit, reveal
from headwater_agents.policies.views import (
    BuyerLesson,
    ForecasterView,
    Phase,
    ProviderLesson,
    ProviderView,
    Question,
)
from headwater_agents.policies.wager import size_wager

MemoryT = TypeVar("MemoryT")
_log: Final = logging.getLogger(__name__)
_KEPT: Final = 32  # questions whose forecasts are remembered


class ModelError(PolicyError, HeadwaterError):
    """A model that failed, or gave what are no probabilities; says how."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A question as a model sees it.

    Attributes:
        odds: public odds, (k,), summing to 1.
        signals: forecasts that were bought, (k,) each, in the order of the suppliers; None where none came.
        reading: what the agent's own source reads for the question, a float or anything else; None if it has none.
    """

    odds: Floats
    signals: tuple[Floats | None, ...] = ()
    reading: Any = None


class Model(Protocol[MemoryT]):
    """What an author writes. Pure: a memory is a value, `learn` returns a new one."""

    def start(self) -> MemoryT:
        """The memory before any question."""
        ...

    def learn(self, memory: MemoryT, case: Case, outcome: int, /) -> MemoryT:
        """The memory after a question whose outcome (0 to k − 1) is known."""
        ...

    def forecast(self, memory: MemoryT, case: Case, /) -> Sequence[float]:
        """Probabilities, k of them, not negative; they are scaled to sum to one and clipped to the series' P_MIN."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelMemory(Generic[MemoryT]):
    """What the model remembers, what the buyer remembers (None without suppliers), and resolved questions."""

    own: MemoryT
    buyer: BuyerMemory | None
    resolved: int


def believed(model: Model[MemoryT], memory: MemoryT, case: Case, p_min: int) -> Forecast:
    """A model's forecast as the contracts take it, WAD. Raises ModelError."""
    try:
        said = np.asarray(model.forecast(memory, case), dtype=np.float64)
    except Exception as error:
        raise ModelError(f"the model failed: {type(error).__name__}: {error}") from error
    if said.shape != case.odds.shape:
        raise ModelError(f"the model gave probabilities of shape {said.shape}; the question asks for {case.odds.shape}")
    try:
        return to_wad(said, p_min)
    except ForecastError as error:
        raise ModelError(f"the model gave no probabilities: {error}") from error


def taught(model: Model[MemoryT], memory: MemoryT, case: Case, outcome: int) -> MemoryT:
    """A model's memory after a question. A lesson that fails is left out, and logged: it must not stop a bot."""
    try:
        return model.learn(memory, case, outcome)
    except Exception as error:
        _log.warning("the model failed to learn from a question, left out: %s: %s", type(error).__name__, error)
        return memory


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What a model said of a question, and what it was told."""

    key: object
    memory: object
    reading: object
    forecast: Forecast


class ModelForecaster(Generic[MemoryT]):
    """Stakes on what a model believes; pays suppliers by what their signals were worth, as the stock forecaster does.

    Learner of BuyerLesson, policy over ForecasterView. With `suppliers` 0 it buys from nobody and announces nothing.
    """

    def __init__(self, model: Model[MemoryT], config: ForecasterConfig, suppliers: int) -> None:
        self.model, self.config = model, config
        self._buyer = Buyer(config.buying) if suppliers else None
        self._known: dict[int, _Known] = {}

    def start(self) -> ModelMemory[MemoryT]:
        """No question resolved."""
        return ModelMemory(
            own=self.model.start(), buyer=None if self._buyer is None else self._buyer.start(), resolved=0
        )

    def learn(self, memory: ModelMemory[MemoryT], lesson: BuyerLesson, /) -> ModelMemory[MemoryT]:
        """Let the model learn, and the buyer."""
        buyer = memory.buyer
        if self._buyer is not None and buyer is not None:
            buyer = self._buyer.learn(buyer, lesson)
        case = _case(lesson.odds, lesson.signals, lesson.reading)
        return ModelMemory(
            own=taught(self.model, memory.own, case, lesson.outcome), buyer=buyer, resolved=memory.resolved + 1
        )

    def belief(
        self,
        memory: ModelMemory[MemoryT],
        question: Question,
        signals: Sequence[Forecast | None],
        reading: Any = None,
    ) -> Forecast:
        """What the model believes, given these signals (None: not received) and reading, WAD. Raises ModelError.

        A model may be dear to ask, and a bot looks many times at a question: the same case is put to it once.
        """
        key = (question.odds, question.p_min, tuple(signals))
        known = self._known.get(question.id)
        if known is None or known.key != key or known.memory is not memory.own or not _same(known.reading, reading):
            forecast = believed(self.model, memory.own, _case(question.odds, signals, reading), question.p_min)
            known = _Known(key=key, memory=memory.own, reading=reading, forecast=forecast)
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[question.id] = known
        return known.forecast

    def act(self, view: ForecasterView[ModelMemory[Any]], /) -> list[Action]:
        """As the stock forecaster: deposit and announce between questions, commit once, reveal."""
        question, memory = view.question, view.memory
        if question is None:
            short = min(self.config.target_stake - view.bonded, view.wallet) if view.position is None else 0
            deposit: list[Action] = [Deposit(amount=short)] if short > 0 else []
            if self._buyer is None or memory.buyer is None:
                return deposit
            return [*deposit, *self._buyer.announcement(memory.buyer, view.suppliers, view.standing)]
        if question.phase is Phase.REVEAL:
            return reveal(view)
        if question.phase is not Phase.COMMIT or view.position is not None:
            return []
        if memory.resolved < self.config.min_resolved or (None in view.signals and not question.last_call):
            return []
        belief = self.belief(memory, question, view.signals, view.reading)
        wager = size_wager(
            self.config.wager, belief, question, bonded=view.bonded, free=view.free, min_wager=view.min_wager
        )
        return commit(view, self.config.seed, belief, wager)


class ModelProvider(Generic[MemoryT]):
    """Sells what a model believes. Learner of ProviderLesson, policy over ProviderView."""

    def __init__(self, model: Model[MemoryT]) -> None:
        self.model = model

    def start(self) -> MemoryT:
        """The model's own start."""
        return self.model.start()

    def learn(self, memory: MemoryT, lesson: ProviderLesson, /) -> MemoryT:
        """Let the model learn."""
        return taught(self.model, memory, _case(lesson.odds, (), lesson.reading), lesson.outcome)

    def act(self, view: ProviderView[Any], /) -> list[Action]:
        """Signal once, while commits are open."""
        question = view.question
        if question is None or question.phase is not Phase.COMMIT or view.sold:
            return []
        case = _case(question.odds, (), view.reading)
        return [Signal(question=question.id, forecast=believed(self.model, view.memory, case, question.p_min))]


def _same(one: object, other: object) -> bool:
    # Only floats are compared: of anything else nobody knows what == would say.
    return one is other or (isinstance(one, float) and isinstance(other, float) and one == other)


def _case(odds: Forecast, signals: Sequence[Forecast | None], reading: Any) -> Case:
    return Case(
        odds=to_floats(odds),
        signals=tuple(None if signal is None else to_floats(signal) for signal in signals),
        reading=reading,
    )
