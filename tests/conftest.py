"""Fixtures every test may use: a fresh chain, and a real node where the binary is at hand.

`--chain revm` plays the tests on the fast chain instead of the embedded one. It leaves out those marked `pyevm`, and
those that play on no chosen chain and would do the same as before.
"""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator

import pytest

import harness
from binaries import find_anvil
from harness import LocalBackend, World, new_backend, new_world
from headwater.chain import connect, local_control
from headwater.chain.genesis import BLOCK_GAS_LIMIT, GENESIS_TIME
from headwater.chain.tester import EmbeddedBackend
from reach import plays_on_chosen_chain

LONGEST = {
    "test_every_crash_point.py",
    "test_javascript_bot.py",
    "test_own_bot.py",
    "test_swarm.py",
    "test_swarm_resume.py",
    "test_wrong_clocks.py",
}
"""Files of tests that wait for blocks and windows, a minute or more each."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--chain", choices=sorted(harness.CHAINS), default="tester", help="chain in process to test on")


def pytest_configure(config: pytest.Config) -> None:
    harness.chosen = config.getoption("--chain")
    config.addinivalue_line("markers", "pyevm: about the embedded chain, so left out on any other")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs the node, so that `-m "not anvil"` leaves it out, and leave out what is about another chain."""
    # Whole files go to one worker, in this order: what waits longest begins first.
    items.sort(key=lambda item: item.path.name not in LONGEST)
    elsewhere = []
    for item in items:
        if "integration" in item.path.parts:
            item.add_marker(pytest.mark.integration)
        names = getattr(item, "fixturenames", ())
        if "anvil" in names:
            item.add_marker(pytest.mark.anvil)
        if "embedded" in names or item.get_closest_marker("pyevm"):
            item.add_marker(pytest.mark.pyevm)
            elsewhere.append(item)
        elif harness.chosen != "tester" and not plays_on_chosen_chain(item.path, names):
            elsewhere.append(item)
    if harness.chosen != "tester" and elsewhere:
        left_out = set(elsewhere)
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def _one_chain() -> LocalBackend:
    return new_backend(seed=0)


@pytest.fixture
def chain(_one_chain: LocalBackend) -> Iterator[LocalBackend]:
    """The chain under test at genesis; whatever a test does to it is undone."""
    snapshot = _one_chain.snapshot()
    yield _one_chain
    _one_chain.revert(snapshot)


@pytest.fixture(scope="session")
def _one_embedded() -> EmbeddedBackend:
    return EmbeddedBackend(seed=0)


@pytest.fixture
def embedded(_one_embedded: EmbeddedBackend) -> Iterator[EmbeddedBackend]:
    """The embedded chain, whatever the option says, for tests that are about it; whatever they do is undone."""
    snapshot = _one_embedded.snapshot()
    yield _one_embedded
    _one_embedded.revert(snapshot)


@pytest.fixture(scope="session")
def anvil_node() -> Iterator[str]:
    """URL of the anvil process that this session starts on loopback and stops; take `anvil` instead."""
    binary = find_anvil()
    if binary is None:
        pytest.skip(
            "ANVIL IS ABSENT, so nothing is tested against a real node: `npm install @foundry-rs/anvil` in the "
            "checkout, or put it on PATH, or name it in $ANVIL"
        )
    options = ["--host", "127.0.0.1", "--port", "0", "--hardfork", "prague"]
    options += ["--timestamp", str(GENESIS_TIME), "--gas-limit", str(BLOCK_GAS_LIMIT)]
    with subprocess.Popen([binary, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            said: list[str] = []
            for line in process.stdout:
                said.append(line)
                if found := re.search(r"Listening on (127\.0\.0\.1:\d+)", line):
                    break
            else:
                pytest.fail(f"anvil did not start:\n{''.join(said)}")
            # Somebody has to read what it goes on saying, or it stops when the pipe is full.
            drain = threading.Thread(target=process.stdout.read, daemon=True)
            drain.start()
            yield f"http://{found[1]}"
        finally:
            process.terminate()
            process.wait(timeout=10)
            drain.join(timeout=10)


@pytest.fixture
def anvil(anvil_node: str) -> Iterator[str]:
    """URL of a running anvil; whatever a test does to the chain is undone."""
    backend = connect(anvil_node)
    control = local_control(backend)
    snapshot = control.snapshot()
    yield anvil_node
    control.revert(snapshot)
    backend.close()


@pytest.fixture(scope="session")
def _deployed_world() -> World:
    return new_world(new_backend(seed=0))


@pytest.fixture
def world(_deployed_world: World) -> Iterator[World]:
    """The five contracts deployed, with people in their roles; whatever a test does to it is undone."""
    snapshot = _deployed_world.control.snapshot()
    yield _deployed_world
    _deployed_world.control.revert(snapshot)
