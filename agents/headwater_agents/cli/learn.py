"""`headwater learn`: cooperatives that learn under values, beside their rivals; what values cost; pay on-chain."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from headwater_agents.cli.errors import print_json, reported
from headwater_agents.cli.flower import federate_command
from headwater_agents.cli.output import counting, terminal
from headwater_agents.cli.paying import season_command
from headwater_agents.cli.profiles import profile_command
from headwater_agents.cli.traversing import traverse_command
from headwater_agents.cooperative.errors import CooperativeError

DATA: Final = ("hmda", "arrests", "rain")


@click.group("learn")
def learn_group() -> None:
    """Cooperatives that train a shared model under their members' values, and pay for what those admit."""


learn_group.add_command(federate_command)
learn_group.add_command(profile_command)
learn_group.add_command(traverse_command)


@learn_group.command("run")
@click.option("--data", type=click.Choice(DATA), default="hmda", show_default=True, help="What is learnt.")
@click.option("--members", type=click.IntRange(1, 12), default=6, show_default=True, help="Members with data.")
@click.option("--rounds", type=click.IntRange(1, 1000), default=25, show_default=True, help="Rounds of training.")
@click.option("--strictness", type=float, default=0.5, show_default=True, help="Of all templates, 0 to 1.")
@click.option(
    "--profile",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A profile that members bring, instead of the templates; more of them in turn. See learn profile.",
)
@click.option("--skew", type=float, default=2.0, show_default=True, help="Evenness of the deal; small is uneven.")
@click.option("--no-liars", is_flag=True, help="Leave the poisoner, the copier and the idle member out.")
@click.option("--seeds", type=click.IntRange(1, 1000), default=3, show_default=True, help="Plays, from --seed on.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="The first seed.")
@click.option("--jobs", type=click.IntRange(1), default=None, help="Processes. Default: one for each core.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder, new or of this study.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON instead of tables.")
@reported
def run_command(
    data: str,
    members: int,
    rounds: int,
    strictness: float,
    files: tuple[Path, ...],
    skew: float,
    no_liars: bool,
    seeds: int,
    seed: int,
    jobs: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Train under profiles and without; pay by value-constrained credit, by data volume and by plain Shapley.

    The same members, data and seed under every arm. The folder gets summary.json and report.html; profiles/*.json, as
    `headwater learn profile` reads them; and records/project.jsonl and records/reject.jsonl, every round of the arms
    that filter under the first seed, from which `headwater explain` re-checks any decision. What is done is kept.
    """
    from headwater_agents.cooperative.grids import run_grids
    from headwater_agents.cooperative.record import judged, keep_run, roots_of
    from headwater_agents.cooperative.results import summarise_run
    from headwater_agents.cooperative.study import Study
    from headwater_agents.cooperative.trial import Setting

    own = _own_profiles(files)
    setting = Setting(
        data=data,
        members=members,
        rounds=rounds,
        strictness=strictness,
        skew=skew,
        liars=not no_liars,
        profiles=own,
    )
    if own:
        judged(setting, seed)
    study = Study(setting=setting, seeds=seeds, first=seed)
    command = _command("run", study, files)
    folder, records = _conduct(study, out, jobs, quiet=as_json)
    roots = roots_of(keep_run(folder, setting, seed))
    summary = {**summarise_run(setting, study.range, records[0], command), "roots": roots}
    _finish(folder, summary, run_grids(summary), as_json)
    if not as_json:
        who = records[0][0]["members"][0]["name"]
        terminal().print(f"Why a credit is what it is: headwater explain {folder} {who} 0", soft_wrap=True)


@learn_group.command("sweep")
@click.option("--data", type=click.Choice(DATA), default="hmda", show_default=True, help="What is learnt.")
@click.option("--members", type=click.IntRange(1, 12), default=6, show_default=True, help="Members with data.")
@click.option("--rounds", type=click.IntRange(1, 1000), default=20, show_default=True, help="Rounds of training.")
@click.option(
    "--strictness", default="0,0.25,0.5,0.75,1", show_default=True, help="The grid, 0 to 1, from low to high."
)
@click.option("--skew", type=float, default=2.0, show_default=True, help="Evenness of the deal; small is uneven.")
@click.option("--no-liars", is_flag=True, help="Leave the poisoner, the copier and the idle member out.")
@click.option("--seeds", type=click.IntRange(1, 1000), default=3, show_default=True, help="Plays, from --seed on.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="The first seed.")
@click.option("--jobs", type=click.IntRange(1), default=None, help="Processes. Default: one for each core.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder, new or of this study.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON instead of tables.")
@reported
def sweep_command(
    data: str,
    members: int,
    rounds: int,
    strictness: str,
    skew: float,
    no_liars: bool,
    seeds: int,
    seed: int,
    jobs: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """What values cost and who pays: filtered training over the strictness of all profiles, paired seed by seed.

    The folder gets summary.json and report.html. What is done is kept: the same command goes on with it.
    """
    from headwater_agents.cooperative.grids import sweep_grids
    from headwater_agents.cooperative.results import summarise_sweep
    from headwater_agents.cooperative.study import SWEPT, Study
    from headwater_agents.cooperative.trial import Setting

    grid = _grid(strictness)
    setting = Setting(data=data, members=members, rounds=rounds, skew=skew, liars=not no_liars)
    study = Study(setting=setting, arms=SWEPT, seeds=seeds, first=seed, grid=grid)
    folder, records = _conduct(study, out, jobs, quiet=as_json)
    summary = summarise_sweep(setting, grid, study.range, records, _command("sweep", study))
    _finish(folder, summary, sweep_grids(summary), as_json)


@learn_group.command("liars")
@click.argument("kinds", nargs=-1, metavar="[KIND]...")
@click.option("--data", type=click.Choice(DATA), default="hmda", show_default=True, help="What is learnt.")
@click.option("--members", type=click.IntRange(1, 12), default=6, show_default=True, help="Honest members.")
@click.option("--rounds", type=click.IntRange(1, 1000), default=15, show_default=True, help="Rounds of training.")
@click.option("--strictness", type=float, default=0.5, show_default=True, help="Of all profiles, 0 to 1.")
@click.option("--seeds", type=click.IntRange(1, 1000), default=2, show_default=True, help="Plays, from --seed on.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="The first seed.")
@click.option("--jobs", type=click.IntRange(1), default=None, help="Processes. Default: one for each core.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder, new or of this study.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON instead of tables.")
@reported
def liars_command(
    kinds: tuple[str, ...],
    data: str,
    members: int,
    rounds: int,
    strictness: float,
    seeds: int,
    seed: int,
    jobs: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """One liar of each KIND among honest members: what it earns and what it spoils, with the filter and without.

    Kinds: poisoner, flipper, smuggler, turncoat, copier, late-copier, blurrer, older, idle, reader. All by default.
    """
    from headwater_agents.cooperative.grids import liars_grids
    from headwater_agents.cooperative.liars import ABOUT, TARGETS, summarise_liars
    from headwater_agents.cooperative.results import head
    from headwater_agents.cooperative.study import Study
    from headwater_agents.cooperative.trial import Setting

    chosen = kinds or tuple(ABOUT)
    if wrong := [kind for kind in chosen if kind not in ABOUT]:
        raise CooperativeError(f"no liar {wrong[0]!r}; accepted: {', '.join(ABOUT)}")
    setting = Setting(data=data, members=members, rounds=rounds, strictness=strictness, liars=False)
    study = Study(setting=setting, seeds=seeds, first=seed, liars=chosen)
    words = (
        f"--data {data} --members {members} --rounds {rounds} --strictness {strictness:g} --seeds {seeds} --seed {seed}"
    )
    folder, records = _conduct(study, out, jobs, quiet=as_json)
    summary = {
        **head("liars", setting, study.range, command=" ".join(["headwater learn liars", *kinds, words])),
        "target": TARGETS[data],
        "liars": summarise_liars(chosen, records),
    }
    _finish(folder, summary, liars_grids(summary), as_json)


def _grid(text: str) -> tuple[float, ...]:
    try:
        grid = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise CooperativeError(f"strictness {text!r}: expected numbers such as 0,0.5,1") from None
    if list(grid) != sorted(grid):
        raise CooperativeError(f"strictness {text!r}: expected numbers from low to high; the first is the base")
    return grid


def _own_profiles(files: Sequence[Path]) -> tuple[str, ...]:
    """Files of profiles as texts of JSON that say the same. CooperativeError: two of one name, or a strictness too."""
    from headwater.learning import load_profile, profile_fields

    if not files:
        return ()
    if click.get_current_context().get_parameter_source("strictness") is not ParameterSource.DEFAULT:
        raise CooperativeError("--strictness is of the templates; with --profile leave it out")
    profiles = [load_profile(path) for path in files]
    names = [profile.name for profile in profiles]
    if twice := [name for name in names if names.count(name) > 1]:
        raise CooperativeError(f"two profiles are called {twice[0]!r}; give each a name of its own")
    return tuple(json.dumps(profile_fields(profile), sort_keys=True) for profile in profiles)


def _command(name: str, study: Any, files: Sequence[Path] = ()) -> str:
    setting = study.setting
    strictness = ",".join(f"{each:g}" for each in study.grid) if study.grid else f"{setting.strictness:g}"
    words = [
        f"headwater learn {name} --data {setting.data} --members {setting.members} --rounds {setting.rounds}",
        *([f"--profile {shlex.quote(str(path))}" for path in files] or [f"--strictness {strictness}"]),
        f"--skew {setting.skew:g} --seeds {study.seeds} --seed {study.first}",
        *([] if setting.liars else ["--no-liars"]),
    ]
    return " ".join(words)


def _conduct(study: Any, out: Path | None, jobs: int | None, quiet: bool) -> tuple[Path, list[list[dict[str, Any]]]]:
    from headwater_agents.cooperative.study import claim, conduct, default_folder

    folder = out or default_folder(study)
    claim(folder, study)
    with counting("plays", quiet=quiet) as progress:
        return folder, conduct(study, folder, jobs, lambda done, total, _key: progress(done, total, "learning"))


def _finish(folder: Path, summary: dict[str, Any], grids: Sequence[Any], as_json: bool) -> None:
    from headwater.report.tables import rich_table
    from headwater_agents.cooperative.grids import terse
    from headwater_agents.cooperative.page import write_page
    from headwater_agents.cooperative.study import REPORT, SUMMARY, write_json

    write_json(folder / SUMMARY, summary)
    write_page(folder / REPORT, summary)
    if as_json:
        print_json(summary)
        return
    console = terminal()
    for grid in grids:
        console.print(rich_table(terse(grid)))
    console.print(f"Report: [bold]{folder / REPORT}[/]   summary: {folder / SUMMARY}", soft_wrap=True)


learn_group.add_command(season_command)
