"""The processes of a swarm as commands: their settings files, keys, ports and logs."""

from __future__ import annotations

from typing import Any, Final

from headwater.chain.accounts import development_key
from headwater_agents.swarm.diary import Diary
from headwater_agents.swarm.folder import RunFolder, to_toml, write_whole
from headwater_agents.swarm.launching import Launcher
from headwater_agents.swarm.parts import FACILITATOR, NODE, SELLERS, Part, cast
from headwater_agents.swarm.staging import SERIES
from headwater_agents.swarm.worker import Worker

_HOST: Final = "127.0.0.1"


def place(port: int) -> str:
    """The URL of a process of the swarm."""
    return f"http://{_HOST}:{port}"


def node_worker(folder: RunFolder, diary: Diary, launcher: Launcher, port: int) -> Worker:
    """The swarm's own node."""
    settings = folder.settings
    arguments = ["node", "--chain", settings.chain, "--port", str(port), "--seed", str(settings.seed)]
    arguments += ["--state", str(folder.chain), "--json"]
    return Worker(NODE, NODE, arguments, "", place(port), folder.log(NODE), diary, launcher)


def workers(folder: RunFolder, diary: Diary, launcher: Launcher, rpc: str, ports: dict[str, int]) -> dict[str, Worker]:
    """Everybody but the node, by name; writes their settings. `rpc` is the node's URL."""
    found: dict[str, Worker] = {}
    facilitator = place(ports[FACILITATOR]) if FACILITATOR in ports else ""
    for part in cast(folder.settings):
        port = ports[part.name]
        if part.bot:
            write_whole(folder.config(part.name), to_toml(bot_settings(folder, part, rpc, port, facilitator)))
        found[part.name] = Worker(
            part.name,
            part.role,
            command(folder, part, rpc, port),
            development_key(folder.settings.seed, part.index).hex(),
            place(port),
            folder.log(part.name),
            diary,
            launcher,
        )
    return found


def command(folder: RunFolder, part: Part, rpc: str, port: int) -> list[str]:
    """What is run: arguments of `headwater`."""
    if part.bot:
        return ["agent", part.role, "--config", str(folder.config(part.name)), "--log", "json", "--log-level", "debug"]
    return [
        "facilitator",
        "--rpc",
        rpc,
        "--manifest",
        str(folder.manifest),
        "--state",
        str(folder.state(part.name)),
        "--port",
        str(port),
        "--json",
    ]


def bot_settings(folder: RunFolder, part: Part, rpc: str, port: int, facilitator: str) -> dict[str, Any]:
    """A bot's settings as its file has them."""
    settings, notes = folder.settings, folder.notes
    agents: dict[str, int] = notes["agents"]
    tables: dict[str, Any] = {
        "role": part.role,
        "name": part.name,
        "rpc": rpc,
        "manifest": folder.manifest.name,
        "state": folder.state(part.name).name,
        "series": SERIES,
        "http": {"host": _HOST, "port": port},
    }
    source: dict[str, Any] = {}
    if part.role in ("resolver", "provider"):
        source["kind"] = "rain"
    if part.member:
        source["member"] = part.member
    if part.name in notes["histories"]:
        source["history"] = notes["histories"][part.name]
    if source:
        tables["source"] = source
    if part.role in SELLERS or part.suppliers:
        tables["market"] = {
            "facilitator": facilitator,
            "price": settings.price,
            "suppliers": [agents[name] for name in part.suppliers],
            "private": True,
        }
        if part.name in notes.get("pasts", {}):
            tables["market"]["past"] = notes["pasts"][part.name]
    if part.policy:
        # No target_stake: it would stake the tokens that are for signals.
        tables["policy"] = {"use": part.policy}
    if part.role == "resolver":
        tables["questions"] = {
            "questions": settings.questions,
            "first_day": notes["first_day"],
            "lead": settings.lead,
            "commit": settings.commit,
            "reveal": settings.reveal,
            "rest": settings.rest,
        }
    return tables
