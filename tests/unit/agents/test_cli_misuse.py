"""Wrong use of `run` and `trace`: one clear line, a telling code, and nothing changed anywhere."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_cases import closed_port, refused, run, tree
from headwater.chain import Reverted
from headwater_agents.runner.season import _Director


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An own working directory with a file and a folder in it; a command that is refused leaves it as it was."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "note").write_text("mine too")
    (tmp_path / "lookalike").mkdir()
    (tmp_path / "lookalike" / "summary.json").write_text('{"of": "something else"}')
    monkeypatch.chdir(tmp_path)
    before = tree(tmp_path)
    yield tmp_path
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--questions", "0"], "0 is not in the range x>=1"),
        (["--questions", "-3"], "-3 is not in the range x>=1"),
        (["--questions", "many"], "'many' is not a valid integer"),
        (["--questions", "1658"], "questions is 1658; the record holds 1 to 1657"),
        (["--seed", "-1"], "-1 is not in the range 0<=x<=18446744073709551615"),
        (["--seed", str(2**64)], "is not in the range 0<=x<=18446744073709551615"),
        (["--seed", "lucky"], "'lucky' is not a valid integer"),
        (["--first", "-1"], "-1 is not in the range x>=0"),
        (["--first", "1657", "--questions", "1"], "start is 1657; with 1 questions it must be 0 to 1656"),
        (["--first", "1600"], "start is 1600; with 120 questions it must be 0 to 1537"),
        (["--outcomes", "4"], "'4' is not one of '2', '3'"),
        (["--chain", "testnet"], 'unknown chain \'testnet\'; accepted: "tester", "revm", or the http(s) URL'),
        (["--chain", "ws://127.0.0.1:1"], "unknown chain"),
        (["--chain", ""], "unknown chain"),
        (["--chain", "http://"], "a node is given by an http(s) URL"),
        (["--chain", "http://host:port"], "not a URL"),
        (["surplus"], "unexpected extra argument"),
    ],
)
def test_wrong_arguments_of_run_are_refused(args: list[str], said: str) -> None:
    refused(run("run", "--out", "new/deeper", *args), 2, said)


@pytest.mark.parametrize("json_too", [False, True])
def test_an_unreachable_node_has_its_own_code(json_too: bool) -> None:
    url = closed_port()
    outcome = run("run", "--chain", f"{url}/v3/s3cr3t", "--out", "new/deeper", *(["--json"] if json_too else []))
    assert (outcome.code, outcome.err) == (3, f"headwater: cannot reach {url}: no connection; is the node running?\n")
    assert (outcome.json["kind"] == "ConnectionFailed") if json_too else (outcome.out == "")
    assert "s3cr3t" not in outcome.out + outcome.err


@pytest.mark.parametrize("occupied", ["file", "folder", "lookalike", "."])
def test_an_occupied_folder_is_refused(occupied: str) -> None:
    refused(run("run", "--questions", 1, "--out", occupied), 2, "exists; choose another --out, or replace it with")


@pytest.mark.parametrize("occupied", ["file", "folder", "lookalike", "."])
def test_force_replaces_nothing_but_a_run(occupied: str) -> None:
    outcome = run("run", "--questions", 1, "--out", occupied, "--force")
    refused(outcome, 2, "exists and is not a run folder; it will not be replaced")


@pytest.mark.parametrize("place", ["file/run", "file/deeper/run", "/proc/nothing/run"])
def test_a_place_where_nothing_can_be_written_is_told_before_anything_is_played(place: str) -> None:
    refused(run("run", "--questions", 1657, "--out", place), 2, f"{place} cannot be made: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_told(here: Path) -> None:
    (here / "folder").chmod(0o500)
    try:
        refused(run("run", "--questions", 1657, "--out", "folder/new/run"), 2, "cannot be made: ", "Permission denied")
    finally:
        (here / "folder").chmod(0o755)


def test_a_failure_in_the_middle_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    play, asked = _Director.play, []

    def failing(self: _Director, day: object) -> None:
        asked.append(day)
        if len(asked) == 3:
            raise Reverted("out of luck", context="the third question")
        play(self, day)  # type: ignore[arg-type]

    monkeypatch.setattr(_Director, "play", failing)
    outcome = run("run", "--questions", 5, "--out", "new/deeper", "--json")
    assert outcome.code == 1
    assert outcome.err == "headwater: the third question reverted: out of luck\n"
    assert outcome.json == {"error": "the third question reverted: out of luck", "kind": "Reverted"}


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("nowhere", "there is no folder nowhere"),
        ("file", "file is a file; name the folder that a run wrote"),
        ("folder", "folder is not a run: it has no summary.json"),
        ("lookalike", "is no summary of a run: it lacks"),
    ],
)
def test_a_trace_of_what_is_no_run_is_refused(place: str, said: str) -> None:
    refused(run("trace", place, "member-1"), 2, said)
    outcome = run("trace", place, "member-1", "--json")
    assert outcome.code == 2
    assert said in outcome.json["error"]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("played") / "run"
    assert run("run", "--questions", 1, "--out", folder).code == 0
    return folder


@pytest.mark.parametrize("who", ["nobody", "member-12", "0x00", "0x" + "00" * 20, "0x" + "12" * 20, ""])
def test_a_trace_of_nobody_names_those_it_knows(played: Path, who: str) -> None:
    before = tree(played)
    outcome = run("trace", played, who)
    assert (outcome.code, outcome.out) == (2, "")
    first, *others = outcome.err.splitlines()
    assert first.startswith("headwater: ")
    assert repr(who) in first or who.lower() in first.lower()
    assert any("member-1" in line for line in others) or "not an address" in first
    assert "Traceback" not in outcome.err
    assert tree(played) == before


def test_a_trace_of_broken_tables_says_which(
    played: Path, here: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:

    copy = tmp_path_factory.mktemp("broken") / "run"
    shutil.copytree(played, copy)
    table = copy / "events" / "HeadwaterToken.Transfer.csv"
    table.write_text(table.read_text() + "1,2\n")
    refused(run("trace", copy, "member-1"), 2, "HeadwaterToken.Transfer.csv, line", "is broken")
    (copy / "summary.json").write_text(json.dumps([]))
    refused(run("trace", copy, "member-1"), 2, "summary.json is no summary")
    (copy / "summary.json").write_text("{")
    refused(run("trace", copy, "member-1"), 2, "summary.json is broken")


@pytest.mark.parametrize("count", ["-1", "x"])
def test_a_trace_of_fewer_than_no_questions_is_refused(played: Path, count: str) -> None:
    refused(run("trace", played, "member-1", "--questions", count), 2, "--questions")
