"""`headwater attack`: adversaries beside honest play of the same seeds, and whether they pay."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from headwater_agents.cli.errors import FAILED, print_json, reported
from headwater_agents.cli.output import terminal
from headwater_agents.lab.campaign import CampaignReport, Store, run_units
from headwater_agents.lab.campaign.runner import cores
from headwater_agents.trial.errors import TrialError

SHOWN: Final = 10
"""Most failures that are shown; the store has all."""

_WORLDS: Final = {"synthetic": ("synthetic",), "rain": ("rain",), "both": ("synthetic", "rain")}


@click.command("attack")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "every", is_flag=True, help="Every attack there is.")
@click.option("--list", "listing", is_flag=True, help="Say what attacks there are, and play none.")
@click.option("--seeds", type=click.IntRange(1), default=40, show_default=True, help="Plays of each, from seed 1 on.")
@click.option("--rounds", type=click.IntRange(1), default=150, show_default=True, help="Questions a play.")
@click.option("--jobs", type=click.IntRange(1), default=None, help="Processes. Default: one for each core.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder, new or of this trial.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON instead of tables.")
@click.option("--world", type=click.Choice(list(_WORLDS)), default="synthetic", show_default=True, help="Played in.")
@click.option("--mechanism", "mechanisms", multiple=True, help="A name or path.py:ClassName; repeatable.")
@click.option("--rivals", is_flag=True, help="Every mechanism there is.")
@click.option("--chain", default="revm", show_default=True, help='Of Headwater\'s contracts: "revm" or "tester".')
@click.option(
    "--stake-share", "stake_shares", multiple=True, metavar="S,...", help="The coalition's shares of all stake."
)
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="A parameter or setting; repeatable.")
@click.option("--no-variants", is_flag=True, help="Attacks by their defaults only, where no variant is named.")
@click.option(
    "--adapt", type=click.IntRange(0), default=0, metavar="N", help="First search each attack's parameters, N sets."
)
@reported
def attack_command(
    names: tuple[str, ...],
    every: bool,
    listing: bool,
    seeds: int,
    rounds: int,
    jobs: int | None,
    out: Path | None,
    as_json: bool,
    world: str,
    mechanisms: tuple[str, ...],
    rivals: bool,
    chain: str,
    stake_shares: tuple[str, ...],
    changes: tuple[str, ...],
    no_variants: bool,
    adapt: int,
) -> None:
    """Play attacks on the deployed contracts, each beside honest play of the same seeds, and say which ones pay.

    NAME is an attack's, NAME/SUFFIX that of a variant, or path.py:ClassName of a file of your own. What is done is
    kept at once: the same command goes on where it was broken off. The folder gets summary.json, differences.csv
    with a row a seed, and report.html.

    With --adapt each attack that has parameters to search is played besides with those that paid best on other seeds.

    --set takes a parameter of the attacks (fraction=0.5, or skim.fraction=0.5), a part of the setting
    (provider.leave_rate=0.1), or a setting of one world or mechanism (headwater.rent_bps=50).
    """
    from headwater_agents.adversaries.registry import attacks
    from headwater_agents.lab.mechanisms.registry import names as mechanism_names
    from headwater_agents.trial.changes import parse_changes
    from headwater_agents.trial.plan import Trial

    if listing or not (names or every):
        _list(as_json)
        return
    if every and names:
        raise TrialError("--all is every attack; name some, or give --all")
    if rivals and mechanisms:
        raise TrialError("--rivals is every mechanism; name some by --mechanism, or give --rivals")
    if chain not in ("revm", "tester"):
        raise TrialError(f"chain {chain!r}; accepted: revm, tester")
    trial = Trial(
        attacks=tuple(attacks()) if every else names,
        worlds=_WORLDS[world],
        mechanisms=mechanism_names() if rivals else mechanisms or ("headwater",),
        seeds=seeds,
        rounds=rounds,
        chain=chain,
        stake_shares=tuple(share for text in stake_shares for share in _shares(text)),
        changes=parse_changes(changes),
        variants=not no_variants,
        adapt=adapt,
    )
    _play(trial, out, jobs, as_json)


def _shares(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise TrialError(f"stake share {text!r}: expected numbers such as 0.2 or 0.01,0.1,0.6") from None


def _list(as_json: bool) -> None:
    from headwater_agents.report import attack_list, list_table

    found = attack_list()
    if as_json:
        print_json(found)
        return
    console = terminal()
    console.print(list_table(found))
    console.print("Play some by name, or all: [bold]headwater attack --all[/]")


def _play(trial: Any, out: Path | None, jobs: int | None, as_json: bool) -> None:
    from headwater_agents.report import trial_tables, write_report
    from headwater_agents.trial import claim, default_folder, plan
    from headwater_agents.trial.folder import DIFFERENCES, REPORT, STORE, SUMMARY, write_json
    from headwater_agents.trial.summary import played, summarise, write_differences

    planned = plan(trial)
    folder = out or default_folder(trial)
    claim(folder, trial)
    if trial.adapt:
        planned = plan(trial, _adapt(trial, folder, jobs, quiet=as_json))
    with Store(folder / STORE) as store:
        report = _run(planned.units(), store, jobs, quiet=as_json)
        cells = played(planned, store)
        summary = summarise(planned, cells, report.failures)
        write_differences(folder / DIFFERENCES, cells)
        write_json(folder / SUMMARY, summary)
        write_report(folder, summary)
    if as_json:
        print_json(summary)
    else:
        console = terminal()
        for table in trial_tables(summary):
            console.print(table)
        console.print(f"Report: [bold]{folder / REPORT}[/]   summary: {folder / SUMMARY}", soft_wrap=True)
    if report.failures:
        _complain(report, folder / STORE)
        sys.exit(FAILED)


def _adapt(trial: Any, folder: Path, jobs: int | None, quiet: bool) -> dict[str, dict[str, Any]]:
    from headwater_agents.trial.adapt import adapt

    with Progress(
        TextColumn("[bold]{task.description:30}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("sets tried"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=quiet,
    ) as bar:
        tasks: dict[str, Any] = {}

        def progress(name: str, done: int, of: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(f"searching {name}", total=of)
            bar.update(tasks[name], completed=done)

        return adapt(trial, folder, jobs or cores(), progress)


def _run(units: Any, store: Store, jobs: int | None, quiet: bool) -> CampaignReport:
    done = 0
    with Progress(
        TextColumn("[bold]{task.description:12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("plays"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=quiet,
    ) as bar:
        task = bar.add_task("attacking", total=len(units))

        def progress(finished: int, total: int, _key: str) -> None:
            nonlocal done
            done = finished
            bar.update(task, completed=finished, total=total)

        try:
            report = run_units(units, store, jobs, progress)
        except KeyboardInterrupt:
            bar.stop()
            click.echo(f"{done} of {len(units)} plays are kept; the same command goes on from there", err=True)
            raise
    if report.reused and not quiet:
        click.echo(f"{report.reused} of {len(units)} plays were known already and not played again", err=True)
    return report


def _complain(report: CampaignReport, store: Path) -> None:
    for failure in report.failures[:SHOWN]:
        click.echo(f"headwater: {failure.key}: {failure.error}", err=True)
    click.echo(
        f"headwater: {len(report.failures)} of {report.ran} plays failed, and their seeds count nowhere; the same "
        f"command tries them again. Tracebacks: {store}, table results",
        err=True,
    )
