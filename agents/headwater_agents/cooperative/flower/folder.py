"""Files of a run: the Flower app, settings in the forms that Flower's commands take, records, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from headwater_agents.cooperative.flower.absence import FederationError

COORDINATOR: Final = "coordinator"
PARTITIONS: Final = "partitions"
MEMBER: Final = "member"
DATA: Final = "data"
CONNECTION: Final = "federation"
ARRAYS: Final = "arrays"
CONFIG: Final = "config"
METRICS: Final = "metrics"
RECORD: Final = "records/federation.jsonl"
MODEL: Final = "model.npy"
_OUTCOME: Final = "outcome.json"

_APP: Final = """\
[project]
name = "headwater-federation"
version = "1.0.0"
description = "A cooperative that learns together, filters updates by values and credits what it admits"
license = "AGPL-3.0-only"
dependencies = []

[tool.flwr.app]
publisher = "headwater"

[tool.flwr.app.components]
serverapp = "headwater_federation.coordinator:server_app"
clientapp = "headwater_federation.member:client_app"

[tool.flwr.app.config]
coordinator = ""
partitions = ""
"""

# Apart, since a member's part starts anew for each message and should load nothing else. Flower finds what it is told
# to load by reading `__all__`.
_MODULE: Final = """\
from headwater_agents.cooperative.flower.{side}_app import {app}

__all__ = ["{app}"]
"""
_MODULES: Final = {
    "__init__": '"""Both sides of the federation; every machine has the package that they come from."""\n',
    "coordinator": _MODULE.format(side="coordinator", app="server_app"),
    "member": _MODULE.format(side="member", app="client_app"),
}

_CONNECTION: Final = """\
[superlink]
default = "{name}"

[superlink.{name}]
address = "{address}"
{security}
"""


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Bytes that the SuperLink received from members, and sent to them."""

    received: int
    sent: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended.

    Attributes:
        error: why it did not come to its end; "" if it did.
        rounds: how many there were.
        credit: each member's sum over the rounds, nats.
        shares: of what the cooperative earns, by member; all zero when nobody's credit is above zero.
        weights: the same as whole numbers for the cascade; empty when nobody's credit is above zero.
        absent: members whose update did not come, by round from 0.
        payload: bytes of the models sent and of the updates received, as arrays.
        traffic: bytes as a deployment's SuperLink counted them; None in a simulation.
    """

    error: str = ""
    rounds: int = 0
    credit: Mapping[str, float] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, int] = field(default_factory=dict)
    absent: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    payload: Traffic = field(default_factory=lambda: Traffic(received=0, sent=0))
    traffic: Traffic | None = None

    def with_traffic(self, traffic: Traffic) -> Outcome:
        """The same with what the SuperLink counted."""
        return replace(self, traffic=traffic)


def write_app(folder: Path) -> None:
    """Writes the Flower app, a new folder that `flwr run` takes; every machine needs Headwater and Flower installed."""
    (folder / "headwater_federation").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(_APP, encoding="utf-8")
    for name, text in _MODULES.items():
        (folder / "headwater_federation" / f"{name}.py").write_text(text, encoding="utf-8")


def write_connection(home: Path, address: str, certificate: str = "") -> None:
    """Writes where the SuperLink is, as `flwr` looks for it.

    Args:
        home: the folder that FLWR_HOME will name.
        address: "HOST:PORT".
        certificate: the file of the authority that vouches for it; without one the link is not encrypted, for loopback.
    """
    home.mkdir(parents=True, exist_ok=True)
    security = f"root-certificates = {json.dumps(certificate)}" if certificate else "insecure = true"
    text = _CONNECTION.format(name=CONNECTION, address=address, security=security)
    (home / "config.toml").write_text(text, encoding="utf-8")


def write_settings(path: Path, settings: Mapping[str, str]) -> None:
    """Writes a run's settings as the .toml file that `flwr run --run-config` takes."""
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in settings.items()]
    path.write_text("".join(lines), encoding="utf-8")


def node_settings(name: str, data: Path) -> str:
    """What a member's SuperNode is started with: its name, and where its own examples are.

    Raises:
        FederationError: quotes or backslashes, which Flower's command cannot take there.
    """
    for value in (name, str(data)):
        if set(value) & set("\"'\\"):
            raise FederationError(
                f"{value!r} has a quote or a backslash, which the settings of a SuperNode cannot hold"
            )
    return f'{MEMBER}="{name}" {DATA}="{data}"'


def tell(folder: Path, outcome: Outcome) -> None:
    """Writes how a run ended; whoever sees the file sees all of it."""
    draft = folder / f".{_OUTCOME}"
    draft.write_text(json.dumps(asdict(outcome)) + "\n", encoding="utf-8")
    draft.replace(folder / _OUTCOME)


def outcome_of(folder: Path) -> Outcome | None:
    """How a run ended; None while it goes on."""
    try:
        fields: dict[str, Any] = json.loads((folder / _OUTCOME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    fields["payload"] = Traffic(**fields["payload"])
    fields["absent"] = {int(number): tuple(names) for number, names in fields["absent"].items()}
    return Outcome(**fields)


def rounds_done(folder: Path) -> int:
    """How many rounds are recorded; the first line of a record is about the whole."""
    try:
        with (folder / RECORD).open("rb") as file:
            return max(0, sum(line.endswith(b"\n") for line in file) - 1)
    except FileNotFoundError:
        return 0
