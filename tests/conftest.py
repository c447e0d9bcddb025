"""Fixtures every test may use: a fresh embedded chain, and a real node where the binary is at hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from headwater.chain.tester import TesterBackend


@pytest.fixture(scope="session")
def _tester_chain() -> TesterBackend:
    return TesterBackend(seed=0)


@pytest.fixture
def chain(_tester_chain: TesterBackend) -> Iterator[TesterBackend]:
    """The embedded chain at genesis; whatever a test does to it is undone."""
    snapshot = _tester_chain.snapshot()
    yield _tester_chain
    _tester_chain.revert(snapshot)
