"""Wrong use of `deploy` and `verify` that needs no node to be told: keys, keystores, settings, manifests, places."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account as EthAccount

from cli_cases import KEY, Outcome, closed_port, refused, run, tree
from headwater.chain import Account
from headwater_deploy import Manifest, ProtocolConfig

PASSWORD = "correct horse"


@pytest.fixture
def url() -> str:
    return closed_port()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An own working directory, in which no command that is refused leaves anything."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    assert not (tmp_path / "deployments").exists()


def _silent(outcome: Outcome, *secrets: str) -> None:
    for secret in secrets:
        assert secret not in outcome.out + outcome.err


def test_a_missing_key_is_told_before_the_node_is_asked(url: str) -> None:
    for unset in ("", "   "):
        refused(
            run("deploy", "--rpc", url, env={"HEADWATER_KEY": unset}), 2,
            "environment variable HEADWATER_KEY is not set", "or name a keystore file with --keystore",
        )  # fmt: skip
    refused(run("deploy", "--rpc", url), 2, "HEADWATER_KEY is not set")
    refused(run("deploy", "--rpc", url, "--dry-run"), 2, "HEADWATER_KEY is not set")


@pytest.mark.parametrize(
    "key", ["5ecre7", "0x" + "5e" * 31, "0x" + "5e" * 33, "f" * 64, "0" * 64, "5e" * 31 + "xx", "💧"]
)
def test_a_malformed_key_is_refused_and_not_repeated(url: str, key: str) -> None:
    outcome = run("deploy", "--rpc", url, env={"HEADWATER_KEY": key})
    refused(outcome, 2, "environment variable HEADWATER_KEY: a private key is ")
    _silent(outcome, key)


@pytest.fixture(scope="module")
def keystore(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keystore.json"
    path.write_text(json.dumps(EthAccount.encrypt(KEY, PASSWORD, kdf="scrypt", iterations=4)))
    return path


def test_a_keystore_opens_with_its_password(url: str, keystore: Path) -> None:
    outcome = run("deploy", "--rpc", url, "--keystore", keystore, env={"HEADWATER_PASSWORD": PASSWORD})
    refused(outcome, 3, f"cannot reach {url}")
    _silent(outcome, PASSWORD, KEY[2:])


def test_a_wrong_or_missing_password_is_refused_and_not_repeated(url: str, keystore: Path) -> None:
    outcome = run("deploy", "--rpc", url, "--keystore", keystore, env={"HEADWATER_PASSWORD": "battery staple"})
    refused(outcome, 2, f"keystore {keystore} does not open with this password")
    _silent(outcome, "battery staple")
    refused(run("deploy", "--rpc", url, "--keystore", keystore), 2, "needs a password: set HEADWATER_PASSWORD")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"not json", "is not a keystore: not JSON"),
        (b"\xff\xfe", "is not a keystore: not JSON"),
        (b"[]", 'is not a keystore: no "crypto" section'),
        (b"{}", 'is not a keystore: no "crypto" section'),
        (b'{"crypto": {}, "version": 3}', "does not open with this password"),
        (b'{"crypto": 5, "version": 3}', "does not open with this password"),
        (b'{"crypto": {}, "version": 9}', "does not open with this password"),
    ],
)
def test_what_is_no_keystore_is_refused(url: str, here: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (here / "key.json").write_bytes(content)
    env = {"HEADWATER_PASSWORD": PASSWORD, "HEADWATER_KEY": KEY}  # a keystore that was asked for is not passed over
    outcome = run("deploy", "--rpc", url, "--keystore", "key.json", env=env)
    refused(outcome, 2, "key.json", said)
    _silent(outcome, PASSWORD, KEY[2:])


def test_a_keystore_that_is_a_folder_is_refused(url: str, here: Path) -> None:
    refused(run("deploy", "--rpc", url, "--keystore", here), 2, "cannot be read: Is a directory")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("c.toml", None, "c.toml: No such file or directory"),
        ("c.toml", "epoch = ", "c.toml cannot be read: "),
        ("c.toml", b"\xff\xfe", "c.toml cannot be read: "),
        ("c.json", "{", "c.json cannot be read: "),
        ("c.json", "[]", "c.json holds no settings by name"),
        ("c.json", "3", "c.json holds no settings by name"),
        ("c.toml", "speed = 3\nepoch = 60", "c.toml has unknown settings speed; accepted: cap, genesis_supply"),
        ("c.toml", "epoch = 59", "epoch is 59; accepted: 60 to 31622400 (seconds)"),
        ("c.toml", "epoch = 60.0", "epoch is 60.0; accepted: 60 to"),
        ("c.toml", "epoch = true", "epoch is True; accepted: 60 to"),
        ("c.toml", 'epoch = "60"', "epoch is '60'; accepted: 60 to"),
        ("c.json", '{"cap": null}', "cap is None; accepted: 1 to"),
        ("c.toml", "genesis_supply = 2000000000000000000000000000", "genesis_supply is 2"),
        ("c.toml", "max_window = 60\nmin_window = 61", "min_window is 61; accepted: 1 to 60"),
        ("c.toml", "idle_period = 1", "idle_period is 1; accepted: 1209600 to"),
        ("c.toml", "decay = 1000000000000000001", "accepted: 0 to 1000000000000000000 (WAD)"),
        ("c.toml", 'governor = "me"', "governor: 'me' is not an address"),
        ("c.json", '{"guardian": 5}', "guardian: 5 is not an address"),
        ("c.json", '{"registries": 1}', "registries is 1; accepted: true or false"),
        ("c.json", '{"covenants": 1}', "covenants is 1; accepted: true or false"),
    ],
)
def test_wrong_settings_are_refused_before_the_key_is_read_or_the_node_is_asked(
    url: str, here: Path, name: str, content: str | bytes | None, said: str
) -> None:
    if content is not None:
        (here / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(run("deploy", "--rpc", url, "--config", name), 2, said)


def test_both_forms_of_settings_are_read(url: str, here: Path) -> None:
    (here / "c.toml").write_text("epoch = 60\n# a comment\n")
    (here / "c.json").write_text('{"epoch": 60}')
    for name in ("c.toml", "c.json"):
        outcome = run("deploy", "--rpc", url, "--config", name, env={"HEADWATER_KEY": KEY})
        refused(outcome, 3, "cannot reach")


def test_an_unreachable_node_is_told_without_secrets(url: str) -> None:
    for command in (["deploy"], ["deploy", "--dry-run"]):
        outcome = run(*command, "--rpc", f"{url}/v2/ap1-k3y?token=t0k3n", env={"HEADWATER_KEY": KEY})
        refused(outcome, 3, f"cannot reach {url}: no connection; is the node running?")
        _silent(outcome, "ap1-k3y", "t0k3n", KEY[2:])


@pytest.mark.parametrize(
    ("rpc", "said"),
    [
        ("tester", "a chain in this process ends with this command; --rpc takes the http(s) URL of a node"),
        ("revm", "a chain in this process ends with this command; --rpc takes the http(s) URL of a node"),
        ("mainnet", "unknown chain 'mainnet'"),
        ("http://", "a node is given by an http(s) URL"),
        ("", "unknown chain ''"),
    ],
)
def test_what_is_no_node_is_refused(here: Path, rpc: str, said: str) -> None:
    refused(run("deploy", "--rpc", rpc, env={"HEADWATER_KEY": KEY}), 2, said)
    _manifest().save(here / "m.json")
    refused(run("verify", "m.json", "--rpc", rpc), 2, said)


def test_a_sender_without_a_dry_run_is_refused(url: str) -> None:
    outcome = run("deploy", "--rpc", url, "--sender", "0x" + "11" * 20, env={"HEADWATER_KEY": KEY})
    refused(outcome, 2, "--sender goes with --dry-run")
    refused(run("deploy", "--rpc", url, "--sender", "me", "--dry-run"), 2, "'me' is not an address")


def test_a_chain_id_is_a_number(url: str) -> None:
    refused(run("deploy", "--rpc", url, "--chain-id", "one"), 2, "'one' is not a valid integer")


def _manifest() -> Manifest:
    deployer = Account.from_hex(KEY).address
    return Manifest(chain_id=31337, deployer=deployer, first_nonce=0, config=ProtocolConfig().as_dict())


def test_a_missing_manifest_is_told(url: str) -> None:
    refused(run("verify", "none.json", "--rpc", url), 2, "there is no manifest at none.json")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"[]", b"5", b"{}", b'{"format": 2}', b'{"format": 1}', b'{"format": 1, "contracts": 3}'],
)
def test_what_is_no_manifest_is_refused(url: str, here: Path, content: bytes) -> None:
    (here / "m.json").write_bytes(content)
    refused(run("verify", "m.json", "--rpc", url), 2, "m.json is not a manifest")
    refused(run("verify", here, "--rpc", url), 2, "is not a manifest")
    assert tree(here) == {"m.json": content}


@pytest.mark.parametrize(
    "change",
    [
        {"config": 5},
        {"config": {"speed": 5}},
        {"config": {"epoch": 5}},
        {"first_nonce": "0"},
        {"chain_id": None},
        {"deployer": 7},
        {"contracts": {"HeadwaterToken": {"address": "0x"}}},
        {"surplus": 1},
    ],
)
def test_a_manifest_that_was_edited_wrong_is_refused(url: str, here: Path, change: dict[str, Any]) -> None:
    _manifest().save(here / "m.json")
    content = {**json.loads((here / "m.json").read_text()), **change}
    (here / "m.json").write_text(json.dumps(content))
    refused(run("verify", "m.json", "--rpc", url), 2, "manifest")
