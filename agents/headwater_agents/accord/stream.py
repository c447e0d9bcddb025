"""The two streams of an edge as one end keeps them: what it told the neighbour and is not sure of, what it has heard.

Position p = 3t + f is step f of round t: the agent's estimate, that the edge stands, its degree. Elements come in order
and without gaps; a stream may end, for a reason, in place of any element.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from headwater.values.norms import Floats
from headwater_agents.accord.packet import DEGREE, KINDS, Element, Packet

GOES_ON: Final = 0


class Ending(IntEnum):
    """Why a stream ends."""

    REFUSED = 1
    """its author does not accept the neighbour's estimate"""
    LEFT = 2
    """its author leaves"""
    SILENT = 3
    """its author heard nothing new from the neighbour for too long"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """How an edge went, as one of its ends saw it.

    Attributes:
        degree: the first round in whose degree it does not count.
        mix: the first round in which it is not mixed over; the same or one less.
        reason: why.
        by_me: whether this end dropped it first, as far as it knows.
    """

    degree: int
    mix: int
    reason: Ending
    by_me: bool

    def to_json(self) -> list[int]:
        """As JSON has it."""
        return [self.degree, self.mix, int(self.reason), int(self.by_me)]

    @classmethod
    def from_json(cls, value: Sequence[int]) -> Drop:
        """From what `to_json` gives."""
        degree, mix, reason, by_me = value
        return cls(degree=degree, mix=mix, reason=Ending(reason), by_me=bool(by_me))


class Stream:
    """What one end of an edge says, and which of it the other has."""

    def __init__(self) -> None:
        self._kept: deque[Element] = deque()
        self._acked = 0
        self._end = GOES_ON
        self._heard_end = False

    @property
    def position(self) -> int:
        """Of the next element."""
        return self._acked + len(self._kept)

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._end != GOES_ON

    @property
    def pending(self) -> bool:
        """Whether the other end lacks any of it, as far as this one knows."""
        return bool(self._kept) or (self.over and not self._heard_end)

    def say(self, element: Element) -> None:
        """Add an element."""
        if not self.over:
            self._kept.append(element)

    def finish(self, reason: Ending) -> None:
        """End it here, once."""
        if not self.over:
            self._end = reason

    def heard(self, ack: int) -> bool:
        """The other end needs position `ack` next, or one more once it knows the end; says whether that is news."""
        if not self._acked <= ack <= self.position + self.over:
            return False  # an old packet, or a lie
        news = ack > self._acked
        if ack > self.position:
            self._heard_end, ack = True, self.position
            self._kept.clear()
        while self._acked < ack:
            if self._kept:
                self._kept.popleft()
            self._acked += 1
        return news

    def window(self) -> tuple[int, tuple[Element, ...], int]:
        """The first position that the other end may lack, what follows, and the reason of the end that follows it."""
        return self._acked, tuple(self._kept), int(self._end)


class Hearing:
    """What one end of an edge has heard from the other."""

    def __init__(self) -> None:
        self.position = 0
        """of what is needed next"""
        self.ending: Ending | None = None
        self._estimates: dict[int, Floats] = {}
        self._degrees: dict[int, int] = {}

    @property
    def ack(self) -> int:
        """What the other end is told."""
        return self.position + (self.ending is not None)

    def has(self, position: int) -> bool:
        """Whether that element is known."""
        return self.position > position

    def ended_by(self, position: int) -> Ending | None:
        """Why the stream ended, if it did at that position or before."""
        return self.ending if self.position <= position else None

    def take(self, packet: Packet, limit: int) -> bool:
        """Take what is new up to position `limit`, which no honest neighbour passes; says whether anything was."""
        if self.ending is not None or packet.first > self.position:
            return False
        news = False
        position = packet.first
        for element in packet.elements:
            if position > limit:
                return news
            if position == self.position:
                self._keep(position, element)
                self.position += 1
                news = True
            position += 1
        if packet.end and position == self.position:
            self.ending = Ending(packet.end)
            news = True
        return news

    def estimate(self, t: int) -> Floats:
        """The estimate of round t, or of the last known round before it."""
        return self._estimates[min(t, (self.position - 1) // KINDS)]

    def degree(self, t: int) -> int:
        """The degree in round t, or in the last known round before it."""
        return self._degrees[min(t, (self.position - 1 - DEGREE) // KINDS)]

    def forget(self, before: int) -> None:
        """Let go of rounds before that one, but of the last known."""
        for kept in (self._estimates, self._degrees):
            last = max(kept, default=0)
            for t in [t for t in kept if t < before and t != last]:
                del kept[t]

    def _keep(self, position: int, element: Element) -> None:
        t = position // KINDS
        if isinstance(element, int):
            self._degrees[t] = element
        elif element is not None:
            self._estimates[t] = element
