"""Fixtures of the contract tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import World, new_backend
from headwater.chain import Contract, deploy, load
from identity_cases import Town, new_town
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


@pytest.fixture
def town(world: World) -> Town:
    """The registries beside the world's contracts, with one agent; undone with the world."""
    return new_town(world)


@pytest.fixture
def wallets(town: Town) -> tuple[Contract, Contract]:
    """Two contracts that can own things: one takes agents, the other refuses them."""
    artifact = load("Wallet", Path(__file__).parent / "registry_contracts")
    made = [deploy(town.backend, artifact, takes, sender=town.stranger.account)[0] for takes in (True, False)]
    return made[0], made[1]
