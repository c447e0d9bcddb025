"""JSON-RPC over HTTP: one request in, its result or one of our errors out."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

import requests
from web3 import HTTPProvider
from web3.providers.rpc.utils import ExceptionRetryConfiguration
from web3.types import RPCEndpoint

from headwater.chain.errors import ArgumentError, ConnectionFailed, DecodeError, from_rpc

REQUEST_TIMEOUT: Final = 30.0
"""Seconds that a single request may take."""

# Reads may be repeated when a connection breaks; what changes the node may not.
_REPEATABLE: Final = [
    "eth_blockNumber",
    "eth_call",
    "eth_estimateGas",
    "eth_getBalance",
    "eth_getBlockByHash",
    "eth_getBlockByNumber",
    "eth_getCode",
    "eth_getLogs",
    "eth_getTransactionCount",
    "eth_getTransactionReceipt",
]


class JsonRpc:
    """A node's endpoint. Errors name it without path and credentials, where providers put API keys."""

    def __init__(self, url: str, *, timeout: float = REQUEST_TIMEOUT) -> None:
        self.name: Final = public_url(url)
        self._session = requests.Session()
        self._provider = HTTPProvider(
            url,
            request_kwargs={"timeout": timeout},
            session=self._session,
            exception_retry_configuration=ExceptionRetryConfiguration(
                errors=(requests.ConnectionError, requests.Timeout),
                retries=3,
                backoff_factor=0.1,
                method_allowlist=_REPEATABLE,
            ),
        )

    def request(self, method: str, *params: Any, context: str = "") -> Any:
        """The `result` of a request.

        Raises ConnectionFailed if nobody answers in JSON-RPC, else what `errors.from_rpc` makes of the error;
        `context` says there what was tried.
        """
        try:
            answer: Any = self._provider.make_request(RPCEndpoint(method), list(params))
        except requests.Timeout:
            raise ConnectionFailed(f"{self.name} did not answer {method} in time") from None
        except requests.ConnectionError:
            raise ConnectionFailed(f"cannot reach {self.name}: no connection; is the node running?") from None
        except requests.HTTPError as error:
            status = error.response.status_code if error.response is not None else "?"
            raise ConnectionFailed(f"{self.name} answered {method} with HTTP status {status}") from None
        except (requests.RequestException, ValueError):
            raise ConnectionFailed(f"{self.name} does not speak JSON-RPC") from None
        if not isinstance(answer, dict) or not ({"result", "error"} & answer.keys()):
            raise ConnectionFailed(f"{self.name} does not speak JSON-RPC")
        if answer.get("error") is not None:
            raise from_rpc(answer["error"], context=context or f"{self.name}, {method}")
        return answer.get("result")

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


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
