"""`headwater values`: every verb works, says what it did, and refuses wrong use in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_cases import run


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_study_leaves_a_folder_and_the_next_one_another(here: Path) -> None:
    args = ("values", "study", "--graph", "nearest", "--thresholds", "2")
    first = run(*args)
    assert first.code == 0, first.err
    assert "runs/values-evs/report.html" in first.out
    assert "One consensus for everybody" in first.out
    second = run(*args, "--json")
    assert second.json["society"]["agents"] == 34
    assert sorted(path.name for path in (here / "runs").iterdir()) == ["values-evs", "values-evs-2"]


def test_form_prints_agreements_and_writes_them(here: Path) -> None:
    outcome = run("values", "form", "--threshold", "0.5", "--out", "agreements.json")
    assert outcome.code == 0, outcome.err
    assert "agreements" in outcome.out
    assert (here / "agreements.json").is_file()
    told = run("values", "form", "--threshold", "0.5", "--json").json
    assert sum(len(one["members"]) for one in told["agreements"]) == 34
    assert told["quantile"] is None


def test_consensus_says_the_transition() -> None:
    told = run("values", "consensus", "--p", "1", "--p", "1.5", "--json").json
    assert [one["p"] for one in told["consensus"]] == [1.0, 1.5]
    assert 1 < told["transition"]["p"] < 4
    assert "Transition" in run("values", "consensus").out


def test_data_is_written_as_study_reads_it(here: Path) -> None:
    assert run("values", "data", "synthetic", "--agents", "12", "--out", "mine.csv").code == 0
    told = run("values", "form", "mine.csv", "--graph", "complete", "--json").json
    assert sum(len(one["members"]) for one in told["agreements"]) == 12


def test_a_graph_of_one_s_own_is_taken_and_what_falls_apart_is_said(here: Path) -> None:
    (here / "ties.csv").write_text("from,to\nPT,ES\nES,FR\nSE,NO\n")
    told = run("values", "form", "--graph", "ties.csv", "--quantile", "1", "--json").json
    assert (told["graph"], told["parts"]) == ("ties.csv", 31)
    shared = [{one["name"] for one in each["members"]} for each in told["agreements"] if len(each["members"]) > 1]
    assert shared == [{"PT", "ES", "FR"}, {"SE", "NO"}]
    said = run("values", "form", "--graph", "ties.csv", "--quantile", "1").out
    assert "falls into 31 parts" in said
    study = run("values", "study", "--graph", "ties.csv", "--graph", "nearest", "--thresholds", "2")
    assert study.code == 0, study.err
    assert "ties.csv falls into 31 parts" in " ".join(study.out.split())
    assert "falls into" not in run("values", "form").out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["form", "--graph", "none.csv"], "none.csv: No such file"),
        (["study", "nowhere"], "accepted: evs, wvs, synthetic"),
        (["study", "nowhere.csv"], "nowhere.csv: No such file"),
        (["study", "--graph", "star"], "graph 'star'; accepted: complete, nearest"),
        (["study", "synthetic", "--agents", "400", "--graph", "complete"], "up to 300 agents"),
        (["study", "--agents", "10"], "evs is as it is"),
        (["study", "--threshold", "inf"], "threshold"),
        (["consensus", "--p", "0.5"], "p is from 1"),
        (["consensus", "--p", "many"], "expected a number from 1, or inf"),
        (["data", "--out", "x.txt"], "written as .csv or .json"),
        (["form", "--quantile", "2"], "not in the range"),
    ],
)
def test_wrong_use_is_one_line_and_leaves_nothing(args: list[str], said: str, here: Path) -> None:
    outcome = run("values", *args)
    assert outcome.code == 2
    assert outcome.out == ""
    assert said in outcome.err
    assert "Traceback" not in outcome.err
    assert list(here.iterdir()) == []


def test_a_deeply_nested_file_is_refused_by_every_entry(here: Path) -> None:
    deep = here / "deep.json"
    deep.write_text("[" * 100_000)
    for args in (
        ("values", "form", "deep.json"),
        ("values", "study", "deep.json"),
        ("deploy", "--rpc", "http://127.0.0.1:1", "--config", "deep.json"),
    ):
        outcome = run(*args)
        assert outcome.code == 2, args
        assert "nested deeper than 32 levels" in outcome.err
        assert "Traceback" not in outcome.err


def test_a_folder_with_a_deeply_nested_summary_is_not_replaced(here: Path) -> None:
    folder = here / "other"
    folder.mkdir()
    (folder / "summary.json").write_text("[" * 100_000)
    outcome = run("values", "study", "--graph", "nearest", "--thresholds", "2", "--out", "other", "--force")
    assert outcome.code == 2
    assert "is not the folder of a study" in outcome.err
