"""A live endpoint: one call over the network by the `openai` client, its answer bounded in bytes and in time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from headwater import safejson
from headwater_agents.bargaining.llm.calls import Call, Came, Outcome
from headwater_agents.bargaining.llm.errors import EndpointError
from headwater_agents.bargaining.llm.keys import Endpoint

if TYPE_CHECKING:
    import httpx2
    import openai

_SHOWN: Final = 400
_RETRIED: Final = (408, 409)


class Live:
    """Asks an endpoint until `deadline_s` seconds from now are over; use it as a context, or `close` it.

    Failures are outcomes. Retrying is the session's: the client's own retries are off, or a trace would miss them.
    """

    def __init__(self, endpoint: Endpoint, *, deadline_s: float = 600.0) -> None:
        if not 0 < deadline_s <= 86_400:
            raise EndpointError("deadline_s must be above 0 and at most 86400 seconds")
        self._endpoint = endpoint
        self._end = time.monotonic() + deadline_s
        self._call_end = self._end
        self._client: openai.OpenAI | None = None

    def send(self, call: Call) -> Outcome:
        """Wait as long as the call says, then make it."""
        left = self._end - time.monotonic()
        if call.delay_s >= left:
            return Outcome(came=Came.DEADLINE, text="the time for the run is over")
        if call.delay_s > 0:
            time.sleep(call.delay_s)
        client = self._open()  # importing takes its time: before the clock of the call
        began = time.monotonic()
        self._call_end = min(began + self._endpoint.timeout_s, self._end)
        if began >= self._end:
            return Outcome(came=Came.DEADLINE, text="the time for the run is over")
        outcome = self._ask(client, call.body, self._call_end - began)
        hide = self._endpoint.key.hide
        return Outcome(
            came=outcome.came,
            text=hide(outcome.text),
            prompt_tokens=outcome.prompt_tokens,
            reply_tokens=outcome.reply_tokens,
            finish=hide(outcome.finish),
            model=hide(outcome.model),
            status=outcome.status,
            wait_s=outcome.wait_s,
            latency_ms=int((time.monotonic() - began) * 1_000),
        )

    def close(self) -> None:
        """Let go of connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def __enter__(self) -> Live:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> openai.OpenAI:
        if self._client is None:
            import httpx2
            import openai

            # A proxy is for the world outside; a redirect would carry the prompt to somebody nobody named.
            http = httpx2.Client(
                trust_env=not self._endpoint.local,
                verify=self._endpoint.url.startswith("https"),  # certificates take a while to load, and http has none
                follow_redirects=False,
                event_hooks={"response": [self._bound]},
                headers={"accept-encoding": "identity"},
            )
            self._client = openai.OpenAI(
                api_key=self._endpoint.key.reveal(), base_url=self._endpoint.url, max_retries=0, http_client=http
            )
        return self._client

    def _bound(self, response: httpx2.Response) -> None:
        from headwater_agents.bargaining.llm.bounded import Bounded

        # None was asked for, and nobody bounds what a few bytes unpack to: they are read as they are, and refused.
        response.headers.pop("content-encoding", None)
        response.stream = Bounded(response.stream, self._endpoint.reply_bytes, self._call_end)

    def _ask(self, client: openai.OpenAI, body: dict[str, Any], seconds: float) -> Outcome:
        import httpx2
        import openai

        from headwater_agents.bargaining.llm.bounded import TooLongError

        try:
            reply = client.post("/chat/completions", cast_to=httpx2.Response, body=body, options={"timeout": seconds})
            return _completion(reply.text)
        except openai.APITimeoutError:
            return Outcome(came=Came.TIMEOUT, text="no answer in time")
        except openai.APIStatusError as error:
            return _status(error)
        except openai.APIConnectionError as error:
            cause = error.__cause__
            if isinstance(cause, TooLongError):
                return Outcome(came=Came.UNREADABLE, text=str(cause))
            return Outcome(came=Came.BROKEN, text=f"no connection: {type(cause or error).__name__}")
        except TooLongError as error:
            return Outcome(came=Came.UNREADABLE, text=str(error))
        except (openai.OpenAIError, UnicodeError) as error:
            return Outcome(came=Came.UNREADABLE, text=_shown(str(error)))


def _status(error: openai.APIStatusError) -> Outcome:
    status = error.status_code
    if status == 429:
        came = Came.BUSY
    elif status >= 500 or status in _RETRIED:
        came = Came.FAILED
    else:
        came = Came.REFUSED
    return Outcome(came=came, text=_shown(error.message), status=status, wait_s=_wait(error.response.headers))


def _wait(headers: httpx2.Headers) -> float | None:
    for name, divisor in (("retry-after-ms", 1_000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) / divisor
        except (KeyError, ValueError):  # a date: the session's own backoff serves as well
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None


def _completion(text: str) -> Outcome:
    try:
        reply = safejson.loads(text)
        choice = reply["choices"][0]
        content = choice["message"]["content"]
    except (ValueError, RecursionError, TypeError, LookupError):
        return Outcome(came=Came.UNREADABLE, text=f"no chat completion: {_shown(text)}", status=200)
    usage = reply.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return Outcome(
        came=Came.REPLY,
        text=content if isinstance(content, str) else "",
        prompt_tokens=_count(usage.get("prompt_tokens")),
        reply_tokens=_count(usage.get("completion_tokens")),
        finish=_shown(str(choice.get("finish_reason") or "")),
        model=_shown(str(reply.get("model") or "")),
        status=200,
    )


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < 2**53 else None


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
