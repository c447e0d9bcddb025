"""`headwater agent new`."""

from __future__ import annotations

from pathlib import Path

import click

from headwater_agents.cli.errors import print_json, reported
from headwater_agents.cli.onchain import node_option
from headwater_agents.scaffold import Placement, write_bot
from headwater_agents.scaffold.folder import ROLES


@click.command("new")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default=ROLES[0], show_default=True, help="What the bot does.")
@node_option
@click.option(
    "--manifest",
    default=Placement().manifest,
    show_default=True,
    help="Of the deployment; as seen from the new folder, unless absolute.",
)
@click.option("--series", type=click.IntRange(1, 2**32 - 1), default=1, show_default=True, help="That it plays on.")
@click.option("--facilitator", default=Placement().facilitator, show_default=True, help="URL that payments go through.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=0, show_default=True, help="Of /health; 0 for any that is free."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@reported
def new_command(
    name: str, role: str, rpc: str, manifest: str, series: int, facilitator: str, port: int, as_json: bool
) -> None:
    """Begin a bot of your own: a folder NAME with a model, its settings and its test, which runs as it is."""
    placement = Placement(rpc=rpc, manifest=manifest, series=series, facilitator=facilitator, port=port)
    written = write_bot(name, Path(), role, placement)
    if as_json:
        print_json({"name": name, "role": role, "files": [str(path) for path in written]})
        return
    for path in written:
        click.echo(path)
    click.echo(f"\nNext: see {name}/README.md")
