"""`headwater values form`, `consensus` and `data`: one formation, one consensus, one data set."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from headwater_agents.cli.errors import print_json, reported
from headwater_agents.cli.output import show, terminal
from headwater_agents.cli.values import GRAPH_HELP, data_options, graph_options, values_command, wrong_use

__all__ = ["consensus_command", "data_command", "form_command", "values_command"]


@values_command.command("form")
@data_options
@click.option("--graph", default="nearest", show_default=True, help=GRAPH_HELP)
@graph_options
@click.option("--threshold", type=click.FloatRange(0), default=None, help="Caps every bound.")
@click.option(
    "--quantile",
    type=click.FloatRange(0, 1),
    default=None,
    help="Bounds at this quantile of pairwise distance. Default: 0.25 where there is no --threshold and no own bound.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Write the JSON here, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@reported
def form_command(
    data: str,
    agents: int | None,
    seed: int,
    reliability: float,
    norm: str,
    graph: str,
    neighbours: int,
    utility: str,
    rounds: int,
    threshold: float | None,
    quantile: float | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Form agreements once: who signs what with whom, and what it is worth to them.

    The JSON holds every agreement in full with its members: what a registry or a charter is made of.
    """
    with wrong_use():
        from headwater.values import Norm
        from headwater_agents.values.forming import FormSettings, form_once
        from headwater_agents.values.loading import load_society

        society = load_society(data, agents=agents, seed=seed, norm=Norm(norm), reliability=reliability)
        settings = FormSettings(
            graph=graph,
            neighbours=neighbours,
            threshold=threshold,
            quantile=quantile,
            norm=Norm(norm),
            utility=utility,
            rounds=rounds,
            seed=seed,
        )
        record, grid = form_once(society, settings)
        if out is not None:
            import json

            out.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    if as_json:
        print_json(record)
        return
    show(grid)
    if out is not None:
        terminal().print(f"Agreements: {escape(str(out))}", soft_wrap=True)


@values_command.command("consensus")
@data_options
@click.option(
    "--p", "orders", multiple=True, help="From 1 to inf (as is anything above 1e15); repeatable. Default: 1, 2 and inf."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@reported
def consensus_command(
    data: str,
    agents: int | None,
    seed: int,
    reliability: float,
    norm: str,
    orders: tuple[str, ...],
    as_json: bool,
) -> None:
    """One consensus for everybody at some p, from utilitarian (1) to egalitarian (inf), and the transition p."""
    with wrong_use():
        from headwater.values import Norm
        from headwater_agents.values.forming import consensus_of
        from headwater_agents.values.loading import load_society

        society = load_society(data, agents=agents, seed=seed, norm=Norm(norm), reliability=reliability)
        record, grid = consensus_of(society, [_order(text) for text in orders or ("1", "2", "inf")])
    if as_json:
        print_json(record)
        return
    show(grid)


def _order(text: str) -> float:
    try:
        return math.inf if text.strip().lower() in ("inf", "∞", "infinity") else float(text)
    except ValueError:
        from headwater.values import ConsensusError

        raise ConsensusError(f"p {text!r}; expected a number from 1, or inf") from None


@values_command.command("data")
@data_options
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Write the data set as .csv or .json."
)
@click.option("--json", "as_json", is_flag=True, help="Print the data set as JSON instead of a table.")
@reported
def data_command(
    data: str, agents: int | None, seed: int, reliability: float, norm: str, out: Path | None, as_json: bool
) -> None:
    """Show a data set, or write it as a file such as `values` reads, to change or to take as a pattern."""
    with wrong_use():
        from headwater.values import Norm
        from headwater_agents.values.export import as_record, data_grid, write_society
        from headwater_agents.values.loading import load_society

        society = load_society(data, agents=agents, seed=seed, norm=Norm(norm), reliability=reliability)
        if out is not None:
            write_society(out, society)
        if as_json:
            record: dict[str, Any] = as_record(society)
            print_json(record)
            return
        show(data_grid(society))
        if out is not None:
            terminal().print(f"Data: {escape(str(out))}", soft_wrap=True)
