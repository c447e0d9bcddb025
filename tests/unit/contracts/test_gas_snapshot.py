"""Gas is exact: whoever changes it says so by rewriting the snapshot (`make gas`)."""

from __future__ import annotations

import json

import pytest
from bench.gas import SNAPSHOT, TARGETS, measure


@pytest.mark.pyevm
def test_gas_is_what_the_snapshot_says() -> None:
    recorded = json.loads(SNAPSHOT.read_text())
    assert measure() == recorded, "gas has changed; look at the difference, then run `make gas`"
    assert recorded.keys() >= TARGETS.keys()
