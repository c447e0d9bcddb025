"""`headwater learn traverse`: Federated averaging beside Traversal Learning, in what they reach and in bytes."""

from __future__ import annotations

import click

from headwater_agents.cli.errors import print_json, reported
from headwater_agents.cli.output import show


@click.command("traverse")
@click.option(
    "--data", type=click.Choice(["hmda", "arrests", "rain"]), default="hmda", show_default=True, help="What is learnt."
)
@click.option("--members", type=click.IntRange(1, 12), default=6, show_default=True, help="Members with data.")
@click.option("--passes", type=click.IntRange(1, 1000), default=10, show_default=True, help="Over all rows.")
@click.option("--hidden", type=click.IntRange(0, 256), default=8, show_default=True, help="Width of the hidden layer.")
@click.option("--skew", type=float, default=0.3, show_default=True, help="Evenness of the deal; small is uneven.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of the deal and of all draws.")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON instead of a table.")
@reported
def traverse_command(data: str, members: int, passes: int, hidden: int, skew: float, seed: int, as_json: bool) -> None:
    """FedAvg beside Traversal Learning and a central model, on the same rows: what they reach, and bytes sent."""
    from headwater_agents.cooperative.traversing import compare, traversal_grid

    found = compare(data, members=members, passes=passes, hidden=hidden, skew=skew, seed=seed)
    if as_json:
        print_json(found)
    else:
        show(traversal_grid(found))
