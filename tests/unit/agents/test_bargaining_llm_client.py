"""The client against a real endpoint on loopback: what it sends, what it refuses, when it stops."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import anyio
import numpy as np
import pytest
from starlette.responses import Response, StreamingResponse

from headwater_agents.bargaining.llm import (
    Budget,
    Came,
    Endpoint,
    EndpointError,
    Form,
    HaltedError,
    Live,
    NoAnswerError,
    Recorded,
    Replayed,
    Rules,
    Session,
    Stop,
    TraceError,
    load_trace,
    read_key,
)
from llm_cases import Script, completion, endpoint, failure

SCHEMA = {
    "type": "object",
    "properties": {
        "action": {"type": "string", "enum": ["door", "lever"]},
        "percent": {"type": "integer", "minimum": 0, "maximum": 100},
    },
    "required": ["action", "percent"],
    "additionalProperties": False,
}
LEGAL = {"action": "door", "percent": 55}
ASKED = (("system", "You play."), ("user", "What now?"))
SECRET = "sk-test-4f1d9c27"


def rules(**changes: Any) -> Rules:
    return Rules(**{"model": "m", "backoff_s": 0.001, "longest_wait_s": 0.05, **changes})


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while Asking.open:
        Asking.open.pop().close()


class Asking:
    """A session at an endpoint, with its trace; closed when the test is over."""

    open: ClassVar[list[Live]] = []

    def __init__(
        self,
        script: Script,
        *,
        most: int = 10**6,
        timeout_s: float = 5.0,
        reply_bytes: int = 262_144,
        deadline_s: float = 60.0,
        key: Any = None,
        **changes: Any,
    ) -> None:
        given = {} if key is None else {"key": key}
        where = Endpoint(url=script.url, model="m", timeout_s=timeout_s, reply_bytes=reply_bytes, **given)
        self.live = Live(where, deadline_s=deadline_s)
        self.open.append(self.live)
        self.trace = io.StringIO()
        self.budget = Budget(most)
        self.session = Session(
            Recorded(self.live, self.trace), rules(**changes), self.budget, np.random.default_rng(7), who="first"
        )

    def ask(self) -> dict[str, Any]:
        return self.session.ask(ASKED, SCHEMA, lambda answer: answer)

    def outcomes(self) -> list[Came]:
        return [entry.outcome.came for entry in load_trace(self.trace.getvalue())]


def test_an_answer_of_the_schema_is_taken_at_the_first_call() -> None:
    with endpoint(LEGAL) as script:
        asking = Asking(script)
        assert asking.ask() == LEGAL
    (body,) = script.asked
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert body["max_tokens"] == 256
    assert asking.budget.spent == 50
    assert asking.budget.uncounted == 0


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ('{"action": "door", "percent": 55', "no JSON"),
        ("I would take the door.", "no JSON"),
        ("", "empty"),
        ("[1]", "no object"),
        ({"action": "door", "percent": 140}, "140 is greater than the maximum of 100"),
        ({"action": "door", "percent": -1}, "less than the minimum"),
        ({"action": "door", "percent": 54.5}, "not of type 'integer'"),
        ({"action": "window", "percent": 5}, "'window' is not one of"),
        ({"action": "door"}, "'percent' is a required property"),
        ({**LEGAL, "note": "pay me"}, "Additional properties"),
        ('{"action": "door", "percent": 5, "percent": 6}', "stands twice"),
        ("[" * 500, "nested deeper"),
        ('{"action": "door", "percent": ' + "9" * 5_000 + "}", "no JSON"),
        ("x" * 70_000, "at most 65536"),
    ],
)
def test_an_answer_outside_the_schema_is_told_why_and_asked_for_again(said: Any, reason: str) -> None:
    with endpoint(completion(said), LEGAL) as script:
        asking = Asking(script)
        assert asking.ask() == LEGAL
    assert reason in asking.session.tally.refused[0]
    assert asking.session.tally.refused[0] in script.asked[1]["messages"][-1]["content"]
    assert script.asked[1]["messages"][-2]["role"] == "assistant"
    assert asking.session.tally.legal == 1


def test_a_model_that_never_answers_legally_is_given_up_after_the_stated_number() -> None:
    with endpoint({"action": "door", "percent": 140}) as script:
        asking = Asking(script, answers=3)
        with pytest.raises(NoAnswerError, match=r"no answer in 3 was legal.*140"):
            asking.ask()
        assert len(script.asked) == 3
        with pytest.raises(NoAnswerError):  # a later question may be asked
            asking.ask()


def test_a_reply_cut_off_by_its_limit_is_refused_even_when_it_parses() -> None:
    with endpoint(completion(LEGAL, finish="length"), LEGAL) as script:
        asking = Asking(script)
        assert asking.ask() == LEGAL
    assert "cut off" in asking.session.tally.refused[0]


def test_json_is_found_in_a_fenced_block_or_between_words() -> None:
    for said in (f"Sure!\n```json\n{json.dumps(LEGAL)}\n```\nGood luck", f"I say {json.dumps(LEGAL)}, done."):
        with endpoint(said) as script:
            assert Asking(script).ask() == LEGAL


def test_busy_failing_and_silent_endpoints_are_tried_again_a_bounded_number_of_times() -> None:
    async def slow(_: dict[str, Any]) -> str:
        await anyio.sleep(0.4)
        return "late"

    with endpoint(failure(429, retry_after="0.02"), failure(503), slow, LEGAL) as script:
        asking = Asking(script, timeout_s=0.2)
        assert asking.ask() == LEGAL
        assert asking.outcomes() == [Came.BUSY, Came.FAILED, Came.TIMEOUT, Came.REPLY]
        assert load_trace(asking.trace.getvalue())[1].call.delay_s == 0.02
    with endpoint(failure(500)) as script:
        asking = Asking(script, tries=3)
        with pytest.raises(HaltedError, match="3 calls in a row failed, the last one: failed") as stop:
            asking.ask()
        assert stop.value.stop is Stop.UNREACHABLE
        with pytest.raises(HaltedError):
            asking.ask()
        assert len(script.asked) == 3


def test_a_retry_never_waits_longer_than_the_rules_say() -> None:
    with endpoint(failure(429, retry_after="86400"), LEGAL) as script:
        asking = Asking(script, longest_wait_s=0.03)
        assert asking.ask() == LEGAL
    assert load_trace(asking.trace.getvalue())[1].call.delay_s == 0.03


def test_nobody_at_the_address_is_an_outcome_not_a_traceback() -> None:
    with endpoint(LEGAL) as script:
        pass
    asking = Asking(script, tries=2)
    with pytest.raises(HaltedError, match="no connection"):
        asking.ask()


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'{"choices": []}', b'{"choices": [{"message": 3}]}', b"[" * 3_000, b"\xff\xfe{}", b"null"],
)
def test_an_answer_that_is_no_completion_is_a_failed_call(body: bytes) -> None:
    with endpoint(lambda _: Response(body, media_type="application/json"), LEGAL) as script:
        asking = Asking(script, tries=2)
        assert asking.ask() == LEGAL
        assert asking.outcomes() == [Came.UNREADABLE, Came.REPLY]


def test_a_huge_answer_is_not_read_to_its_end() -> None:
    sent = 0

    async def flood() -> Any:
        nonlocal sent
        for _ in range(1_000):
            sent += 65_536
            yield b"x" * 65_536
            await anyio.sleep(0.001)

    for status in (200, 500):
        with endpoint(lambda _, s=status: StreamingResponse(flood(), s), LEGAL) as script:
            asking = Asking(script, reply_bytes=100_000)
            assert asking.ask() == LEGAL
            assert asking.outcomes() == [Came.UNREADABLE, Came.REPLY]
    assert sent < 2**25


def test_a_packed_answer_is_not_unpacked() -> None:
    packed = gzip.compress(b" " * 10_000_000)
    with endpoint(Response(packed, headers={"content-encoding": "gzip"}), LEGAL) as script:
        asking = Asking(script)
        assert asking.ask() == LEGAL
        assert asking.outcomes() == [Came.UNREADABLE, Came.REPLY]
        assert script.headers[0]["accept-encoding"] == "identity"


def test_a_server_that_sends_a_byte_now_and_then_is_cut_off() -> None:
    async def drip() -> Any:
        for _ in range(100):
            yield b" "
            await anyio.sleep(0.02)

    with endpoint(lambda _: StreamingResponse(drip()), LEGAL) as script:
        asking = Asking(script, timeout_s=0.2)
        assert asking.ask() == LEGAL
        assert asking.outcomes() == [Came.TIMEOUT, Came.REPLY]


def test_an_endpoint_that_does_not_count_is_charged_the_worst_case() -> None:
    for usage in (None, "many", {"prompt_tokens": -5, "completion_tokens": True}):
        with endpoint(completion(LEGAL, usage=usage)) as script:
            asking = Asking(script)
            asking.ask()
            prompt = len(json.dumps([*({"role": r, "content": t} for r, t in ASKED)]))
            assert asking.budget.spent == asking.budget.uncounted > prompt + 256


def test_a_call_that_could_pass_the_budget_is_not_made() -> None:
    with endpoint(completion(LEGAL, usage=(400, 100))) as script:
        asking = Asking(script, most=4_000)
        with pytest.raises(HaltedError, match="may cost") as stop:
            [asking.ask() for _ in range(20)]
        assert stop.value.stop is Stop.BUDGET
        assert 1 < len(script.asked) < 9
        assert len(script.asked) * 500 == asking.budget.spent <= 4_000
        assert asking.session.tally.halted.startswith("budget: the next call may cost")


def test_a_budget_of_one_token_less_than_the_worst_case_asks_nobody() -> None:
    with endpoint(LEGAL) as script:
        probe = Asking(script, most=0)
        with pytest.raises(HaltedError) as stop:
            probe.ask()
        worst = int(str(stop.value).split()[5])
        with pytest.raises(HaltedError):
            Asking(script, most=worst - 1).ask()
        assert script.asked == []
        assert Asking(script, most=worst).ask() == LEGAL


def test_an_endpoint_that_bills_more_than_a_call_can_cost_is_not_asked_again() -> None:
    with endpoint(completion(LEGAL, usage=(10**9, 10**9))) as script:
        asking = Asking(script, most=20_000)
        assert asking.ask() == LEGAL
        with pytest.raises(HaltedError, match="0 of 20000 are left"):
            asking.ask()
        assert len(script.asked) == 1


def test_after_the_deadline_nothing_is_sent_and_no_retry_outlives_it() -> None:
    with endpoint(failure(500)) as script:
        asking = Asking(script, deadline_s=0.2, backoff_s=1.0, longest_wait_s=5.0)
        with pytest.raises(HaltedError) as stop:
            asking.ask()
        assert stop.value.stop is Stop.DEADLINE
        assert len(script.asked) == 1


def test_forms_that_an_endpoint_refuses_are_left_out_from_then_on() -> None:
    def picky(body: dict[str, Any]) -> Any:
        if body.get("response_format", {}).get("type") == "json_schema":
            return failure(400, "response_format.type json_schema is not supported")
        if "response_format" in body:
            return failure(422, "unknown field response_format")
        return completion(f"Here: {json.dumps(LEGAL)}")

    with endpoint(picky) as script:
        asking = Asking(script)
        assert asking.ask() == LEGAL
        assert asking.ask() == LEGAL
    forms = [body.get("response_format", {}).get("type") for body in script.asked]
    assert forms == ["json_schema", "json_object", "json_object", None, None]
    assert "JSON Schema" in script.asked[-1]["messages"][-1]["content"]


def test_parameters_that_an_endpoint_refuses_by_name_are_left_out_or_renamed() -> None:
    def picky(body: dict[str, Any]) -> Any:
        if "max_tokens" in body:
            return failure(400, "max_tokens is not supported with this model. Use max_completion_tokens instead.")
        for name in ("temperature", "seed"):
            if name in body:
                return failure(400, f"Unsupported value: {name}")
        return completion(LEGAL)

    with endpoint(picky) as script:
        assert Asking(script).ask() == LEGAL
    assert script.asked[-1]["max_completion_tokens"] == 256
    assert script.asked[-1]["response_format"]["type"] == "json_schema"


def test_a_server_that_fails_over_the_form_is_asked_in_another() -> None:
    def picky(body: dict[str, Any]) -> Any:
        known = body["response_format"]["type"] == "json_object"
        return completion(LEGAL) if known else failure(500, "body.response_format.type: 'json_object' expected")

    with endpoint(picky) as script:
        assert Asking(script).ask() == LEGAL
        assert len(script.asked) == 2


def test_a_refused_key_halts_at_once() -> None:
    with endpoint(failure(401, "wrong key")) as script:
        with pytest.raises(HaltedError, match=r"401: .*wrong key") as stop:
            Asking(script).ask()
        assert stop.value.stop is Stop.REFUSED
        assert len(script.asked) == 1


def test_a_key_is_sent_and_shown_nowhere_even_when_the_endpoint_quotes_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HEADWATER_LLM_KEY", SECRET)
    key = read_key()
    file = tmp_path / "key"
    file.write_text(f"{SECRET}\n")
    assert read_key(file=file).reveal() == SECRET
    caplog.set_level(0)
    with endpoint(
        failure(500, f"bad key {SECRET}"), completion(f"your key is {SECRET}"), failure(403, f"no {SECRET}")
    ) as script:
        asking = Asking(script, key=key)
        with pytest.raises(HaltedError) as stop:
            asking.ask()
        assert script.headers[0]["authorization"] == f"Bearer {SECRET}"
    shown = asking.trace.getvalue() + str(stop.value) + repr(asking.session.tally) + repr(key) + caplog.text
    assert SECRET not in shown
    assert "[key]" in asking.trace.getvalue()
    assert repr(key) == "[key]"


def test_without_a_key_of_its_own_nobody_elses_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEADWATER_LLM_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("OPENAI_ADMIN_KEY", SECRET)
    with endpoint(LEGAL) as script:
        Asking(script, key=read_key()).ask()
    assert SECRET not in json.dumps(script.headers)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://host/v1", "http://"),
        ("host:8000/v1", "http://"),
        ("https:///v1", "names a host"),
        ("https://me:pass@host/v1", "no user"),
        ("https://host/v1?api-key=1", "no user, query"),
        ("http://[::1/v1", "cannot be read"),
        ("http://model.example/v1", "https only"),
    ],
)
def test_an_address_that_would_leak_or_cannot_be_asked_is_refused(
    url: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_LLM_KEY", SECRET)
    with pytest.raises(EndpointError, match=words) as refusal:
        Endpoint(url=url, model="m", key=read_key())
    assert "pass" not in str(refusal.value)


def test_a_key_that_is_none_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEADWATER_LLM_KEY", f"{SECRET} and more")
    with pytest.raises(EndpointError, match="no key") as refusal:
        read_key()
    assert SECRET not in str(refusal.value)
    with pytest.raises(EndpointError, match="cannot be read"):
        read_key(file=tmp_path / "none")
    (tmp_path / "empty").write_text(" \n")
    with pytest.raises(EndpointError, match="empty"):
        read_key(file=tmp_path / "empty")


def test_a_redirect_is_not_followed() -> None:
    with endpoint(LEGAL) as other:
        away = Response(status_code=307, headers={"location": f"{other.url}/chat/completions"})
        with endpoint(away) as script, pytest.raises(HaltedError):
            Asking(script, tries=2).ask()
        assert other.asked == []


def test_a_trace_replays_without_a_network_to_the_same_answers_retries_and_stop() -> None:
    def run(session: Session) -> list[str]:
        told = []
        for _ in range(4):
            try:
                told.append(json.dumps(session.ask(ASKED, SCHEMA, lambda answer: answer)))
            except (NoAnswerError, HaltedError) as error:
                told.append(str(error))
        return told

    with endpoint(failure(429), "nonsense", LEGAL, {"action": "door", "percent": 140}) as script:
        asking = Asking(script, most=60_000)
        first = run(asking.session)
    link = Replayed(load_trace(asking.trace.getvalue()))
    budget = Budget(60_000)
    again = Session(link, rules(), budget, np.random.default_rng(7), who="first")
    assert run(again) == first
    link.finish()
    assert again.tally == asking.session.tally
    assert budget.spent == asking.budget.spent


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"asked": (("system", "You play."), ("user", "What then?"))},
            r'request.messages\[1\].content was "What now\?"',
        ),
        ({"seed": 8}, "request.seed was"),
        ({"model": "other"}, 'request.model was "m", is "other"'),
        ({"who": "second"}, "who was"),
        ({"schema": {"type": "object"}}, "request.response_format.json_schema.schema"),
    ],
)
def test_a_trace_refuses_a_run_that_asks_anything_else(changes: dict[str, Any], words: str) -> None:
    with endpoint(LEGAL) as script:
        asking = Asking(script)
        asking.ask()
    link = Replayed(load_trace(asking.trace.getvalue()))
    settings = rules(model=changes.get("model", "m"))
    seed = np.random.default_rng(changes.get("seed", 7))
    session = Session(link, settings, Budget(10**6), seed, who=changes.get("who", "first"))
    with pytest.raises(TraceError, match=words):
        session.ask(changes.get("asked", ASKED), changes.get("schema", SCHEMA), lambda answer: answer)
    with pytest.raises(TraceError, match="the run made 0 calls, and the trace holds 1"):
        link.finish()


def test_a_trace_that_ends_early_or_is_broken_is_refused_with_its_line(tmp_path: Path) -> None:
    with endpoint(LEGAL) as script:
        asking = Asking(script)
        asking.ask()
    text = asking.trace.getvalue()
    session = Session(Replayed(load_trace(text)), rules(), Budget(10**6), np.random.default_rng(7), who="first")
    session.ask(ASKED, SCHEMA, lambda answer: answer)
    with pytest.raises(TraceError, match="ends after 1 calls"):
        session.ask(ASKED, SCHEMA, lambda answer: answer)
    head, call = text.splitlines(keepends=True)
    for broken, words in (
        ("", "empty"),
        (head + call[:-20], "line 2 of the trace is cut off"),
        (head + "{}\n", "line 2.*who, delay_s"),
        (head.replace(": 1", ": 2").replace(":1", ":2") + call, "no trace of version"),
        (head + call.replace('"came":"reply"', '"came":"sung"'), "line 2.*sung"),
        (head + call.replace('"prompt_tokens":40', '"prompt_tokens":-40'), "no count"),
        (head + "[" * 99 + "\n", "nested deeper"),
    ):
        with pytest.raises(TraceError, match=words):
            load_trace(broken)
    with pytest.raises(TraceError, match="cannot be read"):
        load_trace(tmp_path / "none.jsonl")
    kept = tmp_path / "kept.jsonl"
    kept.write_text("mine")
    with pytest.raises(TraceError, match="cannot be written"):
        Recorded(Replayed([]), kept)
    assert kept.read_text() == "mine"


def test_settings_out_of_bounds_are_refused() -> None:
    for changes in ({"answers": 0}, {"tries": 21}, {"reply_tokens": 0}, {"temperature": 3.0}, {"backoff_s": -1.0}):
        with pytest.raises(EndpointError):
            rules(**changes)
    with pytest.raises(EndpointError):
        Budget(-1)
    assert rules(form=Form.TEXT).form is Form.TEXT
