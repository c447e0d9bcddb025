"""JSON-RPC over HTTP: one request in, its result or one of our errors out."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError

from headwater.chain.errors import ArgumentError, ConnectionFailed, DecodeError, from_rpc

REQUEST_TIMEOUT: Final = 30.0
"""Seconds that a single request may take."""

MAX_ANSWER: Final = 256 * 2**20
"""Bytes of the longest answer that is read to its end."""

# Reads may be repeated when a connection breaks or a node is busy; what changes the node may not.
_REPEATABLE: Final = frozenset(
    {
        "eth_blockNumber",
        "eth_call",
        "eth_chainId",
        "eth_estimateGas",
        "eth_getBalance",
        "eth_getBlockByHash",
        "eth_getBlockByNumber",
        "eth_getCode",
        "eth_getLogs",
        "eth_getTransactionByHash",
        "eth_getTransactionCount",
        "eth_getTransactionReceipt",
        "eth_maxPriorityFeePerGas",
        "web3_clientVersion",
    }
)
_TRIES: Final = 3
_BACKOFF_S: Final = 0.1
_BUSY: Final = frozenset({429, 502, 503, 504})
_HEADERS: Final = {"Content-Type": "application/json", "Accept": "application/json"}


class _TryAgain(ConnectionFailed):
    """No answer this time. Asking once more may help."""


class JsonRpc:
    """A node's endpoint. Errors name it without path and credentials, where providers put API keys. Thread-safe."""

    def __init__(self, url: str, *, timeout: float = REQUEST_TIMEOUT) -> None:
        self.name: Final = public_url(url)
        self._url = url
        self._timeout = timeout
        self._session = requests.Session()
        self._ids = itertools.count(1)

    def request(self, method: str, *params: Any, context: str = "") -> Any:
        """The `result` of a request.

        Raises ConnectionFailed if nobody answers in JSON-RPC, or somebody answers another request; else what
        `errors.from_rpc` makes of the error; `context` says there what was tried.
        """
        until = time.monotonic() + self._timeout
        for attempt in itertools.count(1):
            try:
                answer = self._ask(method, params)
                break
            except _TryAgain as error:
                pause = _BACKOFF_S * 2**attempt
                if method not in _REPEATABLE or attempt == _TRIES or time.monotonic() + pause > until:
                    raise ConnectionFailed(str(error)) from None
                time.sleep(pause)
        if answer.get("error") is not None:
            raise from_rpc(answer["error"], context=context or f"{self.name}, {method}")
        return answer.get("result")

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _ask(self, method: str, params: tuple[Any, ...]) -> dict[str, Any]:
        """One request; its answer, which has a result or an error and is to this request."""
        identity = next(self._ids)
        body = json.dumps({"jsonrpc": "2.0", "id": identity, "method": method, "params": params})
        status, raw = self._post(method, body.encode())
        answer = _parsed(raw)
        meant = answer is not None and (
            answer.get("id") == identity or (answer.get("id") is None and "error" in answer)
        )
        if status in _BUSY or (status >= 300 and not meant):
            kind = _TryAgain if status in _BUSY else ConnectionFailed
            raise kind(f"{self.name} answered {method} with HTTP status {status}")
        if answer is None:
            kind = _TryAgain if raw.startswith(b"{") else ConnectionFailed  # half an answer, or something else
            raise kind(f"{self.name} does not speak JSON-RPC")
        if not meant:
            raise _TryAgain(f"{self.name} answered another request than {method}")
        return answer

    def _post(self, method: str, body: bytes) -> tuple[int, bytes]:
        """Status and content of the HTTP answer. A redirect is not followed: it would take the request elsewhere."""
        until = time.monotonic() + self._timeout
        try:
            with self._session.post(
                self._url, body, headers=_HEADERS, timeout=self._timeout, stream=True, allow_redirects=False
            ) as response:
                content = bytearray()
                # Not iter_content, which waits for a whole chunk: a byte now and then would hold it for ever.
                while chunk := response.raw.read1(65_536, decode_content=True):
                    content += chunk
                    if len(content) > MAX_ANSWER:
                        raise ConnectionFailed(f"{self.name} answered {method} with more than {MAX_ANSWER} bytes")
                    if time.monotonic() > until:
                        raise requests.Timeout
                return response.status_code, bytes(content)
        except (requests.Timeout, ReadTimeoutError):
            raise _TryAgain(f"{self.name} did not answer {method} in time") from None
        except requests.ConnectionError:
            raise _TryAgain(f"cannot reach {self.name}: no connection; is the node running?") from None
        except ProtocolError:
            raise _TryAgain(f"{self.name} broke off in the middle of its answer to {method}") from None
        except (requests.RequestException, HTTPError, ValueError):
            raise ConnectionFailed(f"{self.name} does not speak JSON-RPC") from None


def _parsed(raw: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) and ({"result", "error"} & answer.keys()) else None


def public_url(url: str) -> str:
    """Scheme, host and port of an http(s) URL. Raises ArgumentError if it is none."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise ArgumentError(f"not a URL: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ArgumentError("a node is given by an http(s) URL such as http://127.0.0.1:8545")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}"


def integer(value: Any) -> int:
    """A JSON-RPC quantity. Raises DecodeError."""
    try:
        return int(value, 16)
    except (TypeError, ValueError):
        raise DecodeError(f"the node sent {value!r} where a quantity belongs") from None


def octets(value: Any) -> bytes:
    """JSON-RPC bytes. Raises DecodeError."""
    try:
        return bytes.fromhex(value.removeprefix("0x"))
    except (AttributeError, ValueError):
        raise DecodeError(f"the node sent {value!r} where bytes belong") from None
