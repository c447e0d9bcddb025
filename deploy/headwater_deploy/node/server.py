"""JSON-RPC over HTTP: who may ask, how much, and how answers are packed. One request is worked on at a time."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from headwater_deploy.node.config import LOOPBACK, NodeConfig
from headwater_deploy.node.failure import INTERNAL_ERROR, INVALID_REQUEST, LIMIT_EXCEEDED, PARSE_ERROR, RpcFailure
from headwater_deploy.node.methods import Methods
from headwater_deploy.node.node import Node

log: Final = logging.getLogger("headwater.node")
MAX_BODY: Final = 2 * 2**20
"""Bytes of a request."""

MAX_DEPTH: Final = 32
"""Lists and objects inside each other that a request may have: no method takes more than a handful."""

MAX_BATCH: Final = 1_000
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
MAX_ANSWER: Final = 25_000_000
"""Bytes of the answer to a batch: geth's bound."""


def make_app(node: Node) -> Starlette:
    """The web application of a node: POST / speaks JSON-RPC 2.0."""
    methods = Methods(node)

    async def handle(request: Request) -> Response:
        if (refusal := _refuse(request, node.config)) is not None:
            return refusal
        try:
            body = await _read(request)
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            return PlainTextResponse(f"a request has at most {MAX_BODY} bytes\n", 413)
        return await _answer(node, methods, body)

    app = Starlette(routes=[Route("/", handle, methods=["POST"])])
    if node.config.cors:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(node.config.cors),
            allow_methods=["POST"],
            allow_headers=["content-type"],
        )
    return app


def _refuse(request: Request, config: NodeConfig) -> Response | None:
    """Turn away what a web page sends without leave: by a name of its own for this machine, or as plain text."""
    if not _known_host(request.headers.get("host", ""), config):
        return PlainTextResponse("this node does not go by the name in the Host header\n", 403)
    origin = request.headers.get("origin")
    if origin is not None and not ({origin, "*"} & set(config.cors)):
        return PlainTextResponse("web pages may ask only from origins named by --cors\n", 403)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return PlainTextResponse("a request is application/json\n", 415)
    return None


def _known_host(header: str, config: NodeConfig) -> bool:
    try:
        name = urlsplit(f"//{header}").hostname
    except ValueError:
        return False
    if name is None:
        return False
    if name in LOOPBACK:
        return True
    if config.loopback:
        return False
    if name in {each.lower() for each in (config.host, *config.allow_hosts)}:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True  # an address cannot be made to point elsewhere, as a name can


async def _read(request: Request) -> bytes | None:
    """The body; None if it is too long."""
    try:
        if int(request.headers.get("content-length", "0")) > MAX_BODY:
            return None
    except ValueError:
        return None
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            return None
        parts.append(part)
    return b"".join(parts)


async def _answer(node: Node, methods: Methods, body: bytes) -> Response:
    try:
        if _too_deep(body):
            return _json(_error(None, RpcFailure(PARSE_ERROR, f"parse error: nested deeper than {MAX_DEPTH}")))
        asked = json.loads(body, parse_constant=_no_constant)
    except ValueError:
        return _json(_error(None, RpcFailure(PARSE_ERROR, "parse error: the request is not JSON")))
    if not isinstance(asked, list):
        told = _one(node, methods, asked)
        return Response(status_code=204) if told is None else _json(told)
    if not asked:
        return _json(_error(None, RpcFailure(INVALID_REQUEST, "empty batch")))
    if len(asked) > MAX_BATCH:
        return _json(_error(None, RpcFailure(INVALID_REQUEST, f"batch too large: at most {MAX_BATCH} requests")))
    answers, size = [], 0
    for each in asked:
        told = _one(node, methods, each) if size <= MAX_ANSWER else _too_large(each)
        if told is not None:
            answers.append(told)
            size += len(told)
        await asyncio.sleep(0)  # let others have their turn
    return _json(b"[" + b",".join(answers) + b"]") if answers else Response(status_code=204)


def _one(node: Node, methods: Methods, asked: Any) -> bytes | None:
    """The answer to one request; None to a notification, which wants none."""
    if not isinstance(asked, dict):
        return _error(None, RpcFailure(INVALID_REQUEST, "invalid request: not an object"))
    name, told = asked.get("id"), "id" in asked
    if isinstance(name, bool | list | dict):
        return _error(None, RpcFailure(INVALID_REQUEST, "invalid request: an id is a string, a number or null"))
    method = asked.get("method")
    if asked.get("jsonrpc") != "2.0" or not isinstance(method, str):
        return _error(name, RpcFailure(INVALID_REQUEST, 'invalid request: it needs "jsonrpc": "2.0" and a method'))
    try:
        node.tick(asked=True)
        result = methods.answer(method, asked.get("params"))
    except RpcFailure as failure:
        return _error(name, failure) if told else None
    except Exception:
        log.exception("%s failed", method)
        return _error(name, RpcFailure(INTERNAL_ERROR, "internal error")) if told else None
    return _dump({"jsonrpc": "2.0", "id": name, "result": result}) if told else None


def _too_large(asked: Any) -> bytes | None:
    if isinstance(asked, dict) and "id" not in asked:
        return None
    name = asked.get("id") if isinstance(asked, dict) else None
    return _error(name, RpcFailure(LIMIT_EXCEEDED, "response too large"))


def _error(name: Any, failure: RpcFailure) -> bytes:
    return _dump({"jsonrpc": "2.0", "id": name, "error": failure.as_json()})


def _dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")


def _too_deep(body: bytes) -> bool:
    """Whether brackets nest too deeply, those in texts counted too, which in requests are hex and have none.

    py-evm lifts Python's limit on recursion so far that the JSON parser would overrun its stack.
    """
    depth = 0
    for bracket in body.translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


async def seal_on_time(node: Node, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Make blocks when their time comes, for ever."""
    while True:
        await sleep(max(node.seconds_to_turn(), 0.001))
        node.tick()
