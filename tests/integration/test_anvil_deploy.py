"""`headwater deploy` and `headwater verify` against a real node: once, again, cut short, refused, and tampered with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account as EthAccount

from cli_cases import KEY, Outcome, refused, run, tree
from headwater.chain import Account, TxRequest, connect, create_address
from headwater.chain.devnode import DevNodeBackend
from headwater.chain.jsonrpc import JsonRpc
from headwater.chain.system import CONTRACTS as FIVE
from headwater.chain.system import System
from headwater.covenant import COVENANTS
from headwater.deals.addresses import DEALS
from headwater.identity import REGISTRIES
from headwater_deploy import Manifest

CONTRACTS = FIVE + REGISTRIES + COVENANTS + DEALS
DEPLOYER = Account.from_hex(KEY)
ENV = {"HEADWATER_KEY": KEY}


@pytest.fixture
def node(anvil: str) -> Iterator[DevNodeBackend]:
    backend = connect(anvil)
    assert isinstance(backend, DevNodeBackend)
    backend.fund(DEPLOYER.address, 10**18)
    yield backend
    backend.close()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def deploy(anvil: str, node: DevNodeBackend) -> Callable[..., Outcome]:
    def command(*args: object, env: dict[str, str] | None = None) -> Outcome:
        return run("deploy", "--rpc", anvil, *args, env=ENV if env is None else env)

    return command


def _verify(anvil: str, *args: object) -> Outcome:
    return run("verify", "deployments/31337.json", "--rpc", anvil, *args)


def _edit(change: Callable[[dict[str, Any]], object]) -> None:
    path = Path("deployments/31337.json")
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def _silent(outcome: Outcome) -> None:
    assert KEY[2:] not in (outcome.out + outcome.err).lower()


def test_the_first_call_deploys_and_the_second_verifies_and_sends_nothing(
    anvil: str, node: DevNodeBackend, deploy: Callable[..., Outcome], here: Path
) -> None:
    first = deploy()
    assert first.code == 0
    assert first.out == "13 contracts sent; chain 31337; manifest deployments/31337.json\n"
    assert [line.split()[:2] for line in first.err.splitlines()] == [["sent", name] for name in CONTRACTS]
    assert node.nonce(DEPLOYER.address) == len(CONTRACTS)
    written, block, balance = tree(here), node.block_number(), node.balance(DEPLOYER.address)
    again = deploy()
    assert again.code == 0
    assert again.out == "nothing to send, everything verified; chain 31337; manifest deployments/31337.json\n"
    assert [line.split()[:2] for line in again.err.splitlines()] == [["verified", name] for name in CONTRACTS]
    assert (tree(here), node.block_number(), node.balance(DEPLOYER.address)) == (written, block, balance)
    for outcome in (first, again):
        _silent(outcome)
    assert KEY[2:] not in Path("deployments/31337.json").read_text().lower()


def test_json_is_the_manifest(anvil: str, deploy: Callable[..., Outcome]) -> None:
    outcome = deploy("--json", "--manifest", "elsewhere/m.json")
    assert outcome.code == 0
    assert outcome.json == json.loads(Path("elsewhere/m.json").read_text())
    assert list(outcome.json["contracts"]) == sorted(CONTRACTS)
    for record in outcome.json["contracts"].values():
        assert set(record) == {
            "address", "tx_hash", "block", "args", "source_hash", "code_hash", "compiler", "settings",
        }  # fmt: skip


def test_a_dry_run_says_what_would_be_sent_and_sends_nothing(
    node: DevNodeBackend, deploy: Callable[..., Outcome], here: Path
) -> None:
    block = node.block_number()
    outcome = deploy("--dry-run", "--json")
    assert outcome.code == 0
    planned = [(step["contract"], step["nonce"], step["address"]) for step in outcome.json["steps"]]
    assert planned == [(name, i, create_address(DEPLOYER.address, i)) for i, name in enumerate(CONTRACTS)]
    assert not any(step["deployed"] for step in outcome.json["steps"])
    assert "nothing is sent" in deploy("--dry-run").out
    by_address = deploy("--dry-run", "--json", "--sender", DEPLOYER.address.lower(), env={})
    assert by_address.json == outcome.json
    assert (node.block_number(), node.nonce(DEPLOYER.address), tree(here)) == (block, 0, {})
    assert deploy().code == 0
    nonce = node.nonce(DEPLOYER.address)
    after = deploy("--dry-run", "--json")
    assert [(step["contract"], step["nonce"], step["address"]) for step in after.json["steps"]] == planned
    assert all(step["deployed"] for step in after.json["steps"])
    assert node.nonce(DEPLOYER.address) == nonce


def test_a_deployment_that_was_cut_short_is_resumed(
    anvil: str, node: DevNodeBackend, deploy: Callable[..., Outcome]
) -> None:
    """Killed after two contracts were recorded and a third was sent."""
    stop = node.snapshot()
    planned = {step["contract"]: step["address"] for step in deploy("--dry-run", "--json").json["steps"]}
    assert deploy().code == 0
    whole = json.loads(Path("deployments/31337.json").read_text())
    code = {name: node.code_at(planned[name]) for name in CONTRACTS}
    node.revert(stop)
    sends = 0
    request = JsonRpc.request

    def killing(self: JsonRpc, method: str, *params: object, context: str = "") -> object:
        nonlocal sends
        answer = request(self, method, *params, context=context)
        if method == "eth_sendRawTransaction":
            sends += 1
            if sends == 3:
                raise KeyboardInterrupt
        return answer

    Path("deployments/31337.json").unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JsonRpc, "request", killing)
        cut = deploy()
    assert cut.code == 130
    assert cut.err.splitlines()[-1] == "headwater: interrupted"
    left = json.loads(Path("deployments/31337.json").read_text())
    assert list(left["contracts"]) == ["HeadwaterToken", "Treasury"]
    assert node.nonce(DEPLOYER.address) == 3
    found = _verify(anvil, "--json")
    assert found.code == 4
    assert [finding["ok"] for finding in found.json] == [True] * 2 + [False] * 11
    resumed = deploy()
    assert resumed.code == 0
    assert resumed.out.startswith("11 contracts sent")
    assert [line.split()[0] for line in resumed.err.splitlines()] == ["verified"] * 2 + ["sent"] * 11
    assert node.nonce(DEPLOYER.address) == len(CONTRACTS)
    made = json.loads(Path("deployments/31337.json").read_text())
    assert {name: record["address"] for name, record in made["contracts"].items()} == planned
    assert {name: node.code_at(planned[name]) for name in CONTRACTS} == code
    assert made["contracts"]["StakeVault"] == {**whole["contracts"]["StakeVault"], "tx_hash": "", "block": 0}
    assert _verify(anvil).code == 0


def test_a_keystore_serves_as_well_as_the_environment(
    anvil: str, node: DevNodeBackend, deploy: Callable[..., Outcome], here: Path
) -> None:
    Path("key.json").write_text(json.dumps(EthAccount.encrypt(KEY, "open sesame", kdf="scrypt", iterations=4)))
    outcome = deploy("--keystore", "key.json", env={"HEADWATER_PASSWORD": "open sesame"})
    assert outcome.code == 0
    assert json.loads(Path("deployments/31337.json").read_text())["deployer"] == DEPLOYER.address
    _silent(outcome)
    assert "open sesame" not in outcome.out + outcome.err + Path("deployments/31337.json").read_text()
    node.dev_accounts(1)
    other = "0x" + "6f" * 32
    refused(deploy(env={"HEADWATER_KEY": other}), 2, "was started by", "not by")
    refused(deploy(env={}), 2, "HEADWATER_KEY is not set")
    assert node.nonce(Account.from_hex(other).address) == 0


def test_settings_reach_the_chain_and_cannot_be_changed_afterwards(
    anvil: str, node: DevNodeBackend, deploy: Callable[..., Outcome]
) -> None:
    Path("c.toml").write_text("epoch = 3600\nemission = 5")
    assert deploy("--config", "c.toml").code == 0
    system = System(node, Manifest.read(Path("deployments/31337.json")).addresses())
    assert (system.treasury.call("EPOCH"), system.treasury.call("EMISSION")) == (3600, 5)
    Path("c.toml").write_text("epoch = 7200\nemission = 5")
    before = Path("deployments/31337.json").read_bytes()
    for args in ([], ["--dry-run"]):
        refused(
            deploy("--config", "c.toml", *args), 2, "was started with other settings: epoch; choose another manifest"
        )
    assert Path("deployments/31337.json").read_bytes() == before
    assert node.nonce(DEPLOYER.address) == len(CONTRACTS)


def test_a_deployer_without_money_is_refused_and_leaves_no_manifest(anvil: str, node: DevNodeBackend) -> None:
    poor = "0x" + "6f" * 32
    outcome = run("deploy", "--rpc", anvil, env={"HEADWATER_KEY": poor})
    refused(outcome, 1, "transaction to a new contract was refused by the node: Insufficient funds")
    assert list(Path("deployments").iterdir()) == []


def test_verify_says_that_all_is_well(anvil: str, deploy: Callable[..., Outcome]) -> None:
    assert deploy().code == 0
    outcome = _verify(anvil)
    assert (outcome.code, outcome.err) == (0, "")
    assert [line.split()[:2] for line in outcome.out.splitlines()] == [["ok", name] for name in CONTRACTS]
    findings = _verify(anvil, "--json").json
    assert [finding["contract"] for finding in findings] == list(CONTRACTS)
    assert all(finding["ok"] and finding["problem"] == "" for finding in findings)


@pytest.mark.parametrize("name", CONTRACTS)
def test_code_that_was_changed_on_the_chain_is_found(
    anvil: str, node: DevNodeBackend, deploy: Callable[..., Outcome], name: str
) -> None:
    assert deploy().code == 0
    address = json.loads(Path("deployments/31337.json").read_text())["contracts"][name]["address"]
    code = bytearray(node.code_at(address))
    code[-1] ^= 1  # within the immutables
    JsonRpc(anvil).request("anvil_setCode", address, "0x" + bytes(code).hex())
    outcome = _verify(anvil, "--json")
    assert outcome.code == 4
    assert [finding["contract"] for finding in outcome.json if not finding["ok"]] == [name]
    shown = _verify(anvil)
    assert shown.code == 4
    assert f"FAILED {name}" in shown.out
    assert "has another hash than the manifest" in shown.out
    again = deploy()
    assert again.code == 4
    assert again.err.splitlines()[-1].startswith(f"headwater: {name}: the code at {address} has another hash")
    JsonRpc(anvil).request("anvil_setCode", address, "0x")
    assert "there is no code at" in _verify(anvil).out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m["contracts"]["Treasury"].update(address=m["contracts"]["Cascade"]["address"]), "nonce puts it at"),
        (lambda m: m["contracts"]["Treasury"]["args"].__setitem__(4, "60"), "other constructor arguments"),
        (lambda m: m["contracts"]["Treasury"].update(code_hash="0x" + "00" * 32), "has another hash"),
        (lambda m: m["config"].update(emission=7), "other constructor arguments"),
    ],
)
def test_a_manifest_that_was_changed_is_found_by_verify_and_by_deploy(
    anvil: str, node: DevNodeBackend, deploy: Callable[..., Outcome], change: Callable[[Any], object], said: str
) -> None:
    assert deploy().code == 0
    _edit(change)
    outcome = _verify(anvil)
    assert outcome.code == 4
    (failed,) = [line for line in outcome.out.splitlines() if line.startswith("FAILED")]
    assert "Treasury" in failed
    assert said in failed
    again = deploy()
    assert again.code == 4
    assert said in again.err
    assert node.nonce(DEPLOYER.address) == len(CONTRACTS)


def test_a_manifest_of_another_chain_is_refused(anvil: str, deploy: Callable[..., Outcome]) -> None:
    assert deploy().code == 0
    _edit(lambda manifest: manifest.update(chain_id=1))
    refused(_verify(anvil), 4, "the manifest belongs to chain 1, this one is 31337")
    for args in ([], ["--dry-run"]):
        refused(deploy(*args), 2, "belongs to chain 1, this one is 31337")


def test_a_deployer_that_sent_something_in_between_cannot_resume(
    anvil: str, node: DevNodeBackend, deploy: Callable[..., Outcome]
) -> None:
    assert deploy().code == 0

    def forget(manifest: dict[str, Any]) -> None:
        del manifest["contracts"]["ForecastArena"]
        manifest["first_nonce"] += 1

    _edit(forget)
    node.send(TxRequest(to=DEPLOYER.address), DEPLOYER)
    outcome = deploy()
    assert outcome.code == 4  # the recorded contracts stand elsewhere than this nonce says
    _edit(lambda manifest: manifest.update(first_nonce=13, contracts={}))
    node.send(TxRequest(to=DEPLOYER.address), DEPLOYER)
    refused(deploy(), 1, "was planned for nonce 13", "Start again with a new manifest")
