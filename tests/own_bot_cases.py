"""A deployment on our node and the bots around it, each in a process of its own, to test bots of other people's."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli_cases import run, spawn
from headwater.chain import Account, connect
from headwater.chain.accounts import development_key
from headwater.chain.backend import Backend
from headwater.chain.genesis import CHAIN_ID
from headwater.chain.system import System
from headwater_deploy import Manifest
from headwater_deploy.node import NodeConfig, start_node

CAST = STEWARD, KEEPER, FEES, SELLER, PYTHON, STRANGER = tuple(Account.derive(0, index) for index in range(6))
"""Development accounts of our node, which have ether. The steward deploys, opens and resolves."""


def key_of(account: Account) -> bytes:
    """The private key of one of the cast."""
    return development_key(0, CAST.index(account))


def secret(account: Account) -> dict[str, str]:
    """The same as a bot gets it."""
    return {"HEADWATER_KEY": "0x" + key_of(account).hex()}


def until(what: str, found: Callable[[], Any], seconds: float = 120) -> Any:
    """What `found` returns once that is true; fails with what was waited for, after a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (value := found()) not in (None, False, [], ()):
            return value
        time.sleep(0.1)  # between two looks at a condition
    raise AssertionError(f"waited {seconds} s for {what}")


@dataclass
class Program:
    """A process whose lines are read as they come: `events` are those that are JSON objects with an `event`."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (self.process.stdout, self.process.stderr)
            if stream is not None
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Any) -> None:
        for line in stream:
            self.lines.append(line.rstrip("\n"))

    @property
    def events(self) -> list[dict[str, Any]]:
        found = []
        for line in list(self.lines):
            if line.startswith("{") and "event" in (said := json.loads(line)):
                found.append(said)
        return found

    def said(self, event: str, **about: object) -> dict[str, Any] | None:
        """The first event of a name with these facts."""
        for each in self.events:
            if each["event"] == event and all(each.get(name) == value for name, value in about.items()):
                return each
        return None

    def wait_for(self, event: str, seconds: float = 120, **about: object) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found = self.said(event, **about)
            if found is None and self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}:\n" + "\n".join(self.lines))
            return found

        try:
            return until(f"{event} {about}", look, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n" + "\n".join(self.lines)) from None

    def end(self, how: int = signal.SIGTERM) -> int:
        """Send a signal, wait, and say how it ended."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            code = self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait(timeout=20)
        for reader in self._readers:
            reader.join(timeout=10)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return code


@dataclass
class Town:
    """A node with a deployment and one series; bots that work on it end with it."""

    url: str
    folder: Path
    backend: Backend
    system: System
    series: int
    programs: list[Program] = field(default_factory=list)

    @property
    def manifest(self) -> Path:
        return self.folder / "deployments" / f"{CHAIN_ID}.json"

    def command(self, *args: object, **keys: str) -> Any:
        """Run a command of ours on this deployment, in this process; what it printed, as JSON."""
        outcome = run(*args, "--rpc", self.url, "--manifest", self.manifest, "--json", env=keys)
        assert outcome.code == 0, outcome.err
        return outcome.json

    def start(self, role: str, account: Account, settings: str, name: str = "") -> Program:
        """Start a bot of ours with these settings, besides what every bot needs."""
        name = name or role
        file = self.folder / f"{name}.toml"
        top = f'role = "{role}"\nname = "{name}"\nrpc = "{self.url}"\nseries = {self.series}\n'
        file.write_text(f'{top}manifest = "{self.manifest}"\nstate = "{name}.sqlite"\n{settings}')
        return self.run("agent", role, "--config", file, "--log", "json", account=account)

    def run(self, *args: object, account: Account) -> Program:
        """Start a command of ours with a key."""
        return self.watch(spawn(*args, cwd=self.folder, env=secret(account)))

    def watch(self, process: subprocess.Popen[str]) -> Program:
        program = Program(process)
        self.programs.append(program)
        return program


@contextmanager
def open_town(folder: Path, settings: str) -> Iterator[Town]:
    """A node on the wall clock, the contracts deployed with these settings (TOML), a series with frequencies."""
    with start_node(NodeConfig(chain="revm", port=0)) as node:
        (folder / "fast.toml").write_text(settings)
        manifest = folder / "deployments" / f"{CHAIN_ID}.json"
        options = ("--rpc", node.url, "--manifest", manifest, "--config", folder / "fast.toml")
        deployed = run("deploy", *options, env=secret(STEWARD))
        assert deployed.code == 0, deployed.err
        backend = connect(node.url)
        system = System(backend, Manifest.read(manifest).addresses())
        town = Town(url=node.url, folder=folder, backend=backend, system=system, series=1)
        try:
            town.series = town.command("series", "new", "--bankroll", "100000", **secret(STEWARD))["series"]
            yield town
        finally:
            for program in reversed(town.programs):
                program.end()
            backend.close()


__all__ = [
    "FEES",
    "KEEPER",
    "PYTHON",
    "SELLER",
    "STEWARD",
    "STRANGER",
    "Program",
    "Town",
    "key_of",
    "open_town",
    "secret",
    "until",
]
