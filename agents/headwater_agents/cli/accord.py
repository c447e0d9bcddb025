"""`headwater values accord`: agreements by processes that exchange datagrams with their neighbours."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from headwater_agents.cli.errors import INTERRUPTED, UNVERIFIED, USAGE, print_json, reported
from headwater_agents.cli.output import terminal
from headwater_agents.cli.values import GRAPH_HELP

if TYPE_CHECKING:
    from headwater.values import Norm, Population
    from headwater_agents.accord import Rules, State
    from headwater_agents.values.society import Society

_MOST_SYNTHETIC = 1_000


@click.command("accord")
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--agents", type=click.IntRange(1, _MOST_SYNTHETIC), help="So many synthetic agents instead of 34 countries."
)
@click.option("--graph", default="nearest", show_default=True, help=GRAPH_HELP)
@click.option("--neighbours", type=click.IntRange(1), default=6, show_default=True, help="Each knows at least so many.")
@click.option(
    "--quantile",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Bounds are this quantile of pairwise distances, unless FILE declares bounds.",
)
@click.option("--threshold", type=click.FloatRange(0), default=None, help="Caps every bound.")
@click.option(
    "--norm", type=click.Choice(["l1", "squared-l2", "linf"]), default="l1", show_default=True, help="Of bounds."
)
@click.option("--rounds", type=click.IntRange(1, 100_000), default=200, show_default=True, help="Of exchange.")
@click.option(
    "--lag", type=click.IntRange(0, 8), default=0, show_default=True, help="Rounds a neighbour may be behind."
)
@click.option("--loss", type=click.FloatRange(0, 0.9), default=0.0, show_default=True, help="Share of packets lost.")
@click.option("--delay", type=click.FloatRange(0, 10_000), default=0.0, show_default=True, help="Mean, in ms.")
@click.option("--duplicate", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="Share sent twice.")
@click.option("--leave", type=click.IntRange(0), default=0, show_default=True, help="So many leave on the way.")
@click.option("--kill", type=click.IntRange(0), default=0, show_default=True, help="So many are killed (SIGKILL).")
@click.option("--slow", type=click.IntRange(0), default=0, show_default=True, help="So many take 20 ms more a round.")
@click.option(
    "--patience",
    type=click.FloatRange(0.05, 3_600),
    default=3.0,
    show_default=True,
    help="Seconds after which a silent neighbour is taken as gone.",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, help="Of keys, faults, leavers."
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON instead of tables.")
@reported
def accord_command(
    file: Path | None,
    agents: int | None,
    graph: str,
    neighbours: int,
    quantile: float,
    threshold: float | None,
    norm: str,
    rounds: int,
    lag: int,
    loss: float,
    delay: float,
    duplicate: float,
    leave: int,
    kill: int,
    slow: int,
    patience: float,
    seed: int,
    as_json: bool,
) -> None:
    """Form agreements by a process an agent, which exchange datagrams with their neighbours only, and compare.

    FILE is a population (.csv or .json); without it, 34 countries of the European Values Study. With --lag 0 the
    estimates are those in memory whatever packets are lost; with more it is faster on a bad network, and they differ a
    little. Ends with 4 if an agent ends in another agreement than in memory, or beyond its bound.
    """
    from headwater.values import FormationConfig, Norm, ValuesError
    from headwater_agents.accord import Faults, Rules, compare, run_processes
    from headwater_agents.accord.telling import summarise, tables
    from headwater_agents.values.graphs import make_graph

    try:
        society = _society(file, agents, Norm(norm), seed)
        population = _bounded(society, Norm(norm), quantile, seed)
        rules = Rules(
            formation=FormationConfig(rounds=rounds, threshold=threshold, tolerance=0.0),
            lag=lag,
            patience=patience,
            faults=Faults(loss=loss, delay=delay / 1_000, duplicate=duplicate, seed=seed),
        )
        friends = make_graph(society, graph, neighbours, seed)
        leaves, kills, slowed = _cast(population.n, rounds, leave, kill, slow, seed)
        with _progress(population.n, rules, as_json) as watch:
            state = run_processes(
                population, friends, rules, seed=seed, leaves=leaves, kills=kills, pauses=slowed, watch=watch
            )
        comparison = compare(population, friends, rules, state.reports, state.killed, state.drops)
    except ValuesError as error:
        click.echo(f"headwater: {error}", err=True)
        sys.exit(USAGE)
    except KeyboardInterrupt:
        click.echo("headwater: interrupted; every agent was ended", err=True)
        sys.exit(INTERRUPTED)
    parts = int(friends.components.max()) + 1
    summary = summarise(population, friends, rules, state, comparison) | {"parts": parts}
    if as_json:
        print_json(summary)
    else:
        console = terminal()
        for table in tables(summary):
            console.print(table)
        if parts > 1:
            console.print(f"The graph falls into {parts:,} parts; nobody agrees across them.")
    if not comparison.same or comparison.broken:
        sys.exit(UNVERIFIED)


def _society(file: Path | None, agents: int | None, norm: Norm, seed: int) -> Society:
    from headwater_agents.values.evs import load_evs
    from headwater_agents.values.files import read_society
    from headwater_agents.values.society import SocietyError
    from headwater_agents.values.synthetic import make_synthetic

    if file is not None and agents is not None:
        raise SocietyError("give a FILE or --agents, not both")
    if file is not None:
        return read_society(file, norm)
    return load_evs() if agents is None else make_synthetic(agents, seed=seed)


def _bounded(society: Society, norm: Norm, quantile: float, seed: int) -> Population:
    from headwater.values import quantile_bounds

    if society.bounded:
        return society.population
    rng = np.random.default_rng(seed)
    (bounds,) = quantile_bounds(society.population, norm, (quantile,), rng)
    return society.population.with_bounds(bounds)


def _cast(
    n: int, rounds: int, leave: int, kill: int, slow: int, seed: int
) -> tuple[dict[int, int], dict[int, int], dict[int, float]]:
    """Who leaves and who is killed in which round, and who is slow: everybody has one part at most."""
    from headwater_agents.accord import AccordError

    if leave + kill + slow > n:
        raise AccordError(f"{leave} leave, {kill} are killed and {slow} are slow; there are only {n} agents")
    rng = np.random.default_rng([seed, 1])
    order = [int(each) for each in rng.permutation(n)]
    when = [int(each) for each in rng.integers(0, rounds, n)]
    leaving, killed, slowed = order[:leave], order[leave : leave + kill], order[leave + kill : leave + kill + slow]
    return {each: when[each] for each in leaving}, {each: when[each] for each in killed}, dict.fromkeys(slowed, 0.02)


@contextmanager
def _progress(n: int, rules: Rules, quiet: bool) -> Iterator[Callable[[State], None]]:
    console = Console(stderr=True)
    with Progress(
        TextColumn("[bold]{task.description:34}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f}"),
        TimeElapsedColumn(),
        console=console,
        disable=quiet,
    ) as bar:
        task = bar.add_task("starting processes", total=n)

        def watch(state: State) -> None:
            rounds = rules.formation.rounds
            slowest = min(state.rounds.values(), default=0)
            if len(state.decided) + len(state.killed) >= n or (slowest >= rounds and state.decided):
                bar.update(task, description="agreements signed", completed=len(state.decided), total=n)
            elif state.seconds > 0:
                text = f"{len(state.pids)} processes, slowest in round"
                bar.update(task, description=text, completed=slowest, total=rounds)
            else:
                bar.update(task, completed=len(state.pids), total=n)

        yield watch
