"""Fixture of the vote's tests."""

from __future__ import annotations

import pytest

from harness import World
from vote_cases import Poll, new_poll


@pytest.fixture
def poll(world: World) -> Poll:
    """A vote of 20 ticks, tick 10 in force; three voters with 10,000 to 30,000 tokens; undone with the world."""
    return new_poll(world, stakes=(0, 10_000, 20_000))
