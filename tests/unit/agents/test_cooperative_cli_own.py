"""`headwater learn run --profile`: members bring profiles of their own instead of the templates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headwater.learning import load_profile, profile_hash
from headwater.learning.record import read_record
from headwater_agents.cli.command import headwater

SHORT = ("run", "--data", "arrests", "--members", 2, "--rounds", 2, "--seeds", 1, "--jobs", 1)


def run(*args: object) -> Result:
    return CliRunner().invoke(headwater, ["learn", *(str(each) for each in args)])


def profile(folder: Path, name: str, *constraints: dict[str, object]) -> Path:
    path = folder / f"{name.replace('/', '_')}.json"
    path.write_text(json.dumps({"name": name, "constraints": constraints}))
    return path


@pytest.fixture
def tight(tmp_path: Path) -> Path:
    return profile(tmp_path, "very/tight", {"kind": "norm", "bound": 0.001})


def test_members_train_under_the_profiles_that_are_given_and_no_others(tight: Path, tmp_path: Path) -> None:
    blind = profile(tmp_path, "blind", {"kind": "frozen-features", "features": ["colour"]})
    out = tmp_path / "out"
    done = run(*SHORT, "--profile", tight, "--profile", blind, "--out", out, "--json")
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    hashes = ["0x" + profile_hash(load_profile(path)).hex() for path in (tight, blind)]
    assert [each["hash"] for each in summary["profiles"]] == hashes
    assert summary["setting"]["strictness"] is None
    assert f"--profile {tight} --profile {blind}" in summary["command"]
    assert "--strictness" not in summary["command"]
    assert [path.name for path in sorted((out / "profiles").iterdir())] == ["1-very-tight.json", "2-blind.json"]
    record = read_record(out / "records" / "project.jsonl")
    assert record.profiles == (load_profile(tight), load_profile(blind))
    moved = max(abs(noted.after - noted.theta).max() for noted in record.rounds)
    assert 0 < moved <= 0.001, "the mean keeps to the norm that was asked"
    again = run(*SHORT, "--profile", tight, "--out", out)
    assert again.exit_code == 2
    assert "another study" in again.stderr


def test_profiles_that_cannot_be_played_are_refused_in_one_line_and_leave_nothing(tight: Path, tmp_path: Path) -> None:
    group = profile(tmp_path, "group", {"kind": "protected-loss", "group": "martians"})
    feature = profile(tmp_path, "feature", {"kind": "frozen-features", "features": ["antennae"]})
    cases: tuple[tuple[tuple[object, ...], str], ...] = (
        (("--profile", group), "martians"),
        (("--profile", feature), "antennae"),
        (("--profile", tight, "--profile", tight), "two profiles are called"),
        (("--profile", tight, "--profile", group, "--profile", feature), "3 profiles for 2 members"),
        (("--profile", tight, "--strictness", 0.5), "leave it out"),
        (("--profile", tmp_path / "none.json"), "cannot be read"),
    )
    for args, said in cases:
        done = run(*SHORT, *args, "--out", tmp_path / "out")
        assert done.exit_code == 2, done.output
        assert done.stderr.count("\n") == 1
        assert said in done.stderr
        assert not (tmp_path / "out").exists()
