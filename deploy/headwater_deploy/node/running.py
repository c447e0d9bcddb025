"""A node with its network, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from types import TracebackType
from typing import Final

import uvicorn

from headwater.chain import Account
from headwater_deploy.node.clock import Clock
from headwater_deploy.node.config import NodeConfig, NodeError
from headwater_deploy.node.node import Node, Progress
from headwater_deploy.node.server import make_app, seal_on_time

_BACKLOG: Final = 2_048
_GRACE_S: Final = 5.0
_START_S: Final = 30.0
_STACK: Final = 256 * 2**20


class RunningNode:
    """A node that answers at `url` until `stop`. It is a context manager too."""

    def __init__(self, node: Node, listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        self.url: Final = f"http://{shown}:{port}"
        self.chain: Final = node.config.chain
        self.chain_id: Final = node.config.chain_id
        self.addresses: Final = tuple(
            Account.derive(node.config.seed, index).address for index in range(node.config.accounts)
        )
        self.block_number: Final = node.ledger.latest.number
        self._node, self._listener = node, listener
        self._server = uvicorn.Server(
            uvicorn.Config(
                make_app(node),
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                proxy_headers=False,
                backlog=_BACKLOG,
                timeout_graceful_shutdown=int(_GRACE_S),
            )
        )
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="headwater-node", daemon=True)
        # An EVM that calls itself 1,024 times deep takes many of Python's frames, and C's between them.
        before = threading.stack_size(_STACK)
        try:
            self._thread.start()
        finally:
            threading.stack_size(before)
        self._wait_until_started()

    def stop(self) -> None:
        """Finish what is being answered, and end. A second call does nothing."""
        self._server.should_exit = True
        self._thread.join()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it ends, by itself or by another thread's `stop`; whether it has. Raises what ended it."""
        self._thread.join(seconds)
        if self._failure is not None:
            raise self._failure
        return not self._thread.is_alive()

    def __enter__(self) -> RunningNode:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failure = error
        finally:
            self._node.close()
            self._listener.close()

    async def _serve(self) -> None:
        sealing = asyncio.create_task(seal_on_time(self._node))
        serving = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        done, _ = await asyncio.wait({sealing, serving}, return_when=asyncio.FIRST_COMPLETED)
        if sealing in done:  # it never ends, unless something is wrong
            self._server.should_exit = True
            await serving
            sealing.result()
        sealing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sealing

    def _wait_until_started(self) -> None:
        # uvicorn has no event for it; connections wait in the backlog meanwhile, so this is for failures only.
        ready = threading.Event()
        for _ in range(int(_START_S / 0.005)):
            if self._server.started:
                return
            if not self._thread.is_alive():
                raise NodeError(f"the node did not start: {self._failure}") from self._failure
            ready.wait(0.005)
        raise NodeError("the node did not start in time")


def start_node(
    config: NodeConfig | None = None, *, clock: Clock | None = None, progress: Progress = lambda done, of: None
) -> RunningNode:
    """Start a node in a thread of its own. Raises NodeError: its port is taken, or its file cannot be used."""
    config = config or NodeConfig()
    listener = _listen(config)
    try:
        node = Node(config, clock=clock, progress=progress)
    except BaseException:
        listener.close()
        raise
    return RunningNode(node, listener)


def _listen(config: NodeConfig) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_BACKLOG)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise NodeError(f"cannot listen on {config.host}:{config.port}: {error.strerror or error}") from error
    listener.set_inheritable(False)
    return listener
