"""`headwater coop`: plays that are watched, kept, paid and judged again, and clear words for whatever cannot be."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from cli_cases import run
from headwater_agents.bargaining.onchain import Settlement

TRACE = Path(__file__).parents[2] / "data/llm-escape-short-term-0.jsonl"
ROOM = ("coop", "play", "escape-room", "--chain", "none", "--seeds", "0")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_negotiation_is_told_line_by_line_with_its_transfer() -> None:
    outcome = run(*ROOM)
    assert outcome.code == 0, outcome.err
    assert "pays 55% of the payer's reward" in outcome.out
    assert "success; payoffs 4.5, 4.5" in outcome.out
    assert "Report: runs/coop-escape-room-1/report.html" in outcome.out


def test_a_play_is_paid_on_a_chain_and_compared_with_its_books() -> None:
    told = run("coop", "play", "escape-room", "--chain", "revm", "--seeds", "1", "--json").json
    assert told["settlement"]["ok"] is True
    assert [each["balance"] for each in told["settlement"]["accounts"]] == [
        "4500000000000000000",
        "5500000000000000000",
    ]
    assert [row["arm"] for row in told["arms"]["arms"]] == ["no-talk", "talk", "short-term", "full"]
    assert told["deals"][0]["share"] == "55%"


def test_the_folder_has_the_play_a_transcript_a_summary_and_a_report(here: Path) -> None:
    assert run(*ROOM, "--out", "kept", "--seeds", "1").code == 0
    assert {path.name for path in (here / "kept").iterdir()} == {
        "play.json",
        "summary.json",
        "transcript.txt",
        "report.html",
    }
    page = (here / "kept/report.html").read_text(encoding="utf-8")
    for part in ("Arms", "Transcript", "Deals and payoffs", "pays 55% of the payer&#x27;s reward", "short-term"):
        assert part in page, part
    told = (here / "kept/transcript.txt").read_text(encoding="utf-8")
    assert told.splitlines()[1].startswith("0 (rational) proposes: 1 (rational) does lever")


def test_the_same_seed_is_the_same_play(here: Path) -> None:
    for name in ("one", "other"):
        assert run("coop", "play", "raid", "--chain", "none", "--seeds", "0", "--samples", "2", "--out", name).code == 0
    assert (here / "one/play.json").read_bytes() == (here / "other/play.json").read_bytes()


def test_a_kept_play_is_judged_again_and_a_changed_one_is_found_out(here: Path) -> None:
    run(*ROOM, "--out", "kept")
    sound = run("coop", "check", "kept")
    assert sound.code == 0, sound.err
    assert "Sound: 1 steps replay, 2 signed messages" in sound.out
    file = here / "kept/play.json"
    play = json.loads(file.read_text())
    for change in (
        {"payoffs": ["5000000000000000000", "4000000000000000000"]},
        {"record": {**play["record"], "own": ["10000000000000000000", "10000000000000000000"]}},
        {"arm": "short"},
    ):
        file.write_text(json.dumps({**play, **change}))
        outcome = run("coop", "check", "kept")
        assert outcome.code == 4, change
        assert outcome.err.startswith("headwater: ")
        assert run("coop", "check", "kept", "--json").json["ok"] is False


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("coop", "play", "escape-room", "--set", "players"), "a setting is NAME=VALUE"),
        (("coop", "play", "escape-room", "--set", "players=1"), "2 to 10000 players"),
        (("coop", "play", "escape-room", "--set", "doors=2"), "takes the settings players, levers; there is no doors"),
        (("coop", "play", "escape-room", "--set", "players=3", "--set", "players=4"), "given twice"),
        (("coop", "play", "matrix"), "it needs payoffs"),
        (("coop", "play", "raid", "--set", "boss=1"), "boss"),
        (("coop", "play", "escape-room", "--agents", "rational,kind"), "there is no agent 'kind'"),
        (("coop", "play", "escape-room", "--agents", "greedy,greedy,greedy"), "has 2 players; got 3 agents"),
        (("coop", "play", "escape-room", "--agents", "llm"), "give one of --endpoint"),
        (("coop", "play", "escape-room", "--agents", "llm", "--endpoint", "http://127.0.0.1:9"), "give --model"),
        (("coop", "play", "escape-room", "--agents", "llm", "--trace", "nothing.jsonl"), "nothing.jsonl"),
        (("coop", "play", "escape-room", "--trace", "nothing.jsonl"), "none plays"),
        (("coop", "play", "escape-room", "--chain", "nowhere"), "unknown chain"),
        (("coop", "check", "nothing"), "cannot be read as a play"),
        (("coop", "scale", "--agents", "many"), "whole numbers"),
        (("coop", "pairings", "--tasks", "1", "--counted", "2"), "counted tasks"),
    ],
)
def test_wrong_use_is_one_line_that_says_what_is_accepted(here: Path, args: tuple[str, ...], words: str) -> None:
    outcome = run(*args)
    assert outcome.code == 2, (outcome.code, outcome.err)
    assert words in outcome.err
    assert "Traceback" not in outcome.err
    assert not any((here / "runs").glob("*")), "nothing is left behind"


def test_a_folder_that_is_not_a_play_s_is_never_replaced(here: Path) -> None:
    (here / "mine").mkdir()
    (here / "mine/thesis.txt").write_text("years of work")
    assert run(*ROOM, "--out", "mine").code == 2
    assert "will not be replaced" in run(*ROOM, "--out", "mine", "--force").err
    assert (here / "mine/thesis.txt").read_text() == "years of work"
    assert run(*ROOM, "--out", "kept").code == 0
    assert "--force" in run(*ROOM, "--out", "kept").err
    assert run(*ROOM, "--out", "kept", "--force").code == 0


def test_a_recorded_model_plays_again_from_its_trace() -> None:
    told = json.loads((TRACE.parent / "llm-escape-short-term-0.json").read_text())
    args = (*ROOM, "--agents", "llm", "--trace", TRACE, "--seed", 0)
    again = run(*args, "--arm", "short-term", "--json").json
    assert again["payoffs"] == told["payoffs"]
    assert again["measures"]["messages"] == told["messages"] > 0
    # Another arm asks other questions than the trace answers.
    other = run(*args, "--arm", "full", "--out", "other")
    assert other.code == 2
    assert "is not the recorded one" in other.err


@pytest.mark.parametrize(
    "study", ["pairings", pytest.param("prices", marks=pytest.mark.slow), pytest.param("lies", marks=pytest.mark.slow)]
)
def test_studies_print_tables_and_json(study: str) -> None:
    args = {"pairings": ("--tasks", 2, "--counted", 1), "prices": ("--seeds", 2, "--legs", 2), "lies": ("--seeds", 2)}
    told = run("coop", study, *args[study], "--json")
    assert told.code == 0, told.err
    assert isinstance(told.json, dict)


def test_a_software_team_s_contributions_stand_by_replay_beside_their_earned_value() -> None:
    told = run("coop", "play", "software", "--chain", "none", "--seeds", "0", "--out", "kept", "--json").json
    rows = told["assessment"]["rows"]
    assert sum(int(row["shapley"]) for row in rows) == int(told["team"])
    assert sum(int(row["earned_share"]) for row in rows) == int(told["team"])
    assert [row["shapley"] for row in rows] == told["division"]["shares"]
    assert "By plan: earned value" in Path("kept/report.html").read_text(encoding="utf-8")


def test_a_chain_that_differs_from_the_books_ends_with_4(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settlement, "ok", property(lambda settlement: False))
    outcome = run("coop", "play", "escape-room", "--chain", "revm", "--seeds", "0", "--out", "kept")
    assert outcome.code == 4
    assert Path("kept/play.json").exists()


def test_rolls_that_the_seed_does_not_give_and_files_that_say_otherwise_are_found_out(here: Path) -> None:
    run("coop", "play", "raid", "--chain", "none", "--arm", "no-talk", "--seeds", "0", "--out", "kept")
    play = json.loads((here / "kept/play.json").read_text())
    step = next(step for step in play["record"]["steps"] if step[2])
    step[2] = [step[2][0] + (1 if step[2][0] < 150 else -1)]
    (here / "forged.json").write_text(json.dumps(play))
    forged = run("coop", "check", "forged.json")
    assert forged.code == 4
    assert "other rolls than the seed" in forged.err
    for name, change in (
        ("summary.json", ("payoffs", ["1", "2", "3", "4"])),
        ("summary.json", ("deals", [{"paid": "1"}])),
        ("summary.json", ("events", [])),
    ):
        kept = (here / "kept" / name).read_text()
        (here / "kept" / name).write_text(json.dumps({**json.loads(kept), change[0]: change[1]}))
        assert run("coop", "check", "kept").code == 4, change
        (here / "kept" / name).write_text(kept)
    assert run("coop", "check", "kept").code == 0
    with (here / "kept/transcript.txt").open("a") as file:
        file.write("and they lived happily\n")
    assert run("coop", "check", "kept").code == 4


def test_a_model_that_is_asked_no_more_is_told_and_ends_with_1() -> None:
    args = (*ROOM, "--agents", "llm", "--endpoint", "http://127.0.0.1:9/v1", "--model", "m", "--budget", 1)
    outcome = run(*args, "--out", "kept")
    assert outcome.code == 1
    assert "player 0 asked its model no more: budget" in outcome.err


@pytest.mark.slow  # calls are tried again, after seconds
def test_an_endpoint_that_nobody_answers_is_told_and_ends_with_3() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: whoever calls is turned away
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        outcome = run(*ROOM, "--agents", "llm", "--endpoint", url, "--model", "m", "--out", "kept")
    assert outcome.code == 3
    assert "player 0 asked its model no more: unreachable" in outcome.err
