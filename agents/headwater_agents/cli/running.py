"""`headwater run`: a season of real forecasts through the contracts, audited, with a report."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from headwater.chain import Backend, connect, load
from headwater.report import (
    RunFolderError,
    canonical_summary,
    event_columns,
    read_summary,
    record_events,
    summary_tables,
    write_events,
    write_page,
    write_summary,
)
from headwater_agents.cli.errors import UNVERIFIED, print_json, reported
from headwater_agents.cli.output import terminal
from headwater_agents.durable.journal import Journal
from headwater_agents.lab.rain import WET, WET_AND_VERY_WET, RainWorld, load_rain
from headwater_agents.runner.season import Season, play_season
from headwater_agents.runner.stage import SeasonConfig, SeasonError
from headwater_agents.runner.summary import summarise


@click.command("run")
@click.option("--questions", type=click.IntRange(1), default=120, show_default=True, help="Questions to play.")
@click.option(
    "--chain", default="tester", show_default=True, help='"tester" (embedded), "revm" (fast), or the URL of a dev node.'
)
@click.option(
    "--seed", type=click.IntRange(0, 2**64 - 1), default=1, show_default=True, help="Of accounts, salts and window."
)
@click.option("--outcomes", type=click.Choice(["2", "3"]), default="2", show_default=True, help="Classes of rain.")
@click.option("--baselines", is_flag=True, help="Let an odds copier and a last-outcome bot stake too.")
@click.option(
    "--first", type=click.IntRange(0), default=None, help="Index of the first question; default: by the seed."
)
@click.option(
    "--out", type=click.Path(path_type=Path), default=None, help="Run folder; must not exist. Default: runs/NAME."
)
@click.option("--force", is_flag=True, help="Replace an existing run folder.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON instead of tables.")
@reported
def run_command(
    questions: int,
    chain: str,
    seed: int,
    outcomes: str,
    baselines: bool,
    first: int | None,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Deploy to a chain, play real rain forecasts through it, pay, cascade, audit every wei, and report.

    Eleven ensemble members sell signals, two aggregators pool and resell them, three forecasters stake on what they
    buy. What the forecasters win flows back down, three levels deep. The run folder keeps summary.json, every
    event as a CSV table, report.html and the journal of commitments.
    """
    folder = _folder(out, questions, seed, force)
    record = load_rain(thresholds=WET if outcomes == "2" else WET_AND_VERY_WET)
    world = record.window(questions, start=first, rng=None if first is not None else np.random.default_rng(seed))
    backend = connect(chain, seed=seed)
    with closing(backend), _workshop(folder.resolve()) as workshop:
        with closing(Journal(workshop / "journal.sqlite")) as journal:
            season = _play(backend, world, SeasonConfig(seed=seed, baselines=baselines), journal, quiet=as_json)
        summary = _write(workshop, season)
    if as_json:
        print_json(summary)
    else:
        console = terminal()
        for table in summary_tables(summary):
            console.print(table)
        console.print(f"Report: [bold]{folder / 'report.html'}[/]   summary: {folder / 'summary.json'}", soft_wrap=True)
        console.print(f"Where money came from: headwater trace {folder} member-5", soft_wrap=True)
    if not summary["audit_ok"]:
        sys.exit(UNVERIFIED)


def _folder(out: Path | None, questions: int, seed: int, force: bool) -> Path:
    folder = out or Path("runs") / f"rain-{questions}-{seed}"
    if folder.exists() and not force:
        if out is not None:
            raise SeasonError(f"{folder} exists; choose another --out, or replace it with --force")
        number = 2
        while (other := folder.with_name(f"{folder.name}-{number}")).exists():
            number += 1
        return other
    if folder.exists():
        try:
            read_summary(folder)
        except RunFolderError as error:
            raise SeasonError(f"{folder} exists and is not a run folder; it will not be replaced") from error
    return folder


@contextmanager
def _workshop(place: Path) -> Iterator[Path]:
    """A folder to write a run in, which becomes `place` at the end, so that a run folder is always whole.

    Leaves nothing behind when it fails. Raises SeasonError if `place` cannot be made.
    """
    made = [parent for parent in place.parents if not parent.exists()]
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        workshop = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    except OSError as error:
        _remove(made)
        raise SeasonError(f"{place} cannot be made: {error.filename}: {error.strerror}") from error
    old = workshop.with_name(workshop.name + ".old")
    try:
        yield workshop
        workshop.chmod(0o755)  # mkdtemp's 0o700 was right only while it was half made
        if place.exists():
            place.replace(old)
        workshop.replace(place)
    except BaseException:
        if old.exists() and not place.exists():
            old.replace(place)
        shutil.rmtree(workshop, ignore_errors=True)
        _remove(made)
        raise
    finally:
        if place.exists():
            shutil.rmtree(old, ignore_errors=True)


def _remove(folders: list[Path]) -> None:
    with suppress(OSError):  # not empty: somebody else has begun to use it
        for folder in folders:
            folder.rmdir()


def _play(backend: Backend, world: RainWorld, config: SeasonConfig, journal: Journal, quiet: bool) -> Season:
    with Progress(
        TextColumn("[bold]{task.description:26}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("questions"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=quiet,
    ) as bar:
        task = bar.add_task("starting", total=None)

        def progress(done: int, total: int, text: str) -> None:
            bar.update(task, completed=done, total=total, description=text)

        return play_season(backend, world, config, journal, progress)


def _write(folder: Path, season: Season) -> dict[str, Any]:
    system = season.stage.system
    events = system.events()
    summary = canonical_summary(summarise(season, events))
    blocks = sorted({event.block_number for event in events})
    records = record_events(
        events,
        {contract.address: contract.name for contract in system.contracts},
        {block: season.stage.backend.block_time(block) for block in blocks},
    )
    abis = {contract.name: load(contract.name).abi for contract in system.contracts}
    write_events(folder, records, event_columns(abis))
    write_summary(folder, summary)
    write_page(folder, summary)
    return dict(summary)
