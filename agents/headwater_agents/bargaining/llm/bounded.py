"""The bytes of an answer, up to a bound and while there is time. Apart, since its import takes the HTTP client's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx2


class TooLongError(Exception):
    """An answer of more bytes than are read."""


class Bounded(httpx2.SyncByteStream):
    """Passes on what `inner` brings. Raises TooLongError past `most` bytes, httpx2.ReadTimeout past `end`.

    Args:
        inner: stream of an answer.
        most: most bytes of it.
        end: on the monotonic clock, seconds: a server that sends a byte now and then is cut off as well.
    """

    def __init__(self, inner: Any, most: int, end: float) -> None:
        self._inner = inner
        self._most = most
        self._end = end

    def __iter__(self) -> Iterator[bytes]:
        seen = 0
        for part in self._inner:
            seen += len(part)
            if seen > self._most:
                raise TooLongError(f"the answer is longer than {self._most} bytes")
            if time.monotonic() >= self._end:
                raise httpx2.ReadTimeout("the answer took too long")
            yield part

    def close(self) -> None:
        """Let go of the connection."""
        self._inner.close()
