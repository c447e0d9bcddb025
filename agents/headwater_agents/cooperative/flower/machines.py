"""A federation over several machines: what lies on each, and what is run there."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from headwater.learning import Batch
from headwater_agents.cooperative.flower.absence import FederationError
from headwater_agents.cooperative.flower.federation import Federation, save, save_batch
from headwater_agents.cooperative.flower.folder import (
    CONNECTION,
    COORDINATOR,
    node_settings,
    write_app,
    write_connection,
    write_settings,
)


def prepare_machines(
    federation: Federation, data: Mapping[str, Batch], folder: Path, address: str = "COORDINATOR:8000"
) -> dict[str, list[str]]:
    """Writes a folder for the coordinator and one for each member, and returns what to run where.

    Every machine has Headwater with its `flower` extra. Links are encrypted: the coordinator's certificate and key are
    link.pem and link.key, and ca.pem is the authority that everybody trusts.

    Args:
        federation: what the coordinator knows.
        data: each member's examples, by name; a member that has its own puts them in its folder as data.npz.
        folder: new or empty.
        address: "HOST:PORT" by which members reach the coordinator.

    Returns:
        Commands in order, by where they are run: the coordinator's folder, then each member's, then the coordinator's.

    Raises:
        FederationError: a folder in use, or data of somebody who is no member.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FederationError(f"{folder} is in use; choose a folder that is new or empty")
    if strangers := set(data) - set(federation.members):
        raise FederationError(f"there is data of {', '.join(sorted(strangers))}, who are no members")
    ours = folder / "coordinator"
    ours.mkdir(parents=True)
    save(federation, ours)
    write_app(ours / "app")
    # Flower takes no relative path here.
    write_connection(ours / "home", address, certificate=str(ours.resolve() / "ca.pem"))
    write_settings(ours / "settings.toml", {COORDINATOR: "."})
    host, _, port = address.rpartition(":")
    quiet = "FLWR_TELEMETRY_ENABLED=0 FLWR_DISABLE_UPDATE_CHECK=1"
    steps = {
        f"in {ours}, on the coordinator's machine": [
            f"{quiet} flower-superlink --host 0.0.0.0 --port {port} --disable-runtime-dependency-installation"
            " --ssl-certfile link.pem --ssl-keyfile link.key --ssl-ca-certfile ca.pem"
        ]
    }
    for index, name in enumerate(federation.members):
        theirs = folder / f"member-{index}"
        theirs.mkdir()
        if name in data:
            save_batch(data[name], theirs / "data.npz")
        settings = shlex.quote(node_settings(name, Path("data.npz")))
        steps[f"in {theirs}, on the machine of {name}"] = [
            f"{quiet} flower-supernode --superlink {host}:{port} --root-certificates ca.pem --node-config {settings}"
        ]
    steps[f"in {ours}, when all are there"] = [
        f"{quiet} FLWR_HOME=home flwr run app {CONNECTION} --run-config settings.toml --stream"
    ]
    return steps
