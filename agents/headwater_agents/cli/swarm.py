"""`headwater swarm`."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.live import Live

from headwater.chain import ConnectionFailed
from headwater_agents.cli.errors import INTERRUPTED, UNVERIFIED, print_json, reported
from headwater_agents.cli.output import terminal

if TYPE_CHECKING:
    from headwater_agents.swarm.swarm import Swarm


@click.command("swarm")
@click.option("--questions", type=click.IntRange(1, 1_000), default=30, show_default=True, help="Questions to ask.")
@click.option(
    "--chain", type=click.Choice(["tester", "revm"]), default="tester", show_default=True, help="Of its own node."
)
@click.option("--rpc", default="", metavar="URL", help="Use this development node (anvil, say) instead of its own.")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), default=1, show_default=True, help="Of accounts and days.")
@click.option(
    "--network",
    type=click.Choice(["rain", "small"]),
    default="rain",
    show_default=True,
    help="rain: 11 members, 2 aggregators, 3 forecasters. small: 3, 1 and 1.",
)
@click.option("--no-market", is_flag=True, help="Sell no signals: two forecasters alone.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder. Default: swarms/NAME.")
@click.option("--resume", is_flag=True, help="Go on with the swarm in --out, or the newest one.")
@click.option("--kill-every", type=click.FloatRange(0), default=0, metavar="S", help="SIGKILL one every S seconds.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON; progress goes to standard error.")
@click.option("--plain", is_flag=True, help="Lines now and then instead of a live table.")
@reported
def swarm_command(
    questions: int,
    chain: str,
    rpc: str,
    seed: int,
    network: str,
    no_market: bool,
    out: Path | None,
    resume: bool,
    kill_every: float,
    as_json: bool,
    plain: bool,
) -> None:
    """Run a whole market as processes: a node, a facilitator, a bot for everybody; watch them, and audit the end.

    Whoever dies is started again and goes on from its own file. The first Ctrl-C finishes what was begun and audits
    it; the second stops at once. Either way, and after a kill too, --resume goes on.
    """
    from headwater_agents.swarm.ending import conclude
    from headwater_agents.swarm.folder import RunFolder, write_whole
    from headwater_agents.swarm.settings import SwarmSettings, SwarmUsageError
    from headwater_agents.swarm.summary import tables
    from headwater_agents.swarm.swarm import Phase, Stopped, Swarm
    from headwater_agents.swarm.table import svg

    if resume:
        folder = RunFolder.open(out or _newest())
    else:
        settings = SwarmSettings(
            chain=chain, rpc=rpc, questions=questions, seed=seed, network=network, market=not no_market
        )
        folder = RunFolder.create(out or _unused(questions, seed), settings)

    live = _live(plain or as_json)

    def tell(text: str) -> None:
        if live is None:
            click.echo(text, err=True)
        else:
            live.console.print(text, markup=False, highlight=False)

    at_the_end: list[str] = []
    inner = _shower(live, tell)

    def show(swarm: Swarm) -> None:
        inner(swarm)
        if swarm.phase is Phase.OVER:  # while everybody is still there
            at_the_end.append(svg(swarm))

    made = Swarm(folder, kill_every=kill_every, show=show, tell=tell)
    try:
        with live or nullcontext(), made as swarm, _interrupts(swarm):
            try:
                swarm.play()
                write_whole(folder.path / "table.svg", at_the_end[-1])
                summary = conclude(swarm, tell)
            except Stopped:
                click.echo(f"stopped; go on with: headwater swarm --resume --out {folder.path}", err=True)
                sys.exit(INTERRUPTED)
    except (SwarmUsageError, ConnectionFailed):
        if not resume and not folder.notes.get("staged"):
            shutil.rmtree(folder.path)  # nothing has begun, so nothing is in the way of another try
        raise
    if as_json:
        print_json(summary)
    else:
        console = terminal()
        for table in tables(summary):
            console.print(table)
        if (asked := summary["questions"]["asked"]) < folder.settings.questions:
            console.print(f"{asked} of {folder.settings.questions} questions were asked; --resume asks the others.")
        console.print(f"Everything is in [bold]{folder.path}[/]: summary.json, table.svg, logs/, a file for every bot")
    if not summary["ok"]:
        sys.exit(UNVERIFIED)


def _unused(questions: int, seed: int) -> Path:
    number, place = 2, Path("swarms") / f"rain-{questions}-{seed}"
    while place.exists():
        place, number = place.with_name(f"rain-{questions}-{seed}-{number}"), number + 1
    return place


def _newest() -> Path:
    from headwater_agents.swarm.settings import SwarmUsageError

    found = sorted(Path("swarms").glob("*/swarm.json"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise SwarmUsageError("there is no swarm under swarms/ to resume; say which by --out")
    return found[-1].parent


def _live(plain: bool) -> Live | None:
    console = Console(stderr=True)
    return Live(console=console, refresh_per_second=4, transient=True) if console.is_terminal and not plain else None


def _shower(live: Live | None, tell: Callable[[str], None]) -> Callable[[Swarm], None]:
    from headwater_agents.swarm.table import Plain, picture

    if live is None:
        return Plain(tell)

    def show(swarm: Swarm) -> None:
        if swarm.watching:
            live.update(picture(swarm))

    return show


@contextmanager
def _interrupts(swarm: Any) -> Iterator[None]:
    """The first Ctrl-C drains, the second stops; SIGTERM stops."""

    def drain(_: int, __: FrameType | None) -> None:
        swarm.interrupts += 1

    def stop(_: int, __: FrameType | None) -> None:
        swarm.interrupts += 2

    before = signal.signal(signal.SIGINT, drain), signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])
