"""Moves that cross between the table and those who sit at it."""

from __future__ import annotations

from dataclasses import dataclass

from headwater_agents.lab.mechanisms.base import Odds


@dataclass(frozen=True, slots=True)
class Bid:
    """A wager (wei) on a report, on the question of a series: 0 the main one, 1 the side one."""

    name: str
    report: Odds
    wager: int
    series: int = 0
