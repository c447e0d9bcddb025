"""What a deployment is asked to do is checked before anything is sent: settings, and manifests that are none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import CONFIG, LocalBackend
from headwater_deploy import DAY, ConfigError, Manifest, ManifestError, ProtocolConfig, deploy, verify
from headwater_deploy.manifest import FORMAT

MAX_WEI = 2**96 - 1


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("cap", [0, -1, 2**96]),
        ("genesis_supply", [-1, 10**27 + 1]),
        ("epoch", [59, 366 * DAY + 1]),
        ("emission", [-1, 2**96]),
        ("decay", [-1, 10**18 + 1]),
        ("cooldown", [0, 90 * DAY + 1]),
        ("min_window", [0, 14 * DAY + 1]),
        ("max_window", [0, 90 * DAY + 1]),
        ("idle_period", [14 * DAY - 1, 366 * DAY + 1]),
        ("resolve_timeout", [3_599, 90 * DAY + 1]),
        ("min_bond", [0, 2**96]),
        ("unbonding", [0, 366 * DAY + 1]),
        ("declare_window", [0, 30 * DAY + 1]),
        ("join_window", [0, 366 * DAY + 1]),
        ("prover_bps", [-1, 5_001]),
        ("slash_bps", [0, 10_001]),
        ("claim_blocks", [0, 257]),
        ("vote_low", [-1, 12_799_999_746]),
        ("vote_high", [254, 512 * 10**9 + 1]),
        ("vote_ticks", [1, 257]),
        ("vote_initial_tick", [-1, 256]),
        ("vote_commit", [0, 90 * DAY + 1]),
        ("vote_reveal", [0, 90 * DAY + 1]),
        ("vote_delay", [0, 90 * DAY + 1]),
        ("vote_rest", [0, 90 * DAY + 1]),
        ("vote_quorum_bps", [0, 10_001]),
    ],
)
def test_a_setting_outside_its_rails_is_refused_with_what_is_accepted(name: str, bad: list[int]) -> None:
    for value in (*bad, 1.5, "60", None):
        with pytest.raises(ConfigError, match=rf"^{name} is .*; accepted: \d+ to \d+ \("):
            ProtocolConfig(**{name: value})  # type: ignore[arg-type]


def test_the_contracts_take_the_settings_at_both_ends_of_the_rails(chain: LocalBackend) -> None:
    deployer = chain.dev_accounts(1)[0]
    lowest = ProtocolConfig(
        cap=1, genesis_supply=0, epoch=60, emission=0, decay=0, cooldown=1,
        min_window=1, max_window=1, idle_period=1, resolve_timeout=1,
        min_bond=1, unbonding=1, declare_window=1, join_window=1, prover_bps=0, slash_bps=1, claim_blocks=1,
        vote_low=0, vote_high=1, vote_ticks=2, vote_initial_tick=0, vote_commit=1, vote_reveal=1, vote_delay=1,
        vote_rest=1, vote_quorum_bps=1,
    )  # fmt: skip
    highest = ProtocolConfig(
        cap=MAX_WEI, genesis_supply=MAX_WEI, epoch=366 * DAY, emission=MAX_WEI, decay=10**18, cooldown=90 * DAY,
        min_window=90 * DAY, max_window=90 * DAY, idle_period=366 * DAY, resolve_timeout=90 * DAY,
        min_bond=MAX_WEI, unbonding=366 * DAY, declare_window=30 * DAY, join_window=366 * DAY, prover_bps=5_000,
        slash_bps=10_000, claim_blocks=256, vote_low=512 * 10**9 - 255, vote_high=512 * 10**9, vote_ticks=256,
        vote_initial_tick=255, vote_commit=90 * DAY, vote_reveal=90 * DAY, vote_delay=90 * DAY, vote_rest=90 * DAY,
        vote_quorum_bps=10_000,
    )  # fmt: skip
    for config in (lowest, highest):
        deployment = deploy(chain, deployer, config)
        assert [finding.problem for finding in verify(chain, deployment.manifest)] == [""] * 13


def _manifest(chain: LocalBackend, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    path = tmp_path / "manifest.json"
    deploy(chain, chain.dev_accounts(1)[0], CONFIG, manifest=path)
    return path, json.loads(path.read_text())


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"3", b'"text"', b"{}", b'{"format": 2}', b"\xff\xfe\x00", b"[1, 2"]
)
def test_what_is_no_manifest_is_refused_and_left_alone(chain: LocalBackend, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(content)
    with pytest.raises(ManifestError, match="is not a manifest"):
        Manifest.read(path)
    with pytest.raises(ManifestError, match="is not a manifest"):
        deploy(chain, chain.dev_accounts(1)[0], CONFIG, manifest=path)
    assert path.read_bytes() == content
    assert chain.block_number() == 0


def test_a_manifest_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="there is no manifest at"):
        Manifest.read(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", FORMAT + 1),
        ("contracts", 3),
        ("contracts", {"HeadwaterToken": {}}),
        ("contracts", {"HeadwaterToken": {"address": "0x"}}),
        ("contracts", {"HeadwaterToken": None}),
        ("surprise", 1),
        ("chain_id", None),
        ("chain_id", "1337"),
        ("first_nonce", None),
        ("deployer", 7),
    ],
)
def test_a_manifest_with_a_broken_part_is_refused(chain: LocalBackend, tmp_path: Path, key: str, value: object) -> None:
    path, content = _manifest(chain, tmp_path)
    content[key] = value
    if value is None:
        del content[key]
    path.write_text(json.dumps(content))
    with pytest.raises(ManifestError, match="is not a manifest"):
        Manifest.read(path)


@pytest.mark.parametrize("config", [3, {"surprise": 1}, {"epoch": 1}, {"epoch": "60"}])
def test_a_manifest_whose_settings_cannot_be_read_is_refused(
    chain: LocalBackend, tmp_path: Path, config: object
) -> None:
    path, content = _manifest(chain, tmp_path)
    whole = Manifest.read(path)
    content["config"] = config
    path.write_text(json.dumps(content))
    with pytest.raises(ManifestError, match="configuration cannot be read"):
        deploy(chain, chain.dev_accounts(1)[0], manifest=path)
    with pytest.raises(ManifestError, match="configuration cannot be read"):
        verify(chain, replace(whole, config=config))  # type: ignore[arg-type]


@pytest.mark.parametrize("role", ["governor", "guardian", "slasher", "genesis_holder"])
def test_a_role_that_is_no_address_is_refused_before_anything_is_sent(role: str) -> None:
    for value in ("somebody", "0x12", "", 7):
        with pytest.raises(ConfigError, match=f"^{role}: "):
            ProtocolConfig(**{role: value})  # type: ignore[arg-type]
