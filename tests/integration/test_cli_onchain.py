"""Keys, money, series and ABIs from the command line, against a node."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account as EthAccount

from cli_cases import KEY, closed_port, refused, run
from headwater.chain import Account, connect
from headwater.chain.accounts import development_key
from headwater.chain.genesis import CHAIN_ID
from headwater.chain.system import System
from headwater.units import WAD
from headwater_deploy import Manifest, ProtocolConfig, deploy
from headwater_deploy.node import NodeConfig, start_node

PASSWORD = {"HEADWATER_PASSWORD": "only for tests"}
STEWARD = Account.derive(0, 0)
OWN_KEY = {"HEADWATER_KEY": "0x" + development_key(0, 0).hex()}
OTHER = Account.derive(0, 1).address
STRANGER = Account.from_hex(KEY).address


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A node with a deployment, whose manifest is where commands look for it."""
    with start_node(NodeConfig(chain="revm", port=0, block_time=0)) as node:
        yield node.url


@pytest.fixture(scope="module")
def folder(url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("place")
    backend = connect(url)
    path = folder / "deployments" / f"{CHAIN_ID}.json"
    deploy(backend, STEWARD, ProtocolConfig(registries=False, covenants=False, deals=False), manifest=path)
    backend.close()
    return folder


@pytest.fixture(autouse=True)
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def test_a_new_key_is_a_keystore_that_other_wallets_open(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    made = run("key", "new", file, env=PASSWORD)
    assert made.code == 0
    address = made.out.strip()
    assert file.stat().st_mode & 0o777 == 0o600
    secret = EthAccount.decrypt(json.loads(file.read_text()), PASSWORD["HEADWATER_PASSWORD"])
    assert EthAccount.from_key(secret).address == address
    assert secret.hex() not in made.out + made.err
    assert run("key", "address", file, "--json", env=PASSWORD).json["address"] == address
    kept = file.read_bytes()
    refused(run("key", "new", file, env=PASSWORD), 2, "is there already; a key is never overwritten")
    assert file.read_bytes() == kept
    assert run("key", "new", tmp_path / "second.json", env=PASSWORD).out.strip() != address


def test_without_a_password_no_key_is_made(tmp_path: Path) -> None:
    refused(run("key", "new", tmp_path / "key.json"), 2, "set HEADWATER_PASSWORD")
    assert list(tmp_path.iterdir()) == []


def test_tokens_and_ether_arrive_to_the_wei(url: str) -> None:
    sent = run(
        "send", STRANGER, OTHER, "--tokens", "12.5", "--ether", "0.000000000000000001", "--rpc", url, env=OWN_KEY
    )
    assert sent.code == 0, sent.err
    has = run("account", STRANGER, "--rpc", url, "--json").json
    assert (has["tokens_wei"], has["ether_wei"]) == (str(125 * 10**17), "1")
    assert has["wagers"] == []
    assert "tokens  12.5" in run("account", STRANGER, "--rpc", url).out


def test_what_cannot_be_afforded_is_refused_whole(url: str) -> None:
    before = run("account", OTHER, "--rpc", url, "--json").json
    refused(
        run("send", OTHER, STRANGER, "--tokens", "60_000_000", "--rpc", url, env=OWN_KEY), 2,
        "tokens; sending takes 120,000,000",
    )  # fmt: skip
    refused(run("send", OTHER, "--ether", "2000000", "--rpc", url, env=OWN_KEY), 2, "ether; sending takes 2,000,000")
    assert run("account", OTHER, "--rpc", url, "--json").json == before


@pytest.mark.parametrize("wrong", ["1e3", "-1", "0.0000000000000000001", "", "ten", "0x10"])
def test_an_amount_that_is_none_is_told(url: str, wrong: str) -> None:
    refused(
        run("send", OTHER, f"--tokens={wrong}", "--rpc", url, env=OWN_KEY), 2, "accepted: whole units with up to 18"
    )


def test_wrong_use_of_send_is_told_before_a_node_is_asked() -> None:
    nowhere = closed_port()
    refused(run("send", OTHER, "--rpc", nowhere, env=OWN_KEY), 2, "nothing to send")
    refused(run("send", "0x12", "--tokens", "1", "--rpc", nowhere, env=OWN_KEY), 2, "is not an address")
    refused(run("send", OTHER, "--tokens", "1", "--rpc", nowhere), 2, "HEADWATER_KEY is not set")
    refused(run("send", OTHER, "--tokens", "1", "--rpc", nowhere, env=OWN_KEY), 3, "cannot reach")


def test_a_sponsor_s_series_pays_from_its_bankroll(url: str) -> None:
    made = run("series", "new", "--bankroll", "1000", "--opener", OTHER, "--rpc", url, "--json", env=OWN_KEY)
    assert made.code == 0, made.err
    series = made.json
    assert (series["opener"], series["oracle"], series["governed"]) == (OTHER, OTHER, False)
    assert (series["free_wei"], series["odds"]) == (str(1000 * WAD), "frequencies")
    funded = run("series", "fund", series["series"], "0.5", "--rpc", url, "--json", env=OWN_KEY)
    assert funded.json["free_wei"] == str(1000 * WAD + WAD // 2)
    assert funded.json in run("series", "list", "--rpc", url, "--json").json
    assert f"series {series['series']}: 2 outcomes" in run("series", "list", "--rpc", url).out


def test_a_governed_series_keeps_the_weights_of_the_others(url: str) -> None:
    first = run("series", "new", "--weight", "3", "--feed", OTHER, "--rpc", url, "--json", env=OWN_KEY).json
    second = run("series", "new", "--weight", "5", "--outcomes", "3", "--rpc", url, "--json", env=OWN_KEY).json
    assert first["governed"]
    assert first["odds"] == OTHER
    assert second["outcomes"] == 3
    backend = connect(url)
    system = System(backend, Manifest.read(Path("deployments") / f"{CHAIN_ID}.json").addresses())
    series, weights = system.treasury.call("weights")
    backend.close()
    assert dict(zip(series, weights, strict=True)) == {first["series"]: 3, second["series"]: 5}


def test_a_series_without_money_or_with_wrong_settings_is_refused(url: str) -> None:
    count = len(run("series", "list", "--rpc", url, "--json").json)
    refused(run("series", "new", "--rpc", url, env=OWN_KEY), 2, "either --bankroll or --weight")
    refused(run("series", "new", "--bankroll", "1", "--rpc", url, env={"HEADWATER_KEY": KEY}), 1, "insufficient funds")
    refused(
        run("series", "new", "--bankroll", "900000000", "--rpc", url, env=OWN_KEY), 2, "the bankroll takes 900,000,000"
    )
    refused(
        run("series", "new", "--bankroll", "1", "--p-min", "0.3", "--rpc", url, env=OWN_KEY), 1, "p_min above 1/(2k)"
    )
    refused(run("series", "fund", "99", "1", "--rpc", url, env=OWN_KEY), 2, "there is no series 99")
    assert len(run("series", "list", "--rpc", url, "--json").json) == count


def test_an_abi_is_what_the_contract_has(tmp_path: Path) -> None:
    arena = run("abi", "ForecastArena").json
    assert {"commit", "reveal", "settle"} <= {entry.get("name") for entry in arena}
    two = run("abi", "Cascade", "HeadwaterToken").json
    assert set(two) == {"Cascade", "HeadwaterToken"}
    assert run("abi", "--out", tmp_path / "abi", "ForecastArena").out == ""
    assert json.loads((tmp_path / "abi" / "ForecastArena.json").read_text()) == arena
    refused(run("abi", "Arena"), 2, "there is no contract 'Arena'; accepted: ", "ForecastArena")


def test_the_environment_may_name_the_node(url: str) -> None:
    known = run("series", "list", "--rpc", url, "--json").json
    assert run("series", "list", "--json", env={"HEADWATER_RPC": url}).json == known
    refused(run("series", "list", env={"HEADWATER_RPC": closed_port()}), 3, "cannot reach")
