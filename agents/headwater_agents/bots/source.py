"""Where a bot's own knowledge comes from: readings of the world by question, outcomes, and what was learnt before."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from headwater.chain import HeadwaterError
from headwater_agents.bots.config import BotConfig, BotConfigError
from headwater_agents.policies import Forecast

_log: Final = logging.getLogger(__name__)


class Source(Protocol):
    """Knows something about questions, by their topic (32 bytes)."""

    def reading(self, topic: bytes) -> float | None:
        """The private raw input for a question; None if there is none."""
        ...

    def outcome(self, topic: bytes) -> int | None:
        """What happened; None if it is not known."""
        ...


class NoSource:
    """Knows nothing."""

    def reading(self, topic: bytes) -> float | None:
        """None."""
        return None

    def outcome(self, topic: bytes) -> int | None:
        """None."""
        return None


class RainSource:
    """The Innsbruck record. A topic is the index of a question's day among every third row, as a 256-bit integer."""

    def __init__(self, member: int) -> None:
        from headwater_agents.lab.rain import load_rain  # here, because it brings pandas with it

        self._days = load_rain().days
        self._member = member

    def reading(self, topic: bytes) -> float | None:
        """The member's forecast of the amount, mm."""
        day = int.from_bytes(topic, "big")
        return self._days[day].ensemble[self._member - 1] if day < len(self._days) else None

    def outcome(self, topic: bytes) -> int | None:
        """0 dry, 1 wet."""
        day = int.from_bytes(topic, "big")
        return self._days[day].outcome if day < len(self._days) else None


class SourceError(HeadwaterError):
    """A source of the author's own that failed to say what happened; it is asked again."""


class OwnSource:
    """A class of the author's, which may fail: a reading that fails is none, for what stands must still be revealed.

    A reading is asked for once; what is None may come later, and is asked for again.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._readings: dict[bytes, Any] = {}

    def reading(self, topic: bytes) -> Any:
        """What the author's class reads; models may take anything, the stock policies a float."""
        if topic not in self._readings:
            try:
                found = self._inner.reading(topic)
            except Exception as error:
                _log.warning("the source failed to read topic %s: %s: %s", topic.hex(), type(error).__name__, error)
                return None
            if found is None:
                return None
            self._readings[topic] = found
        return self._readings[topic]

    def outcome(self, topic: bytes) -> int | None:
        """What happened, None if nobody can know. Raises SourceError."""
        try:
            found: int | None = self._inner.outcome(topic)
        except Exception as error:
            raise SourceError(f"the source failed: {type(error).__name__}: {error}") from error
        return found


def make_source(config: BotConfig) -> Source:
    """The source a bot's settings name. Raises BotConfigError."""
    kind = config.source.kind
    if ":" not in kind:
        return RainSource(config.source.member) if kind == "rain" else NoSource()
    from headwater_agents.lab.mechanisms.base import LabError
    from headwater_agents.lab.own_file import class_from_file

    try:
        made = class_from_file(str(config.folder / kind))()
    except (LabError, TypeError) as error:
        raise BotConfigError(f"[source] kind: {error}") from error
    needed = "outcome" if config.role == "resolver" else "reading"
    if not callable(getattr(made, needed, None)):
        raise BotConfigError(f"[source] kind: {kind} has no {needed}(topic)")
    return OwnSource(made)


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """A question resolved before the series began: odds (WAD), outcome, own reading, signals (WAD) by agent id."""

    odds: Forecast
    outcome: int
    reading: float | None
    signals: dict[int, Forecast]

    def to_json(self) -> str:
        """One line."""
        return json.dumps(
            {
                "odds": list(self.odds),
                "outcome": self.outcome,
                "reading": self.reading,
                "signals": {str(agent): list(forecast) for agent, forecast in self.signals.items()},
            }
        )


def read_history(config: BotConfig) -> Iterator[Past]:
    """What the settings' history file holds, in order. Raises BotConfigError, naming file and line."""
    if not config.source.history:
        return
    path: Path = config.folder / config.source.history
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BotConfigError(f"[source] history: {path} cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        try:
            raw = json.loads(line)
            reading = raw.get("reading")
            yield Past(
                odds=tuple(int(value) for value in raw["odds"]),
                outcome=int(raw["outcome"]),
                reading=None if reading is None else float(reading),
                signals={
                    int(agent): tuple(int(value) for value in forecast)
                    for agent, forecast in raw.get("signals", {}).items()
                },
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BotConfigError(f"[source] history: line {number} of {path} is no past question: {error!r}") from error
