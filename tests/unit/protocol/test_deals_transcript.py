"""Transcripts: loading one judges every line again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from deals_cases import EXPIRES, FIRST, NOW, SECOND, agreed, fresh, offered, taken, terms
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.deals import (
    DealError,
    Negotiation,
    Reason,
    Refused,
    Status,
    dump,
    load,
    read_transcript,
    write_transcript,
)
from headwater.units import WAD


def long_one() -> Negotiation:
    """A deal, a renewal that falls silent, and another that is agreed."""
    negotiation = agreed().renewed(SECOND.address, NOW + 50).silence(NOW + 500)
    negotiation = negotiation.renewed(FIRST.address, NOW + 600)
    negotiation = negotiation.receive(negotiation.offer(FIRST, terms(WAD // 4), EXPIRES), NOW + 601)
    return negotiation.receive(negotiation.agree(SECOND), NOW + 602).countersigned(FIRST)


def lines_of(negotiation: Negotiation) -> list[Any]:
    return [json.loads(line) for line in dump(negotiation).splitlines()]


def text_of_lines(lines: list[Any]) -> str:
    return "".join(json.dumps(line) + "\n" for line in lines)


def test_a_transcript_loads_to_the_same_negotiation(tmp_path: Path) -> None:
    for negotiation in (fresh(), offered(), taken(), agreed(), fresh().silence(NOW + 61), long_one()):
        assert load(dump(negotiation)) == negotiation
        write_transcript(negotiation, tmp_path / "one.jsonl")
        assert read_transcript(tmp_path / "one.jsonl") == negotiation
    assert long_one().status is Status.AGREED


def test_a_transcript_whose_deal_was_changed_does_not_load() -> None:
    lines = lines_of(agreed())
    for line in lines[1:3]:
        line["message"]["deal"]["price"] = [["0", str(WAD)]]
    with pytest.raises(Refused, match="line 2") as refused:
        load(text_of_lines(lines))
    assert refused.value.reason is Reason.SIGNATURE


def test_a_transcript_for_another_task_pair_or_escrow_does_not_load() -> None:
    for field, other, reason in (
        ("task", "8", Reason.NEGOTIATION),
        ("nonce", "1", Reason.NEGOTIATION),
        ("first", SECOND.address, Reason.PARTY),
        ("chain", "1", Reason.DOMAIN),
        ("escrow", FIRST.address, Reason.DOMAIN),
    ):
        lines = lines_of(agreed())
        lines[0][field] = other
        with pytest.raises(Refused) as refused:
            load(text_of_lines(lines))
        assert refused.value.reason is reason


@pytest.mark.parametrize("missing", [1, 2, 3, 4, 5, 6, 7, 8])
def test_a_transcript_with_a_line_left_out_does_not_load(missing: int) -> None:
    lines = lines_of(long_one())
    del lines[missing]
    with pytest.raises(DealError, match=r"line \d"):
        load(text_of_lines(lines))


def test_a_transcript_without_its_countersignature_is_agreed_and_binds_nobody_yet() -> None:
    lines = lines_of(agreed())
    assert list(lines[-1]) == ["countersignature"]
    loaded = load(text_of_lines(lines[:-1]))
    assert loaded == taken()
    assert (loaded.status, loaded.signatures) == (Status.AGREED, None)


def test_a_countersignature_of_anybody_else_out_of_place_or_twice_does_not_load() -> None:
    lines = lines_of(agreed())
    *said, last = lines
    theirs = {"countersignature": lines[2]["message"]["deal_signature"]}
    for wrong, match in (
        ([*said, theirs], "line 4: this is no signature of"),
        ([*said, {"countersignature": "0x"}], "line 4: countersignature: accepted"),
        ([*said, last | {"heard": "1"}], "line 4.*unknown field"),
        ([*said, last, last], "line 5: countersigned already"),
        ([*said[:-1], last, said[-1]], "line 3: there is no agreed deal"),
    ):
        with pytest.raises(DealError, match=match):
            load(text_of_lines(wrong))


def test_what_is_no_transcript_is_said_to_be_none(tmp_path: Path) -> None:
    head = lines_of(fresh())[0]
    for text, said in (
        ("", "1 to"),
        ("\n", "line 1"),
        ("{}\n", "line 1"),
        ("[" * 5_000 + "\n", "nested"),
        (text_of_lines([head | {"format": "2"}]), "format"),
        (text_of_lines([head | {"choices": []}]), "choices"),
        (text_of_lines([head | {"choices": {FIRST.address: "door"}}]), "choices"),
        (text_of_lines([head | {"rounds": "0"}]), "rounds"),
        (text_of_lines([head | {"chain": "-1"}]), "chain"),
        (text_of_lines([head, {"silence": str(NOW + 1)}]), "no silence"),
        (text_of_lines([head, {"hello": 1}]), "unknown field|without"),
        (text_of_lines([head, {"renew": {}}]), "without"),
        (text_of_lines([head, head]), "line 2"),
        ("\n" * 10_001, "lines"),
    ):
        with pytest.raises(DealError, match=said):
            load(text)
    with pytest.raises(DealError, match="cannot be read"):
        read_transcript(tmp_path / "none.jsonl")
    with (tmp_path / "huge.jsonl").open("wb") as file:
        file.truncate(2**26 + 1)
    with pytest.raises(DealError, match="too large"):
        read_transcript(tmp_path / "huge.jsonl")


def test_times_of_a_transcript_do_not_run_backwards() -> None:
    lines = lines_of(agreed())
    lines[2]["heard"] = str(NOW)
    with pytest.raises(DealError, match="before what stands above"):
        load(text_of_lines(lines))


@given(st.integers(0, 10**6), st.characters())
@settings(max_examples=30, deadline=None)
def test_a_transcript_changed_in_one_place_is_the_same_or_refused(place: int, character: str) -> None:
    done = agreed()
    text = dump(done)
    at = place % len(text)
    try:
        loaded = load(text[:at] + character + text[at + 1 :])
    except DealError:
        return
    # Times, limits and choices are the writer's word; what was said is not.
    assert loaded.signatures in (done.signatures, None)
    assert (loaded.deal, loaded.messages) in ((done.deal, done.messages), (None, done.messages[:1]))
