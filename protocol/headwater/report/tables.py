"""A run's tables on the terminal. They fit 100 columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from headwater.report.grids import Grid, summary_grids, verdict


def rich_table(grid: Grid) -> Table:
    """A table for the terminal: figures to the right, failed rows in red."""
    table = Table(
        title=escape(grid.title),
        caption=escape(grid.note),
        title_justify="left",
        caption_justify="left",
        title_style="bold",
        header_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for index, head in enumerate(grid.columns):
        figure = index >= grid.texts
        table.add_column(escape(head), justify="right" if figure else "left", overflow="fold", no_wrap=figure)
    for index, row in enumerate(grid.rows):
        table.add_row(*(escape(cell) for cell in row), style="bold red" if index in grid.failed else None)
    return table


def summary_tables(summary: Mapping[str, Any]) -> list[Table]:
    """All tables of a summary in reading order, the audit's verdict in its title's colour."""
    passed, _ = verdict(summary)
    tables = [rich_table(grid) for grid in summary_grids(summary)]
    for table, grid in zip(tables, summary_grids(summary), strict=True):
        if grid.title == "Audit":
            table.title_style = table.caption_style = "bold green" if passed else "bold red"
    return tables
