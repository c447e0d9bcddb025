"""A JSON-RPC node that misbehaves on command: it stands before a real one and spoils chosen answers.

with FaultProxy(node_url) as proxy:
    proxy.add("eth_sendRawTransaction", Lost())     # the node gets it, the caller never hears
    backend = RpcBackend(JsonRpc(proxy.url))
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import requests

Send = Callable[[], bytes]
"""Passes the request on to the node and returns what the node answered."""


@dataclass(frozen=True)
class Answer:
    """What the caller gets: a status and a body, of which only `kept` bytes come; None hangs up without a word."""

    status: int = 200
    body: bytes | None = b""
    kept: int | None = None
    kind: str = "application/json"
    drip: float = 0.0


class Fault:
    """Does with a request what it likes."""

    def answer(self, request: dict[str, Any], send: Send) -> Answer:
        raise NotImplementedError


class Down(Fault):
    """The request never reaches the node."""

    def answer(self, request: dict[str, Any], send: Send) -> Answer:
        return Answer(body=None)


class Lost(Fault):
    """The node does it; the answer never comes."""

    def answer(self, request: dict[str, Any], send: Send) -> Answer:
        send()
        return Answer(body=None)


class Twice(Fault):
    """The request reaches the node twice; the caller hears the second answer."""

    def answer(self, request: dict[str, Any], send: Send) -> Answer:
        send()
        return Answer(body=send())


@dataclass(frozen=True)
class Status(Fault):
    """An HTTP status, after the node has done it or (`before`) instead."""

    code: int
    body: bytes = b"<html><body>Bad gateway</body></html>"
    before: bool = False

    def answer(self, request: dict[str, Any], send: Send) -> Answer:
        if not self.before:
            send()
        return Answer(status=self.code, body=self.body, kind="text/html")


@dataclass(frozen=True)
class Error(Fault):
    """A JSON-RPC error, after the node has done it or (`before`) instead."""

    code: int
    message: str
    before: bool = False

    def answer(self, request: dict[str, Any], send: Send) -> Answer:
        if not self.before:
            send()
        error = {"code": self.code, "message": self.message}
        return Answer(body=json.dumps({"jsonrpc": "2.0", "id": request.get("id"), "error": error}).encode())


class Truncated(Fault):
    """The answer breaks off in the middle, and its length says so."""

    def answer(self, request: dict[str, Any], send: Send) -> Answer:
        body = send()
        return Answer(body=body, kept=len(body) // 2)


class HalfJson(Fault):
    """Half an answer that pretends to be a whole one."""

    def answer(self, request: dict[str, Any], send: Send) -> Answer:
        body = send()
        return Answer(body=body[: len(body) // 2])


class WrongId(Fault):
    """The answer to some other request."""

    def answer(self, request: dict[str, Any], send: Send) -> Answer:
        answer = json.loads(send())
        return Answer(body=json.dumps({**answer, "id": 10**9}).encode())


@dataclass(frozen=True)
class Result(Fault):
    """This result, whatever the node says: an old one, or nonsense. A function makes it of the node's."""

    value: Any

    def answer(self, request: dict[str, Any], send: Send) -> Answer:
        answer = json.loads(send())
        made = self.value(answer.get("result")) if callable(self.value) else self.value
        return Answer(body=json.dumps({"jsonrpc": "2.0", "id": request.get("id"), "result": made}).encode())


@dataclass(frozen=True)
class Slow(Fault):
    """The answer comes after `seconds`, or (`drip`) a byte at a time with that between them."""

    seconds: float
    drip: bool = False

    def answer(self, request: dict[str, Any], send: Send) -> Answer:
        body = send()
        if self.drip:
            return Answer(body=body, drip=self.seconds)
        time.sleep(self.seconds)  # the fault itself, not a wait for anything
        return Answer(body=body)


class FaultProxy:
    """Serves on loopback while it is entered. Faults wait in a queue per method, "*" for any; then answers are good."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._faults: dict[str, list[Fault]] = {}
        self._always: dict[str, Fault] = {}
        self._guard = threading.Lock()
        self._node = requests.Session()
        self.asked: Counter[str] = Counter()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # or every answer waits 40 ms for the caller's acknowledgement

            def do_POST(self) -> None:
                proxy._serve(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def add(self, method: str, *faults: Fault) -> None:
        """Spoil the next answers to a method, one each."""
        with self._guard:
            self._faults.setdefault(method, []).extend(faults)

    def always(self, method: str, fault: Fault | None) -> None:
        """Spoil every answer to a method from now on; None stops that."""
        with self._guard:
            if fault is None:
                self._always.pop(method, None)
            else:
                self._always[method] = fault

    def left(self) -> Sequence[str]:
        """Methods with faults that nobody has met yet."""
        with self._guard:
            return [method for method, faults in self._faults.items() if faults]

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._node.close()

    def _next(self, method: str) -> Fault | None:
        with self._guard:
            self.asked[method] += 1
            for name in (method, "*"):
                if self._faults.get(name):
                    return self._faults[name].pop(0)
            return self._always.get(method) or self._always.get("*")

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        raw = handler.rfile.read(int(handler.headers["Content-Length"]))
        request = json.loads(raw)

        def send() -> bytes:
            headers = {"Content-Type": "application/json"}
            return self._node.post(self._target, raw, headers=headers, timeout=60).content

        fault = self._next(request["method"])
        answer = Answer(body=send()) if fault is None else fault.answer(request, send)
        try:
            self._reply(handler, answer)
        except OSError:
            handler.close_connection = True  # the caller has given up

    @staticmethod
    def _reply(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        if answer.body is None:
            handler.close_connection = True
            return
        handler.send_response(answer.status)
        handler.send_header("Content-Type", answer.kind)
        handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        if answer.drip:
            for byte in answer.body:
                handler.wfile.write(bytes((byte,)))
                handler.wfile.flush()
                time.sleep(answer.drip)
            return
        handler.wfile.write(answer.body[: answer.kept])
        if answer.kept is not None:
            handler.close_connection = True
