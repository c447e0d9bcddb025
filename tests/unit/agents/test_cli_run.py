"""`headwater run` and `headwater trace`: what they leave and print, and that a seed decides every byte."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cli_cases import Outcome, run, spawn, tree
from headwater.chain import load
from headwater.chain.system import CONTRACTS

QUESTIONS = 23  # three after the warm-up


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs") / "deeper" / "first"


@pytest.fixture(scope="module")
def played(folder: Path) -> Outcome:
    return run("run", "--questions", QUESTIONS, "--seed", 4, "--out", folder)


def test_a_run_ends_well_and_leaves_a_whole_folder_and_nothing_else(played: Outcome, folder: Path) -> None:
    assert played.code == 0
    assert sorted(path.name for path in folder.parent.iterdir()) == ["first"]
    assert sorted(path.name for path in folder.iterdir()) == [
        "events",
        "journal.sqlite",
        "report.html",
        "summary.json",
    ]
    assert folder.stat().st_mode & 0o777 == 0o755
    abis = {name: load(name).abi for name in CONTRACTS}
    events = {f"{name}.{entry['name']}.csv" for name in CONTRACTS for entry in abis[name] if entry["type"] == "event"}
    assert {path.name for path in (folder / "events").iterdir()} == events


def test_the_tables_show_every_section_and_where_the_folder_is(played: Outcome, folder: Path) -> None:
    for title in ("Forecasters", "Providers and aggregators", "Treasury", "Gas", "Audit"):
        assert re.search(rf"^ *{title}", played.out, re.MULTILINE), title
    for name in ("forecaster-1", "aggregator-b", "member-11", "ForecastArena.commit"):
        assert name in played.out
    assert "Audit passed: 15 of 15 checks hold to the wei." in played.out
    assert str(folder / "report.html") in played.out.replace("\n", "")
    assert f"headwater trace {folder} member-5" in played.out.replace("\n", "")


def test_progress_goes_to_standard_error_alone(played: Outcome) -> None:
    assert f"{QUESTIONS}/{QUESTIONS}" in played.err
    assert f"{QUESTIONS}/{QUESTIONS}" not in played.out


def test_the_same_seed_gives_the_same_bytes_in_another_process_and_folder(
    played: Outcome, folder: Path, tmp_path: Path
) -> None:
    args = ["run", "--questions", QUESTIONS, "--seed", 4, "--out", "second", "--json"]
    with spawn(*args, cwd=tmp_path, env={"PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo"}) as process:
        out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    first, second = tree(folder), tree(tmp_path / "second")
    assert first.keys() == second.keys()
    different = {name for name in first if first[name] != second[name]}
    assert different <= {"journal.sqlite"}  # whose pages are SQLite's affair
    summary = (tmp_path / "second" / "summary.json").read_text()
    assert json.loads(out) == json.loads(summary)
    assert json.loads(summary)["audit_ok"] is True


def test_another_seed_gives_another_summary(played: Outcome, folder: Path, tmp_path: Path) -> None:
    outcome = run("run", "--questions", QUESTIONS, "--seed", 5, "--out", tmp_path / "other", "--json")
    assert outcome.code == 0
    assert outcome.err == ""
    before = json.loads((folder / "summary.json").read_text())
    assert outcome.json["seed"] == 5
    assert outcome.json["world"]["first"] != before["world"]["first"]
    assert outcome.json["forecasters"] != before["forecasters"]
    assert outcome.json["parameters"] == before["parameters"]


def test_first_outcomes_and_baselines_are_played_as_asked(tmp_path: Path) -> None:
    out = tmp_path / "run"
    outcome = run("run", "--questions", 2, "--first", 0, "--outcomes", "3", "--baselines", "--out", out, "--json")
    assert outcome.code == 0
    summary = outcome.json
    assert summary["world"]["first"] == "2000-01-04"
    assert summary["world"]["outcomes"] == ["dry", "wet", "very wet"]
    assert [row["kind"] for row in summary["forecasters"]] == ["pooled"] * 3 + ["copier", "last-outcome"]
    assert (out / "report.html").read_text().startswith("<!doctype html>")


def test_without_a_folder_runs_are_numbered_and_none_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert run("run", "--questions", 1, "--seed", 3).code == 0
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["rain-1-3", "rain-1-3-2"]


def test_force_replaces_a_run(played: Outcome, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "again"
    assert run("run", "--questions", 1, "--out", out).code == 0
    (out / "stale").write_text("of the old run")
    assert run("run", "--questions", 2, "--out", out, "--force").code == 0
    assert json.loads((out / "summary.json").read_text())["world"]["questions"] == 2
    assert not (out / "stale").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["again"]


def test_an_audit_that_fails_is_told_and_has_its_own_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody slips the cascade a wei while the season runs."""
    from headwater_agents.cli import running

    play = running.play_season

    def donating(*args: object) -> object:
        season = play(*args)  # type: ignore[arg-type]
        season.stage.steward.transfer(season.stage.system.addresses.cascade, 1)
        return season

    monkeypatch.setattr(running, "play_season", donating)
    outcome = run("run", "--questions", 1, "--out", tmp_path / "run")
    assert outcome.code == 4
    assert "Audit failed: cascade holds what its ledger owes; cascade holds what came in less" in outcome.out
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["audit_ok"] is False


@pytest.mark.parametrize("name", ["member-5", "aggregator-a", "forecaster-1"])
def test_a_trace_follows_the_money_back_to_questions(played: Outcome, folder: Path, name: str) -> None:
    outcome = run("trace", folder, name, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    summary = json.loads((folder / "summary.json").read_text())
    rows = [*summary["forecasters"], *summary["providers"]]
    address = next(row["address"] for row in rows if row["name"] == name)
    assert outcome.json["address"] == address
    assert run("trace", folder, address, "--json").out == outcome.out
    shown = run("trace", folder, name)
    assert shown.code == 0
    assert shown.out.startswith(name)
    assert "question" in shown.out


def test_traces_show_as_many_questions_as_asked(played: Outcome, folder: Path) -> None:
    few, many = (run("trace", folder, "member-1", "--questions", count).out for count in (0, 99))
    assert len(few.splitlines()) < len(many.splitlines())
