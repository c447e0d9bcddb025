"""JSON from others: too deep or ambiguous text is refused before it can do harm."""

from __future__ import annotations

import pytest

from headwater.safejson import MAX_DEPTH, check_depth, loads


def test_depth_is_bounded_exactly() -> None:
    assert loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    for deep in ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "[" * 100_000, '{"a":' * 100_000):
        with pytest.raises(ValueError, match="nested deeper than 32 levels"):
            loads(deep)


def test_brackets_in_strings_do_not_count() -> None:
    text = '["' + "[" * 100 + '\\"' + "{" * 100 + '"]'
    assert loads(text) == ["[" * 100 + '"' + "{" * 100]
    check_depth('name = "' + "[" * 100 + '"')


def test_a_key_twice_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="the key 'size' stands twice"):
        loads('{"a": [{"size": 1, "size": 2}]}')
