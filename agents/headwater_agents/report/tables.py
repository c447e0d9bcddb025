"""A trial on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from headwater_agents.report.words import (
    cells_of,
    figure,
    gain,
    has_shares,
    interval,
    percent,
    row_label,
    short,
    verdict_of,
)

STYLES: Final = {"profitable": "bold red", "undecided": "yellow", "neutral": "", "deterred": "green"}


def trial_tables(summary: Mapping[str, Any]) -> list[Table]:
    """Details for every mechanism in every world; with more mechanisms, attacks down and mechanisms across too."""
    trial = summary["trial"]
    tables = [_details(summary, name, world) for name in trial["mechanisms"] for world in trial["worlds"]]
    if len(trial["mechanisms"]) > 1:
        tables += [_matrix(summary, world) for world in trial["worlds"]]
    return tables


def _details(summary: Mapping[str, Any], mechanism: str, world: str) -> Table:
    trial, shares = summary["trial"], has_shares(summary)
    table = Table(
        title=f"{escape(short(mechanism))}, {world} world: {trial['seeds']} seeds of {trial['rounds']} questions",
        caption="Each beside honest play of the same seed. Gain and losses in % of the coalition's stake, log loss in "
        "nats, all with 95% intervals or as means.",
        title_justify="left",
        caption_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
        min_width=96,
    )
    table.add_column("attack", overflow="fold")
    for head in ("gain %", "honest loss %", "treasury loss %", "Δ log loss"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("verdict")
    for cell in cells_of(summary, mechanism, world):
        label = escape(row_label(cell, shares))
        said = verdict_of(cell)
        if said is None:
            table.add_row(label, "–", "–", "–", "–", "does not apply" if not cell["applies"] else "not played")
            continue
        fields = cell["fields"]
        table.add_row(
            label,
            interval(gain(cell)),
            percent(fields["honest_loss"]["mean"]),
            percent(fields["treasury_loss"]["mean"]),
            figure(fields["log_loss"]["mean"]),
            Text(said, STYLES[said]),
        )
    return table


def _matrix(summary: Mapping[str, Any], world: str) -> Table:
    trial, shares = summary["trial"], has_shares(summary)
    table = Table(
        title=f"Gain in % of the coalition's stake by mechanism, {world} world",
        caption="Red: profitable. Green: deterred. Yellow: undecided.",
        title_justify="left",
        caption_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
        min_width=96,
        padding=(0, 1, 0, 0),
    )
    table.add_column("attack", overflow="fold", min_width=22)
    for mechanism in trial["mechanisms"]:
        table.add_column(escape(short(mechanism)), justify="right", overflow="fold")
    columns = [cells_of(summary, mechanism, world) for mechanism in trial["mechanisms"]]
    for row in zip(*columns, strict=True):
        table.add_row(escape(row_label(row[0], shares)), *(_figure(cell) for cell in row))
    return table


def _figure(cell: Mapping[str, Any]) -> Text:
    said, found = verdict_of(cell), gain(cell)
    return Text("–") if said is None or found is None else Text(percent(found["mean"]), STYLES[said])
