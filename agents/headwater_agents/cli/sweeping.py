"""`headwater sweep`: a grid of units described in a file, over all cores or a Ray cluster, to tables and a summary."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from headwater_agents.cli.errors import FAILED, print_json, reported
from headwater_agents.cli.output import terminal
from headwater_agents.lab.campaign import (
    CampaignError,
    CampaignReport,
    Store,
    Sweep,
    Unit,
    load_sweep,
    run_units,
    write_csv,
    write_jsonl,
)
from headwater_agents.lab.campaign.export import write_whole
from headwater_agents.lab.campaign.store import FILE_NAME

SHOWN: Final = 30
"""Most cells and kinds of failure that are shown on the terminal; the files have all."""


@click.command("sweep")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--jobs", type=click.IntRange(1), default=None, help="Processes. Default: one for each core.")
@click.option("--ray", default=None, metavar="ADDRESS", help="Run on the Ray cluster at HOST:PORT. Default: here.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=None, help="Folder, new or of this sweep. Default: sweeps/NAME."
)
@click.option("--dry-run", is_flag=True, help="Say how many units there are, show the first, and run none.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON instead of a table.")
@reported
def sweep_command(
    file: Path, jobs: int | None, ray: str | None, out: Path | None, dry_run: bool, as_json: bool
) -> None:
    """Run a function over a grid of arguments and seeds, as FILE (TOML) describes it.

    What is done is kept at once: the same command goes on where a run was broken off, and after a change to FILE runs
    only what is new. The folder gets results.csv and results.jsonl, a row a unit, and summary.json: means with
    intervals over the seeds, verdicts on gains, borders. Their bytes do not depend on who computed what, or when.
    """
    if jobs is not None and ray is not None:
        raise CampaignError("--jobs is for this machine, --ray for a cluster; give one of them")
    sweep = load_sweep(file)
    folder = _folder(out or Path("sweeps") / sweep.name)
    units = sweep.units()
    with Store(folder / FILE_NAME) as store:
        if dry_run:
            _describe(units, store, as_json)
            return
        report = _run(units, store, jobs, ray, quiet=as_json)
        summary = _write(folder, sweep, units, store, report)
    if as_json:
        print_json(summary)
    else:
        _show(summary, folder)
    if report.failures:
        _complain(report, folder)
        sys.exit(FAILED)


def _folder(folder: Path) -> Path:
    if folder.exists() and not folder.is_dir():
        raise CampaignError(f"{folder} is a file; choose another --out")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / FILE_NAME).is_file():
        raise CampaignError(f"{folder} exists and is no sweep's folder; choose another --out")
    return folder


def _describe(units: Sequence[Unit], store: Store, as_json: bool) -> None:
    digests = {unit.digest() for unit in units}
    known, first = len(store.known(digests)), units[0]
    if as_json:
        print_json(
            {
                "units": len(units),
                "known": known,
                "first": {"key": first.key, "call": first.call, "args": dict(first.args)},
            }
        )
        return
    click.echo(f"{len(units)} units, {known} of them known already.")
    arguments = ", ".join(f"{name}={value!r}" for name, value in first.args.items())
    click.echo(f"The first: {first.call} with {arguments or 'no arguments'}")


def _run(units: Sequence[Unit], store: Store, jobs: int | None, ray: str | None, quiet: bool) -> CampaignReport:
    done = 0
    with Progress(
        TextColumn("[bold]{task.description:26}", markup=True),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("units"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=quiet,
    ) as bar:
        task = bar.add_task("running", total=len(units))

        def progress(finished: int, total: int, _key: str) -> None:
            nonlocal done
            done = finished
            bar.update(task, completed=finished, total=total)

        try:
            return run_units(units, store, jobs, progress, ray)
        except KeyboardInterrupt:
            bar.stop()
            click.echo(f"{done} of {len(units)} units are kept; the same command goes on from there", err=True)
            raise


def _write(folder: Path, sweep: Sweep, units: Sequence[Unit], store: Store, report: CampaignReport) -> dict[str, Any]:
    from headwater_agents.lab.campaign.summary import summarise_sweep  # its statistics take a second to import

    rows = store.records(units)
    summary = summarise_sweep(sweep, rows, report.failures)
    write_jsonl(folder / "results.jsonl", rows)
    write_csv(folder / "results.csv", rows)
    write_summary(folder / "summary.json", summary)
    return summary


def write_summary(path: Path, summary: dict[str, Any]) -> Path:
    """summary.json as people read it; equal summaries give equal bytes."""
    return write_whole(path, json.dumps(summary, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def _show(summary: dict[str, Any], folder: Path) -> None:
    console = terminal()
    cells = summary["cells"]
    axes = list(cells[0]["args"])
    gains = any("gain" in cell for cell in cells)
    fields = sorted({name for cell in cells for name in cell["fields"]} - set(axes))
    console.print(f"[bold]{summary['name']}[/]: {summary['done']} of {summary['units']} units")
    table = Table()
    for name in (*axes, "seeds"):
        table.add_column(name)
    shown = ["gain"] if gains else fields[:4]
    for name in shown:
        table.add_column(f"{name} (95% interval)", justify="right")
    if gains:
        table.add_column("verdict")
    for cell in cells[:SHOWN]:
        values = [_interval(cell["gain"] if gains and "gain" in cell else cell["fields"].get(name)) for name in shown]
        verdict = [_verdict(cell)] if gains else []
        table.add_row(*(str(cell["args"][name]) for name in axes), str(cell["seeds"]), *values, *verdict)
    console.print(table)
    if len(cells) > SHOWN:
        console.print(f"and {len(cells) - SHOWN} cells more, in summary.json")
    console.print(f"Results: [bold]{folder / 'results.csv'}[/]   summary: {folder / 'summary.json'}", soft_wrap=True)


def _interval(value: dict[str, Any] | None) -> str:
    if value is None:
        return "–"
    low, high = (f"{value[key]:.4g}" if value[key] is not None else "?" for key in ("low", "high"))
    return f"{value['mean']:.4g} ({low} to {high})"


def _verdict(cell: dict[str, Any]) -> str:
    if "gain" not in cell:
        return "–"
    return str(cell["gain"]["verdict"]) + ("" if cell["gain"]["established"] else ", undecided")


def _complain(report: CampaignReport, folder: Path) -> None:
    by_error: dict[str, list[str]] = {}
    for failure in report.failures:
        by_error.setdefault(failure.error, []).append(failure.key)
    for error, keys in list(by_error.items())[:SHOWN]:
        others = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
        click.echo(f"headwater: {keys[0]}{others}: {error}", err=True)
    click.echo(
        f"headwater: {len(report.failures)} of {report.ran} units failed; the same command tries them again. "
        f"Tracebacks: {folder / FILE_NAME}, table results",
        err=True,
    )
