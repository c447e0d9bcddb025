"""`headwater values lies` and `vote`: what lying about values brings, and who can move the threshold."""

from __future__ import annotations

import click

from headwater_agents.cli.errors import UNVERIFIED, print_json, reported
from headwater_agents.cli.output import counting, show, terminal


@click.command("lies")
@click.option("--seeds", type=click.IntRange(2, 10_000), default=48, show_default=True, help="Worlds.")
@click.option("--seed", type=click.IntRange(0, 2**31), default=1, show_default=True, help="Of the first world.")
@click.option("--agents", type=click.IntRange(10, 300), default=45, show_default=True, help="In a world.")
@click.option(
    "--care",
    type=click.FloatRange(0),
    default=2.0,
    show_default=True,
    help="What living by the farthest values costs, in incomes.",
)
@click.option(
    "--bond", type=click.FloatRange(0), default=1.0, show_default=True, help="What a member stands to lose, in incomes."
)
@click.option(
    "--caught", type=click.FloatRange(0, 1), default=1.0, show_default=True, help="Probability that a breach is proven."
)
@click.option(
    "--rent",
    type=click.FloatRange(0),
    default=0.01,
    show_default=True,
    help="What it costs to have a bond locked, per bond.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the record as JSON instead of tables.")
@reported
def lies_command(
    seeds: int, seed: int, agents: int, care: float, bond: float, caught: float, rent: float, as_json: bool
) -> None:
    """What lies about values bring beyond honest play, without the defence and with it, and where the defence stops.

    Worlds of three value clusters, one of whose cooperatives earns. The liar knows everybody's declaration. Gains are
    paired differences to honest play in the same worlds, in incomes of a member, with 95% intervals and verdicts.
    """
    from headwater_agents.values.gaming.stakes import Stakes
    from headwater_agents.values.gaming.study import lies_grids, lies_study

    with counting("worlds", quiet=as_json) as progress:
        record = lies_study(
            Stakes(care=care, bond=bond, caught=caught, rent=rent),
            seeds=seeds,
            seed=seed,
            agents=agents,
            progress=progress,
        )
    if as_json:
        print_json(record)
        return
    for grid in lies_grids(record):
        show(grid)


@click.command("vote")
@click.option("--seed", type=click.IntRange(0, 2**31), default=0, show_default=True, help="Of electorates and voters.")
@click.option("--json", "as_json", is_flag=True, help="Print the record as JSON instead of tables.")
@reported
def vote_command(seed: int, as_json: bool) -> None:
    """Who can gain by a false vote on the threshold: every report of every voter, on the contract's bytecode.

    Beside two broken rules, in which the same search finds gains, and what a coalition of each size can set. Exits with
    a failure if a voter with one peak gains anything.
    """
    from headwater_agents.values.gaming.voting_study import study

    with counting("rounds", quiet=as_json) as progress:
        found = study(seed=seed, progress=lambda done, total: progress(done, total, "vote"))
    if as_json:
        print_json(found.record())
    else:
        for line in found.lines():
            terminal().print(line, markup=False, highlight=False, soft_wrap=True)
    if found.gains:
        raise SystemExit(UNVERIFIED)
