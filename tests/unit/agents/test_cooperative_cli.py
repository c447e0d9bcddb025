"""`headwater learn` and `headwater explain`: what they write, say and refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headwater.learning.record import read_record
from headwater_agents.cli.command import headwater
from headwater_agents.cli.errors import UNVERIFIED
from headwater_agents.cooperative.record import weights_over_time

SHORT = ("--rounds", "3", "--seeds", "2", "--jobs", "1", "--members", "3")


def run(*args: object) -> Result:
    return CliRunner().invoke(headwater, [str(each) for each in args])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("learn") / "run"
    done = run("learn", "run", *SHORT, "--out", place, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == json.loads((place / "summary.json").read_text())
    return place


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("learn") / "season"
    done = run("learn", "season", "--questions", 12, "--members", 3, "--out", place, "--json")
    assert done.exit_code == 0, done.output
    return place


def test_a_run_s_summary_has_every_arm_beside_the_others(folder: Path) -> None:
    summary = json.loads((folder / "summary.json").read_text())
    assert [arm["arm"] for arm in summary["arms"]] == [
        *("project", "reject", "no-filter", "marginal", "volume", "shapley")
    ]
    assert summary["seeds"] == [1, 2]
    names = [member["name"] for member in summary["members"]]
    assert names == ["member-1", "member-2", "member-3", "poisoner", "copier", "idle"]
    for arm in summary["arms"]:
        assert set(arm["shares"]) == set(names)
        assert arm["quality"]["loss"]["low"] <= arm["quality"]["loss"]["mean"] <= arm["quality"]["loss"]["high"]
    base = next(arm for arm in summary["arms"] if arm["arm"] == "no-filter")
    assert base["cost"]["loss"] == {"mean": 0, "low": 0, "high": 0}
    assert summary["command"].startswith("headwater learn run --data hmda")


def test_the_page_is_whole_and_asks_for_nothing(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert "Content-Security-Policy" in page
    assert "plain Shapley" in page
    assert 'data-plot="credit"' in page
    assert page.rstrip().endswith("</html>")


def test_the_same_command_goes_on_and_gives_the_same_bytes(folder: Path) -> None:
    before = (folder / "summary.json").read_bytes()
    (folder / "summary.json").unlink()
    assert run("learn", "run", *SHORT, "--out", folder, "--json").exit_code == 0
    assert (folder / "summary.json").read_bytes() == before


def test_another_study_does_not_go_into_the_same_folder(folder: Path, tmp_path: Path) -> None:
    other = run("learn", "run", *SHORT, "--strictness", 0.9, "--out", folder)
    assert other.exit_code != 0
    assert "another study" in other.stderr
    (tmp_path / "kept.txt").write_text("mine")
    assert "no folder of a study" in run("learn", "run", *SHORT, "--out", tmp_path).stderr
    assert "is a file" in run("learn", "run", *SHORT, "--out", tmp_path / "kept.txt").stderr
    assert [each.name for each in tmp_path.iterdir()] == ["kept.txt"]


def test_a_sweep_says_what_values_cost_over_strictness(tmp_path: Path) -> None:
    done = run("learn", "sweep", *SHORT, "--seeds", 1, "--strictness", "0,1", "--out", tmp_path / "sweep")
    assert done.exit_code == 0, done.output
    assert "What values cost" in done.stdout
    summary = json.loads((tmp_path / "sweep" / "summary.json").read_text())
    first, last = summary["points"]
    for arm in first["arms"]:
        assert arm["cost"]["loss"] == {"mean": 0, "low": None, "high": None}, "the first point is the base"
    assert last["arms"][0]["cost"]["loss"]["mean"] != 0
    assert set(last["arms"][0]["halves"]) == {"more protected rows", "fewer protected rows"}
    assert 'data-plot="members"' in (tmp_path / "sweep" / "report.html").read_text()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("run", "--strictness", "1.5"), "strictness"),
        (("run", "--strictness", "nan"), "strictness"),
        (("run", "--skew", "0"), "skew"),
        (("sweep", "--strictness", "0,x"), "numbers such as"),
        (("sweep", "--strictness", "1,0"), "from low to high"),
        (("sweep", "--strictness", "0,0"), "different numbers"),
        (("season", "--questions", "1000"), "after an archive"),
        (("season", "--bound", "-1"), "bound"),
        (("season", "--chain", "nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_played_is_refused_in_one_line_and_leaves_nothing(
    args: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = run("learn", *args, "--out", tmp_path / "out")
    assert done.exit_code != 0
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_season_pays_by_the_record_to_the_wei(season: Path) -> None:
    summary = json.loads((season / "summary.json").read_text())
    assert summary["ok"]
    assert all(check["ok"] for check in summary["checks"])
    for cooperative in summary["cooperatives"]:
        paid = sum(int(member["paid_wei"]) for member in cooperative["members"])
        assert paid + int(cooperative["dust_wei"]) == int(cooperative["released_wei"])
        record = read_record(season / "records" / f"{cooperative['name']}.jsonl")
        members = [member["name"] for member in cooperative["members"]]
        assert len(weights_over_time(record, members, 15)) >= cooperative["versions"]
    liars = {
        member["name"]: int(member["paid_wei"])
        for cooperative in summary["cooperatives"]
        for member in cooperative["members"]
        if member["kind"] != "honest"
    }
    assert liars == {"poisoner": 0, "copier": 0, "idle": 0}


def test_explain_says_why_and_finds_a_sound_record_sound(folder: Path, season: Path) -> None:
    done = run("explain", folder, "poisoner", 1)
    assert done.exit_code == 0
    assert "Round 1: poisoner" in done.stdout
    assert "sound" in done.stdout
    found = json.loads(run("explain", folder, "idle", 0, "--json").stdout)
    assert found["sound"]
    assert found["text"][-1].endswith("so its credit is 0.")
    assert all(finding["holds"] for finding in found["findings"])
    assert run("explain", folder).exit_code == 0
    assert run("explain", season, "copier", 3).exit_code == 0


def test_explain_fails_where_somebody_raised_a_credit(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "records" / "project.jsonl"
    path.parent.mkdir()
    lines = (folder / "records" / "project.jsonl").read_text().splitlines()
    forged = json.loads(lines[1])
    at = [item["agent"] for item in forged["submissions"]].index("idle")
    forged["decided"]["credit"][at] = 0.01
    lines[1] = json.dumps(forged, sort_keys=True, separators=(",", ":"))
    path.write_text("\n".join(lines) + "\n")
    done = run("explain", tmp_path, "idle", 0)
    assert done.exit_code == UNVERIFIED
    assert "does not hold" in done.stdout
    assert run("explain", tmp_path).exit_code == UNVERIFIED
    assert not json.loads(run("explain", tmp_path, "--json").stdout)["sound"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("nobody", "0"), "nobody"),
        (("idle", "99"), "rounds 0 to 2"),
        (("idle",), "go together"),
        (("idle", "0", "--record", "other"), "no record 'other'"),
    ],
)
def test_explain_refuses_what_the_record_does_not_hold(folder: Path, args: tuple[str, ...], said: str) -> None:
    done = run("explain", folder, *args)
    assert done.exit_code not in (0, UNVERIFIED)
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


def test_explain_refuses_folders_and_files_that_are_no_record(tmp_path: Path) -> None:
    assert "holds no record" in run("explain", tmp_path, "idle", 0).stderr
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.jsonl").write_text("not json\n")
    done = run("explain", tmp_path, "idle", 0)
    assert done.exit_code not in (0, UNVERIFIED)
    assert "not JSON" in done.stderr
