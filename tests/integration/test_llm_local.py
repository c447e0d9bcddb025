"""A real language model bargains here: its weights served by llama-cpp-python, with the extra `llm` installed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from headwater_agents.bargaining.llm import Live, Recorded, Replayed, load_trace
from headwater_agents.bargaining.llm.local import MODEL, LocalModel, missing, weights
from headwater_agents.bargaining.llm.trial import one, told

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        bool(missing()), reason=f"needs {' and '.join(missing())}: the extra `llm`, as `make test-llm` installs it"
    ),
]

_TIMEOUT_S = 600.0


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalModel]:
    with LocalModel(tmp_path_factory.mktemp("model") / "server.log") as started:
        yield started


def _ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_play_by_a_real_model_is_legal_throughout_and_replays_without_it(model: LocalModel, tmp_path: Path) -> None:
    file = tmp_path / "trace.jsonl"
    with Live(model.endpoint(timeout_s=_TIMEOUT_S), deadline_s=3_600) as live, Recorded(live, file) as link:
        first = one(link, "short-term", 0)
    entries = load_trace(file)
    assert first.played.refused == 0  # whatever the model said, nothing illegal reached a negotiation
    summary = told(first)
    assert summary["legal_answers"] + summary["refused_answers"] + summary["failed_calls"] == len(entries)
    assert summary["legal_answers"] > 0
    assert summary["tokens"] == summary["prompt_tokens"] + summary["reply_tokens"] > 0
    assert {entry.outcome.model for entry in entries} == {MODEL}
    again = Replayed(entries)
    second = one(again, "short-term", 0)
    again.finish()
    assert second.played.as_dict() == first.played.as_dict()
    assert told(second) == summary


def test_the_server_ends_with_its_context(tmp_path: Path) -> None:
    assert weights().suffix == ".gguf"
    with LocalModel(tmp_path / "server.log", context=256) as other:
        pid = other.pid
        assert pid is not None
        assert not _ended(pid)
    assert _ended(pid)
