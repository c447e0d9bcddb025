"""The process that serves a local model: on a socket it is handed, until the one who handed it is gone.

    python -m headwater_agents.bargaining.llm.serving SOCKET LIFELINE WEIGHTS NAME CONTEXT THREADS

SOCKET and LIFELINE are open file descriptors: a listening socket, and the reading end of a pipe that the parent never
writes to. When the parent dies, however it does, the pipe ends and so does the server.
"""

from __future__ import annotations

import importlib
import os
import socket
import sys
import threading
from typing import Any


def serve(listener: int, lifeline: int, weights: str, name: str, context: int, threads: int) -> None:
    """Serve until a signal, or until the parent is gone."""
    import uvicorn

    threading.Thread(target=_end_with_parent, args=(lifeline,), name="lifeline", daemon=True).start()
    app: Any = importlib.import_module("llama_cpp.server.app")
    settings: Any = importlib.import_module("llama_cpp.server.settings")
    model = settings.ModelSettings(
        model=weights,
        model_alias=name,
        n_ctx=context,
        n_threads=threads,
        n_threads_batch=threads,
        logits_all=False,  # they take 200 kB for each token of the context, and nobody asks for them
        verbose=False,
    )
    served = app.create_app(server_settings=settings.ServerSettings(), model_settings=[model])
    server = uvicorn.Server(uvicorn.Config(served, log_level="warning", timeout_graceful_shutdown=5))
    server.run(sockets=[socket.socket(fileno=listener)])


def _end_with_parent(lifeline: int) -> None:
    while os.read(lifeline, 1):
        pass
    os._exit(0)


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5]), int(sys.argv[6]))
