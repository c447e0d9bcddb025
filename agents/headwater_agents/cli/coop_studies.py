"""Studies of bargaining: who meets whom, prices that move, lies, scale, and the prices of signals in the cascade."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from headwater_agents.cli.errors import UNVERIFIED, print_json, reported
from headwater_agents.cli.output import counting, show

_seed = click.option("--seed", type=click.IntRange(0, 2**31), default=1, show_default=True, help="The first seed.")
_as_json = click.option("--json", "as_json", is_flag=True, help="Print the record as JSON instead of tables.")


@click.command("pairings")
@click.option(
    "--arm",
    type=click.Choice(("short-term", "full")),
    default="short-term",
    show_default=True,
    help="How they bargain.",
)
@click.option("--tasks", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Played by each pair.")
@click.option("--counted", type=click.IntRange(1, 10_000), default=40, show_default=True, help="Last tasks that count.")
@_seed
@_as_json
@reported
def pairings_command(arm: str, tasks: int, counted: int, seed: int, as_json: bool) -> None:
    """Every kind of agent against every other in the escape room: what each gets, and where they deadlock.

    Learners play task after task; the last ones count.
    """
    from headwater_agents.bargaining.pairings import pairings, pairings_grids

    _told(pairings(arm=arm, tasks=tasks, counted=counted, seed=seed), pairings_grids, as_json)


@click.command("prices")
@click.option("--seeds", type=click.IntRange(2, 10_000), default=None, help="Drifts. Default: the study's.")
@click.option("--legs", type=click.IntRange(1, 32), default=8, show_default=True, help="Stages of the job.")
@click.option("--volatility", type=click.IntRange(0, 10), default=6, show_default=True, help="Largest move of a stage.")
@_seed
@_as_json
@reported
def prices_command(seeds: int | None, legs: int, volatility: int, seed: int, as_json: bool) -> None:
    """Prices that move: a job whose cost or benefit drifts, under fixed prices, price rules and renegotiation.

    Paired over the same drifts; then by volatility, by how much the observed state says, by steps of the rule, and
    where the state is misreported.
    """
    from headwater_agents.bargaining.studies.moving_study import SEEDS, moving_grids, moving_study

    with counting("cells", quiet=as_json) as progress:
        record = moving_study(seeds=seeds or SEEDS, seed=seed, legs=legs, volatility=volatility, progress=progress)
    _told(record, moving_grids, as_json)


@click.command("lies")
@click.option("--seeds", type=click.IntRange(2, 2_000), default=None, help="Worlds of a kind. Default: the study's.")
@_seed
@_as_json
@reported
def coop_lies_command(seeds: int | None, seed: int, as_json: bool) -> None:
    """What lies about work, costs and promises bring, when only words count and with evidence: records and replays.

    Overstated work, claimed costs, mutual praise, stalling, busywork, names taken twice. Gains are paired differences
    to honest play in the same worlds, with 95% intervals and verdicts; beside them how far payoffs are from the fair
    split.
    """
    from headwater_agents.bargaining.studies.lies_study import SEEDS, coop_lies_grids, coop_lies_study

    with counting("worlds", quiet=as_json) as progress:
        record = coop_lies_study(seeds=seeds or SEEDS, seed=seed, progress=progress)
    _told(record, coop_lies_grids, as_json)


@click.command("scale")
@click.option("--agents", default="20,100,1000", show_default=True, help="Numbers of agents, 13 to 2,000, by commas.")
@click.option("--seeds", type=click.IntRange(1, 1_000), default=3, show_default=True, help="Estimates of each credit.")
@_seed
@_as_json
@reported
def scale_command(agents: str, seeds: int, seed: int, as_json: bool) -> None:
    """20 to 1,000 agents: seconds, messages of the negotiations, and the error of sampled credit.

    Negotiations are really held, in signed messages; credit is compared with games whose Shapley value has a closed
    form. 1,000 agents take some minutes.
    """
    from headwater_agents.bargaining import BargainError
    from headwater_agents.bargaining.studies.scale import scale_grids, scale_study

    try:
        sizes = [int(size) for size in agents.split(",")]
    except ValueError:
        raise BargainError(f"--agents are whole numbers by commas; got {agents[:60]!r}") from None
    with counting("steps", quiet=as_json) as progress:
        record = scale_study(sizes, seed=seed, seeds=seeds, progress=progress)
    _told(record, scale_grids, as_json)


@click.command("signals")
@click.option("--windows", type=click.IntRange(2, 1_000), default=6, show_default=True, help="Seasons, for intervals.")
@click.option("--questions", type=click.IntRange(1, 1_400), default=60, show_default=True, help="Of a season.")
@click.option("--chain", default="tester", show_default=True, help="tester, revm, or the URL of a development node.")
@_seed
@_as_json
@reported
def signals_command(windows: int, questions: int, chain: str, seed: int, as_json: bool) -> None:
    """A forecaster and its providers negotiate prices of signals; what both sign is what the cascade pays.

    Beside equal shares and Shapley shares that nobody negotiates, over the same questions of real rain, with a provider
    that guesses and asks a high price. Exits with 4 if what was paid differs from what was agreed.
    """
    from headwater_agents.bargaining.studies.signals import signals_grids, signals_study

    with counting("questions", quiet=as_json) as progress:
        record = signals_study(windows=windows, questions=questions, chain=chain, seed=seed, progress=progress)
    _told(record, signals_grids, as_json)
    if record["failed"]:
        raise SystemExit(UNVERIFIED)


def _told(record: dict[str, Any], grids: Callable[[dict[str, Any]], Sequence[Any]], as_json: bool) -> None:
    if as_json:
        print_json(record)
        return
    for grid in grids(record):
        show(grid)
