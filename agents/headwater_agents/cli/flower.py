"""`headwater learn federate`: a cooperative that learns through Flower, in many processes or on many machines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from headwater_agents.cli.errors import print_json, reported
from headwater_agents.cli.output import terminal

if TYPE_CHECKING:
    from headwater_agents.cooperative.flower import Federation, Outcome

ENGINES: Final = ("simulation", "deployment")


@click.command("federate")
@click.option(
    "--data", type=click.Choice(["hmda", "arrests", "rain"]), default="hmda", show_default=True, help="What is learnt."
)
@click.option("--members", type=click.IntRange(1, 12), default=4, show_default=True, help="Members, all honest.")
@click.option("--rounds", type=click.IntRange(1, 1000), default=5, show_default=True, help="Rounds of training.")
@click.option("--strictness", type=float, default=0.5, show_default=True, help="Of all profiles, 0 to 1.")
@click.option(
    "--mode",
    type=click.Choice(["project", "reject"]),
    default="project",
    show_default=True,
    help="What happens to an update that breaks a profile: moved to the nearest that keeps them all, or left out.",
)
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default="simulation",
    show_default=True,
    help="simulation: on Ray. deployment: a SuperLink and a SuperNode for each member, on loopback.",
)
@click.option("--prepare", is_flag=True, help="Run nothing: write what each machine needs, and say what to run there.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of the deal and of all draws.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="New folder. Default: federations/DATA.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON instead of a table.")
@reported
def federate_command(
    data: str,
    members: int,
    rounds: int,
    strictness: float,
    mode: str,
    engine: str,
    prepare: bool,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Train under profiles through Flower (pip install 'headwater[flower]'), and compare with one process.

    Members train on their own rows. The coordinator filters what they send, credits what is admitted and adds it up.
    Members, data and draws are those of `headwater learn run` without liars.
    """
    from headwater_agents.cooperative.flower.alone import federation_of, train_alone
    from headwater_agents.cooperative.flower.engine import Engine, federate
    from headwater_agents.cooperative.flower.machines import prepare_machines
    from headwater_agents.cooperative.trial import Setting, set_up

    setting = Setting(data=data, members=members, rounds=rounds, strictness=strictness, liars=False)
    federation, batches = federation_of(set_up(setting, seed), mode, rounds)
    folder = out or Path("federations") / data
    if prepare:
        steps = prepare_machines(federation, batches, folder)
        if as_json:
            print_json({"folder": str(folder), "steps": steps})
        else:
            for where, commands in steps.items():
                click.echo(f"# {where}")
                for command in commands:
                    click.echo(command)
        return
    with Progress(
        TextColumn("[bold]{task.description:12}", markup=True),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("rounds"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=as_json,
    ) as bar:
        going = bar.add_task("learning", total=rounds)

        def progress(done: int, _total: int) -> None:
            bar.update(going, completed=done)

        outcome = federate(federation, batches, folder, Engine(engine), progress)
    alone = train_alone(federation, batches)
    apart = float(np.abs(np.load(folder / "model.npy") - alone.theta).max())
    summary = _summary(federation, outcome, {name: len(batch) for name, batch in batches.items()}) | {
        "engine": engine,
        "model_differs_by": apart,
        "credit_differs_by": max(abs(outcome.credit[name] - alone.ledger.totals[name]) for name in federation.members),
    }
    if as_json:
        print_json(summary)
    else:
        _show(summary, folder)


def _summary(federation: Federation, outcome: Outcome, examples: dict[str, int]) -> dict[str, Any]:
    traffic = outcome.traffic
    return {
        "rounds": outcome.rounds,
        "members": {
            name: {
                "examples": examples[name],
                "credit": outcome.credit[name],
                "share": outcome.shares[name],
                "weight": outcome.weights.get(name, 0),
                "absent": [number for number, names in outcome.absent.items() if name in names],
            }
            for name in federation.members
        },
        "parameters": federation.task.dimension,
        "payload_bytes": {"received": outcome.payload.received, "sent": outcome.payload.sent},
        "superlink_bytes": None if traffic is None else {"received": traffic.received, "sent": traffic.sent},
    }


def _show(summary: dict[str, Any], folder: Path) -> None:
    console = terminal()
    table = Table()
    for column in ("member", "examples", "credit (nats)", "share", "weight"):
        table.add_column(column, justify="left" if column == "member" else "right")
    for name, row in summary["members"].items():
        table.add_row(name, str(row["examples"]), f"{row['credit']:.6f}", f"{row['share']:.4f}", str(row["weight"]))
    console.print(table)
    payload, counted = summary["payload_bytes"], summary["superlink_bytes"]
    console.print(
        f"{summary['rounds']} rounds of {summary['parameters']} parameters: {payload['sent']} bytes of models out,"
        f" {payload['received']} bytes of updates in"
        + ("" if counted is None else f"; with what Flower adds {counted['sent']} and {counted['received']}")
    )
    console.print(
        f"Against the same run in one process, parameters differ by at most {summary['model_differs_by']:.3g},"
        f" credits by {summary['credit_differs_by']:.3g}."
    )
    console.print(f"Record and model: [bold]{folder}[/]", soft_wrap=True)
    console.print(f"Why a credit is what it is: headwater explain {folder} {next(iter(summary['members']))} 0")
