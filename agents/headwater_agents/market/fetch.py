"""Fetching from strangers: bounded in size and time, no redirects, and no way into the machine's own network."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import httpx

from headwater.chain import HeadwaterError

_IP = ipaddress.IPv4Address | ipaddress.IPv6Address
_MAX_URL: Final = 2_048


class FetchError(HeadwaterError):
    """Nothing usable came back: no connection, too slow, too long."""


class ForbiddenAddress(FetchError):  # noqa: N818 - says what was asked for
    """A URL that is not fetched at all: not http(s), or an address that is not public."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Fetcher:
    """Gets URLs that others named. Thread-safe.

    A host is looked up once and the connection goes to the address that was checked, so a name that resolves
    differently the second time leads nowhere else. A request ends after `seconds` in all, however slowly the other
    side drips.

    Args:
        private: allow addresses that are not public (loopback, private networks): for swarms on one machine.
        seconds: for a request, from the first byte to the last.
    """

    def __init__(self, *, private: bool = False, seconds: float = 10.0) -> None:
        self._private = private
        self._seconds = seconds
        self._client = httpx.Client(
            follow_redirects=False,
            trust_env=False,  # neither proxies nor .netrc
            timeout=httpx.Timeout(seconds),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    def close(self) -> None:
        """Close connections."""
        self._client.close()

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get(
        self, url: str, *, limit: int, headers: Mapping[str, str] | None = None, seconds: float | None = None
    ) -> Answer:
        """Get a URL; of the body at most `limit` bytes, or it is an error. Redirects are answers like any other.

        Raises ForbiddenAddress, FetchError.
        """
        host, address, target = self._resolve(url)
        within = self._seconds if seconds is None else min(seconds, self._seconds)
        reins = _Reins()
        alarm = threading.Timer(within, reins.pull)
        alarm.daemon = True
        alarm.start()
        request = self._client.build_request(
            "GET",
            target,
            headers={"Accept": "application/json", **(headers or {}), "Host": host},
            extensions={"sni_hostname": address, "trace": reins.see},
        )
        try:
            response = self._client.send(request, stream=True)
            try:
                body = _read(response, limit)
            finally:
                response.close()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if reins.pulled:
                raise FetchError(f"{host} took longer than {within:g} s") from None
            raise FetchError(f"{host} cannot be read: {type(error).__name__}") from None
        finally:
            alarm.cancel()
        if reins.pulled:  # an answer without a length ends where the connection does
            raise FetchError(f"{host} took longer than {within:g} s")
        return Answer(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)

    def _resolve(self, url: str) -> tuple[str, str, str]:
        """(Host header, host name, URL with an address in place of the name). Raises ForbiddenAddress, FetchError."""
        if len(url) > _MAX_URL or not url.isascii() or not url.isprintable() or " " in url:
            raise ForbiddenAddress(f"a URL is up to {_MAX_URL} printable ASCII characters")
        try:
            parts = urlsplit(url)
            name, port = parts.hostname, parts.port
        except ValueError:
            raise ForbiddenAddress("not a URL") from None
        if parts.scheme not in ("http", "https") or not name or parts.username is not None:
            raise ForbiddenAddress("only http and https URLs are fetched, without a user name")
        try:
            found = socket.getaddrinfo(name, port or 443, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise FetchError(f"{name} is not known") from None
        addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        if not addresses or not all(self._allowed(each) for each in addresses):
            raise ForbiddenAddress(f"{name} is not a public address")
        shown = f"[{addresses[0]}]" if addresses[0].version == 6 else str(addresses[0])
        suffix = "" if port is None else f":{port}"
        host = f"[{name}]{suffix}" if ":" in name else name + suffix
        return host, name, urlunsplit((parts.scheme, shown + suffix, parts.path or "/", parts.query, ""))

    def _allowed(self, address: _IP) -> bool:
        inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None) or address
        return self._private or (address.is_global and inner.is_global and not address.is_multicast)


class _Reins:
    """Holds a request's socket, to end it from outside: its own timeouts start anew with every byte."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._guard = threading.Lock()
        self.pulled = False

    def see(self, event: str, info: Mapping[str, Any]) -> None:
        """httpcore's trace of a request."""
        if event == "connection.connect_tcp.complete":
            with self._guard:
                self._socket = info["return_value"].get_extra_info("socket")
                if self.pulled:
                    self._shut()

    def pull(self) -> None:
        """End the request."""
        with self._guard:
            self.pulled = True
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it is over already


def _read(response: httpx.Response, limit: int) -> bytes:
    # Compressed answers are not asked for; one that comes all the same is read as the bytes it is.
    parts, length = [], 0
    for part in response.iter_raw():
        length += len(part)
        if length > limit:
            raise FetchError(f"the answer is too long; at most {limit} bytes are read")
        parts.append(part)
    return b"".join(parts)
