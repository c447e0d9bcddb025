"""Fixtures of the contract tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness import new_backend
from rig import Rig, new_rig


@pytest.fixture(scope="session")
def _deployed_rig() -> Rig:
    return new_rig(new_backend(seed=1))


@pytest.fixture
def rig(_deployed_rig: Rig) -> Iterator[Rig]:
    """The contracts with a key in the arena's place; whatever a test does to them is undone."""
    snapshot = _deployed_rig.backend.snapshot()
    yield _deployed_rig
    _deployed_rig.backend.revert(snapshot)
