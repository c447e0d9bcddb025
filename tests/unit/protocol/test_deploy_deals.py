"""The escrow of deals in a deployment: last, wired, verified, and left out where not asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from eth_hash.auto import keccak

from harness import CONFIG, LocalBackend
from headwater.chain import MAX_RUNTIME_SIZE, Account, Contract, load
from headwater.chain import deploy as deploy_contract
from headwater.chain.system import CONTRACTS
from headwater.covenant import COVENANTS
from headwater.deals.addresses import DEALS
from headwater.identity import REGISTRIES
from headwater_deploy import ConfigError, Manifest, ManifestError, ProtocolConfig, deals, deploy, plan, verify

WITH = replace(CONFIG, registries=False, deals=True)


@pytest.fixture
def deployer(chain: LocalBackend) -> Account:
    return chain.dev_accounts(1)[0]


def test_it_comes_last_and_moves_nothing_that_stands_before_it(deployer: Account) -> None:
    every = plan(deployer.address, 7, ProtocolConfig())
    assert [step.name for step in every] == [*CONTRACTS, *REGISTRIES, *COVENANTS, *DEALS]
    assert every[:-1] == plan(deployer.address, 7, ProtocolConfig(deals=False))
    assert [step.name for step in plan(deployer.address, 7, WITH)] == [*CONTRACTS, *DEALS]
    found = deals(every)
    assert found is not None
    assert found.by_name() == {"DealEscrow": every[-1].address}
    assert deals(every[:-1]) is None


def test_it_is_wired_as_planned_and_small_enough(chain: LocalBackend, deployer: Account) -> None:
    deployment = deploy(chain, deployer, WITH)
    at, five = deployment.deals, deployment.system.addresses
    assert at is not None
    assert at == deployment.manifest.deals()
    escrow = Contract(chain, at.escrow, load("DealEscrow").abi)
    assert [escrow.call(name) for name in ("TOKEN", "TREASURY", "CASCADE")] == [five.token, five.treasury, five.cascade]
    assert len(chain.code_at(at.escrow)) == load("DealEscrow").runtime_size <= MAX_RUNTIME_SIZE
    assert [(finding.name, finding.problem) for finding in verify(chain, deployment.manifest)][-1] == ("DealEscrow", "")


def test_another_cascade_behind_the_same_code_is_found(chain: LocalBackend, deployer: Account) -> None:
    made = deploy(chain, deployer, WITH).manifest
    steps = plan(deployer.address, chain.nonce(deployer.address), WITH)
    records = {}
    for step in steps:
        args = list(step.args)
        if step.name == "DealEscrow":
            args[2] = deployer.address
        contract, _ = deploy_contract(chain, load(step.name), *args, sender=deployer)
        code = "0x" + keccak(chain.code_at(contract.address)).hex()
        old = made.contracts[step.name]
        records[step.name] = replace(old, address=step.address, args=step.recorded_args, code_hash=code)
    manifest = replace(made, first_nonce=steps[0].nonce, contracts=records)
    problems = {finding.name: finding.problem for finding in verify(chain, manifest)}
    assert problems.pop("DealEscrow").startswith("DealEscrow: CASCADE is ")
    assert set(problems.values()) == {""}


def test_without_it_a_manifest_says_so_and_one_from_before_it_has_none(
    chain: LocalBackend, deployer: Account, tmp_path: Path
) -> None:
    path = tmp_path / "manifest.json"
    without = replace(WITH, deals=False)
    made = deploy(chain, deployer, without, manifest=path)
    assert made.deals is None
    with pytest.raises(ManifestError, match="made without deals; deploy a new one with deals = true"):
        made.manifest.deals()
    old = {name: value for name, value in without.as_dict().items() if name != "deals"}
    replace(made.manifest, config=old).save(path)
    assert Manifest.read(path).complete
    assert deploy(chain, deployer, without, manifest=path).sent == 0


def test_where_it_is_missing_it_is_named(chain: LocalBackend, deployer: Account) -> None:
    made = deploy(chain, deployer, WITH).manifest
    cut = replace(made, contracts={name: made.contracts[name] for name in CONTRACTS})
    assert not cut.complete
    with pytest.raises(ManifestError, match="not complete, missing DealEscrow; deploy again"):
        cut.deals()


def test_whether_it_is_wanted_is_true_or_false() -> None:
    with pytest.raises(ConfigError, match="deals is 1; accepted: true or false"):
        ProtocolConfig(deals=1)  # type: ignore[arg-type]
