"""What aggregators and forecasters share as processes: they buy, learn, and announce who is paid."""

from __future__ import annotations

import time
from typing import Any, Final

from headwater_agents.bots.kit import Kit
from headwater_agents.bots.pantry import Pantry
from headwater_agents.bots.source import Source, read_history
from headwater_agents.bots.student import Student
from headwater_agents.bots.watch import Asked
from headwater_agents.policies import BuyerLesson

_REST_S: Final = 20.0
"""Seconds between two looks at suppliers' newest versions when nothing was resolved."""


class Buying:
    """The buying half of a role. `due()` says when it is time to see whether a new announcement is called for."""

    def __init__(self, kit: Kit, policy: Any, pantry: Pantry, source: Source) -> None:
        self.kit, self.policy, self.pantry, self.source = kit, policy, pantry, source
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

    def due(self) -> bool:
        """Whether to look at announcements now; it then counts as looked at once `looked` is called."""
        return time.monotonic() - self._looked >= _REST_S

    def looked(self) -> None:
        """Announcements are as they should be."""
        self._looked = time.monotonic()

    def _lesson(self, asked: Asked) -> BuyerLesson | None:
        if asked.outcome is None or asked.odds is None:
            return None
        return BuyerLesson(
            odds=asked.odds,
            signals=self.pantry.signals(asked.id),
            outcome=asked.outcome,
            reading=self.source.reading(asked.topic),
        )
