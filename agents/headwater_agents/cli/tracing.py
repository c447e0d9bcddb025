"""`headwater trace`: where an address's money came from, hop by hop, back to questions."""

from __future__ import annotations

from pathlib import Path

import click

from headwater.report import read_events, read_summary, summary_names, trace, trace_view
from headwater_agents.cli.errors import print_json, reported
from headwater_agents.cli.output import terminal


@click.command("trace")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("address")
@click.option("--questions", type=click.IntRange(0), default=3, show_default=True, help="Questions shown per route.")
@click.option("--json", "as_json", is_flag=True, help="Print every route and question as JSON.")
@reported
def trace_command(run: Path, address: str, questions: int, as_json: bool) -> None:
    """Follow the money of ADDRESS (or a name such as member-5) in the folder RUN back to the questions it came from."""
    names = summary_names(read_summary(run))
    result = trace(read_events(run), address, names)
    if as_json:
        print_json(result.to_dict())
    else:
        terminal().print(trace_view(result, questions=questions))
