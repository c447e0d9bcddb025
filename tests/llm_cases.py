"""An endpoint of the chat-completions format on loopback: it answers by a script and keeps what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from headwater_agents.market.serving import Server

Answer = Response | str | dict[str, Any] | Callable[[dict[str, Any]], Any]


@dataclass
class Script:
    """Answers in order, the last one for ever; `asked` holds the bodies, `headers` what came with them."""

    answers: list[Answer]
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: Request) -> Response:
        body = json.loads(await request.body())
        self.asked.append(body)
        self.headers.append(dict(request.headers))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer) and not isinstance(answer, Response):
            answer = answer(body)
            if hasattr(answer, "__await__"):
                answer = await answer
        return answer if isinstance(answer, Response) else completion(answer)


def completion(content: str | dict[str, Any], *, usage: object = (40, 10), finish: str = "stop") -> JSONResponse:
    """A chat completion that says `content`; `usage` is (prompt, reply) tokens, or what stands there instead."""
    text = content if isinstance(content, str) else json.dumps(content)
    reply: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "model-in-a-test",
        "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}],
    }
    if isinstance(usage, tuple):
        prompt, said = usage
        usage = {"prompt_tokens": prompt, "completion_tokens": said, "total_tokens": prompt + said}
    if usage is not None:
        reply["usage"] = usage
    return JSONResponse(reply)


def failure(status: int, text: str = "no", **headers: str) -> JSONResponse:
    """An error in the endpoint's format; headers with _ for -."""
    shown = {name.replace("_", "-"): value for name, value in headers.items()}
    return JSONResponse({"error": {"message": text, "type": "error", "param": None, "code": None}}, status, shown)


@contextmanager
def endpoint(*answers: Answer) -> Iterator[Script]:
    """Serves a script while the context is open."""
    script = Script(list(answers))
    app = Starlette(routes=[Route("/v1/chat/completions", script.answer, methods=["POST"])])
    with Server(app) as server:
        script.url = f"{server.url}/v1"
        yield script
