"""The sandbox asks every program the same questions and brings back plain data."""

from __future__ import annotations

import pytest

from headwater_agents.games.software import Answer, Call, Limits, SoftwareError, run
from headwater_agents.games.software.sandbox import DONE, MAX_SOURCE


def one(source: str, *calls: Call) -> tuple[Answer, ...]:
    (outcome,) = run([source], calls)
    assert outcome.end == DONE, outcome
    return outcome.answers


def test_answers_are_data_tuples_as_lists_and_keep_their_types() -> None:
    source = "def f(x):\n    return [x, 1, 1.0, True, None, 'é', {'k': (1, 2)}]\n"
    (answer,) = one(source, Call("f", '["a"]'))
    assert answer.kind == "value"
    assert [type(entry) for entry in answer.content] == [str, int, float, bool, type(None), str, dict]
    assert answer.content[-1] == {"k": [1, 2]}


def test_a_call_may_ask_what_became_of_the_argument() -> None:
    source = "def f(x):\n    x.append(3)\n    return 0\n"
    assert one(source, Call("f", "[[1]]", "argument"), Call("f", "[[1]]")) == (
        Answer("value", [1, 3]),
        Answer("value", 0),
    )


def test_errors_come_back_by_the_builtin_exception_they_are_a_kind_of() -> None:
    source = "class Own(ValueError):\n    pass\n\n\ndef f(x):\n    raise Own(x)\n"
    assert one(source, Call("f", "[1]"), Call("g", "[1]")) == (Answer("error", "ValueError"), Answer("missing", "g"))


def test_usual_programs_run_with_the_small_standard_modules() -> None:
    source = """
import collections.abc
import re
from collections import Counter, namedtuple
from functools import lru_cache
from typing import Any

Pair = namedtuple("Pair", "a b")
word = re.compile("[a-z]+")


class Sum:
    def __init__(self, a):
        self.a = a

    def __add__(self, other):
        return Sum(self.a + other.a)


@lru_cache
def f(x: str) -> Any:
    input = Counter(word.findall(x))
    total = Sum(1) + Sum(getattr(Pair(2, 3), "b"))
    return [dict(input), total.a, isinstance([], collections.abc.Iterable)]
"""
    assert one(source, Call("f", '["a b a"]')) == (Answer("value", [{"a": 2, "b": 1}, 4, True]),)


def test_programs_of_a_batch_share_nothing() -> None:
    source = "seen = []\n\n\ndef f(x):\n    seen.append(x)\n    return len(seen)\n"
    calls = (Call("f", "[1]"), Call("f", "[2]"))
    assert [[answer.content for answer in outcome.answers] for outcome in run([source] * 3, calls)] == [[1, 2]] * 3


def test_time_is_counted_for_each_program_and_no_program_is_nothing() -> None:
    slow = "def f(x):\n    while True:\n        pass\n"
    ends = [outcome.end for outcome in run([slow, "def f(x):\n    return x\n"], (Call("f", "[1]"),), Limits(cpu=0.1))]
    assert ends[0].startswith("time")
    assert ends[1] == DONE
    assert run([], (Call("f", "[1]"),)) == []


def test_a_program_longer_than_allowed_is_refused_before_anything_runs() -> None:
    with pytest.raises(SoftwareError, match="at most 65536 characters"):
        run(["#" * (MAX_SOURCE + 1)], ())
