"""What attacks there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from headwater_agents.adversaries.registry import attacks


def attack_list() -> list[dict[str, Any]]:
    """Every attack: name, goal, where it was seen, parameters with defaults, variants, and mechanisms if only some."""
    return [
        {
            "name": name,
            "goal": kind.goal,
            "seen": kind.seen,
            "parameters": kind.parameters(),
            "variants": {suffix: dict(given) for suffix, given in kind.variants.items()},
            "only": sorted(kind.only),
        }
        for name, kind in attacks().items()
    ]


def list_table(found: Sequence[Mapping[str, Any]]) -> Table:
    """The list for the terminal."""
    table = Table(
        title=f"{len(found)} attacks", title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False
    )
    for head in ("attack", "goal", "seen", "parameters"):
        table.add_column(head, overflow="fold", ratio=None if head == "attack" else 1)
    for each in found:
        given = ", ".join(f"{name}={value}" for name, value in each["parameters"].items())
        name = "\n".join([each["name"], *(f"  /{suffix}" for suffix in each["variants"])])
        table.add_row(escape(name), escape(each["goal"]), escape(each["seen"]), escape(given))
    return table
