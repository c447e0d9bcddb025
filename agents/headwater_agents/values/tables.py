"""A study's tables as text cells, for the terminal, the page and docs alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from headwater.report.grids import NOTHING, Grid, number
from headwater_agents.values.graphs import RANDOM
from headwater_agents.values.pictures.canvas import letter
from headwater_agents.values.study import quartile_cells, swept_cells

Record = Mapping[str, Any]

ORDERS: Final = {"1": "p = 1, utilitarian", "2": "p = 2", "∞": "p = ∞, egalitarian"}
YARDSTICK: Final = (
    "Utility is 1 under one's own system and 0 under the farthest one there can be; people are weighted by population, "
    "worst is the least of any agent."
)


def study_grids(record: Record) -> list[Grid]:
    """All tables in reading order."""
    graph = record["settings"]["graphs"][0]
    return [
        single_grid(record),
        quartile_grid(record),
        overlap_grid(record),
        sweep_grid(record, graph),
        group_grid(record),
    ]


def order_name(one: Record) -> str:
    """A consensus's name in words."""
    return ORDERS.get(one["name"], f"p = {one['p']:.3f}, transition" if one["name"] == "transition" else one["name"])


def single_grid(record: Record) -> Grid:
    """One consensus for everybody."""
    values, actions = record["society"]["values"], record["society"]["actions"]
    rows = [
        (
            order_name(one),
            *(number(each, 3) for each in one["weights"]),
            *(number(each, 3) for each in one["scores"]),
            *(number(one[key], 4) for key in ("mean", "worst", "gini")),
        )
        for one in record["single"]["consensus"]
    ]
    return Grid(
        title="One consensus for everybody",
        note=f"{YARDSTICK} Score: Σ weight · judgement of an action.",
        columns=(
            "consensus",
            *(f"w {each}" for each in values),
            *(f"score {each}" for each in actions),
            *("mean utility", "worst", "Gini"),
        ),
        rows=tuple(rows),
    )


def quartile_grid(record: Record) -> Grid:
    """Agreements at the quartiles of pairwise distance, for each graph."""
    rows = [
        (
            cell["graph"],
            f"{100 * cell['quantile']:.0f}%",
            *(_told(cell, key, 1) for key in ("agreements", "alone", "largest")),
            *(_told(cell, key, 3) for key in ("mean", "joined", "worst", "gini")),
        )
        for cell in quartile_cells(record)
    ]
    rows += [
        (
            cell["graph"],
            "own",
            *(_told(cell, key, 1) for key in ("agreements", "alone", "largest")),
            *(_told(cell, key, 3) for key in ("mean", "joined", "worst", "gini")),
        )
        for cell in record["cells"]
        if cell["quantile"] is None and cell["threshold"] is None
    ]
    return Grid(
        title="Agreements with bounds at the quartiles of pairwise distance",
        note="Everybody's bounds on weights and on judgements stand at that quantile of the distances of pairs. "
        "Joined: mean utility of those who are not alone. "
        + _intervals(record)
        + _apart(record, record["settings"]["graphs"]),
        columns=("graph", "bounds", "agreements", "alone", "largest", "mean utility", "joined", "worst", "Gini"),
        rows=tuple(rows),
        texts=2,
    )


def overlap_grid(record: Record) -> Grid:
    """What changes when an agent signs every agreement it accepts."""
    rows = []
    for cell in quartile_cells(record):
        if "signatures" not in cell["fields"]:
            continue
        rows.append(
            (
                cell["graph"],
                f"{100 * cell['quantile']:.0f}%",
                _told(cell, "signatures", 2),
                _percent(cell, "moved"),
                _told(cell, "alone", 1),
                _told(cell, "still_alone", 1),
                *(_told(cell, key, 3) for key in ("best_mean", "best_worst", "best_gini")),
                _percent(cell, "would_refuse"),
            )
        )
    return Grid(
        title="Overlap: who signs every agreement that it accepts",
        note="Signs: agreements that a person signs, on the mean. Better off: agents with an agreement among those "
        "signed that is worth more than their home. Alone before: whose home is its own; after: who accepts no "
        "agreement of two or more. Utilities are those of the best agreement signed. Refusals: signatures that would "
        "be lost if all signatories' optimum were put to them instead.",
        columns=(
            *("graph", "bounds", "signs", "better off", "alone before", "after"),
            *("mean utility", "worst", "Gini", "refusals"),
        ),
        rows=tuple(rows),
        texts=2,
    )


