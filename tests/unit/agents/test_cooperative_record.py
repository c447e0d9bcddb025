"""What a run's folder keeps of its rounds and profiles, and what `headwater explain` makes of a record that was cut."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headwater.learning import canonical, load_profile
from headwater.learning.record import read_record
from headwater_agents.cli.command import headwater
from headwater_agents.cli.errors import UNVERIFIED

ROUNDS = 3


def run(*args: object) -> Result:
    return CliRunner().invoke(headwater, [str(each) for each in args])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("record") / "run"
    args = ("--data", "arrests", "--members", 4, "--rounds", ROUNDS, "--seeds", 1, "--seed", 5, "--jobs", 1)
    done = run("learn", "run", *args, "--out", place, "--json")
    assert done.exit_code == 0, done.output
    return place


@pytest.fixture
def cut(folder: Path, tmp_path: Path) -> Path:
    """The run, its record without the last round."""
    place = tmp_path / "cut"
    shutil.copytree(folder, place)
    path = place / "records" / "project.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    return place


def test_a_run_s_folder_holds_its_profiles_as_files_that_say_the_same(folder: Path) -> None:
    profiles = json.loads((folder / "summary.json").read_text())["profiles"]
    paths = [folder / "profiles" / f"{number}-{each['name']}.json" for number, each in enumerate(profiles, start=1)]
    assert paths == sorted((folder / "profiles").iterdir())
    assert [canonical(load_profile(path)) for path in paths] == [each["canonical"] for each in profiles]
    found = json.loads(run("learn", "profile", *paths, "--json").stdout)
    assert [each["hash"] for each in found] == [each["hash"] for each in profiles]


def test_each_arm_that_filters_has_a_record_that_says_its_arm_and_seed(folder: Path) -> None:
    for arm in ("project", "reject"):
        record = read_record(folder / "records" / f"{arm}.jsonl")
        assert record.about == {"data": "arrests", "seed": 5, "arm": arm}
        assert record.settings.mode == arm
        assert len(record.rounds) == ROUNDS
        done = run("explain", folder, "--record", arm)
        assert done.exit_code == 0, done.output
        assert f"{arm}.jsonl: sound, {ROUNDS} of {ROUNDS} rounds checked" in done.stdout


def test_a_run_s_summary_publishes_the_roots_that_explain_finds(folder: Path) -> None:
    roots = json.loads((folder / "summary.json").read_text())["roots"]
    assert set(roots) == {"project", "reject"}
    for arm, root in roots.items():
        assert run("explain", folder, "--record", arm, "--root", root).exit_code == 0
    assert run("explain", folder, "--record", "reject", "--root", roots["project"]).exit_code == UNVERIFIED


def test_of_a_study_s_records_the_project_s_is_meant_unless_another_is_named(folder: Path) -> None:
    assert json.loads(run("explain", folder, "poisoner", 1, "--json").stdout)["record"].endswith("project.jsonl")
    done = run("explain", folder, "poisoner", 1, "--record", "reject")
    assert done.exit_code == 0, done.output
    assert f"reject.jsonl: sound, 1 of {ROUNDS} rounds checked" in done.stdout


def test_who_is_in_no_record_is_told_which_records_and_agents_there_are(folder: Path) -> None:
    done = run("explain", folder, "nobody", 1)
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    for stem in ("project", "reject"):
        assert f"{stem} (member-1, member-2, member-3, member-4, poisoner, copier, idle)" in done.stderr


def test_a_record_with_fewer_rounds_than_its_study_played_is_unsound(cut: Path) -> None:
    for args in ((cut,), (cut, "idle", 0), (cut / "records" / "project.jsonl",)):
        done = run("explain", *args)
        assert done.exit_code == UNVERIFIED, done.output
        assert "unsound" in done.stdout
        assert "it holds 2, of 3 played" in done.stdout
    found = json.loads(run("explain", cut, "--json").stdout)
    assert found["rounds"] == {"held": 2, "played": 3, "checked": 2}
    assert not found["sound"]


def test_a_root_that_was_published_tells_a_cut_record_wherever_it_lies(folder: Path, cut: Path, tmp_path: Path) -> None:
    path = folder / "records" / "project.jsonl"
    root = read_record(path).root
    for text in (root, root[2:].upper()):
        assert run("explain", folder, "--root", text).exit_code == 0
        assert run("explain", folder, "idle", 0, "--root", text).exit_code == 0
    alone = tmp_path / "alone.jsonl"
    shutil.copy(cut / "records" / "project.jsonl", alone)
    assert "2 of 2 rounds checked" in run("explain", alone).stdout, "without a study nobody knows of the third"
    done = run("explain", alone, "--root", root)
    assert done.exit_code == UNVERIFIED
    assert "published" in done.stdout


def test_the_right_root_on_a_line_that_is_not_linked_is_not_the_published_record(folder: Path, tmp_path: Path) -> None:
    lines = (folder / "records" / "project.jsonl").read_text().splitlines(keepends=True)
    changed = json.loads(lines[2])
    changed["decided"]["gain"] = 1.0
    lines[2] = json.dumps(changed, sort_keys=True, separators=(",", ":")) + "\n"
    (tmp_path / "a.jsonl").write_text("".join(lines))
    root = read_record(folder / "records" / "project.jsonl").root
    assert read_record(tmp_path / "a.jsonl").root == root, "the last line is the same"
    # Round 0 itself still holds: only its link to the root is gone.
    assert run("explain", tmp_path / "a.jsonl", "idle", 0).exit_code == 0
    done = run("explain", tmp_path / "a.jsonl", "idle", 0, "--root", root)
    assert done.exit_code == UNVERIFIED
    assert "not every line is linked" in done.stdout


@pytest.mark.parametrize("text", ["", "0x12", "g" * 64, "0" * 65])
def test_a_root_that_is_no_hash_is_refused(folder: Path, text: str) -> None:
    done = run("explain", folder, "--root", text)
    assert done.exit_code == 2
    assert "64 hexadecimal digits" in done.stderr


@pytest.mark.parametrize("text", ["[" * 100_000, "[]", '{"setting": {}}', '{"setting": {"rounds": "3"}}'])
def test_a_study_that_cannot_be_read_is_refused_in_one_line(cut: Path, text: str) -> None:
    (cut / "study.json").write_text(text)
    done = run("explain", cut)
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert "is no study" in done.stderr
