"""deploy: one path that plans, records, resumes and verifies, and refuses what does not belong together."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_hash.auto import keccak

from harness import CONFIG, TOKENS, ZERO, LocalBackend, new_backend
from headwater.chain import Account, Reverted, TxRequest, address_bytes, create_address, load
from headwater.chain import deploy as deploy_contract
from headwater.chain.system import CONTRACTS
from headwater.chain.tester import EmbeddedBackend
from headwater.identity import REGISTRIES
from headwater_deploy import (
    DAY,
    ContractRecord,
    DeploymentError,
    Manifest,
    ManifestError,
    ProtocolConfig,
    Step,
    VerificationError,
    addresses,
    deploy,
    plan,
    registries,
    verify,
)

ALL = CONTRACTS + REGISTRIES
COUNT = len(ALL)


class Crash(Exception):
    """The process ends here."""


@pytest.fixture
def deployer(chain: LocalBackend) -> Account:
    return chain.dev_accounts(1)[0]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "networks" / "test.json"


def _edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_the_plan_is_what_happens(chain: LocalBackend, deployer: Account) -> None:
    steps = plan(deployer.address, chain.nonce(deployer.address), CONFIG)
    assert [step.name for step in steps] == list(ALL)
    assert [step.address for step in steps] == [create_address(deployer.address, step.nonce) for step in steps]
    seen: list[tuple[str, str]] = []
    deployment = deploy(chain, deployer, CONFIG, progress=lambda step, what: seen.append((step.address, what)))
    assert seen == [(step.address, "sent") for step in steps]
    assert deployment.sent == COUNT
    assert deployment.system.addresses == addresses(steps) == deployment.manifest.addresses()
    assert deployment.registries == registries(steps) == deployment.manifest.registries()
    assert chain.nonce(deployer.address) == steps[-1].nonce + 1
    assert all(chain.code_at(step.address) for step in steps)


def test_the_contracts_are_wired_to_each_other_and_set_as_configured(chain: LocalBackend, deployer: Account) -> None:
    governor, guardian, slasher, holder = (account.address for account in chain.dev_accounts(5)[1:])
    config = replace(CONFIG, governor=governor, guardian=guardian, slasher=slasher, genesis_holder=holder)
    system = deploy(chain, deployer, config).system
    at = system.addresses
    for contract, names in {
        system.token: {"minter": at.treasury, "cap": config.cap, "totalSupply": config.genesis_supply},
        system.treasury: {
            "TOKEN": at.token, "VAULT": at.vault, "ARENA": at.arena, "governor": governor,
            "EPOCH": config.epoch, "EMISSION": config.emission, "DECAY": config.decay,
        },
        system.vault: {
            "TOKEN": at.token, "TREASURY": at.treasury, "CASCADE": at.cascade, "ARENA": at.arena,
            "guardian": guardian, "slasher": slasher, "COOLDOWN": config.cooldown,
            "MAX_WINDOW": config.max_window, "IDLE_PERIOD": config.idle_period,
        },
        system.cascade: {"TOKEN": at.token, "VAULT": at.vault},
        system.arena: {
            "TREASURY": at.treasury, "VAULT": at.vault, "CASCADE": at.cascade, "MIN_WINDOW": config.min_window,
            "MAX_WINDOW": config.max_window, "RESOLVE_TIMEOUT": config.resolve_timeout,
        },
    }.items():  # fmt: skip
        assert {name: contract.call(name) for name in names} == names
    assert system.balance(holder) == config.genesis_supply
    assert system.balance(deployer.address) == 0


def test_the_deployer_has_every_role_that_is_not_given_and_the_zero_address_leaves_one_empty(
    chain: LocalBackend, deployer: Account
) -> None:
    system = deploy(chain, deployer, replace(CONFIG, guardian=ZERO)).system
    assert system.treasury.call("governor") == system.vault.call("slasher") == deployer.address
    assert system.vault.call("guardian") == ZERO
    assert system.balance(deployer.address) == CONFIG.genesis_supply


def test_a_manifest_reads_back_as_it_was_written(chain: LocalBackend, deployer: Account, path: Path) -> None:
    made = deploy(chain, deployer, CONFIG, manifest=path).manifest
    assert Manifest.read(path) == made
    assert made.complete
    assert (made.chain_id, made.deployer, made.config) == (chain.chain_id, deployer.address, CONFIG.as_dict())
    for record in made.contracts.values():
        receipt = chain.receipt(record.tx_hash)
        assert receipt is not None
        assert (receipt.contract_address, receipt.block_number) == (record.address, record.block)
        assert record.compiler == "0.4.3"
    again = path.with_name("copy.json")
    made.save(again)
    assert again.read_bytes() == path.read_bytes()
    assert sorted(file.name for file in path.parent.iterdir()) == ["copy.json", "test.json"]


@pytest.mark.parametrize("config", [CONFIG, None])
def test_a_second_call_verifies_and_sends_nothing(
    chain: LocalBackend, deployer: Account, path: Path, config: Any
) -> None:
    first = deploy(chain, deployer, CONFIG, manifest=path)
    nonce, block, written = chain.nonce(deployer.address), chain.block_number(), path.read_bytes()
    seen: list[str] = []
    second = deploy(chain, deployer, config, manifest=path, progress=lambda _, what: seen.append(what))
    assert seen == ["verified"] * COUNT
    assert second.sent == 0
    assert second.system.addresses == first.system.addresses
    assert (chain.nonce(deployer.address), chain.block_number(), path.read_bytes()) == (nonce, block, written)


def test_without_a_manifest_nothing_is_remembered(chain: LocalBackend, deployer: Account) -> None:
    first, second = (deploy(chain, deployer, CONFIG) for _ in range(2))
    assert set(first.system.addresses.by_name().values()).isdisjoint(second.system.addresses.by_name().values())


@pytest.mark.parametrize("steps", range(1, COUNT + 1))
@pytest.mark.parametrize("saved", [True, False], ids=["recorded", "sent but not recorded"])
def test_a_deployment_resumes_after_a_crash_at_any_step(
    chain: LocalBackend, deployer: Account, path: Path, steps: int, saved: bool
) -> None:
    planned = addresses(plan(deployer.address, chain.nonce(deployer.address), CONFIG))
    first_nonce = chain.nonce(deployer.address)
    before_the_last = b""
    done = 0

    def crash(step: Step, what: str) -> None:
        nonlocal done, before_the_last
        done += 1
        if done == steps:
            raise Crash
        before_the_last = path.read_bytes()

    with pytest.raises(Crash):
        deploy(chain, deployer, CONFIG, manifest=path, progress=crash)
    if not saved:
        # As if the process had ended between the transaction and the file; before step 1 there is only the start.
        empty = Manifest(
            chain_id=chain.chain_id, deployer=deployer.address, first_nonce=first_nonce, config=CONFIG.as_dict()
        )
        path.write_bytes(before_the_last) if before_the_last else empty.save(path)
    assert not Manifest.read(path).complete or (saved and steps == COUNT)
    assert chain.nonce(deployer.address) == first_nonce + steps
    resumed = deploy(chain, deployer, CONFIG, manifest=path)
    assert chain.nonce(deployer.address) == first_nonce + COUNT
    assert resumed.system.addresses == planned
    assert [finding.problem for finding in verify(chain, Manifest.read(path))] == [""] * COUNT


@pytest.mark.parametrize("steps", [1, 3])
def test_a_transaction_in_between_loses_the_planned_addresses(
    chain: LocalBackend, deployer: Account, path: Path, steps: int
) -> None:
    done = 0

    def interfere(step: Step, what: str) -> None:
        nonlocal done
        done += 1
        if done == steps:
            chain.send(TxRequest(to=deployer.address), deployer)

    with pytest.raises(DeploymentError, match=f"{ALL[steps]} was planned for nonce"):
        deploy(chain, deployer, CONFIG, manifest=path, progress=interfere)
    written, nonce = path.read_bytes(), chain.nonce(deployer.address)
    with pytest.raises(DeploymentError, match="has sent something else in between"):
        deploy(chain, deployer, CONFIG, manifest=path)
    assert (path.read_bytes(), chain.nonce(deployer.address)) == (written, nonce)
    assert deploy(chain, deployer, CONFIG, manifest=path.with_name("new.json")).sent == COUNT


def test_a_first_transaction_that_is_refused_leaves_no_manifest_behind(
    chain: LocalBackend, deployer: Account, path: Path
) -> None:
    impossible = replace(CONFIG, genesis_holder=ZERO, genesis_supply=TOKENS)
    with pytest.raises(Reverted, match="mint to the zero address"):
        deploy(chain, deployer, impossible, manifest=path)
    assert not path.exists()
    assert deploy(chain, deployer, CONFIG, manifest=path).sent == COUNT


def test_an_incomplete_manifest_says_what_is_missing(chain: LocalBackend, deployer: Account, path: Path) -> None:
    made = deploy(chain, deployer, CONFIG, manifest=path).manifest
    first = {name: made.contracts[name] for name in CONTRACTS[:2]}
    with pytest.raises(ManifestError, match="not complete, missing StakeVault, Cascade, ForecastArena; deploy again"):
        replace(made, contracts=first).addresses()


def test_without_registries_five_contracts_stand_where_they_stand_with_them(
    chain: LocalBackend, deployer: Account, path: Path
) -> None:
    first = chain.nonce(deployer.address)
    with_them = plan(deployer.address, first, CONFIG)
    bare = replace(CONFIG, registries=False)
    assert plan(deployer.address, first, bare) == with_them[: len(CONTRACTS)]
    made = deploy(chain, deployer, bare, manifest=path)
    assert (made.sent, made.registries, made.manifest.complete) == (5, None, True)
    with pytest.raises(ManifestError, match="made without registries; deploy a new one with registries = true"):
        made.manifest.registries()


def test_a_manifest_that_says_nothing_of_registries_has_none(
    chain: LocalBackend, deployer: Account, path: Path
) -> None:
    bare = replace(CONFIG, registries=False)
    deploy(chain, deployer, bare, manifest=path)
    _edit(path, lambda content: content["config"].pop("registries"))
    assert Manifest.read(path).complete
    assert deploy(chain, deployer, bare, manifest=path).sent == 0
    assert deploy(chain, deployer, None, manifest=path).sent == 0
    with pytest.raises(ManifestError, match="other settings: registries; choose"):
        deploy(chain, deployer, CONFIG, manifest=path)


def test_registries_that_are_not_all_there_are_named(chain: LocalBackend, deployer: Account, path: Path) -> None:
    made = deploy(chain, deployer, CONFIG, manifest=path).manifest
    cut = replace(made, contracts={name: made.contracts[name] for name in ALL[:7]})
    assert not cut.complete
    assert cut.addresses() == made.addresses()
    with pytest.raises(ManifestError, match="not complete, missing ValidationRegistry, FeedbackGrounds; deploy again"):
        cut.registries()


def test_other_settings_another_chain_or_deployer_are_refused(
    chain: LocalBackend, deployer: Account, path: Path
) -> None:
    deploy(chain, deployer, CONFIG, manifest=path)
    nonce, written = chain.nonce(deployer.address), path.read_bytes()
    with pytest.raises(ManifestError, match="other settings: cooldown, epoch; choose"):
        deploy(chain, deployer, replace(CONFIG, epoch=2 * DAY, cooldown=2 * DAY), manifest=path)
    with pytest.raises(ManifestError, match=r"was started by 0x\w+, not by 0x"):
        deploy(chain, chain.dev_accounts(2)[1], CONFIG, manifest=path)
    other = new_backend(seed=0, chain_id=4242)
    with pytest.raises(ManifestError, match=f"belongs to chain {chain.chain_id}, this one is 4242"):
        deploy(other, deployer, CONFIG, manifest=path)
    with pytest.raises(VerificationError, match="belongs to chain"):
        verify(other, Manifest.read(path))
    assert (chain.nonce(deployer.address), path.read_bytes()) == (nonce, written)


def test_a_fresh_chain_with_the_same_id_does_not_pass_for_the_recorded_one(
    chain: LocalBackend, deployer: Account, path: Path
) -> None:
    made = deploy(chain, deployer, CONFIG, manifest=path).manifest
    fresh = new_backend(seed=0)
    with pytest.raises(VerificationError, match="HeadwaterToken: there is no code at"):
        deploy(fresh, deployer, CONFIG, manifest=path)
    assert fresh.block_number() == 0
    assert all("there is no code at" in finding.problem for finding in verify(fresh, made))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("what", "problem"),
    [
        ("code_hash", "has another hash than the manifest"),
        ("address", "but the deployer's nonce puts it at"),
        ("args", "other constructor arguments than the settings say"),
        ("missing", "not deployed yet"),
    ],
)
def test_a_tampered_record_is_found_and_the_others_stand(
    chain: LocalBackend, deployer: Account, path: Path, name: str, what: str, problem: str
) -> None:
    made = deploy(chain, deployer, CONFIG, manifest=path).manifest

    def tamper(content: dict[str, Any]) -> None:
        record = content["contracts"][name]
        if what == "missing":
            del content["contracts"][name]
        elif what == "code_hash":
            record["code_hash"] = "0x" + "00" * 32
        elif what == "address":
            record["address"] = next(r.address for n, r in made.contracts.items() if n != name)
        else:
            record["args"] = [*record["args"][:-1], "1"]

    _edit(path, tamper)
    findings = {finding.name: finding.problem for finding in verify(chain, Manifest.read(path))}
    assert problem in findings.pop(name)
    assert set(findings.values()) == {""}
    assert [f.problem for f in verify(chain, made)] == [""] * COUNT
    nonce, written = chain.nonce(deployer.address), path.read_bytes()
    if what == "missing":  # found at its planned address, and recorded again
        assert set(deploy(chain, deployer, CONFIG, manifest=path).manifest.contracts) == set(ALL)
    else:
        with pytest.raises(VerificationError, match=name):
            deploy(chain, deployer, CONFIG, manifest=path)
        assert path.read_bytes() == written
    assert chain.nonce(deployer.address) == nonce


@pytest.mark.parametrize("name", ALL)
def test_code_that_is_not_what_these_sources_compile_to_is_found(
    embedded: EmbeddedBackend, path: Path, name: str
) -> None:
    # What no transaction can do, py-evm's state can.
    chain, deployer = embedded, embedded.dev_accounts(1)[0]
    manifest = deploy(chain, deployer, CONFIG, manifest=path).manifest
    record = manifest.contracts[name]
    code = bytearray(chain.code_at(record.address))
    code[100] ^= 1
    chain._vm.state.set_code(address_bytes(record.address), bytes(code))
    problems = {finding.name: finding.problem for finding in verify(chain, manifest)}
    assert "has another hash than the manifest" in problems[name]
    # Whoever rewrites the manifest's hash with it is found all the same.
    _edit(path, lambda content: content["contracts"][name].update(code_hash="0x" + keccak(bytes(code)).hex()))
    problems = {finding.name: finding.problem for finding in verify(chain, Manifest.read(path))}
    assert "is not what these sources compile to" in problems.pop(name)
    assert set(problems.values()) == {""}
    with pytest.raises(VerificationError, match="is not what these sources compile to"):
        deploy(chain, deployer, CONFIG, manifest=path)


def test_the_same_code_with_other_immutables_is_found_whatever_the_manifest_says(
    chain: LocalBackend, tmp_path: Path
) -> None:
    owner, thief = chain.dev_accounts(2)
    steps = plan(owner.address, chain.nonce(owner.address), ProtocolConfig())
    records = {}
    for step in steps:
        args = (thief.address, *step.args[1:]) if step.name == "HeadwaterToken" else step.args
        contract, receipt = deploy_contract(chain, load(step.name), *args, sender=owner)
        artifact = load(step.name)
        records[step.name] = ContractRecord(
            address=contract.address,
            tx_hash=receipt.tx_hash,
            block=receipt.block_number,
            args=step.recorded_args,
            source_hash=artifact.source_hash,
            code_hash="0x" + keccak(chain.code_at(contract.address)).hex(),
            compiler=artifact.compiler,
            settings=dict(artifact.settings),
        )
    manifest = Manifest(
        chain_id=chain.chain_id,
        deployer=owner.address,
        first_nonce=steps[0].nonce,
        config=ProtocolConfig().as_dict(),
        contracts=records,
    )
    problems = [finding.problem for finding in verify(chain, manifest)]
    assert problems[0] == f"HeadwaterToken: minter is {thief.address}, the settings say {steps[1].address}"
    assert problems[1:] == [""] * (len(steps) - 1)
