"""Fixture of the ValueRegistry's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness import new_backend
from value_cases import Commons, new_commons


@pytest.fixture(scope="session")
def _deployed_commons() -> Commons:
    return new_commons(new_backend(seed=3))


@pytest.fixture
def commons(_deployed_commons: Commons) -> Iterator[Commons]:
    """The registry with keys in the court's and the treasury's place; whatever a test does to it is undone."""
    snapshot = _deployed_commons.backend.snapshot()
    yield _deployed_commons
    _deployed_commons.backend.revert(snapshot)
