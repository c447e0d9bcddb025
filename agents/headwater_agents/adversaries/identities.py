"""Identities of one person: moving stake between them, and having them favour one another."""

from __future__ import annotations

from collections.abc import Sequence

from headwater_agents.lab.game.table import Table
from headwater_agents.lab.mechanisms.allocation import Allocating


def favour_each_other(table: Table, names: Sequence[str]) -> None:
    """Where stakeholders allocate emission, let each of these allocate to the others; elsewhere nothing happens."""
    if isinstance(table.mechanism, Allocating) and len(names) > 1:
        for name in names:
            table.mechanism.allocate(name, {other: 1 for other in names if other != name})


def shares(amount: int, parts: int) -> list[int]:
    """An amount (wei) in equal parts, the first ones a wei more where it does not divide."""
    return [amount // parts + (index < amount % parts) for index in range(parts)]
