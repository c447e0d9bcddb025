"""What commands show: tables at the terminal's own width or one that files fit, and how far long work has come."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from headwater.report.grids import Grid

WIDTH: Final = 110
"""Columns of redirected output, which has no width of its own."""

_WIDEST: Final = 220


def terminal() -> Console:
    """A console on standard output."""
    return Console() if sys.stdout.isatty() else Console(width=WIDTH)


def show(grid: Grid) -> None:
    """A table on the terminal."""
    table = Table(
        title=escape(grid.title),
        caption=escape(grid.note),
        title_justify="left",
        caption_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for index, name in enumerate(grid.columns):
        texts = index < grid.texts
        table.add_column(escape(name), justify="left" if texts else "right", overflow="fold")
    for row in grid.rows:
        table.add_row(*map(escape, row))
    console = terminal()
    if not sys.stdout.isatty():  # a file takes what a table needs; a terminal has the width it has
        needed = Measurement.get(console, console.options.update(max_width=_WIDEST), table).maximum
        console = Console(width=max(WIDTH, needed))
    console.print(table)


@contextmanager
def counting(unit: str, *, quiet: bool) -> Iterator[Callable[[int, int, str], None]]:
    """A bar on standard error, none if `quiet`; it is moved by `progress(done, total, text)`."""
    with Progress(
        TextColumn("[bold]{task.description:18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=quiet,
    ) as bar:
        task = bar.add_task(unit, total=None)
        yield lambda done, total, text: bar.update(task, completed=done, total=total, description=escape(text))
