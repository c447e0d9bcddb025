"""Fixture of the differential tests: the arena's arithmetic, compiled from its sources and opened up."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness import new_backend
from headwater.chain import Contract, create_address, load
from headwater.chain import deploy as deploy_contract
from headwater.chain.artifacts import contracts_folder
from headwater_deploy import ProtocolConfig
from headwater_deploy.plan import plan


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    """ArenaProbe on a chain of its own, in the arena's place."""
    root = tmp_path_factory.mktemp("probe") / "contracts"
    shutil.copytree(contracts_folder(), root)
    shutil.copy(Path(__file__).with_name("ArenaProbe.vy"), root)
    backend = new_backend(seed=0)
    deployer = backend.dev_accounts(1)[0]
    steps = plan(
        deployer.address,
        backend.nonce(deployer.address),
        ProtocolConfig(registries=False, covenants=False, deals=False),
    )
    for step in steps:
        artifact = load("ArenaProbe", root) if step.name == "ForecastArena" else load(step.name)
        contract, _ = deploy_contract(backend, artifact, *step.args, sender=deployer)
    assert contract.address == create_address(deployer.address, steps[-1].nonce)
    return contract
