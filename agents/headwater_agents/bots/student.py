"""A policy's memory in a bot: rebuilt from what is on disk and on the chain, so that there is nothing to lose."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from headwater_agents.bots.watch import Asked, SeriesWatch
from headwater_agents.policies import Learner

LessonT = TypeVar("LessonT")
MemoryT = TypeVar("MemoryT")


class Student(Generic[LessonT, MemoryT]):
    """Learns each resolved question once, in the order of resolution; anew from the start if the chain took one back.

    `before` are lessons from before the series; `lesson` makes one of a resolved question, None where there is nothing
    to learn.
    """

    def __init__(
        self,
        learner: Learner[LessonT, MemoryT],
        before: Iterable[LessonT],
        lesson: Callable[[Asked], LessonT | None],
    ) -> None:
        self._learner = learner
        self._lesson = lesson
        memory = learner.start()
        for each in before:
            memory = learner.learn(memory, each)
        self._begin = memory
        self.memory = memory
        self._learnt: list[tuple[int, int | None]] = []

    def catch_up(self, watch: SeriesWatch) -> bool:
        """Learn what was resolved since; whether there was anything."""
        told = [(number, watch.questions[number].outcome) for number in watch.resolved]
        if told[: len(self._learnt)] != self._learnt:
            self.memory, self._learnt = self._begin, []
        news = told[len(self._learnt) :]
        for number, outcome in news:
            lesson = self._lesson(watch.questions[number])
            if lesson is not None:
                self.memory = self._learner.learn(self.memory, lesson)
            self._learnt.append((number, outcome))
        return bool(news)
