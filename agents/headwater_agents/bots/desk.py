"""What a bot answers over HTTP: /health, /metrics, /books, and what its role serves as soon as it is set up."""

from __future__ import annotations

import json

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from headwater_agents.bots.vitals import Vitals


class Desk:
    """An ASGI app. `inner` answers every other path; until it is set, 503."""

    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals
        own = {"/health": self._health, "/metrics": self._metrics, "/books": self._books}
        self._own = Starlette(routes=[Route(path, answer) for path, answer in own.items()])
        self._paths = frozenset(own)
        self.inner: ASGIApp | None = None
        self.ready = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        app: ASGIApp = self._own
        if scope.get("path") not in self._paths:
            app = self.inner or (self._own if self.ready else _not_yet)
        await app(scope, receive, send)

    async def _health(self, _: Request) -> Response:
        well, said = self._vitals.health()
        return Response(json.dumps(said), 200 if well else 503, media_type="application/json")

    async def _books(self, _: Request) -> Response:
        return JSONResponse({"edges": self._vitals.books})

    async def _metrics(self, _: Request) -> Response:
        return Response(self._vitals.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _not_yet(scope: Scope, receive: Receive, send: Send) -> None:
    response = JSONResponse({"error": "this bot is being set up; ask again"}, 503, {"Retry-After": "1"})
    await response(scope, receive, send)