def sweep_grid(record: Record, graph: str) -> Grid:
    """Agreements over the threshold on one graph."""
    rows = [
        (
            number(cell["threshold"], 3),
            *(_told(cell, key, 1) for key in ("agreements", "alone", "largest")),
            *(_told(cell, key, 3) for key in ("mean", "joined", "worst", "gini", "best_mean")),
        )
        for cell in swept_cells(record, graph)
    ]
    return Grid(
        title=f"Agreements over the threshold, {graph} graph",
        note="The threshold caps every bound, on weights and on judgements alike. Joined: mean utility of those who "
        "are not alone; with overlap: mean utility of all under the best agreement each one signs. "
        + (_intervals(record) if graph in RANDOM else "")
        + _apart(record, (graph,)),
        columns=(
            *("threshold", "agreements", "alone", "largest"),
            *("mean utility", "joined", "worst", "Gini", "with overlap"),
        ),
        rows=tuple(rows),
        texts=0,
    )


def group_grid(record: Record) -> Grid:
    """The agreements of the shown threshold."""
    values, actions, shown = record["society"]["values"], record["society"]["actions"], record["shown"]
    rows = []
    for place, group in enumerate(shown["groups"]):
        if group["members"] > 12 and group["kinds"]:
            names = ", ".join(f"{kind} {count:,}" for kind, count in group["kinds"])
        else:
            names = ", ".join(group["names"][:12]) + (" …" if group["members"] > 12 else "")
        rows.append(
            (
                f"{letter(place)}: {names}",
                f"{group['members']:,}",
                NOTHING if group["signatories"] is None else f"{group['signatories']:,}",
                f"{100 * group['people']:.1f}%",
                *(number(each, 2) for each in group["weights"]),
                *(number(each, 2) for each in group["scores"]),
                *(number(group[key], 3) for key in ("mean", "worst")),
            )
        )
    return Grid(
        title=f"The agreements at threshold {shown['threshold']:.3g}, {shown['graph']} graph",
        note="Those of two members or more, the largest first; members by population, or how many of each kind. Signed "
        "by: everybody who accepts it, members of other agreements included.",
        columns=(
            *("agreement", "n", "signed by", "people"),
            *(f"w {each}" for each in values),
            *(f"score {each}" for each in actions),
            *("mean utility", "worst"),
        ),
        rows=tuple(rows),
        texts=1,
    )


def _intervals(record: Record) -> str:
    seeds = record["settings"]["seeds"]
    if seeds == 1 or "small-world" not in record["settings"]["graphs"]:
        return ""
    return f"Where the graph is random: the mean of {seeds} seeds ± half its 95% interval."


def _apart(record: Record, graphs: Sequence[str]) -> str:
    """Which of the graphs fall apart; only those that people hand in may."""
    parts = record["settings"].get("parts", {})
    said = [
        f"The graph {name} falls into {parts[name]:,} parts; nobody agrees across them."
        for name in graphs
        if name in parts
    ]
    return " ".join(said)


def _told(cell: Record, key: str, digits: int) -> str:
    if key not in cell["fields"]:
        return NOTHING
    one = cell["fields"][key]
    # Counts are whole where nothing is random.
    if one["low"] == one["high"]:
        whole = digits <= 1 and float(one["mean"]).is_integer()
        return f"{one['mean']:,.0f}" if whole else number(one["mean"], max(digits, 1))
    return f"{number(one['mean'], digits)} ± {number((one['high'] - one['low']) / 2, digits)}"


def _percent(cell: Record, key: str) -> str:
    return f"{100 * cell['fields'][key]['mean']:.1f}%"


def markdown(grid: Grid) -> list[str]:
    """A grid as a table of a page in Markdown, figures to the right."""
    align = ["---" if index < grid.texts else "---:" for index in range(len(grid.columns))]
    lines: Sequence[tuple[str, ...]] = (grid.columns, tuple(align), *grid.rows)
    return ["| " + " | ".join(each.replace("|", "\\|") for each in line) + " |" for line in lines]
