"""A trace on the terminal."""

from __future__ import annotations

from rich.box import SIMPLE
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from headwater.report.amounts import decimals_for, tokens
from headwater.report.trace import PathAmount, Trace

MAX_QUESTIONS = 5
MAX_SETTLEMENTS = 20


def trace_view(result: Trace, questions: int = MAX_QUESTIONS, settlements: int = MAX_SETTLEMENTS) -> RenderableType:
    """A tree: the address, the routes its money took, and each route's largest questions; for a forecaster also a
    table of what its settlements did to its stake. Amounts in tokens.

    Args:
        result: the trace.
        questions: questions shown a route; the rest is summed in a line.
        settlements: rows of the stake's table, the last ones.
    """
    parts: list[RenderableType] = [trace_tree(result, questions)]
    if result.stake:
        parts.append(stake_table(result, settlements))
    return Group(*parts)


def trace_tree(result: Trace, questions: int = MAX_QUESTIONS) -> Tree:
    """The tree of `trace_view`."""
    places = decimals_for([result.received])
    who = result.address if result.name is None else f"{result.name}  {result.address}"
    tree = Tree(f"[bold]{escape(who)}[/]")
    if not result.paths:
        tree.add("received nothing through the cascade")
    else:
        tree.add(
            f"received [bold]{tokens(result.received, places)}[/], "
            f"withdrawn {tokens(result.withdrawn, places)} (tokens)"
        )
    for (payer, hops), paths in result.routes().items():
        start = f"deposit of {result.label(payer)}" if payer is not None else "questions"
        chain = " → ".join([start, *(result.label(hop) for hop in hops)])
        branch = tree.add(f"{tokens(_sum(paths), places)}  {escape(chain)}")
        if payer is None:
            for path in paths[:questions]:
                branch.add(f"{tokens(path.amount, places)}  question {path.question}")
            if rest := paths[questions:]:
                branch.add(f"{tokens(_sum(rest), places)}  {len(rest)} other question{'s' * (len(rest) > 1)}")
    if result.waiting:
        tree.add(f"{_visible(result.waiting, places)}  arrived under its versions, not pulled yet")
    return tree


def stake_table(result: Trace, settlements: int = MAX_SETTLEMENTS) -> Table:
    """What each settlement did to a forecaster's stake, the last ones, and their sums over all."""
    rows = result.stake
    shown = rows[-settlements:] if settlements else ()
    columns = ("net", "own", "repaid", "stake_change", "escrow_change", "released")
    sums = {name: sum(getattr(row, name) for row in rows) for name in columns}
    places = decimals_for([*sums.values(), *(getattr(row, name) for row in shown for name in columns)])
    title = f"Stake by question, tokens (last {len(shown)} of {len(rows)} settlements)"
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE, show_footer=True, pad_edge=False)
    table.add_column("Question", footer="All", justify="right")
    for name, head in zip(
        columns, ("Net", "Own share", "Debt repaid", "To stake", "To escrow", "Released"), strict=True
    ):
        table.add_column(head, footer=tokens(sums[name], places), justify="right")
    for row in shown:
        table.add_row(str(row.question), *(tokens(getattr(row, name), places) for name in columns))
    return table


def _visible(amount: int, places: int) -> str:
    # Rounding leaves a few wei in most ledgers; they would read as nothing.
    return f"{amount} wei" if 2 * amount < 10 ** (18 - places) else tokens(amount, places)


def _sum(paths: tuple[PathAmount, ...]) -> int:
    return sum(path.amount for path in paths)
