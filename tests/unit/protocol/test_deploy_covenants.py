"""The contracts about values in a deployment: last, wired to each other, verified, and left out where not asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from eth_hash.auto import keccak

from harness import CONFIG, LocalBackend
from headwater.chain import MAX_RUNTIME_SIZE, Account, Contract, load
from headwater.chain import deploy as deploy_contract
from headwater.chain.system import CONTRACTS
from headwater.covenant import (
    COVENANTS,
    FixedBounds,
    FixedSystem,
    Sealed,
    ValueDesk,
    ValueRegistry,
    vocabulary_hash,
)
from headwater.identity import REGISTRIES
from headwater_deploy import DAY, Manifest, ManifestError, covenants, deploy, plan, verify

WITH = replace(CONFIG, covenants=True)


@pytest.fixture
def deployer(chain: LocalBackend) -> Account:
    return chain.dev_accounts(1)[0]


def test_they_come_last_and_move_nothing_that_stands_before_them(chain: LocalBackend, deployer: Account) -> None:
    first = chain.nonce(deployer.address)
    steps = plan(deployer.address, first, WITH)
    assert [step.name for step in steps] == [*CONTRACTS, *REGISTRIES, *COVENANTS]
    assert steps[: len(CONTRACTS + REGISTRIES)] == plan(deployer.address, first, CONFIG)
    alone = plan(deployer.address, first, replace(WITH, registries=False))
    assert [step.name for step in alone] == [*CONTRACTS, *COVENANTS]
    assert covenants(plan(deployer.address, first, CONFIG)) is None


def test_they_are_wired_to_each_other_and_set_as_configured(chain: LocalBackend, deployer: Account) -> None:
    config = replace(WITH, min_bond=7, unbonding=2 * DAY, declare_window=3 * DAY, join_window=4 * DAY, prover_bps=5)
    deployment = deploy(chain, deployer, config)
    at, five = deployment.covenants, deployment.system.addresses
    assert at is not None
    assert at == deployment.manifest.covenants()
    registry, vote, court = (Contract(chain, place, load(name).abi) for name, place in at.by_name().items())
    assert [registry.call(name) for name in ("TOKEN", "TREASURY", "VOTE", "COURT")] == [
        five.token,
        five.treasury,
        at.vote,
        at.court,
    ]
    assert vote.call("VAULT") == five.vault
    assert court.call("REGISTRY") == at.registry
    rules = ValueRegistry(chain, at.registry).rules()
    assert (rules.min_bond, rules.unbonding, rules.reveal_window) == (7, 2 * DAY, 3 * DAY)
    assert (rules.join_window, rules.prover_bps) == (4 * DAY, 5)
    assert vote.call("threshold") == config.vote_high
    for name, place in at.by_name().items():
        assert len(chain.code_at(place)) == load(name).runtime_size <= MAX_RUNTIME_SIZE
    findings = verify(chain, deployment.manifest)
    assert [(finding.name, finding.problem) for finding in findings[-3:]] == [(name, "") for name in COVENANTS]


def test_what_is_deployed_works_together(chain: LocalBackend, deployer: Account) -> None:
    """An agreement under the deployed vote's threshold, and the bond back, by the typed clients alone."""
    deployment = deploy(chain, deployer, WITH)
    assert deployment.covenants is not None
    registry = ValueRegistry(chain, deployment.covenants.registry)
    desk = ValueDesk(registry, deployer)
    system = FixedSystem.of([0.25, 0.75], [[0.5, -0.5]])
    vocabulary = vocabulary_hash(["liberty", "equality"], ["tax"])
    mine = Sealed(system=system, bounds=FixedBounds.of(0.1, 0.1, "l1"), vocabulary=vocabulary, salt=bytes(32))
    desk.approve()
    desk.commit(mine)
    assert desk.reveal(mine, WITH.min_bond) == 1
    agreement = registry.agreement(desk.propose(system, "l1", vocabulary, keccak(b"profile")))
    assert agreement.threshold == WITH.vote_high
    desk.relay(desk.sign(agreement, chain.now() + DAY))
    assert registry.members(agreement.number) == [deployer.address]
    desk.leave(agreement.number)
    chain.time_travel(chain.now() + WITH.unbonding)
    assert desk.withdraw() == WITH.min_bond


@pytest.mark.parametrize(
    ("name", "place", "view"),
    [("ValueRegistry", 3, "COURT"), ("HomophilyVote", 2, "HIGH"), ("UpdateCourt", 1, "SLASH_BPS")],
)
def test_another_judge_rail_or_penalty_behind_the_same_code_is_found(
    chain: LocalBackend, deployer: Account, name: str, place: int, view: str
) -> None:
    made = deploy(chain, deployer, WITH).manifest
    steps = plan(deployer.address, chain.nonce(deployer.address), WITH)
    records = {}
    for step in steps:
        args = list(step.args)
        if step.name == name:
            args[place] = deployer.address if view == "COURT" else int(str(args[place])) - 1
        contract, _ = deploy_contract(chain, load(step.name), *args, sender=deployer)
        code = "0x" + keccak(chain.code_at(contract.address)).hex()
        old = made.contracts[step.name]
        records[step.name] = replace(old, address=step.address, args=step.recorded_args, code_hash=code)
    manifest = replace(made, first_nonce=steps[0].nonce, contracts=records)
    problems = {finding.name: finding.problem for finding in verify(chain, manifest)}
    assert problems.pop(name).startswith(f"{name}: {view} is ")
    assert set(problems.values()) == {""}


def test_without_them_a_manifest_says_so_and_one_from_before_them_has_none(
    chain: LocalBackend, deployer: Account, tmp_path: Path
) -> None:
    path = tmp_path / "manifest.json"
    made = deploy(chain, deployer, CONFIG, manifest=path)
    assert made.covenants is None
    with pytest.raises(ManifestError, match="made without covenants; deploy a new one with covenants = true"):
        made.manifest.covenants()
    old = {name: value for name, value in CONFIG.as_dict().items() if not name.startswith("vote_")}
    del old["covenants"], old["min_bond"], old["unbonding"]
    replace(made.manifest, config=old).save(path)
    assert Manifest.read(path).complete
    assert deploy(chain, deployer, CONFIG, manifest=path).sent == 0


def test_those_that_are_missing_are_named(chain: LocalBackend, deployer: Account) -> None:
    made = deploy(chain, deployer, WITH).manifest
    cut = replace(made, contracts={name: made.contracts[name] for name in (*CONTRACTS, *REGISTRIES, "ValueRegistry")})
    assert not cut.complete
    assert cut.registries() == made.registries()
    with pytest.raises(ManifestError, match="not complete, missing HomophilyVote, UpdateCourt; deploy again"):
        cut.covenants()
