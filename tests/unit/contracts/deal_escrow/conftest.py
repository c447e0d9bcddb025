"""Fixture of the DealEscrow's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deal_cases import Hall, new_hall
from harness import new_backend


@pytest.fixture(scope="session")
def _deployed_hall() -> Hall:
    return new_hall(new_backend(seed=5))


@pytest.fixture
def hall(_deployed_hall: Hall) -> Iterator[Hall]:
    """The escrow beside a token and a Cascade, with people; whatever a test does to it is undone, after an audit."""
    snapshot, tasks = _deployed_hall.backend.snapshot(), list(_deployed_hall.tasks)
    yield _deployed_hall
    _deployed_hall.audit()
    _deployed_hall.backend.revert(snapshot)
    _deployed_hall.tasks = tasks
