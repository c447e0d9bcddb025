"""A series as a bot sees it: its questions and what became of them, read from events and kept up to date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from headwater.chain import Backend, Event, Log
from headwater.chain.system import STATUS, System, Times
from headwater_agents.policies import Forecast, Phase

OVERLAP: Final = 24
"""Blocks that are read again at every look: a reorganisation no deeper than this is noticed."""

_SPAN: Final = 10_000  # blocks asked for at once, which most nodes allow


@dataclass(frozen=True, kw_only=True, slots=True)
class Committed:
    """A commitment as the chain has it: the hash, wager (wei), and the version it is bound to."""

    commitment: bytes
    wager: int
    version: int


@dataclass(kw_only=True, slots=True)
class Asked:
    """A question of the series. `opened` is the block it was opened in, `odds` (WAD) None until they stand.

    `outcome` is None unless it is resolved. `over_from` is the time (seconds) from which positions can be settled, None
    while nobody can tell: 0 when it is resolved or void, its reveal_end when it was voided after commits had closed,
    for until then reveals still count. Positions are by forecaster.
    """

    id: int
    times: Times
    topic: bytes
    opened: int
    odds: Forecast | None = None
    capacity: int = 0
    outcome: int | None = None
    over_from: int | None = None
    committed: dict[str, Committed] = field(default_factory=dict)
    revealed: set[str] = field(default_factory=set)
    settled: set[str] = field(default_factory=set)

    def phase(self, now: int) -> Phase | None:
        """Where it stands at a time (seconds); None before commits open and when it is over."""
        if self.over(now) or self.odds is None or now < self.times.commit_start:
            return None
        if now < self.times.commit_end:
            return Phase.COMMIT
        return Phase.REVEAL if now < self.times.reveal_end else Phase.CLOSED

    def over(self, now: int) -> bool:
        """Whether it is resolved or void, with effect."""
        return self.over_from is not None and now >= self.over_from

    def unsettled(self, now: int) -> list[str]:
        """Forecasters whose positions can be settled."""
        return [who for who in self.committed if who not in self.settled] if self.over(now) else []


class SeriesWatch:
    """Follows one series of a deployment. `refresh` reads what is new.

    Every look reads the last OVERLAP blocks again. If anything in them has changed, the chain was reorganised, and all
    is read anew. Questions stand in order of opening.
    """

    def __init__(self, system: System, series: int, *, from_block: int = 0) -> None:
        self._system = system
        self.series = series
        self._from = from_block
        self._forget()

    def _forget(self) -> None:
        self.questions: dict[int, Asked] = {}
        self.resolved: list[int] = []
        self._next = self._from
        self._recent: dict[tuple[int, int], Log] = {}

    def refresh(self, head: int) -> bool:
        """Read up to block `head`; whether what was known before has changed (a reorganisation)."""
        backend, start = self._system.backend, max(self._from, self._next - OVERLAP)
        again = _placed(self._logs(backend, start, min(self._next - 1, head)))
        known = {key: log for key, log in self._recent.items() if key[0] >= start}
        changed = head < self._next - 1 or again != known
        if changed:
            self._forget()
        self._recent = {} if changed else known
        while self._next <= head:
            last = min(self._next + _SPAN - 1, head)
            logs = self._logs(backend, self._next, last)
            self._recent |= _placed(log for log in logs if log.block_number > head - OVERLAP)
            self._take(self._system.arena.decode(logs))
            self._next = last + 1
        return changed

    def _logs(self, backend: Backend, first: int, last: int) -> list[Log]:
        return backend.get_logs(self._system.arena.address, (), first, last) if first <= last else []

    def _take(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.name == "QuestionOpened":
                if event["series"] == self.series:
                    times = Times(**event["times"]._asdict())
                    self.questions[event["question"]] = Asked(
                        id=event["question"], times=times, topic=event["topic"], opened=event.block_number
                    )
                continue
            asked = self.questions.get(event.args.get("question", -1))
            if asked is None:
                continue
            match event.name:
                case "OddsSet":
                    asked.odds, asked.capacity = tuple(event["odds"]), event["capacity"]
                case "Committed":
                    asked.committed[event["forecaster"]] = Committed(
                        commitment=event["commitment"], wager=event["wager"], version=event["version"]
                    )
                case "Revealed":
                    asked.revealed.add(event["forecaster"])
                case "Resolved":
                    asked.outcome, asked.over_from = event["outcome"], 0
                    self.resolved.append(asked.id)
                case "Voided":
                    late = STATUS[event["status"]] == "void late"
                    asked.over_from = asked.times.reveal_end if late else 0
                case "Settled":
                    asked.settled.add(event["forecaster"])


def _placed(logs: Iterable[Log]) -> dict[tuple[int, int], Log]:
    """Logs by where they stand: block and index."""
    return {(log.block_number, log.log_index): log for log in logs}
