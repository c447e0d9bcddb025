"""A source of the author's own: it reads what it likes, and cannot stop its bot."""

from __future__ import annotations

from pathlib import Path

import pytest

from headwater_agents.bots.config import BotConfigError, read_config
from headwater_agents.bots.source import Source, SourceError, make_source

TOPIC, OTHER = b"\1" * 32, b"\2" * 32

FILE = """
class Own:
    asked = 0

    def reading(self, topic):
        type(self).asked += 1
        if topic[0] == 2:
            raise TimeoutError("away")
        return None if type(self).asked == 1 else {"topic": topic}

    def outcome(self, topic):
        if topic[0] == 2:
            raise TimeoutError("away")
        return topic[0]


class Readings:
    def reading(self, topic):
        return 1.0


class Greedy:
    def __init__(self, needs):
        pass
"""


def source(folder: Path, kind: str, role: str = "forecaster") -> Source:
    (folder / "own.py").write_text(FILE)
    settings = folder / "bot.toml"
    settings.write_text(
        f'role = "{role}"\nname = "x"\nrpc = "http://127.0.0.1:1"\nmanifest = "m.json"\nstate = "s.sqlite"\n'
        f'[source]\nkind = "{kind}"\n'
    )
    return make_source(read_config(settings))


def test_a_reading_is_asked_for_until_there_is_one_and_then_kept(tmp_path: Path) -> None:
    own = source(tmp_path, "own.py:Own")
    assert own.reading(TOPIC) is None
    found = own.reading(TOPIC)
    assert found == {"topic": TOPIC}
    assert own.reading(TOPIC) is found


def test_a_reading_that_fails_is_none_and_an_outcome_that_fails_is_no_outcome(tmp_path: Path) -> None:
    own = source(tmp_path, "own.py:Own", "resolver")
    assert own.reading(OTHER) is None
    assert own.outcome(TOPIC) == 1
    with pytest.raises(SourceError, match="the source failed: TimeoutError: away"):  # not None, which would void
        own.outcome(OTHER)


@pytest.mark.parametrize(
    ("kind", "role", "said"),
    [
        ("weather", "forecaster", 'accepted: "rain", "none", or "file.py:Class"'),
        ("none.py:Own", "forecaster", "there is no Python file"),
        ("own.py:Nobody", "forecaster", "there is no class 'Nobody'"),
        ("own.py:Greedy", "forecaster", "missing 1 required positional argument"),
        ("own.py:Readings", "resolver", "own.py:Readings has no outcome(topic)"),
    ],
)
def test_a_source_that_cannot_be_is_told(kind: str, role: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(BotConfigError) as error:
        source(tmp_path, kind, role)
    assert said in str(error.value)
