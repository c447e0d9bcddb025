"""Any model that gives probabilities, as a policy: it says what it believes, the rest is done for it.

    class Halfway:                                     # between the odds and the mean of what was bought
        def start(self) -> None: ...
        def learn(self, memory: None, case: Case, outcome: int) -> None: ...
        def forecast(self, memory: None, case: Case) -> list[float]: ...

`ModelForecaster(model, config)` stakes on it, `ModelProvider(model)` sells it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from headwater_agents.policies.actions import Action, Deposit, Signal
from headwater_agents.policies.base import PolicyError
from headwater_agents.policies.buyer import Buyer, BuyerMemory
from headwater_agents.policies.forecast import Floats, Forecast, to_floats, to_wad
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A question as a model sees it.

    Attributes:
        odds: public odds, (k,), summing to 1.
        signals: forecasts that were bought, (k,) each, in the order of the suppliers; None where none came.
        reading: the agent's own raw input, None if it has none.
    """

    odds: Floats
    signals: tuple[Floats | None, ...] = ()
    reading: float | None = None


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
    """A model's forecast as the contracts take it, WAD. Raises PolicyError if it gives no probabilities."""
    said = np.asarray(model.forecast(memory, case), dtype=np.float64)
    if said.shape != case.odds.shape:
        raise PolicyError(
            f"the model gave probabilities of shape {said.shape}; the question asks for {case.odds.shape}"
        )
    return to_wad(said, p_min)


class ModelForecaster(Generic[MemoryT]):
    """Stakes on what a model believes; pays suppliers by what their signals were worth, as the stock forecaster does.

    Learner of BuyerLesson, policy over ForecasterView. With `suppliers` 0 it buys from nobody and announces nothing.
    """

    def __init__(self, model: Model[MemoryT], config: ForecasterConfig, suppliers: int) -> None:
        self.model, self.config = model, config
        self._buyer = Buyer(config.buying) if suppliers else None

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
            own=self.model.learn(memory.own, case, lesson.outcome), buyer=buyer, resolved=memory.resolved + 1
        )

    def belief(
        self,
        memory: ModelMemory[MemoryT],
        question: Question,
        signals: Sequence[Forecast | None],
        reading: float | None = None,
    ) -> Forecast:
        """What the model believes, given these signals (None: not received) and reading, WAD."""
        return believed(self.model, memory.own, _case(question.odds, signals, reading), question.p_min)

    def act(self, view: ForecasterView[ModelMemory[Any]], /) -> list[Action]:
        """As the stock forecaster: deposit and announce between questions, commit once, reveal."""
        question, memory = view.question, view.memory
        if question is None:
            short = min(self.config.target_stake - view.free, view.wallet) if view.position is None else 0
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
        return self.model.learn(memory, _case(lesson.odds, (), lesson.reading), lesson.outcome)

    def act(self, view: ProviderView[Any], /) -> list[Action]:
        """Signal once, while commits are open."""
        question = view.question
        if question is None or question.phase is not Phase.COMMIT or view.sold:
            return []
        case = _case(question.odds, (), view.reading)
        return [Signal(question=question.id, forecast=believed(self.model, view.memory, case, question.p_min))]


def _case(odds: Forecast, signals: Sequence[Forecast | None], reading: float | None) -> Case:
    return Case(
        odds=to_floats(odds),
        signals=tuple(None if signal is None else to_floats(signal) for signal in signals),
        reading=reading,
    )
