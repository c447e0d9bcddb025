"""A task's artefacts, their log and the text that they come from."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater_agents.games.software import (
    POINT,
    ROLES,
    Artefact,
    Log,
    Patch,
    SoftwareError,
    bundled,
    submitted,
)
from headwater_agents.games.software.log import MAX_LOG

INTERVALS = bundled("intervals")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
NAMES = st.text("abc-é ", min_size=1, max_size=12)


def whole_log() -> Log:
    return Log("intervals", INTERVALS.digest).extend(INTERVALS.of_role(role)[0] for role in ROLES)


@given(name=NAMES, text=TEXTS, note=TEXTS, effort=st.integers(0, 10**24))
@settings(max_examples=30, deadline=None)
def test_a_log_comes_back_from_its_lines_as_it_was(name: str, text: str, note: str, effort: int) -> None:
    log = Log("intervals", "00").append(Artefact(role="CTO", name=name, text=text, note=note, effort=effort))
    log = log.append(Artefact(role="reviewer", name=name, patches=(Patch("x" + text, note),)))
    assert Log.load(log.dump(), log.head) == log


def test_an_entry_changed_moved_left_out_or_doubled_breaks_the_chain() -> None:
    lines = whole_log().dump().splitlines()
    changed = json.loads(lines[3])
    changed["effort"] = "0"
    for wrong in (
        [*lines[:3], json.dumps(changed), *lines[4:]],
        [lines[0], lines[2], lines[1], *lines[3:]],
        [*lines[:2], *lines[3:]],
        [*lines, lines[-1]],
        [*lines[:3], lines[3].replace('"index": 2', '"index": 2.0'), *lines[4:]],
    ):
        with pytest.raises(SoftwareError, match="does not follow from the lines before it"):
            Log.load("\n".join(wrong))


def test_a_log_cut_at_its_end_is_found_by_the_published_head_only() -> None:
    log = whole_log()
    cut = "\n".join(log.dump().splitlines()[:-1])
    assert len(Log.load(cut).artefacts) == 5
    with pytest.raises(SoftwareError, match="missing at its end"):
        Log.load(cut, log.head)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty file"),
        ("{", "line 1 of the log is no JSON"),
        ("[]", "no JSON object"),
        ('{"format": "other"}', "names its format"),
        ("[" * 5000, "nested deeper"),
    ],
)
def test_a_file_that_is_no_log_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(SoftwareError, match=said):
        Log.load(text)


def test_a_log_is_bounded_and_grows_only_by_new_logs() -> None:
    log = whole_log()
    longer = log.extend([log.artefacts[0]] * (MAX_LOG - 6))
    assert len(log.artefacts) == 6
    with pytest.raises(SoftwareError, match="at most 64 entries"):
        longer.append(log.artefacts[0])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"role": "intern"}, "no role"),
        ({"role": "CEO", "text": "x"}, "decision, which has no text"),
        ({"role": "programmer", "decisions": (("a", "b"),)}, "code, which has no decisions"),
        ({"role": "CTO", "patches": (Patch("a", "b"),)}, "design, which has no patches"),
        ({"name": "two\nlines"}, "printable characters"),
        ({"effort": -1}, "effort is a whole number of wei"),
        ({"effort": True}, "effort is a whole number of wei"),
        ({"text": "x" * 20_000}, "at most 16384"),
        ({"text": "\ud800"}, "without surrogates"),
        ({"role": "reviewer", "patches": (Patch("", "b"),)}, "what to find"),
        ({"role": "CPO", "decisions": (("a", "b"), ("a", "c"))}, "decides a question once"),
    ],
)
def test_an_artefact_that_is_none_is_refused(fields: dict[str, object], said: str) -> None:
    with pytest.raises(SoftwareError, match=said):
        Artefact(**{"role": "programmer", "name": "x", **fields})  # type: ignore[arg-type]


def test_words_and_decisions_are_told_apart_in_a_free_text() -> None:
    artefact = submitted(INTERVALS, "CPO", "Users said:\n- touching = join\n`empty`: drop.\nThat is all.")
    assert artefact.decisions == (("touching", "join"), ("empty", "drop"))
    assert artefact.note == "Users said:\nThat is all."
    assert artefact.effort == POINT


def test_code_is_taken_out_of_its_fence_and_paid_by_length() -> None:
    code = "def merge(intervals):\n    return []\n"
    fenced = submitted(INTERVALS, "programmer", f"Here it is:\n```python\n{code}```\nGood luck!")
    assert fenced.text == code
    assert submitted(INTERVALS, "programmer", code).text == code
    assert submitted(INTERVALS, "programmer", code + "#" * 700).effort == 5 * POINT


def test_a_review_is_its_patches() -> None:
    text = (
        "Two things.\n<<<<<<< FIND\na = 1\n=======\na = 2\n>>>>>>> REPLACE\n<<<<<<< FIND\nb\n=======\n>>>>>>> REPLACE\n"
    )
    assert submitted(INTERVALS, "reviewer", text).patches == (Patch("a = 1\n", "a = 2\n"), Patch("b\n", ""))


@pytest.mark.parametrize(
    ("role", "text", "said"),
    [
        ("CEO", "touching = join", "is for the CPO or the counselor"),
        ("CPO", "colour = red", "no question 'colour' open"),
        ("CPO", "touching = sometimes", "answers to 'touching' are join, keep"),
        ("reviewer", "looks fine", "found 0"),
        ("programmer", "  ", "an empty text"),
        ("boss", "x", "no role"),
    ],
)
def test_a_free_text_that_its_role_may_not_hand_in_is_refused(role: str, text: str, said: str) -> None:
    with pytest.raises(SoftwareError, match=said):
        submitted(INTERVALS, role, text)


def test_the_counselor_may_amend_what_others_decide() -> None:
    assert submitted(INTERVALS, "counselor", "reversed = report").decisions == (("reversed", "report"),)
