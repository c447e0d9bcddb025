"""Fixture of the court's tests."""

from __future__ import annotations

import pytest

from court_cases import Bar, new_bar
from harness import World


@pytest.fixture
def bar(world: World) -> Bar:
    """A court, and an agreement with two members who have a bond of 1,000 tokens each; undone with the world."""
    return new_bar(world)
