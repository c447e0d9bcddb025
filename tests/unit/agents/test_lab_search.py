"""The adaptive attacker finds what pays, within its budget, the same with any number of processes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from headwater_agents.lab.mechanisms.base import LabError
from headwater_agents.trial.search import Search, search

SHORT: dict[str, Any] = {"questions": 8, "warm_up": 2}


def found(mechanism: str, **changes: Any) -> Search:
    settings = {"budget": 12, "rng": np.random.default_rng(1), **changes}
    return search("odds-copier", {**SHORT, "mechanism": mechanism}, range(900, 902), **settings)


def test_it_wagers_all_where_wagers_are_paid() -> None:
    best = found("by_stake")
    assert best.parameters["wager_bps"] > 6_000
    assert best.training_gain > 0


def test_it_wagers_next_to_nothing_where_copies_cost_rent() -> None:
    best = found("headwater")
    assert best.parameters["wager_bps"] < 1_000
    assert best.training_gain < 0


def test_it_keeps_to_its_budget_and_starts_from_the_defaults() -> None:
    steps: list[tuple[int, int]] = []
    best = found("by_stake", progress=lambda done, of: steps.append((done, of)))
    assert len(best.trials) == 12
    assert steps == [(done, 12) for done in range(1, 13)]
    assert ({"wager_bps": 1_000}, best.trials[0][1]) in best.trials
    assert best.training_gain == max(gain for _, gain in best.trials)


def test_processes_change_nothing() -> None:
    assert found("by_stake", jobs=2, budget=8) == found("by_stake", jobs=1, budget=8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"budget": 3}, "at least 8"), ({"fixed": {"wager_bps": 5}}, "nothing|no parameters left")],
)
def test_searches_that_cannot_be_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(LabError, match=message):
        found("by_stake", **changes)
