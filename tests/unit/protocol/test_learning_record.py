"""The record: every decision is derived again from it, and whatever is altered in it is found."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from eth_utils.crypto import keccak
from learning_cases import FEATURES, draw, profiles

from headwater.learning import (
    Ground,
    Ledger,
    Perceptron,
    Record,
    RecordError,
    RecordWriter,
    Settings,
    SoftmaxRegression,
    State,
    Submission,
    Task,
    audit,
    explain,
    ledger_of,
    local_update,
    parse_record,
    play_round,
    read_record,
)

POOL = draw(600, 5)


def written(task: Task, mode: str, rounds: int = 3, window: int = 2) -> tuple[str, Ledger, str]:
    """A record of three honest members, a copier, an idle one and one that sends no numbers."""
    ground = Ground(
        task=task,
        groups={"women": draw(60, 1, 0.5), "old": draw(40, 2, -0.7)},
        references={"plain": draw(80, 3)},
        feature_names=FEATURES,
    )
    rng, stream = np.random.default_rng(7), io.StringIO()
    settings = Settings(mode=mode, window=window)  # type: ignore[arg-type]
    writer = RecordWriter(stream, ground, profiles(0.02), settings, POOL, {"seed": 7})
    state, ledger = State(theta=task.start(rng)), Ledger()
    for _ in range(rounds):
        updates = [local_update(task, state.theta, draw(50, 60 + i), rate=0.2, steps=2) for i in range(3)]
        sent = [Submission(agent=f"member {i}", update=u, size=50) for i, u in enumerate(updates)]
        sent += [
            Submission(agent="copier", update=updates[0], size=50, slot=1),
            Submission(agent="idle", update=np.zeros(task.dimension)),
            Submission(agent="broken", update=np.full(task.dimension, np.nan)),
        ]
        rows = rng.choice(len(POOL), 200, replace=False)
        played = play_round(state, sent, profiles(0.02), ground, POOL.take(rows), settings)
        writer.add(played, rows)
        state, ledger = played.state, ledger.add(played)
    return stream.getvalue(), ledger, writer.root


TEXT, LEDGER, ROOT = written(SoftmaxRegression(4, 3), "project")


def altered(change: Callable[[list[dict[str, Any]]], None], *, rehash: bool) -> Record:
    """The record after a change of its lines; with `rehash` the hashes are made to fit again."""
    lines = [json.loads(line) for line in TEXT.splitlines()]
    change(lines)
    out, before = [], "0x" + "0" * 64
    for fields in lines:
        if rehash:
            fields["previous"] = before
        line = json.dumps(fields, sort_keys=True, separators=(",", ":"))
        before = "0x" + keccak(line.encode()).hex()
        out.append(line)
    return parse_record("\n".join(out))


def test_a_round_is_played_again_with_the_models_last_change_known() -> None:
    record = parse_record(written(SoftmaxRegression(4, 3), "project", rounds=3, window=0)[0])
    assert audit(record) == ()


@pytest.mark.parametrize("mode", ["project", "reject"])
@pytest.mark.parametrize("task", [SoftmaxRegression(4, 3), Perceptron((4, 5, 3))], ids=["softmax", "perceptron"])
def test_every_decision_of_a_record_is_derived_again(task: Task, mode: str) -> None:
    text, ledger, root = written(task, mode, rounds=2)
    record = parse_record(text)
    assert audit(record) == ()
    assert record.root == root
    assert ledger_of(record).totals == ledger.totals
    assert ledger_of(record).shares() == ledger.shares()
    for number in range(2):
        for agent in ("member 0", "copier", "idle", "broken"):
            assert explain(record, agent, number).sound


def test_the_record_is_canonical_and_says_what_it_rests_on(tmp_path: Any) -> None:
    path = tmp_path / "record.jsonl"
    path.write_text(TEXT, encoding="ascii")
    record = read_record(path)
    assert record.about == {"seed": 7}
    assert [profile.name for profile in record.profiles] == ["care", "calm"]
    for line in TEXT.splitlines():
        assert json.dumps(json.loads(line), sort_keys=True, separators=(",", ":")) == line
    assert written(SoftmaxRegression(4, 3), "project")[0] == TEXT


def test_an_explanation_says_what_came_of_an_update_and_why() -> None:
    record = parse_record(TEXT)
    said = {agent: "\n".join(explain(record, agent, 1).text) for agent in ("member 0", "copier", "idle", "broken")}
    assert "inadmissible: an entry is not finite" in said["broken"]
    assert "credit is 0" in said["broken"]
    assert "All of it lies in directions that were known" in said["copier"]
    assert "It is zero" in said["idle"]
    assert "its credit, by the rule exact" in said["member 0"]
    value = json.loads(TEXT.splitlines()[2])["decided"]["credit"][0]
    assert f"{value:.6g} nats" in said["member 0"]
    moved = [explain(record, f"member {i}", n).text for i in range(3) for n in range(3)]
    assert any("It was moved by" in line for text in moved for line in text)
    assert any("It breaks calm: frozen-features(wind)" in line for text in moved for line in text)


def set_decided(name: str, at: int, value: Any) -> Callable[[list[dict[str, Any]]], None]:
    def change(lines: list[dict[str, Any]]) -> None:
        lines[2]["decided"][name][at] = value

    return change


def swap_update(lines: list[dict[str, Any]]) -> None:
    lines[2]["submissions"][0]["update"] = lines[2]["submissions"][1]["update"]


def widen(lines: list[dict[str, Any]]) -> None:
    for profile in lines[0]["profiles"]:
        for constraint in profile["constraints"]:
            if "tolerance" in constraint:
                constraint["tolerance"] = 0.9


def other_examples(lines: list[dict[str, Any]]) -> None:
    lines[2]["rows"] = lines[1]["rows"]


def other_slot(lines: list[dict[str, Any]]) -> None:
    copier = next(item for item in lines[2]["submissions"] if item["agent"] == "copier")
    copier["slot"] = 0


def other_model(lines: list[dict[str, Any]]) -> None:
    lines[2]["after"] = lines[2]["theta"]


ALTERED = {
    "a credit": set_decided("credit", 0, 1.0),
    "a credit of the copier": set_decided("credit", 5, 1e-12),
    "a verdict": set_decided("admissible", 4, True),
    "a reason": set_decided("reason", 4, ""),
    "a weight": set_decided("weight", 1, 0.9),
    "a shrink": set_decided("shrink", 1, 0.3),
    "luck": set_decided("luck", 0, 0.0),
    "a decision gone": lambda lines: lines[2]["decided"].pop("credit"),
    "an update": swap_update,
    "tolerances": widen,
    "the examples": other_examples,
    "a slot": other_slot,
    "the model after": other_model,
}


@pytest.mark.parametrize("name", sorted(ALTERED))
@pytest.mark.parametrize("rehash", [False, True])
def test_a_tampered_record_is_found(name: str, rehash: bool) -> None:
    record = altered(ALTERED[name], rehash=rehash)
    found = audit(record)
    assert found
    assert record.root != ROOT or not rehash
    if not rehash:
        assert any("hash of the one before" in finding.what for finding in found)
    else:
        assert any(finding.what.startswith("round ") for finding in found)


def test_an_explanation_finds_what_was_done_to_the_own_line_and_names_it() -> None:
    record = altered(set_decided("credit", 0, 0.5), rehash=True)
    agent = record.rounds[1].submissions[0].agent
    told = explain(record, agent, 1)
    assert not told.sound
    wrong = [finding for finding in told.findings if not finding.holds]
    assert [finding.what for finding in wrong] == [f"round 1, {agent}: credit"]
    assert "the record says 0.5" in wrong[0].found


def test_what_is_no_record_or_not_in_it_is_refused(tmp_path: Any) -> None:
    lines = TEXT.splitlines()
    for text in (
        "",
        "no json",
        "[]",
        lines[1],
        lines[0].replace('"version":1', '"version":2'),
        "\n".join([lines[0], lines[2]]),
        "\n".join([lines[0], lines[1].replace('"type":"f8"', '"type":"O"')]),
        "\n".join([lines[0], lines[1].replace('"theta"', '"beta"')]),
        lines[0].replace('"mode":"project"', '"mode":"guess"'),
    ):
        with pytest.raises(RecordError):
            parse_record(text)
    with pytest.raises(RecordError):
        read_record(tmp_path / "none")
    record = parse_record(TEXT)
    for agent, number in (("nobody", 0), ("idle", 3), ("idle", -1)):
        with pytest.raises(RecordError):
            explain(record, agent, number)
