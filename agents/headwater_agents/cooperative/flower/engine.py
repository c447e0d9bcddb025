"""A federation run by Flower on this machine: simulated on Ray, or as the separate programs of a deployment."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import httpx

from headwater.learning import Batch
from headwater_agents.cooperative.flower.absence import FederationError, need_flower
from headwater_agents.cooperative.flower.federation import Federation, save, save_batch
from headwater_agents.cooperative.flower.folder import (
    CONNECTION,
    COORDINATOR,
    PARTITIONS,
    Outcome,
    Traffic,
    node_settings,
    outcome_of,
    rounds_done,
    write_app,
    write_connection,
    write_settings,
)
from headwater_agents.cooperative.flower.processes import Programs
from headwater_agents.swarm.ports import free_ports

_HOST: Final = "127.0.0.1"
_TICK: Final = 0.2
_STARTING: Final = 60.0
_STATUS_EVERY: Final = 10.0
_LINK: Final = "superlink"


class Engine(StrEnum):
    """SIMULATION: members are tasks of a Ray on this machine. DEPLOYMENT: members are SuperNodes, processes of their
    own that speak with the SuperLink over HTTP, as they would from other machines.
    """

    SIMULATION = "simulation"
    DEPLOYMENT = "deployment"


def federate(
    federation: Federation,
    data: Mapping[str, Batch],
    folder: Path,
    engine: Engine = Engine.SIMULATION,
    progress: Callable[[int, int], None] | None = None,
) -> Outcome:
    """Run a federation with all its members on this machine, on loopback, and return how it ended.

    Args:
        federation: what the coordinator knows.
        data: each member's private examples, by name.
        folder: of the coordinator, new or empty; keeps the federation, a record a round, and the model.
        engine: how members run.
        progress: told how many rounds are done, of how many.

    Raises:
        FlowerAbsent: Flower or Ray is not installed.
        FederationError: members and data do not fit, a folder in use, or a run that did not come to its end.
    """
    need_flower()
    if set(data) != set(federation.members):
        raise FederationError(
            f"there is data of {', '.join(sorted(data)) or 'nobody'}; the members are {', '.join(federation.members)}"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FederationError(f"{folder} is in use; choose a folder that is new or empty")
    folder.mkdir(parents=True, exist_ok=True)
    save(federation, folder)
    place = Path(tempfile.mkdtemp(prefix="fl-"))  # short, for Ray's sockets lie below it
    try:
        with Programs(place) as programs:
            return _run(programs, place, federation, data, folder.resolve(), engine, progress)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _run(
    programs: Programs,
    place: Path,
    federation: Federation,
    data: Mapping[str, Batch],
    folder: Path,
    engine: Engine,
    progress: Callable[[int, int], None] | None,
) -> Outcome:
    files = {}
    for index, name in enumerate(federation.members):
        files[name] = place / f"member-{index}.npz"
        save_batch(data[name], files[name])
    ports = free_ports([_LINK, *federation.members])
    address = f"{_HOST}:{ports[_LINK]}"
    simulated = engine is Engine.SIMULATION
    write_app(place / "app")
    write_connection(place / "home", address)
    options = ["--insecure", "--host", _HOST, "--port", str(ports[_LINK]), "--disable-runtime-dependency-installation"]
    programs.start(_LINK, "flower-superlink", [*options, *(["--simulation"] if simulated else [])])
    _answering(programs, address)
    settings = {COORDINATOR: str(folder)}
    extra: list[str] = []
    if simulated:
        settings[PARTITIONS] = json.dumps([[name, str(files[name])] for name in federation.members])
        extra = ["--federation-config", f"num-supernodes={len(federation.members)}"]
    else:
        for index, name in enumerate(federation.members):
            node = ["--insecure", "--superlink", address, "--host", _HOST, "--port", str(ports[name])]
            programs.start(
                f"supernode-{index}", "flower-supernode", [*node, "--node-config", node_settings(name, files[name])]
            )
    write_settings(place / "settings.toml", settings)
    submit = ["run", str(place / "app"), CONNECTION, "--run-config", str(place / "settings.toml"), *extra]
    number = str(_asked(programs, submit)["run-id"])
    outcome = _ended(programs, federation, folder, number, progress)
    if outcome.error:
        raise FederationError(outcome.error)
    return outcome if simulated else outcome.with_traffic(_traffic(programs, number))


def _answering(programs: Programs, address: str) -> None:
    """Wait until the SuperLink answers."""
    deadline = time.monotonic() + _STARTING
    while time.monotonic() < deadline:
        programs.check()
        try:
            if httpx.get(f"http://{address}/health", timeout=1.0, trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(_TICK)
    raise FederationError(f"the SuperLink did not answer within {_STARTING:g} s: {programs.last_said(_LINK)}")


def _ended(
    programs: Programs,
    federation: Federation,
    folder: Path,
    number: str,
    progress: Callable[[int, int], None] | None,
) -> Outcome:
    """Wait for the run's end, as long as it goes on."""
    done, moved, asked = -1, time.monotonic(), time.monotonic()
    while (outcome := outcome_of(folder)) is None:
        # Before the first round all have to come; later the others go on without a member that is gone.
        programs.check(*([_LINK] if done > 0 else []))
        now = time.monotonic()
        if (count := rounds_done(folder)) > done:
            done, moved = count, now
            if progress is not None:
                progress(done, federation.rounds)
        # A round takes patience twice where somebody new does not say who it is, and then does not train.
        limit = _STARTING + (2 * federation.patience if done > 0 else federation.gathering + federation.patience)
        if now - moved > limit:
            raise FederationError(f"round {done + 1} did not end within {limit:g} s: {programs.last_said(_LINK)}")
        if now - asked > _STATUS_EVERY:  # a coordinator that cannot even start tells nobody
            asked = now
            status = str(_listed(programs, number)["status"])
            if status.startswith("finished") and outcome_of(folder) is None:
                raise FederationError(f"the coordinator ended ({status}) without a word: {programs.last_said(_LINK)}")
        time.sleep(_TICK)
    if progress is not None and not outcome.error:
        progress(federation.rounds, federation.rounds)
    return outcome


def _traffic(programs: Programs, number: str) -> Traffic:
    """What the SuperLink counted: bytes of messages with SuperNodes, of everything that Flower wraps them in."""
    counted: dict[str, int] = _listed(programs, number)["network-traffic"]
    return Traffic(received=int(counted["inbound-bytes"]), sent=int(counted["outbound-bytes"]))


def _listed(programs: Programs, number: str) -> dict[str, Any]:
    run: dict[str, Any]
    (run,) = _asked(programs, ["list", CONNECTION, "--run-id", number])["runs"]
    return run


def _asked(programs: Programs, command: list[str]) -> dict[str, Any]:
    """What `flwr` answers. Raises FederationError if it refuses."""
    said = programs.run("flwr", [*command, "--format", "json"])
    try:
        answer: dict[str, Any] = json.loads(said[said.index("{") :])
    except ValueError:
        raise FederationError(f"`flwr {command[0]}` answered what is no JSON: {said[-300:]!r}") from None
    if not answer.get("success"):
        raise FederationError(f"`flwr {command[0]}` refused: {answer.get('error-message', said)}")
    return answer
