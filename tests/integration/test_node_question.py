"""A question's whole life through our own client on our own node: its clock moved, and on the wall clock's time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import pytest

from harness import CONFIG, SALT, TOKENS, World, audit, binary, new_world
from headwater.chain import Backend, connect
from headwater.chain.jsonrpc import JsonRpc
from headwater.chain.participant import Participant
from headwater.chain.rpc import RpcBackend
from headwater.chain.system import System
from headwater_deploy.node import NodeConfig, RunningNode, start_node

KINDS: tuple[Literal["tester", "revm"], ...] = ("tester", "revm")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Literal["tester", "revm"]:
    chosen: Literal["tester", "revm"] = request.param
    return chosen


@pytest.fixture
def quick(kind: Literal["tester", "revm"]) -> Iterator[RunningNode]:
    with start_node(NodeConfig(chain=kind, block_time=0, dev=True)) as node:
        yield node


def test_question_pays_to_the_wei_on_a_node_whose_clock_is_moved(quick: RunningNode) -> None:
    backend = connect(quick.url)
    world = new_world(backend)
    question = world.open(world.series())
    nets = world.play(question, {0: (binary(0.9), 10 * TOKENS), 1: (binary(0.2), 10 * TOKENS)}, outcome=0)
    assert nets[0] > 0 > nets[1]
    audit(world)
    backend.close()


def until(backend: Backend, timestamp: int) -> None:
    """Wait until the chain itself has come so far, as a bot would: nobody else makes blocks."""
    deadline = time.monotonic() + 30
    while backend.now() < timestamp:
        assert time.monotonic() < deadline, f"the chain stands at {backend.now()}, before {timestamp}"


def test_question_pays_to_the_wei_on_the_wall_clocks_time(quick: RunningNode) -> None:
    setting = connect(quick.url)
    world = new_world(setting, config=replace(CONFIG, min_window=1))
    series = world.series()
    # From here on as on any node: gas is estimated, the latest block is read, and time passes by itself.
    plain = RpcBackend(JsonRpc(quick.url))
    system = System(plain, world.system.addresses)
    governor, stranger, *forecasters = (
        Participant(system, each.account) for each in (world.governor, world.stranger, *world.forecasters)
    )
    world = World(plain, system, governor, forecasters, stranger)
    question = governor.open_question(series, world.times(lead=3, window=4))
    times = system.question(question).times
    until(plain, times.commit_start)
    forecasters[0].commit(question, binary(0.9), 10 * TOKENS, SALT)
    forecasters[1].commit(question, binary(0.2), 10 * TOKENS, SALT)
    until(plain, times.commit_end)
    for each, report in ((forecasters[0], binary(0.9)), (forecasters[1], binary(0.2))):
        stranger.reveal(question, each.address, report, SALT)
    until(plain, times.resolve_after)
    governor.resolve(question, 0)
    assert world.settle(question, 0) > 0 > world.settle(question, 1)
    plain.close()
    setting.close()
