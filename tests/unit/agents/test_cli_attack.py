"""`headwater attack`: what it lists, plays, writes and refuses; that it goes on, and gives the same bytes anyhow."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from cli_cases import refused, run, tree
from headwater_agents.adversaries.registry import attacks

SMALL = ("--mechanism", "equal_split", "--rounds", "5")
WRITTEN = ("summary.json", "differences.csv", "report.html", "trial.json")

FAILING = """
from dataclasses import dataclass
from typing import ClassVar

from headwater_agents.adversaries import Attack


@dataclass(kw_only=True)
class Breaks(Attack):
    name: ClassVar[str] = "breaks"

    def turn(self, table):
        if int(table.script.coin.sum()) % 2:
            raise RuntimeError("as it must")
"""


def written(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in WRITTEN}


@pytest.mark.parametrize("args", [[], ["--list"]])
def test_without_a_name_it_says_what_attacks_there_are(
    args: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run("attack", *args)
    assert (outcome.code, outcome.err) == (0, "")
    assert all(name in outcome.out for name in attacks())
    assert "wager_bps=1000" in outcome.out
    assert tree(tmp_path) == {}


def test_the_list_as_json_has_goals_parameters_and_variants() -> None:
    listed = {each["name"]: each for each in run("attack", "--list", "--json").json}
    assert set(listed) == set(attacks())
    assert listed["skim"]["parameters"]["fraction"] == attacks()["skim"].parameters()["fraction"]
    assert all(each["goal"] and each["seen"] for each in listed.values())


def test_it_plays_tells_and_writes(tmp_path: Path) -> None:
    outcome = run(
        "attack", "nothing", "odds-copier", "--seeds", "2", *SMALL, "--world", "both", "--out", tmp_path / "a"
    )
    assert outcome.code == 0, outcome.err
    assert all(text in outcome.out for text in ("synthetic world: 2 seeds of 5 questions", "rain world", "odds-copier"))
    assert set(WRITTEN) <= set(tree(tmp_path / "a"))
    summary = json.loads((tmp_path / "a/summary.json").read_text())
    nothing = [cell for cell in summary["cells"] if cell["attack"] == "nothing"]
    assert [cell["verdict"] for cell in nothing] == ["neutral", "neutral"]
    assert all(cell["fields"]["gain"]["mean"] == 0 for cell in nothing)
    with (tmp_path / "a/differences.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["attack"], row["world"], row["seed"]) for row in rows[:3]] == [
        ("nothing", "synthetic", "1"),
        ("nothing", "synthetic", "2"),
        ("odds-copier", "synthetic", "1"),
    ]


def test_json_is_the_summary(tmp_path: Path) -> None:
    outcome = run("attack", "skim", "--seeds", "1", *SMALL, "--json", "--out", tmp_path)
    assert outcome.err == ""
    assert outcome.json == json.loads((tmp_path / "summary.json").read_text())


def test_more_mechanisms_stand_beside_each_other(tmp_path: Path) -> None:
    outcome = run("attack", "skim", "--seeds", "1", *SMALL, "--mechanism", "kelly_market", "--out", tmp_path)
    assert "by mechanism, synthetic world" in outcome.out
    assert "kelly market" in outcome.out
    assert "<th class=figure>kelly market</th>" in (tmp_path / "report.html").read_text()


def test_two_workers_give_the_bytes_of_one_and_so_does_a_run_that_goes_on(tmp_path: Path) -> None:
    args = ("attack", "nothing", "skim", "evasion", *SMALL)
    one = run(*args, "--seeds", "3", "--jobs", "1", "--out", tmp_path / "one")
    two = run(*args, "--seeds", "3", "--jobs", "2", "--out", tmp_path / "two")
    run(*args, "--seeds", "1", "--jobs", "2", "--out", tmp_path / "part")
    part = run(*args, "--seeds", "3", "--jobs", "1", "--out", tmp_path / "part")
    assert one.code == two.code == part.code == 0
    assert written(tmp_path / "one") == written(tmp_path / "two") == written(tmp_path / "part")
    assert "were known already and not played again" in part.err
    assert "known already" not in one.err


def test_the_same_command_again_plays_nothing(tmp_path: Path) -> None:
    args = ("attack", "skim", "--seeds", "2", *SMALL, "--out", tmp_path)
    run(*args)
    before = written(tmp_path)
    again = run(*args)
    assert "4 of 4 plays were known already and not played again" in again.err
    assert written(tmp_path) == before


def test_another_trial_in_the_same_folder_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    run("attack", "skim", "--seeds", "1", *SMALL, "--out", tmp_path)
    before = tree(tmp_path)
    args = ("attack", "skim", "--seeds", "1", "--mechanism", "equal_split", "--rounds", "6", "--out", tmp_path)
    refused(run(*args), 2, "holds another trial, with rounds 5, not 6; choose another --out")
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nobody"], "there is no attack 'nobody'; there are"),
        (["nofile.py:Attack"], "there is no Python file 'nofile.py'"),
        (["skim", "--all"], "--all is every attack"),
        (["skim", "--rivals", "--mechanism", "torus"], "--rivals is every mechanism"),
        (["skim", "--mechanism", "nobody"], "there is no mechanism 'nobody'"),
        (["skim", "--chain", "http://127.0.0.1:1"], "accepted: revm, tester"),
        (["skim", "--stake-share", "half"], "expected numbers such as 0.2"),
        (["skim", "--stake-share", "0.2,1"], "stake share 1 must be 0.0001 to 0.95"),
        (["skim", "--set", "fraction"], "expected NAME=VALUE"),
        (["skim", "--set", "fraction=1", "--set", "fraction=0"], "fraction is set twice"),
        (["skim", "--set", "speed=1"], "setting has no speed"),
        (["skim", "--set", "stake_share=2"], "stake_share is 2; it must be 0, or 0.0001 to 0.95"),
        (["skim", "--set", "fraction=abc"], 'attack skim: fraction is "abc"; it must be a finite number'),
        (["skim", "--set", "provider=3"], "setting: provider is 3; it must be settings by name"),
        (["skim", "--set", "headwater.chain=foo"], "chain is 'foo'; accepted: revm, tester"),
        (["last-outcome", "--set", "synthetic.persistence=0.1"], "attack last-outcome sets world_settings.persistence"),
        (["skim", "--seeds", "0"], "0 is not in the range"),
        (["skim", "--world", "moon"], "'moon' is not one of"),
        (["skim", "--adapt", "2"], "at least 8 sets"),
    ],
)
def test_wrong_use_is_told_in_a_line_and_leaves_nothing(
    args: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(run("attack", *args), 2, said)
    assert tree(tmp_path) == {}


def test_plays_that_fail_are_told_counted_nowhere_and_tried_again(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(FAILING)
    args = ("attack", f"{own}:Breaks", "--seeds", "6", *SMALL, "--jobs", "1", "--out", tmp_path / "out")
    outcome = run(*args)
    assert outcome.code == 1
    assert "RuntimeError: as it must" in outcome.err
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    (cell,) = summary["cells"]
    assert cell["seeds"] + cell["failed"] == 6
    assert cell["failed"] == len(summary["failures"]) > 0
    own.write_text(FAILING.replace("% 2:", "< 0:"))
    assert run(*args).code == 0
    assert json.loads((tmp_path / "out/summary.json").read_text())["failures"] == []


def test_an_adaptive_attacker_is_judged_on_other_seeds_than_it_trained_on(tmp_path: Path) -> None:
    args = ("attack", "skim", "--adapt", "8", "--seeds", "2", *SMALL, "--jobs", "1", "--out", tmp_path)
    assert run(*args).code == 0
    (entry,) = json.loads((tmp_path / "adapted.json").read_text()).values()
    cells = {cell["label"]: cell for cell in json.loads((tmp_path / "summary.json").read_text())["cells"]}
    assert cells["skim/adapted"]["parameters"]["fraction"] == entry["parameters"]["fraction"]
    assert cells["skim/adapted"]["fields"]["gain"]["mean"] != entry["training_gain"]
    before = written(tmp_path)
    assert "searching" not in run(*args).err
    assert written(tmp_path) == before


def test_the_page_shows_sweeps_in_the_folder_as_maps_and_asks_nobody_for_anything(tmp_path: Path) -> None:
    sweep = tmp_path / "skim.toml"
    sweep.write_text(
        '[sweep]\nname = "skim"\nunit = "headwater_agents.trial.units:attack_cell"\nseeds = 2\n'
        '[fixed]\nattack = "skim"\nquestions = 5\nmechanism = "equal_split"\n'
        '[grid]\nfraction = [0.1, 0.9]\n"provider.elasticity" = [0.2, 0.8]\n'
    )
    out = tmp_path / "out"
    assert run("sweep", sweep, "--jobs", "1", "--out", out / "sweeps/skim").code == 0
    assert run("attack", "skim", "--seeds", "1", *SMALL, "--out", out).code == 0
    page = (out / "report.html").read_text()
    assert 'data-plot="map-0-0"' in page
    assert "default-src 'none'" in page.replace("&#x27;", "'")


def test_fewer_seeds_than_a_folder_has_are_refused_with_their_number(tmp_path: Path) -> None:
    run("attack", "skim", "--seeds", "2", *SMALL, "--out", tmp_path)
    before = tree(tmp_path)
    again = run("attack", "skim", "--seeds", "1", *SMALL, "--out", tmp_path)
    refused(again, 2, "has 2 seeds already; give --seeds 2 or more, or another --out")
    assert tree(tmp_path) == before
