"""`headwater values`: value systems, one consensus for everybody, and the agreements that form instead."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from headwater import __version__
from headwater.chain import ArgumentError
from headwater_agents.cli.errors import EXIT_CODES, print_json, reported
from headwater_agents.cli.output import counting, show, terminal

Command = Callable[..., Any]

GRAPH_HELP = (
    "nearest, geographic, small-world or complete; or a file of ties by agents' names: a .csv with the columns from "
    'and to, or a .json such as [["ann", "ben"]].'
)


@click.group("values", epilog=EXIT_CODES)
def values_command() -> None:
    """Value systems, one consensus for everybody, and the agreements that form instead.

    DATA is evs (34 countries of the European Values Study 2017), wvs (5,381 people of the World Values Survey
    1995-1997), synthetic (made-up agents), or the path of a .csv or .json file of your own; `values data` writes a data
    set as such a file.
    """


@contextmanager
def wrong_use() -> Iterator[None]:
    """Let what the library refuses end as wrong use does. Imported late: scipy takes a while."""
    from headwater.values import ValuesError

    try:
        yield
    except ValuesError as error:
        raise ArgumentError(str(error)) from error


def data_options(command: Command) -> Command:
    """DATA and what it can be told."""
    for decorate in reversed(
        (
            click.argument("data", default="evs"),
            click.option(
                "--agents",
                type=click.IntRange(1),
                default=None,
                help="How many to make up (synthetic; default 1000) or to draw (wvs; default all).",
            ),
            click.option("--seed", type=click.IntRange(0, 2**63), default=1, show_default=True, help="Of all draws."),
            click.option(
                "--reliability",
                type=click.FloatRange(0, 1),
                default=0.6,
                show_default=True,
                help="Of one answer, in the encoding of wvs.",
            ),
            click.option(
                "--norm",
                type=click.Choice(["l1", "squared-l2", "linf"]),
                default="l1",
                show_default=True,
                help="Of bounds and thresholds.",
            ),
        )
    ):
        command = decorate(command)
    return command


def graph_options(command: Command) -> Command:
    """How agents meet and what they climb."""
    for decorate in reversed(
        (
            click.option(
                "--neighbours",
                type=click.IntRange(1),
                default=6,
                show_default=True,
                help="How many each agent knows at least.",
            ),
            click.option(
                "--utility",
                type=click.Choice(["squared", "absolute"]),
                default="squared",
                show_default=True,
                help="What agents climb: an agreement is its group's mean, or its median.",
            ),
            click.option(
                "--rounds",
                type=click.IntRange(1, 1_000_000),
                default=200,
                show_default=True,
                help="Rounds of exchange at most.",
            ),
        )
    ):
        command = decorate(command)
    return command


@values_command.command("study")
@data_options
@click.option(
    "--graph",
    "graphs",
    multiple=True,
    help=f"{GRAPH_HELP} Repeatable, the first is drawn. Default: all by name that fit.",
)
@graph_options
@click.option("--thresholds", type=click.IntRange(2, 200), default=14, show_default=True, help="Steps of the sweep.")
@click.option(
    "--threshold",
    type=click.FloatRange(0),
    default=None,
    help="The one that pictures show. Default: the first decile of pairwise distance.",
)
@click.option("--seeds", type=click.IntRange(1, 1_000), default=5, show_default=True, help="Random graphs of a kind.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="New folder. Default: runs/values-DATA.")
@click.option("--force", is_flag=True, help="Replace an existing folder of a study.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON instead of tables.")
@reported
def study_command(
    data: str,
    agents: int | None,
    seed: int,
    reliability: float,
    norm: str,
    graphs: tuple[str, ...],
    neighbours: int,
    utility: str,
    rounds: int,
    thresholds: int,
    threshold: float | None,
    seeds: int,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """One consensus beside the agreements that form, over bounds, thresholds and social graphs, with a report.

    Bounds stand at the quartiles of pairwise distance, and the threshold runs from where nobody agrees to where
    everybody signs one agreement. For each: number and size of groups, individual utility (mean, worst, Gini), and what
    signing every acceptable agreement changes. The folder gets summary.json, cells.csv, report.html and pictures.
    """
    with wrong_use():
        from headwater.values import Norm, Utility
        from headwater_agents.values.folder import KIND, REPORT, SUMMARY, claim_folder, write_folder
        from headwater_agents.values.loading import load_society
        from headwater_agents.values.study import StudySettings, study
        from headwater_agents.values.tables import study_grids

        society = load_society(data, agents=agents, seed=seed, norm=Norm(norm), reliability=reliability)
        folder = claim_folder(out, society.name, force)
        settings = StudySettings(
            graphs=tuple(dict.fromkeys(graphs)),
            neighbours=neighbours,
            thresholds=thresholds,
            threshold=threshold,
            seeds=seeds,
            seed=seed,
            norm=Norm(norm),
            utility=Utility(utility),
            rounds=rounds,
        )
        with counting("formations", quiet=as_json) as progress:
            record = study(society, settings, progress)
        record |= {"kind": KIND, "headwater": __version__, "command": shlex.join(["headwater", *sys.argv[1:]])}
        write_folder(folder, record)
    if as_json:
        print_json(record)
        return
    for grid in study_grids(record):
        show(grid)
    terminal().print(
        f"Report: [bold]{escape(str(folder / REPORT))}[/]   summary: {escape(str(folder / SUMMARY))}", soft_wrap=True
    )
