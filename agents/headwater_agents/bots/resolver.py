"""The resolver's process: opens a series' questions one after the other, posts their odds, says what happened."""

from __future__ import annotations

from headwater.chain.system import Times
from headwater.twin import count_outcome, frequency_odds
from headwater.units import WAD
from headwater_agents.bots.kit import Kit
from headwater_agents.bots.source import Source, read_history
from headwater_agents.bots.student import Student
from headwater_agents.bots.watch import Asked
from headwater_agents.policies import OutcomeLesson


class Frequencies:
    """Exponentially forgotten counts of outcomes, as a series without a feed would keep them. Learner of outcomes."""

    def __init__(self, outcomes: int, forgetting: int) -> None:
        self._outcomes, self._forgetting = outcomes, forgetting

    def start(self) -> tuple[int, ...]:
        """Nothing counted."""
        return (0,) * self._outcomes

    def learn(self, memory: tuple[int, ...], lesson: OutcomeLesson, /) -> tuple[int, ...]:
        """Count one more."""
        return tuple(count_outcome(list(memory), lesson.outcome, self._forgetting))


class ResolverRole:
    """Opener and oracle of one series, and its feed if the series names it.

    Which days were asked about already, it reads from the questions' topics. As the feed it posts the frequencies of
    outcomes so far, those of its history included.
    """

    def __init__(self, kit: Kit, source: Source) -> None:
        self._kit, self._source = kit, source
        counts = Frequencies(kit.params.outcomes, kit.config.questions.forgetting)
        before = [OutcomeLesson(odds=past.odds, outcome=past.outcome) for past in read_history(kit.config)]
        self._counts: Student[OutcomeLesson, tuple[int, ...]] = Student(counts, before, _outcome)

    def tick(self, now: int) -> None:
        """Post odds, resolve what can be resolved; open the next question when none is open."""
        settings = self._kit.config.questions
        self._counts.catch_up(self._kit.watch)
        asked = list(self._kit.watch.questions.values())
        open_ones = [each for each in asked if not each.over(now)]
        for each in open_ones:
            if each.over_from is not None:
                continue
            if each.odds is None:
                self._post(each, now)
            elif now >= each.times.resolve_after:
                self._resolve(each)
        days = {int.from_bytes(each.topic, "big") for each in asked}
        done = len(days)
        if open_ones or self._kit.draining or done >= settings.questions:
            return
        self._open(max(days, default=settings.first_day - 1) + 1, now)

    def _post(self, asked: Asked, now: int) -> None:
        kit, start = self._kit, asked.times.commit_start
        if now >= start:
            kit.me.expire(asked.id)
            kit.log.warning("expire", question=asked.id, why="its odds were not posted in time")
            return
        odds = frequency_odds(list(self._counts.memory), kit.config.questions.smoothing, kit.params.p_min)
        with kit.backend.until(start):
            kit.me.post_odds(asked.id, odds)
        kit.log.info("odds", question=asked.id, odds=[value / WAD for value in odds])

    def _resolve(self, asked: Asked) -> None:
        kit = self._kit
        outcome = self._source.outcome(asked.topic)
        if outcome is None:
            kit.me.void(asked.id)
            kit.log.warning("void", question=asked.id, why="the source knows no outcome")
        else:
            kit.me.resolve(asked.id, outcome)
            kit.log.info("resolve", question=asked.id, outcome=outcome)

    def _open(self, day: int, now: int) -> None:
        kit, settings = self._kit, self._kit.config.questions
        start = now + settings.lead
        reveals = start + settings.commit
        event = reveals + settings.reveal
        times = Times(
            commit_start=start,
            commit_end=reveals,
            reveal_end=event,
            event_start=event,
            resolve_after=event + settings.rest,
        )
        with kit.backend.until(start):
            number = kit.me.open_question(kit.watch.series, times, day.to_bytes(32, "big"))
        kit.log.info("open", question=number, day=day, commit_end=reveals)


def _outcome(asked: Asked) -> OutcomeLesson | None:
    return None if asked.outcome is None else OutcomeLesson(odds=asked.odds or (), outcome=asked.outcome)
