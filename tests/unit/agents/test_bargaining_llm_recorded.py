"""A play by a real model of 135 million parameters, recorded once: it replays here, without the model, to the same end.

`python -m headwater_agents.bargaining.llm.trial` records it anew, where prompts or rules in words have changed.
"""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headwater.deals import Status
from headwater_agents.bargaining.llm import Call, Entry, Replayed, TraceError, load_trace
from headwater_agents.bargaining.llm.trial import one, told

_DATA = Path(__file__).parents[2] / "data"
_TRACE = _DATA / "llm-escape-short-term-0.jsonl"
_TOLD = json.loads((_DATA / "llm-escape-short-term-0.json").read_text())


def _no_network(*_: Any, **__: Any) -> Any:
    raise AssertionError("a replay asks nobody")


def test_the_recorded_play_of_a_real_model_replays_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", _no_network)
    link = Replayed(load_trace(_TRACE))
    again = one(link, "short-term", 0)
    link.finish()
    assert told(again) == _TOLD
    assert again.played.ended(Status.AGREED) == _TOLD["agreements"] == 1
    assert again.played.refused == 0


def test_the_recorded_play_is_no_answer_to_another_seed_or_arm() -> None:
    with pytest.raises(TraceError, match=r"call 1 is not the recorded one: request\.seed"):
        one(Replayed(load_trace(_TRACE)), "short-term", 1)
    with pytest.raises(TraceError, match=r"call 1 is not the recorded one: request\.messages"):
        one(Replayed(load_trace(_TRACE)), "full", 0)


def test_a_trace_changed_in_one_answer_no_longer_fits_the_play() -> None:
    entries = list(load_trace(_TRACE))
    changed = json.loads(entries[0].outcome.text) | {"percent": 30}
    entries[0] = Entry(entries[0].call, replace(entries[0].outcome, text=json.dumps(changed)))
    with pytest.raises(TraceError, match=r"call 2 is not the recorded one: request\.messages\[1\]"):
        one(Replayed(entries), "short-term", 0)


def test_a_trace_holds_no_address_and_no_headers() -> None:
    assert all(set(entry.call.body) <= _SENT for entry in load_trace(_TRACE))
    assert isinstance(load_trace(_TRACE)[0].call, Call)
    assert "127.0.0.1" not in _TRACE.read_text()


_SENT = {"model", "messages", "max_tokens", "temperature", "seed", "response_format"}
