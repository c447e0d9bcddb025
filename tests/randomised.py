"""What randomised tests share: Hypothesis settings, probability vectors, and undoing what a trial did to the chain."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from headwater.chain import local_control
from headwater.chain.backend import Backend
from headwater.units import WAD

EFFORT = int(os.environ.get("HEADWATER_EFFORT", "1"))
"""Factor on the number of trials of every randomised test."""


def trials(number: int) -> settings:
    """Settings for this many reproducible trials (times HEADWATER_EFFORT)."""
    return settings(
        max_examples=number * EFFORT,
        derandomize=True,
        deadline=None,
        database=None,
        # No minute-long shrinking on a chain: a failing trial prints all its values as it is.
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@contextmanager
def undone(backend: Backend) -> Iterator[None]:
    """Undo on leaving whatever was done to the chain inside."""
    control = local_control(backend)
    snapshot = control.snapshot()
    try:
        yield
    finally:
        control.revert(snapshot)


def spread(weights: list[int], p_min: int) -> tuple[int, ...]:
    """Probabilities (WAD, sum exactly 1) in proportion to the weights above a floor of p_min each."""
    k, total = len(weights), max(sum(weights), 1)
    parts = [p_min + (WAD - k * p_min) * weight // total for weight in weights]
    parts[parts.index(max(parts))] += WAD - sum(parts)
    return tuple(parts)


def simplex(outcomes: int, p_min: int) -> st.SearchStrategy[tuple[int, ...]]:
    """Admissible reports and odds: often with entries, or all entries but one, exactly at p_min."""
    weight = st.one_of(st.just(0), st.integers(1, 9), st.integers(0, WAD))
    vectors = st.lists(weight, min_size=outcomes, max_size=outcomes).map(lambda w: spread(w, p_min))
    corners = st.integers(0, outcomes - 1).map(lambda o: corner(outcomes, p_min, o))
    return st.one_of(vectors, vectors, corners)


def corner(outcomes: int, p_min: int, outcome: int) -> tuple[int, ...]:
    """As sure of one outcome as p_min allows."""
    return tuple(WAD - (outcomes - 1) * p_min if o == outcome else p_min for o in range(outcomes))


def p_mins(outcomes: int) -> st.SearchStrategy[int]:
    """Every P_MIN a series of that many outcomes may have, its rails and the default among the likely ones."""
    highest = WAD // (2 * outcomes)
    return st.one_of(st.sampled_from([10**15, 10**16, highest]), st.integers(10**15, highest))


rents = st.one_of(st.sampled_from([0, 25, 1_000]), st.integers(0, 1_000))
"""Every rent a series may have, in bps."""
