"""`headwater learn season`: cooperatives that formed, learnt, staked and paid their members on-chain."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import click

from headwater_agents.cli.errors import UNVERIFIED, print_json, reported
from headwater_agents.cli.output import counting, terminal
from headwater_agents.cooperative.errors import CooperativeError


@click.command("season")
@click.option("--questions", type=click.IntRange(1), default=120, show_default=True, help="Questions to play.")
@click.option("--members", type=click.IntRange(1, 12), default=12, show_default=True, help="Members with data.")
@click.option("--bound", type=float, default=0.4, show_default=True, help="Within which members sign: l1, of weights.")
@click.option("--no-liars", is_flag=True, help="Leave the poisoner, the copier and the idle member out.")
@click.option(
    "--chain", default="revm", show_default=True, help='"tester" (embedded), "revm" (fast), or the URL of a dev node.'
)
@click.option("--seed", type=click.IntRange(0, 2**32), default=1, show_default=True, help="Of values and draws.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Run folder; must not exist.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON instead of tables.")
@reported
def season_command(
    questions: int,
    members: int,
    bound: float,
    no_liars: bool,
    chain: str,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """The whole chain: declared values, agreements, constraints, filtered updates, credit, cascade, pay to the wei.

    Members declare values and agreements form; each becomes a cooperative that trains on rain under its own profile,
    and stakes on-chain. What it wins is paid to its members by value-constrained credit, and reconciled.
    """
    import numpy as np

    from headwater.chain import connect
    from headwater.report.tables import rich_table
    from headwater_agents.cli.running import _workshop as workshop
    from headwater_agents.cooperative.account import season_grids, summarise_season
    from headwater_agents.cooperative.grids import terse
    from headwater_agents.cooperative.page import write_page
    from headwater_agents.cooperative.record import check_weights, keep_season
    from headwater_agents.cooperative.study import REPORT, SUMMARY, write_json
    from headwater_agents.cooperative.whole import ARCHIVE, WholeConfig, play_whole
    from headwater_agents.durable.journal import Journal
    from headwater_agents.lab.rain import load_rain

    folder = _new_folder(out, f"season-{questions}-{seed}")
    config = WholeConfig(members=members, liars=not no_liars, questions=questions, bound=bound, seed=seed)
    record = load_rain()
    latest = len(record.days) - questions
    if latest < ARCHIVE:
        raise CooperativeError(
            f"questions is {questions}; after an archive of {ARCHIVE} there are {latest + questions}"
        )
    start = int(np.random.default_rng([seed, 3]).integers(ARCHIVE, latest + 1))
    world = record.window(questions, start=start, burn_in=ARCHIVE)
    backend = connect(chain, seed=seed)
    with (
        closing(backend),
        workshop(folder.resolve()) as place,
        closing(Journal(place / "journal.sqlite")) as journal,
        counting("questions", quiet=as_json) as progress,
    ):
        whole = play_whole(backend, world, config, journal, progress)
        keep_season(place, whole)
        recorded = check_weights(place, whole, config.collective.rounds)
        words = f"--questions {questions} --members {members} --bound {bound:g} --chain {chain} --seed {seed}"
        command = f"headwater learn season {words}{' --no-liars' if no_liars else ''}"
        summary = summarise_season(whole, config, recorded, backend.name, command)
        write_json(place / SUMMARY, summary)
        write_page(place / REPORT, summary)
    if as_json:
        print_json(summary)
    else:
        console = terminal()
        for grid in season_grids(summary):
            console.print(rich_table(terse(grid)))
        console.print(f"Report: [bold]{folder / REPORT}[/]   summary: {folder / SUMMARY}", soft_wrap=True)
        who = summary["cooperatives"][0]["members"][0]["name"]
        console.print(f"Why a credit is what it is: headwater explain {folder} {who} 0", soft_wrap=True)
    if not summary["ok"]:
        sys.exit(UNVERIFIED)


def _new_folder(out: Path | None, name: str) -> Path:
    if out is not None:
        if out.exists():
            raise CooperativeError(f"{out} exists; choose another --out")
        return out
    place = Path("runs") / name
    number = 2
    while place.exists():
        place, number = place.with_name(f"{name}-{number}"), number + 1
    return place
