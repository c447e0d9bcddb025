"""What an agent keeps about the packets to and from one neighbour: codes, receipts and the time to speak again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headwater_agents.accord.identity import Identity, address_of
from headwater_agents.accord.packet import Packet, seal, unseal
from headwater_agents.accord.stream import Stream

_BUDGET: Final = 16_000
"""Bytes of records in a packet, so that it stays below MAX_PACKET with the longest window and one more record."""
_RECEIPTS: Final = 512
_MOST: Final = 8
"""Packets in a row to one neighbour."""
_FIRST_RESEND_S: Final = 0.03
_SOONEST_S: Final = 0.004
_LONGEST_S: Final = 1.0
_TICKS_A_SECOND: Final = 10_000
_TICKS: Final = 65_535


def _ticks(time: float) -> int:
    """A time on the clock of packets, never 0."""
    return 1 + int(time * _TICKS_A_SECOND) % _TICKS


class Link:
    """A neighbour, by packets.

    Attributes:
        address: its own.
        heard_at: when it was last heard, in the agent's time.
        news_at: when it last said anything new.
        waited_since: since when it is waited for; None if it is not.
        depth, done: as it last said.
        resend: seconds after which to say it again: twice the time that answers take, smoothed.
        due: when to say everything again that it may lack.
        speak: there is something new to say.
        asked: it asked for an answer.
    """

    def __init__(self, identity: Identity, run: bytes, public: bytes, d: int, now: float) -> None:
        self._out, self._in = identity.codes(run, public)
        self.address = address_of(public)
        self._run, self._d = run, d
        self._has: set[bytes] = set()
        self._sent: dict[bytes, float] = {}
        self._receipts: list[bytes] = []
        self.heard_at = self.news_at = now
        self.waited_since: float | None = None
        self.depth = 0
        self.done = False
        self.due = now
        self.pause = 0.0
        self.speak = True
        self.asked = False
        self.resend = _FIRST_RESEND_S
        self._echo = 0

    def read(self, data: bytes) -> Packet:
        """A packet that this neighbour made. Raises PacketError."""
        return unseal(data, self._run, self._in, self._d)

    def hear(self, packet: Packet, time: float) -> None:
        """Take in what a packet says of itself, at that time."""
        self.heard_at = time
        if packet.want:
            self.asked, self._echo = True, packet.clock
        if packet.echo:
            took = ((_ticks(time) - packet.echo) % _TICKS) / _TICKS_A_SECOND
            self.resend = min(_LONGEST_S, max(_SOONEST_S, 0.7 * self.resend + 0.3 * 2 * took))

    def owe(self, receipt: bytes) -> None:
        """Tell the neighbour that its record came; it need not be told that record itself."""
        self._has.add(receipt)
        if receipt not in self._receipts:
            self._receipts.append(receipt)

    def confirmed(self, receipts: tuple[bytes, ...], known: Mapping[bytes, bytes]) -> bool:
        """The neighbour has these records; says whether that is news."""
        news = [each for each in receipts if each in known and each not in self._has]
        self._has.update(news)
        return bool(news)

    def lacks(self, records: Mapping[bytes, bytes]) -> bool:
        """Whether the neighbour is not known to have all of them."""
        return any(receipt not in self._has for receipt in records)

    @property
    def thanks(self) -> bool:
        """Whether receipts wait to be told."""
        return bool(self._receipts)

    def packets(
        self, said: Stream, ack: int, records: Mapping[bytes, bytes], now: float, *, want: bool, done: bool, depth: int
    ) -> list[bytes]:
        """Datagrams that tell the neighbour everything it may lack; a record again only after a while."""
        first, elements, end = said.window()
        waiting = [
            receipt
            for receipt in records
            if receipt not in self._has and self._sent.get(receipt, -1e9) + self.resend <= now
        ]
        made: list[bytes] = []
        while not made or ((waiting or self._receipts) and len(made) < _MOST):
            taken: list[bytes] = []
            length = 0
            while waiting and length < _BUDGET:
                receipt = waiting.pop(0)
                taken.append(records[receipt])
                length += len(records[receipt])
                self._sent[receipt] = now
            told, self._receipts = self._receipts[:_RECEIPTS], self._receipts[_RECEIPTS:]
            packet = Packet(
                ack=ack,
                first=first,
                elements=elements,
                end=end,
                receipts=tuple(told),
                records=tuple(taken),
                want=want,
                done=done,
                depth=depth,
                clock=_ticks(now) if want else 0,
                echo=self._echo,
            )
            self._echo = 0
            made.append(seal(packet, self._run, self._out))
            elements, first, end = (), first + len(elements), 0
        return made
