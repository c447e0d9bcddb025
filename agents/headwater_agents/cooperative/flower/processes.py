"""Flower's own programs as children of ours: quiet, offline, and gone when we are done."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

from headwater_agents.cooperative.flower.absence import FederationError

_MARK: Final = "HEADWATER_FEDERATION"
_TICK: Final = 0.1
_PATIENCE: Final = 30.0
_GRACE: Final = 3.0
_HIDDEN: Final = ("HEADWATER_KEY", "HEADWATER_PASSWORD")


class Programs:
    """Runs the programs that Flower installs, with a home of their own in `place`, and ends all of them on leaving.

    Flower starts further programs from these, and Ray's from those; all carry a mark in their environment, by which
    those that outlive their parents are found and ended. Where /proc is missing they are left to notice for
    themselves that their parent is gone, as they do within seconds.

    Args:
        place: an existing folder with a short path, for Ray's sockets lie below it.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._mark = secrets.token_hex(16)
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Programs:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def environment(self) -> dict[str, str]:
        """What the programs are run with: no secrets of ours, nothing sent to anybody, one thread for linear algebra.

        One thread also makes sums come in one order, whoever adds them.
        """
        programs = str(Path(sys.executable).parent)
        ours = {name: value for name, value in os.environ.items() if name not in _HIDDEN and name != "RAY_ADDRESS"}
        return ours | {
            "PATH": os.pathsep.join([programs, os.environ.get("PATH", os.defpath)]),
            "FLWR_HOME": str(self._place / "home"),
            "FLWR_TELEMETRY_ENABLED": "0",
            "FLWR_DISABLE_UPDATE_CHECK": "1",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_TMPDIR": str(self._place),
            # Ray's name for "stay on loopback", which it does by default elsewhere.
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "PYTHONUNBUFFERED": "1",
            _MARK: self._mark,
        }

    def start(self, name: str, program: str, arguments: Sequence[str]) -> None:
        """Start one of Flower's programs in the background. `name` is what it is called in errors and its log."""
        with self.log(name).open("wb") as file:
            self._children[name] = subprocess.Popen(  # noqa: S603 - our own command
                [_found(program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=self.environment,
                cwd=self._place,
                start_new_session=True,  # Ctrl-C is ours to pass on
            )

    def run(self, program: str, arguments: Sequence[str]) -> str:
        """Run one to its end and return what it prints. Raises FederationError if it fails or takes too long."""
        try:
            done = subprocess.run(  # noqa: S603 - our own command
                [_found(program), *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                env=self.environment,
                cwd=self._place,
                timeout=2 * _PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise FederationError(f"`{program} {arguments[0]}` did not end within {2 * _PATIENCE:g} s") from error
        if done.returncode:
            raise FederationError(f"`{program} {arguments[0]}` failed: {_last_line(done.stderr or done.stdout)}")
        return done.stdout

    def log(self, name: str) -> Path:
        """Where a program's output goes."""
        return self._place / f"{name}.log"

    def check(self, *names: str) -> None:
        """Raises FederationError if one of these, or with no name any, has ended by itself."""
        for name, child in self._children.items():
            if child.poll() is not None and (not names or name in names):
                raise FederationError(f"{name} ended by itself (code {child.returncode}): {self.last_said(name)}")

    def last_said(self, name: str) -> str:
        """The last line that a program printed, or "it said nothing"."""
        try:
            return _last_line(self.log(name).read_text(errors="replace"))
        except FileNotFoundError:
            return "it said nothing"

    def end(self, name: str) -> None:
        """End one that was started, and wait for it."""
        self._children[name].terminate()
        _wait(self._children.pop(name))

    def close(self) -> None:
        """End all of them, members before the server, and whatever they started."""
        while self._children:
            _, child = self._children.popitem()
            child.terminate()
            _wait(child)
        # Their own children notice within seconds. A simulation that still wants to tell the SuperLink of its end goes
        # on trying; what it did is on disk, so it is told to stop.
        self._wait_for_none()
        for kind in (signal.SIGTERM, signal.SIGKILL):
            for number in self._marked():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, kind)
            self._wait_for_none()

    def _wait_for_none(self) -> None:
        deadline = time.monotonic() + _GRACE
        while self._marked() and time.monotonic() < deadline:
            time.sleep(_TICK)

    def _marked(self) -> list[int]:
        """Numbers of all living processes that carry our mark."""
        mark = f"{_MARK}={self._mark}".encode()
        found = []
        for file in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):  # it has ended, or is not ours to read
                if mark in file.read_bytes():
                    found.append(int(file.parent.name))
        return found


def _found(program: str) -> str:
    """The program beside our own interpreter: that of this environment, whatever PATH says."""
    path = Path(sys.executable).parent / program
    if not path.is_file():
        raise FederationError(
            f"{program} is not beside this Python; `pip install 'headwater[flower]'` installs it there"
        )
    return str(path)


def _wait(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][-300:] if lines else "it said nothing"
