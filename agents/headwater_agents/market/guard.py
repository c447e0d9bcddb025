"""What stands before every app of the market: a bound on bodies, and errors in one form."""

from __future__ import annotations

from typing import Final

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY: Final = 16_384
"""Longest request body that is read, bytes."""

RETRY_AFTER_S: Final = 1


def refusal(status: int, error: str, *, retry: bool = False) -> JSONResponse:
    """An error as JSON, {"error": …}; with Retry-After if asking again may help."""
    headers = {"Cache-Control": "no-store"}
    if retry:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return JSONResponse({"error": error}, status, headers)


class BodyLimit:
    """ASGI middleware: a body longer than `limit` bytes is answered 413, whether its length was announced or not."""

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not announced.isdigit() or len(announced) > 12 or int(announced) > self._limit:
            await self._refuse(scope, receive, send)
            return
        read, started = 0, False

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._limit:
                raise _TooLongError
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except _TooLongError:
            if started:
                raise
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        await refusal(413, f"the body is too long; at most {self._limit} bytes are read")(scope, receive, send)


class _TooLongError(Exception):
    pass
