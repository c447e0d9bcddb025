"""What an engine tells while it plays, for whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """What happened."""

    CHECKPOINT = "checkpoint"
    """A stage begins: its players, the plan if there is one."""
    OFFER = "offer"
    COUNTER = "counter"
    AGREE = "agree"
    HALT = "halt"
    SILENCE = "silence"
    REFUSED = "refused"
    """A move that the negotiation did not take, with the reason; it changed nothing."""
    DEADLOCK = "deadlock"
    """The rounds are used up without an agreement."""
    ACTION = "action"
    ROLL = "roll"
    """Dice were rolled for what was just done."""
    BREACH = "breach"
    """An action other than the one its player had signed."""
    DIVISION = "division"
    """The team's earning is divided."""
    SETTLEMENT = "settlement"
    """A deal settles: what passes from payer to payee."""
    END = "end"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes:
        kind: what.
        checkpoint: number of the stage, from 0.
        player: whose doing it is; None for the engine's.
        text: in a line of words.
        fields: the same for a program, as JSON.
        state: the game's, for those who draw it; not part of the event's JSON.
    """

    kind: EventKind
    checkpoint: int
    player: int | None
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    state: Any = field(default=None, compare=False, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "kind": self.kind.value,
            "checkpoint": self.checkpoint,
            "player": self.player,
            "text": self.text,
            "fields": dict(self.fields),
        }


Observe = Callable[[Event], None]
