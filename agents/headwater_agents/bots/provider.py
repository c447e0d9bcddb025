"""The provider's process: a signed forecast of every question, for sale while commits are open."""

from __future__ import annotations

from typing import Any, Final

from headwater_agents.bots.kit import Kit
from headwater_agents.bots.shop import Shop
from headwater_agents.bots.source import Source, read_history
from headwater_agents.bots.student import Student
from headwater_agents.bots.watch import Asked
from headwater_agents.policies import Phase, ProviderLesson, ProviderView, Signal

_LAST_CALL_BPS: Final = 5_000  # later, and the buyers' buyers could not use it


class ProviderRole:
    """Runs a policy over ProviderView that learns from ProviderLesson."""

    def __init__(self, kit: Kit, policy: Any, source: Source, shop: Shop) -> None:
        self._kit, self._policy, self._source, self._shop = kit, policy, source, shop
        before = [
            ProviderLesson(odds=past.odds, reading=past.reading, outcome=past.outcome)
            for past in read_history(kit.config)
            if past.reading is not None
        ]
        self._student: Student[ProviderLesson, Any] = Student(policy, before, self._lesson)

    def _lesson(self, asked: Asked) -> ProviderLesson | None:
        reading = self._source.reading(asked.topic)
        if reading is None or asked.odds is None or asked.outcome is None:
            return None
        return ProviderLesson(odds=asked.odds, reading=reading, outcome=asked.outcome)

    def tick(self, now: int) -> None:
        """Learn what was resolved; put up a signal for every question that has none."""
        self._student.catch_up(self._kit.watch)
        self._shop.resolved(self._kit.watch)
        for asked, phase in self._kit.live(now):
            if phase is not Phase.COMMIT or self._shop.has(asked.id):
                continue
            self._shop.expect(asked)
            view = ProviderView(
                question=self._kit.question(asked, phase, now, _LAST_CALL_BPS),
                reading=self._source.reading(asked.topic),
                sold=False,
                memory=self._student.memory,
            )
            for action in self._policy.act(view):
                if isinstance(action, Signal):
                    self._shop.publish(asked, action.forecast, now)
