"""Print the study's tables: python -m headwater_agents.lab.clones --seeds N [--questions T] [--only TABLE] [--json]."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Final

from rich.console import Console
from rich.table import Table

from headwater.report.stats import Interval
from headwater_agents.lab.clones.pay import RULES
from headwater_agents.lab.clones.study import (
    TABLES,
    CloneRow,
    NewcomerRow,
    Setting,
    clone_table,
    newcomer_table,
    study,
)

WIDTH: Final = 170
"""Columns of the tables where the output is no terminal."""


def main(arguments: list[str] | None = None) -> None:
    """Run the study on seeds 0 to N − 1 and print it."""
    parser = argparse.ArgumentParser(prog="python -m headwater_agents.lab.clones", description=__doc__)
    parser.add_argument("--seeds", type=int, default=40, metavar="N", help="seasons a row, at least 2 (default 40)")
    parser.add_argument("--questions", type=int, default=Setting().questions, metavar="T", help="questions a season")
    parser.add_argument("--only", choices=TABLES, help="one table; both by default")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    if options.seeds < 2 or options.questions < 1:
        parser.error("an interval needs at least 2 seeds, and a season at least 1 question")
    seeds, setting = range(options.seeds), Setting(questions=options.questions)
    tables = TABLES if options.only is None else (options.only,)
    if options.json:
        print(json.dumps(study(seeds, setting, tables), indent=1))
        return
    # A file or a pipe has no width of its own, and the tables are wider than the usual guess.
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    if "clones" in tables:
        console.print(clones_as_table(clone_table(seeds, setting)))
    if "newcomers" in tables:
        console.print(newcomers_as_table(newcomer_table(seeds, setting)))


def clones_as_table(rows: list[CloneRow]) -> Table:
    """Clones: the attacker's share of all credit by rule; copies 0 is the attacker alone."""
    table = Table(title="Share of all credit of a supplier that clones itself, % (means over seeds, 95% intervals)")
    for column in ("buyer", "clones", "copies"):
        table.add_column(column, no_wrap=True)
    for column in (*RULES, "promoted", "buyer's growth, mnat"):
        table.add_column(column, justify="right", no_wrap=True)
    groups: dict[tuple[str, str, int], dict[str, CloneRow]] = {}
    for row in rows:
        groups.setdefault((row.buyer, row.kind, row.copies), {})[row.rule] = row
    shown: set[str] = set()
    for (buyer, kind, copies), group in groups.items():
        if buyer not in shown:
            table.add_row(buyer, "none", "0", *(_percent(group[rule].honest) for rule in RULES), "-", "-")
            shown.add(buyer)
        any_rule = group[RULES[0]]
        growth = _interval(any_rule.growth, 1_000, 2)
        shares = (_percent(group[rule].share) for rule in RULES)
        table.add_row(buyer, kind, str(copies), *shares, f"{any_rule.promoted:.2f}", growth)
    return table


def newcomers_as_table(rows: list[NewcomerRow]) -> Table:
    """Newcomers: how long they wait, and what part of their Shapley credit they lose."""
    table = Table(
        title="A newcomer under precedence with promotion: seeds that promote it, %, questions until then, its Shapley "
        "credit,\nand the part of it withheld, % (means over seeds, 95% intervals)"
    )
    for column in ("buyer", "newcomer", "names"):
        table.add_column(column, no_wrap=True)
    for column in ("promoted", "questions", "fair, mnat", "on trial", "after", "in all", "leave-one-out"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            row.buyer,
            row.kind,
            str(row.names),
            _percent(row.promoted, 0),
            _interval(row.wait, 1, 0),
            _interval(row.fair, 1_000, 1),
            *(_percent(part, 0) for part in (row.lost_on_trial, row.lost_after, row.lost, row.lost_leave_one_out)),
        )
    return table


def _interval(interval: Interval | None, factor: float, digits: int) -> str:
    if interval is None:
        return "-"
    mean, low, high = (round(x * factor, digits) + 0.0 for x in (interval.mean, interval.low, interval.high))
    return f"{mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _percent(interval: Interval | None, digits: int = 1) -> str:
    return _interval(interval, 100, digits)


if __name__ == "__main__":
    main()
