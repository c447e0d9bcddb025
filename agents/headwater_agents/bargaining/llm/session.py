"""A session with a model: asks for an answer of a schema, says what was wrong with one, and knows when to stop."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, TypeVar

import numpy as np

from headwater_agents.bargaining.llm.answers import read_answer
from headwater_agents.bargaining.llm.budget import Budget
from headwater_agents.bargaining.llm.calls import Call, Came, Form, Link, Outcome, body_of, worst_prompt
from headwater_agents.bargaining.llm.errors import EndpointError, HaltedError, NoAnswerError, Stop
from headwater_agents.bargaining.llm.spelling import Spelling

T = TypeVar("T")

_QUOTED: Final = 600
_SEEDS: Final = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a session asks.

    Attributes:
        model: name the endpoint knows the model by.
        answers: most answers that are read for one question; each refused one is told why.
        tries: most calls in a row that may fail (429, 5xx, timeout, connection) before the session stops.
        reply_tokens: longest reply, tokens.
        temperature: of sampling; None leaves it to the endpoint.
        seeded: whether calls carry a seed (an endpoint may ignore it).
        backoff_s: seconds before the first retry; twice as long before each further one.
        longest_wait_s: most seconds a retry waits, whatever the endpoint asks for.
        form: the first way to ask for JSON; further ones are tried when it is refused.
    """

    model: str
    answers: int = 3
    tries: int = 4
    reply_tokens: int = 256
    temperature: float | None = 0.0
    seeded: bool = True
    backoff_s: float = 0.5
    longest_wait_s: float = 30.0
    form: Form = Form.SCHEMA

    def __post_init__(self) -> None:
        for name, low, high in (("answers", 1, 10), ("tries", 1, 20), ("reply_tokens", 1, 65_536)):
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise EndpointError(f"{name} must be {low} to {high}, not {value}")
        if self.temperature is not None and not 0 <= self.temperature <= 2:
            raise EndpointError("temperature must be 0 to 2, or none")
        if not 0 <= self.backoff_s <= self.longest_wait_s <= 3_600:
            raise EndpointError("0 ≤ backoff_s ≤ longest_wait_s ≤ 3600 must hold")


@dataclass(slots=True)
class Tally:
    """What a session did: questions asked, calls made, answers that were legal, refused with why, calls that failed."""

    questions: int = 0
    calls: int = 0
    legal: int = 0
    refused: list[str] = field(default_factory=list)
    failed: int = 0
    halted: str = ""


class Session:
    """One agent's talk with a model over a link and within a budget; deterministic in its generator and the answers."""

    def __init__(self, link: Link, rules: Rules, budget: Budget, rng: np.random.Generator, *, who: str) -> None:
        self.budget = budget
        self.tally = Tally()
        self._link = link
        self._rules = rules
        self._rng = rng
        self._who = who
        self._spelling = Spelling(form=rules.form, seeded=rules.seeded, warm=rules.temperature is not None)
        self._halted: HaltedError | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """Rules and budget, as JSON."""
        return {**asdict(self._rules), "form": self._rules.form.value, "budget": self.budget.most}

    def ask(
        self, messages: Sequence[tuple[str, str]], schema: Mapping[str, Any], check: Callable[[dict[str, Any]], T]
    ) -> T:
        """An answer that `schema` admits and `check` accepts.

        Args:
            messages: (role, text) pairs.
            schema: JSON Schema of the answer, an object.
            check: makes the answer into what is wanted; raises NoAnswerError with a reason to tell the model.

        Raises:
            NoAnswerError: no answer was accepted, as often as the rules let the model try.
            HaltedError: budget, deadline or endpoint ended the session; every later question raises the same.
        """
        self.tally.questions += 1
        said = list(messages)
        reason = ""
        for _ in range(self._rules.answers):
            outcome = self._reply(said, schema)
            try:
                if outcome.finish == "length":
                    raise NoAnswerError(f"the reply was cut off after {self._rules.reply_tokens} tokens")
                accepted = check(read_answer(outcome.text, schema))
            except NoAnswerError as error:
                reason = str(error)
                self.tally.refused.append(reason)
                said = [*messages, ("assistant", outcome.text[:_QUOTED]), ("user", _told(reason, schema))]
                continue
            self.tally.legal += 1
            return accepted
        raise NoAnswerError(f"no answer in {self._rules.answers} was legal; the last one: {reason}")

    def _reply(self, said: Sequence[tuple[str, str]], schema: Mapping[str, Any]) -> Outcome:
        """What the model says, after as many failures as are allowed. Raises HaltedError."""
        failures = 0
        delay = 0.0
        while True:
            outcome = self._call(said, schema, delay)
            if outcome.came is Came.REPLY:
                return outcome
            if outcome.came is Came.DEADLINE:
                self._halt(Stop.DEADLINE, outcome.text)
            self.tally.failed += 1
            if self._spelling.simplify(outcome):
                delay = 0.0
                continue
            if outcome.came is Came.REFUSED:
                self._halt(Stop.REFUSED, f"the endpoint refuses the call with {outcome.status}: {outcome.text}")
            failures += 1
            if failures >= self._rules.tries:
                self._halt(
                    Stop.UNREACHABLE,
                    f"{failures} calls in a row failed, the last one: {outcome.came.value} {outcome.text}".rstrip(),
                )
            delay = self._wait(outcome, failures)

    def _call(self, said: Sequence[tuple[str, str]], schema: Mapping[str, Any], delay: float) -> Outcome:
        if self._halted is not None:
            raise HaltedError(self._halted.stop, str(self._halted))
        body = body_of(
            model=self._rules.model,
            messages=self._spelling.messages(said, schema),
            schema=schema,
            form=self._spelling.form,
            limit_name=self._spelling.limit_name,
            limit=self._rules.reply_tokens,
            temperature=self._rules.temperature if self._spelling.warm else None,
            seed=int(self._rng.integers(_SEEDS)) if self._spelling.seeded else None,
        )
        worst = worst_prompt(body)
        try:
            self.budget.admit(worst + self._rules.reply_tokens)
        except HaltedError as stop:
            self._halt(stop.stop, str(stop))
        outcome = self._link.send(Call(who=self._who, body=body, delay_s=delay))
        self.tally.calls += outcome.came is not Came.DEADLINE
        self.budget.charge(outcome, prompt=worst, reply=self._rules.reply_tokens)
        return outcome

    def _wait(self, outcome: Outcome, failures: int) -> float:
        own = self._rules.backoff_s * 2.0 ** (failures - 1)
        return min(self._rules.longest_wait_s, own if outcome.wait_s is None else max(outcome.wait_s, 0.0))

    def _halt(self, stop: Stop, text: str) -> None:
        self._halted = HaltedError(stop, text)
        self.tally.halted = f"{stop.value}: {text}"
        raise self._halted


def _told(reason: str, schema: Mapping[str, Any]) -> str:
    shape = json.dumps(schema)
    return f"That answer was refused: {reason}. Answer again, with one JSON object of this schema alone: {shape}"
