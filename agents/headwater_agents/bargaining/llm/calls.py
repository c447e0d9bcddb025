"""One call to a model and what came of it, as data: what a client sends, a trace records and a replay answers from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

from headwater_agents.bargaining.llm.errors import TraceError

_MESSAGE_TOKENS: Final = 16
_CALL_TOKENS: Final = 64


class Form(StrEnum):
    """How a call asks for JSON. Endpoints know different ones; the first that is not refused is kept."""

    SCHEMA = "json_schema"
    """`response_format` of type json_schema, strict: what the API's definition says."""
    OBJECT_SCHEMA = "json_object with schema"
    """Type json_object with the schema beside it: llama.cpp's server and some others."""
    OBJECT = "json_object"
    """Type json_object; the schema stands in the prompt."""
    TEXT = "text"
    """Nothing is asked of the endpoint; the schema stands in the prompt, and JSON is looked for in the reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is sent: `body` as JSON, after `delay_s` seconds, in the name of `who` (recorded, not sent)."""

    who: str
    body: dict[str, Any]
    delay_s: float = 0.0


class Came(StrEnum):
    """What came of a call."""

    REPLY = "reply"
    BUSY = "busy"  # 429
    FAILED = "failed"  # 408, 409, 5xx
    REFUSED = "refused"  # any other status
    TIMEOUT = "timeout"
    BROKEN = "broken"  # no connection, or one that ended early
    UNREADABLE = "unreadable"  # an answer that is no chat completion, or too long
    DEADLINE = "deadline"  # not sent: the run's time is over


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came back.

    Attributes:
        came: the kind.
        text: the model's words, or the error's.
        prompt_tokens: as the endpoint counts them; None when it did not say.
        reply_tokens: likewise.
        finish: why the model stopped, in the endpoint's words ("stop", "length").
        model: who answered, in the endpoint's words.
        status: of HTTP; 0 when there was none.
        wait_s: seconds the endpoint asks to wait before the next try; None when it did not say.
        latency_ms: milliseconds from sending to the end of the answer.
    """

    came: Came
    text: str = ""
    prompt_tokens: int | None = None
    reply_tokens: int | None = None
    finish: str = ""
    model: str = ""
    status: int = 0
    wait_s: float | None = None
    latency_ms: int = 0

    @property
    def maybe_billed(self) -> bool:
        """Whether the model may have worked: all but a status that says it did not, and what was never sent."""
        return self.came in (Came.REPLY, Came.TIMEOUT, Came.BROKEN, Came.UNREADABLE)

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return {**asdict(self), "came": self.came.value}

    @staticmethod
    def from_json(fields: object) -> Outcome:
        """From `to_json`. Raises TraceError."""
        try:
            if not isinstance(fields, dict):
                raise TypeError("no object")
            outcome = Outcome(**{**fields, "came": Came(fields["came"])})
            outcome._check()
        except (TypeError, ValueError, KeyError) as error:
            raise TraceError(f"no outcome of a call: {error}") from None
        return outcome

    def _check(self) -> None:
        for name in ("text", "finish", "model"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"{name} is no text")
        for name in ("prompt_tokens", "reply_tokens", "status", "latency_ms"):
            count = getattr(self, name)
            if not (count is None or (type(count) is int and count >= 0)):
                raise TypeError(f"{name} is no count")
        if not (self.wait_s is None or type(self.wait_s) in (int, float)):
            raise TypeError("wait_s is no number")


class Link(Protocol):
    """Whoever answers calls: a live endpoint, a recording of one, or a trace."""

    def send(self, call: Call) -> Outcome:
        """Answer a call; failures of the endpoint are outcomes, not exceptions."""
        ...


def body_of(
    *,
    model: str,
    messages: tuple[tuple[str, str], ...],
    schema: Mapping[str, Any],
    form: Form,
    limit_name: str,
    limit: int,
    temperature: float | None,
    seed: int | None,
) -> dict[str, Any]:
    """The body of a chat completion: roles and texts of the messages, the reply at most `limit` tokens long."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": role, "content": text} for role, text in messages],
        limit_name: limit,
    }
    if temperature is not None:
        body["temperature"] = temperature
    if seed is not None:
        body["seed"] = seed
    if form is Form.SCHEMA:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": _plain(schema)},
        }
    elif form is Form.OBJECT_SCHEMA:
        body["response_format"] = {"type": "json_object", "schema": dict(schema)}
    elif form is Form.OBJECT:
        body["response_format"] = {"type": "json_object"}
    return body


def _plain(schema: Any) -> Any:
    """A schema without lengths of texts, which the API's strict form refuses; they are checked on our side anyway."""
    if isinstance(schema, Mapping):
        return {key: _plain(value) for key, value in schema.items() if key not in ("maxLength", "minLength")}
    return [_plain(each) for each in schema] if isinstance(schema, list | tuple) else schema


def worst_prompt(body: Mapping[str, Any]) -> int:
    """Most tokens the prompt of `body` can have: one for each byte of it and of its schema, and what frames messages.

    A tokeniser over bytes, such as today's models have, never makes more tokens than bytes.
    """
    told = [body["messages"], body.get("response_format")]
    return len(json.dumps(told, ensure_ascii=False).encode()) + _MESSAGE_TOKENS * len(body["messages"]) + _CALL_TOKENS
