"""What a bot says: one line an event, JSON for machines or text for people, on standard error. Never a key."""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import IO, Any, Final

LEVELS: Final = ("debug", "info", "warning", "error")


class Log:
    """Writes events. `style` is "json" or "text"; what is below `level` is left out."""

    def __init__(self, bot: str, *, style: str = "json", level: str = "info", stream: IO[str] | None = None) -> None:
        self._bot, self._style = bot, style
        self._least = LEVELS.index(level)
        self._stream = stream
        self._guard = threading.Lock()

    def debug(self, event: str, **facts: Any) -> None:
        """Of use to whoever looks for a fault."""
        self._say("debug", event, facts)

    def info(self, event: str, **facts: Any) -> None:
        """Something was done."""
        self._say("info", event, facts)

    def warning(self, event: str, **facts: Any) -> None:
        """Something did not go as it should; the bot goes on."""
        self._say("warning", event, facts)

    def error(self, event: str, **facts: Any) -> None:
        """Somebody has to look."""
        self._say("error", event, facts)

    def _say(self, level: str, event: str, facts: dict[str, Any]) -> None:
        if LEVELS.index(level) < self._least:
            return
        now = time.time()
        if self._style == "json":
            line = json.dumps(
                {"time": round(now, 3), "level": level, "bot": self._bot, "event": event, **facts}, default=str
            )
        else:
            said = " ".join(f"{name}={' '.join(str(value).split())}" for name, value in facts.items())
            line = f"{time.strftime('%H:%M:%S', time.localtime(now))} {level:7} {self._bot}: {event} {said}".rstrip()
        with self._guard:
            stream = self._stream or sys.stderr
            stream.write(line + "\n")
            stream.flush()
