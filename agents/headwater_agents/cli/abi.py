"""`headwater abi`: what programs in other languages need to talk to the contracts."""

from __future__ import annotations

import json
from pathlib import Path

import click

from headwater.chain import ArgumentError, load
from headwater.chain.artifacts import contract_names
from headwater_agents.cli.errors import reported


@click.command("abi")
@click.argument("names", nargs=-1)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Write a file NAME.json for each into this folder, rather than print.",
)
@reported
def abi_command(names: tuple[str, ...], out: Path | None) -> None:
    """Print the ABI of the contracts in NAMES as JSON: the list itself for one, lists by name for several or none.

    Without NAMES: of every contract.
    """
    known = contract_names()
    for name in names:
        if name not in known:
            raise ArgumentError(f"there is no contract {name!r}; accepted: {', '.join(known)}")
    found = {name: list(load(name).abi) for name in names or known}
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for name, abi in found.items():
            (out / f"{name}.json").write_text(json.dumps(abi, indent=1) + "\n", encoding="utf-8")
        return
    click.echo(json.dumps(found[names[0]] if len(names) == 1 else found, indent=1))
