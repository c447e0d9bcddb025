"""Our node in development mode keeps every promise that a backend makes: the suite of the others, on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from test_anvil_backends import *  # noqa: F403 - the tests, and the fixtures that stand on `backend`

from headwater.chain import Backend, connect
from headwater.chain.devnode import DevNodeBackend
from headwater_deploy.node import NodeConfig, RunningNode, start_node


@pytest.fixture(scope="module", params=["tester", "revm"])
def node(request: pytest.FixtureRequest) -> Iterator[RunningNode]:
    kind: Literal["tester", "revm"] = request.param
    with start_node(NodeConfig(chain=kind, block_time=0, heartbeat=0, dev=True)) as running:
        yield running


@pytest.fixture
def backend(request: pytest.FixtureRequest, node: RunningNode) -> Iterator[Backend]:
    if "same_on_every_backend" in request.node.name and node.chain == "revm":
        pytest.skip("pyrevm runs everything as one transaction, so its gas is its own")
    connected = connect(node.url)
    assert isinstance(connected, DevNodeBackend)
    mark = connected.snapshot()
    yield connected
    connected.revert(mark)
    connected.close()
