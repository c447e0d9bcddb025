"""An app on a socket, in a thread of its own: on loopback unless told otherwise, with bounds on what comes in."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from headwater.chain import HeadwaterError

MAX_HEADERS: Final = 32_768
"""Longest request line and headers that are read, bytes; more is answered 400."""


class ServerError(HeadwaterError, OSError):
    """A server that cannot listen, or did not start."""


class Server:
    """Serves an ASGI app from `start` (or entering it) to `stop`.

    Args:
        app: what to serve.
        host: address to listen on; loopback by default, so that nobody else reaches it.
        port: 0 for any free one.
        connections: most requests at a time; more are answered 503.
    """

    def __init__(self, app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0, connections: int = 2_048) -> None:
        self._host = host
        self._port = port
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            http="h11",
            ws="none",
            lifespan="auto",
            h11_max_incomplete_event_size=MAX_HEADERS,
            limit_concurrency=connections,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=5,
            server_header=False,
            backlog=connections,
        )
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None
        self._socket: socket.socket | None = None
        self.url = ""

    def start(self) -> Server:
        """Listen; what is asked from now on is answered. Raises ServerError."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._host, self._port))
            listener.listen(self._server.config.backlog)
        except OSError as error:
            listener.close()
            raise ServerError(f"cannot listen on {self._host}:{self._port}: {error.strerror}") from error
        host = f"[{self._host}]" if family == socket.AF_INET6 else self._host
        self.url = f"http://{host}:{listener.getsockname()[1]}"
        self._socket = listener
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name=self.url, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Finish what is being answered, for at most five seconds, and let go of the port."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
        if self._socket is not None:
            self._socket.close()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
