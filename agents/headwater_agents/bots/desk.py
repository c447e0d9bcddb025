"""A bot's HTTP server: /health, /metrics, and what its role serves besides. In a thread of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from headwater.chain import HeadwaterError
from headwater_agents.bots.vitals import Vitals

_START_S = 15.0


class DeskError(HeadwaterError, OSError):
    """The server cannot listen where it was told to."""


def vital_routes(vitals: Vitals) -> list[BaseRoute]:
    """GET /health (200, or 503 when the bot is stuck) and GET /metrics."""

    async def health(_: Request) -> Response:
        well, said = vitals.health()
        return Response(json.dumps(said), 200 if well else 503, media_type="application/json")

    async def metrics(_: Request) -> Response:
        return Response(vitals.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return [Route("/health", health), Route("/metrics", metrics)]


class Desk:
    """Serves an ASGI app on a host and port (0: any that is free) until it is stopped.

    Raises DeskError where it cannot listen.
    """

    def __init__(self, app: Any, host: str, port: int) -> None:
        config = uvicorn.Config(
            app, host=host, port=port, log_level="critical", access_log=False, lifespan="off", timeout_keep_alive=5
        )
        try:
            self._socket = config.bind_socket() if port else _any_port(host)
        except (OSError, SystemExit) as error:
            raise DeskError(f"cannot listen on {host}:{port}: is it taken? ({error})") from error
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{host}:{self.port}"
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="desk", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; requests under way are answered first, for a while."""
        self._server.should_exit = True
        self._thread.join(timeout=_START_S)
        self._socket.close()


def _any_port(host: str) -> Any:
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind((host, 0))
    return found


def make_app(routes: Sequence[BaseRoute], vitals: Vitals) -> Starlette:
    """The app of a bot that sells nothing."""
    return Starlette(routes=[*vital_routes(vitals), *routes])
