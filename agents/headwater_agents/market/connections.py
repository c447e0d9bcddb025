"""Connections to a node, one for every thread that asks: neither `RpcBackend` nor what is below it is thread-safe."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from headwater.chain.jsonrpc import JsonRpc
from headwater.chain.rpc import RpcBackend


@dataclass(frozen=True, slots=True)
class Connection:
    """A thread's way to the node: requests as they are, and the typed backend on top of them."""

    rpc: JsonRpc
    backend: RpcBackend


class Connections:
    """The connections to the node at a URL. Raises ConnectionFailed where one is opened, if nobody answers."""

    def __init__(self, url: str, chain_id: int | None = None) -> None:
        """`chain_id`, if given, is the one the node must serve: WrongChain."""
        self._url = url
        self._chain_id = chain_id
        self._local = threading.local()
        self._guard = threading.Lock()
        self._made: list[Connection] = []

    def here(self) -> Connection:
        """This thread's connection."""
        found: Connection | None = getattr(self._local, "connection", None)
        if found is None:
            rpc = JsonRpc(self._url)
            try:
                found = Connection(rpc, RpcBackend(rpc, chain_id=self._chain_id))
            except BaseException:
                rpc.close()
                raise
            self._local.connection = found
            with self._guard:
                self._made.append(found)
        return found

    def close(self) -> None:
        """Close every thread's connection."""
        with self._guard:
            for connection in self._made:
                connection.backend.close()
            self._made.clear()
