"""What aggregators and forecasters share as processes: they buy, learn, and announce who is paid."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from headwater_agents.bots.accounting import Accountant
from headwater_agents.bots.kit import Kit
from headwater_agents.bots.pantry import Pantry
from headwater_agents.bots.source import Source, read_history
from headwater_agents.bots.student import Student
from headwater_agents.bots.watch import Asked
from headwater_agents.policies import BuyerLesson, Forecast, Phase, Question

_REST_S: Final = 20.0
"""Seconds between two looks at suppliers' newest versions when nothing was resolved."""


class Buying:
    """The buying half of a role. `due()` says when it is time to see whether a new announcement is called for.

    `income` is what a question brought a bot that does not wager (wei), by its number.
    """

    def __init__(
        self,
        kit: Kit,
        policy: Any,
        pantry: Pantry,
        source: Source,
        income: Callable[[int], int] | None = None,
    ) -> None:
        self.kit, self.policy, self.pantry, self.source = kit, policy, pantry, source
        self._accountant = Accountant(kit, pantry, income)
        before = [
            BuyerLesson(
                odds=past.odds,
                signals=tuple(past.signals.get(agent) for agent in pantry.suppliers),
                outcome=past.outcome,
                reading=past.reading,
            )
            for past in read_history(kit.config)
        ]
        self._student: Student[BuyerLesson, Any] = Student(policy, before, self._lesson)
        self._looked = float("-inf")

    @property
    def memory(self) -> Any:
        """What the policy has learnt."""
        return self._student.memory

    def catch_up(self) -> None:
        """Learn what was resolved."""
        if self._student.catch_up(self.kit.watch):
            self._looked = float("-inf")
            self._accountant.publish()

    def due(self) -> bool:
        """Whether to look at announcements now; it then counts as looked at once `looked` is called."""
        return time.monotonic() - self._looked >= _REST_S

    def looked(self, now: int) -> None:
        """Announcements are as they should be at chain time `now`: time to ask for what is still owed to this bot."""
        self._looked = time.monotonic()
        self.pantry.finish(now)

    def _lesson(self, asked: Asked) -> BuyerLesson | None:
        if asked.outcome is None or asked.odds is None:
            return None
        signals, reading = self.pantry.signals(asked.id), self.source.reading(asked.topic)
        if hasattr(self.policy, "belief"):
            # Before the lesson is learnt: what the forecast was made with.
            believe = partial(self._believe, self.kit.question(asked, Phase.CLOSED, 0, 0), reading)
            self._accountant.credit(asked, believe)
        return BuyerLesson(odds=asked.odds, signals=signals, outcome=asked.outcome, reading=reading)

    def _believe(self, question: Question, reading: float | None, signals: Sequence[Forecast | None]) -> Forecast:
        return tuple(self.policy.belief(self.memory, question, signals, reading))
