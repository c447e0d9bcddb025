"""Which hidden tests a program passes: asked in the sandbox, judged here, remembered by the hash of its source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from hashlib import sha256

from headwater_agents.games.software.sandbox import Answer, Call, Limits, Outcome, run
from headwater_agents.games.software.specification import HiddenTest, Specification, bundled, canonical


@dataclass(frozen=True)
class Score:
    """A program's verdicts in the order of the specification's tests, the weighted part that passed, how it ended."""

    passed: tuple[bool, ...]
    fraction: Fraction
    end: str


class Judge:
    """Runs each program once, however often it is asked for. Holds one score a program for as long as it lives."""

    def __init__(self, specification: Specification, limits: Limits | None = None) -> None:
        self.specification = specification
        self._limits = limits or Limits()
        self._calls = [Call(test.function, test.arguments, test.check) for test in specification.tests]
        self._scores: dict[str, Score] = {}

    def score(self, source: str) -> Score:
        """One program's score. Raises SoftwareError: longer than a program may be, or no sandbox."""
        return self.scores([source])[0]

    def scores(self, sources: Iterable[str]) -> list[Score]:
        """Many programs' scores: those not known yet run in one batch. Raises what `score` raises."""
        by_hash = [(source_hash(source), source) for source in sources]
        new = {digest: source for digest, source in by_hash if digest not in self._scores}
        for digest, outcome in zip(new, run(list(new.values()), self._calls, self._limits), strict=True):
            self._scores[digest] = self._judged(outcome)
        return [self._scores[digest] for digest, _ in by_hash]

    def knows(self, source: str) -> bool:
        """Whether this program has run."""
        return source_hash(source) in self._scores

    @property
    def programs(self) -> int:
        """How many different programs have run."""
        return len(self._scores)

    def _judged(self, outcome: Outcome) -> Score:
        tests = self.specification.tests
        passed = tuple(_passes(test, answer) for test, answer in zip(tests, outcome.answers, strict=True))
        return Score(passed, self.specification.fraction(passed), outcome.end)


def source_hash(source: str) -> str:
    """SHA-256 of a program's text, hex."""
    return sha256(source.encode()).hexdigest()


@cache
def judge_of(name: str) -> Judge:
    """The one judge of a bundled specification in this process: games and credits share what it knows."""
    return Judge(bundled(name))


def _passes(test: HiddenTest, answer: Answer) -> bool:
    wanted = "error" if test.check == "error" else "value"
    return answer.kind == wanted and canonical(answer.content) == test.expect
