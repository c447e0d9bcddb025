"""A soak: the whole cast on every chain, with everybody killed at random again and again, audited to the wei.

    python -m headwater_agents.swarm.soak [--questions 30] [--kill-every 10] [--only tester] [--out swarms/soak]

On the embedded node, on revm and on anvil, one after the other; anvil is not killed, since it keeps nothing. Ends with
a table of kills and recoveries; exit code 4 if a check failed, or somebody was spared.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table

from headwater_agents.cli.errors import UNVERIFIED, reported
from headwater_agents.cli.output import terminal
from headwater_agents.swarm.ending import conclude
from headwater_agents.swarm.folder import RunFolder
from headwater_agents.swarm.settings import SwarmSettings, SwarmUsageError
from headwater_agents.swarm.summary import tables
from headwater_agents.swarm.swarm import Swarm
from headwater_agents.swarm.table import Plain

CHAINS: Final = ("tester", "revm", "anvil")


@click.command("soak")
@click.option("--questions", type=click.IntRange(1, 1_000), default=30, show_default=True)
@click.option("--kill-every", type=click.FloatRange(0.5), default=10.0, show_default=True, help="Seconds, on average.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of accounts, days and kills.")
@click.option("--only", type=click.Choice(CHAINS), multiple=True, help="Chains to play on. Default: all.")
@click.option("--anvil", default=None, help="The anvil binary. Default: the checkout's, else the one on PATH.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("swarms/soak"), show_default=True)
@reported
def soak_command(
    questions: int, kill_every: float, seed: int, only: tuple[str, ...], anvil: str | None, out: Path
) -> None:
    """Play the whole cast on every chain, and kill everybody again and again."""
    ended: dict[str, dict[str, Any]] = {}
    for chain in only or CHAINS:
        click.echo(f"{chain}: {questions} questions, somebody killed every {kill_every:g} s", err=True)
        folder = out / chain
        if chain == "anvil":
            with running_anvil(anvil) as url:
                ended[chain] = _play(folder, SwarmSettings(rpc=url, questions=questions, seed=seed), kill_every)
        else:
            ended[chain] = _play(folder, SwarmSettings(chain=chain, questions=questions, seed=seed), kill_every)
    console = terminal()
    for chain, summary in ended.items():
        console.rule(chain)
        for table in tables(summary):
            console.print(table)
    console.print(comparison(ended))
    if not all(summary["ok"] and not spared(summary) for summary in ended.values()):
        sys.exit(UNVERIFIED)


def _play(folder: Path, settings: SwarmSettings, kill_every: float) -> dict[str, Any]:
    def say(text: str) -> None:
        click.echo(text, err=True)

    with Swarm(RunFolder.create(folder, settings), kill_every=kill_every, show=Plain(say, 60.0), tell=say) as swarm:
        swarm.play()
        return conclude(swarm, say)


def spared(summary: dict[str, Any]) -> list[str]:
    """Processes that were never killed."""
    return [name for name, process in summary["processes"].items() if not process["kills"]]


def comparison(ended: dict[str, dict[str, Any]]) -> Table:
    """Chains side by side: kills and how long it took until the killed were back."""
    table = Table(
        title="Soak; seconds until the killed are back: median, worst",
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("chain")
    for title in (
        "asked",
        "resolved",
        "kills",
        "bots",
        "worst",
        "node",
        "worst",
        "signals",
        "forfeits",
        "checks",
        "failed",
    ):
        table.add_column(title, justify="right")
    for chain, summary in ended.items():
        processes = summary["processes"]
        bots = [each for name, one in processes.items() if name != "node" for each in one["recovery_s"]]
        node = processes.get("node", {}).get("recovery_s", [])
        failed = sum(1 for check in summary["checks"] if not check["ok"])
        table.add_row(
            chain,
            str(summary["questions"]["asked"]),
            str(summary["questions"]["resolved"]),
            str(sum(one["kills"] for one in processes.values())),
            *_spread(bots),
            *_spread(node),
            str(sum(agent["sold"] for agent in summary["agents"].values())),
            str(len(summary["forfeits"])),
            str(len(summary["checks"])),
            str(failed),
        )
    return table


def _spread(seconds: list[float]) -> tuple[str, str]:
    ordered = sorted(seconds)
    return (f"{ordered[len(ordered) // 2]:.1f}", f"{ordered[-1]:.1f}") if ordered else ("", "")


@contextmanager
def running_anvil(binary: str | None = None) -> Iterator[str]:
    """URL of an anvil process on the wall clock, ended afterwards. Raises SwarmUsageError if there is no binary."""
    local = Path("node_modules/.bin/anvil")
    found = shutil.which(binary or (str(local) if local.exists() else "anvil"))
    if found is None:
        raise SwarmUsageError("there is no anvil here: `make anvil`, or say where it is by --anvil")
    command = [found, "--host", "127.0.0.1", "--port", "0", "--hardfork", "prague"]
    with subprocess.Popen(  # noqa: S603 - what the user named
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        try:
            said = process.stdout or ()
            heard = (re.search(r"Listening on (127\.0\.0\.1:\d+)", line) for line in said)
            place = next((each[1] for each in heard if each), None)
            if place is None:
                raise SwarmUsageError(f"{found} did not start")
            # Somebody has to read what it goes on saying, or it stops when the pipe is full.
            threading.Thread(target=lambda: [None for _ in said], daemon=True).start()
            yield f"http://{place}"
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    soak_command()
