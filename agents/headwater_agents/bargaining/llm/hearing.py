"""Words that go with offers: unsigned, binding nobody, and of whatever their sender pleases."""

from __future__ import annotations

from typing import Final

from headwater_agents.bargaining.events import Event, EventKind, Observe

MOST_WORDS: Final = 160
"""Most letters of somebody's words that another is shown."""

_SPOKEN: Final = (EventKind.OFFER, EventKind.COUNTER, EventKind.AGREE, EventKind.HALT)


class Board:
    """What everybody said last to whom. Give its `observe` to the engine; `then` is called with every event as well."""

    def __init__(self, then: Observe | None = None) -> None:
        self._then = then
        self._last: dict[tuple[int, int], tuple[int, str]] = {}

    def observe(self, event: Event) -> None:
        """Remember the words of an accepted message; a new stage begins in silence."""
        other = event.fields.get("other")
        if event.kind is EventKind.CHECKPOINT:
            self._last.clear()
        if event.kind in _SPOKEN and event.player is not None and isinstance(other, int):
            self._last[event.player, other] = (event.checkpoint, clean(str(event.fields.get("words", ""))))
        if self._then is not None:
            self._then(event)

    def heard(self, speaker: int, listener: int, checkpoint: int) -> str:
        """What a player last said to another in this stage; empty when nothing."""
        stage, words = self._last.get((speaker, listener), (-1, ""))
        return words if stage == checkpoint else ""


def clean(words: str) -> str:
    """Words in one line, with nothing in them that a terminal would obey, at most 160 letters."""
    seen = "".join(letter if letter.isprintable() else " " for letter in words[: 4 * MOST_WORDS])
    return " ".join(seen.split())[:MOST_WORDS]
