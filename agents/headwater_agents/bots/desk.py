"""What a bot answers over HTTP: /health and /metrics always, and what its role serves as soon as it is set up."""

from __future__ import annotations

import json

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from headwater_agents.bots.vitals import Vitals


class Desk:
    """An ASGI app. `inner` answers what is neither /health nor /metrics; until it is set, 503."""

    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals
        self._own = Starlette(routes=[Route("/health", self._health), Route("/metrics", self._metrics)])
        self.inner: ASGIApp | None = None
        self.ready = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        app: ASGIApp = self._own
        if scope.get("path") not in ("/health", "/metrics"):
            app = self.inner or (self._own if self.ready else _not_yet)
        await app(scope, receive, send)

    async def _health(self, _: Request) -> Response:
        well, said = self._vitals.health()
        return Response(json.dumps(said), 200 if well else 503, media_type="application/json")

    async def _metrics(self, _: Request) -> Response:
        return Response(self._vitals.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _not_yet(scope: Scope, receive: Receive, send: Send) -> None:
    response = JSONResponse({"error": "this bot is being set up; ask again"}, 503, {"Retry-After": "1"})
    await response(scope, receive, send)
