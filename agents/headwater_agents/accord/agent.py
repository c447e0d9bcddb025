"""An agent without input or output: packets and the time go in, packets come out. Sockets and simulations drive it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from headwater_agents.accord.brief import Brief
from headwater_agents.accord.errors import PacketError
from headwater_agents.accord.exchange import AgentExchange
from headwater_agents.accord.identity import Identity
from headwater_agents.accord.link import Link
from headwater_agents.accord.record import Declaration, read, receipt_of
from headwater_agents.accord.report import Counts, Report
from headwater_agents.accord.signing import Signing, Status
from headwater_agents.accord.stream import Ending
from headwater_agents.accord.terms import Proposal, Signer, accepts, no_words, propose

_LATE_S: Final = 0.1
"""An agent that wakes later than this after the time it had set was kept from running, and blames nobody for that."""
MAX_DEPTH: Final = 8


class Agent:
    """One agent of a run. Times are seconds of any clock that never goes back.

    Args:
        brief: what it is told.
        signer: makes its acceptances.
        now: the time.
    """

    def __init__(self, brief: Brief, signer: Signer = no_words, now: float = 0.0) -> None:
        rules = brief.rules
        self.brief = brief
        self.identity = Identity(brief.secret)
        self.counts = Counts()
        self._bounds = brief.bounds.capped(rules.formation.threshold)
        self._own, self._m = brief.vector, brief.system.m
        self._signer = signer
        self._lost_time, self._planned = 0.0, now
        self._beat = rules.patience / 20
        self._quiet = rules.patience / 6
        self._depth = 0
        self._over_since: float | None = None
        self._disturbed_at = self._repeat_at = now
        self.exchange = AgentExchange(
            self._own,
            self._m,
            self._bounds,
            brief.size / brief.largest,
            [each.number for each in brief.neighbours],
            rules.formation,
            lag=rules.lag,
            leave_at=brief.leave_at,
        )
        self.links = {
            each.number: Link(self.identity, brief.run, each.public, len(self._own), now) for each in brief.neighbours
        }
        self._numbers = {link.address: number for number, link in self.links.items()}
        self.signing = Signing(
            self.identity,
            brief.run,
            Declaration(
                author=self.identity.address,
                number=brief.number,
                version=1,
                size=brief.size,
                m=self._m,
                vector=self._own,
                neighbours=(),
            ),
            self._consider,
            self._answer,
            rules.patience,
        )
        self._departed = False

    # Driven by whoever holds the socket

    def receive(self, number: int, data: bytes, now: float) -> None:
        """Take a datagram that came from that neighbour's address. Junk is counted and changes nothing."""
        time = self._time(now)
        link, counts = self.links[number], self.counts
        counts.received += 1
        try:
            packet = link.read(data)
            news = self.exchange.hear(number, packet)
        except PacketError:
            counts.junk += 1
            return
        link.hear(packet, time)
        if packet.want:
            self._disturbed_at = time
        if packet.depth != link.depth or packet.done != link.done:
            link.depth, link.done, news = packet.depth, packet.done, True
        news |= link.confirmed(packet.receipts, self.signing.records)
        for raw in packet.records:
            news |= self._take(link, raw, time)
        if news:
            link.news_at, link.pause = time, 0.0

    def poll(self, now: float) -> list[tuple[int, bytes]]:
        """Go on as far as possible; what to send, as pairs (neighbour, datagram)."""
        time = self._time(now)
        self._blame(time)
        if self.exchange.advance():
            for link in self.links.values():
                link.speak = True
        if self.exchange.settled and not self.signing.started:
            self.signing.begin([self.links[number].address for number in self.exchange.standing], time)
        held = len(self.signing.records)
        self.signing.tick(time)
        if len(self.signing.records) > held:
            for link in self.links.values():
                link.speak = True
        if self._over_since is None and (self.gone or self.signing.signed is not None):
            self._over_since = self._disturbed_at = time
            for link in self.links.values():
                link.speak = True
        elif self._over_since is not None and time >= self._repeat_at:
            self._repeat_at = time + self._quiet / 4
            for link in self.links.values():
                link.speak = True  # so that everybody hears of it even if the first packets are lost
        sent = self._speak(time)
        self._planned = self._due(now)
        return sent

    @property
    def due(self) -> float:
        """When to poll again at the latest."""
        return self._planned

    def _due(self, now: float) -> float:
        time = now - self._lost_time
        times = [link.due for number, link in self.links.items() if self._needs(number, link)]
        signing = self.signing.due()
        if signing is not None:
            times.append(signing)
        if self._over_since is not None:
            times.append(time + self._quiet / 4)
        return max(time, min(times, default=time + self._beat)) + self._lost_time

    def leave(self) -> None:
        """Leave as soon as the others can be told where exactly."""
        if not self.exchange.settled:
            self.exchange.leave_at = self.exchange.round
        elif self.signing.signed is None:
            self._departed = True
            self.signing.depart()

    @property
    def gone(self) -> bool:
        """Whether it left."""
        return self.exchange.left or self._departed

    @property
    def finished(self) -> bool:
        """Whether nobody needs it any more, as far as it can know; its process may end."""
        if self._over_since is None:
            return False
        time = self._planned - self._lost_time
        if time - max(self._over_since, self._last_news()) > 2 * self.brief.rules.patience:
            return True
        heard_of = time - self.brief.rules.patience
        return time - self._disturbed_at > self._quiet and not any(
            self._needs(number, link)
            for number, link in self.links.items()
            if max(link.heard_at, self._over_since) > heard_of
        )

    def report(self) -> Report:
        """How it stands."""
        return Report.of(self)

    # What it takes and says

    def _take(self, link: Link, raw: bytes, time: float) -> bool:
        receipt = receipt_of(raw)
        if receipt in self.signing.records:
            link.owe(receipt)
            return False
        try:
            record = read(raw, self.brief.run, self._m, len(self._own))
        except PacketError:
            self.counts.junk += 1
            return False
        link.owe(receipt)
        taken = self.signing.take(record, raw, time)
        if taken:
            for each in self.links.values():
                each.speak = True
        return taken

    def _speak(self, time: float) -> list[tuple[int, bytes]]:
        waited = set(self.exchange.waits_for())
        depths = [self.links[number].depth for number in waited]
        self._depth = min(MAX_DEPTH, 1 + max(depths)) if depths else 0
        sent: list[tuple[int, bytes]] = []
        for number, link in self.links.items():
            edge = self.exchange.edges[number]
            want = False
            if not (link.asked or link.thanks or (link.speak and self._has_news(number))):
                if time < link.due or not self._needs(number, link):
                    continue
                want = True
                link.pause = min(self._beat, 2 * link.pause) if link.pause else link.resend
                self.counts.again += 1
            records = self.signing.records if edge.stands else {}
            for data in link.packets(
                edge.said,
                edge.heard.ack,
                records,
                time,
                want=want,
                done=self.signing.signed is not None,
                depth=self._depth,
            ):
                sent.append((number, data))
                self.counts.sent += 1
                self.counts.bytes += len(data)
            link.speak = link.asked = False
            link.due = time + max(link.pause, min(link.resend, self._beat))
        return sent

    def _has_news(self, number: int) -> bool:
        edge, link = self.exchange.edges[number], self.links[number]
        return (
            edge.said.pending
            or (edge.stands and link.lacks(self.signing.records))
            or (edge.stands and self.signing.signed is not None)
        )

    def _needs(self, number: int, link: Link) -> bool:
        """Whether it has to go on speaking to a neighbour, or listening to it."""
        edge = self.exchange.edges[number]
        if edge.heard.ending is not None or (edge.drop is not None and edge.drop.reason is Ending.SILENT):
            return False  # it has gone, or seems to have; should it ask, it is told
        if edge.said.pending:
            return True
        if not edge.stands:
            return False
        if not self.exchange.over:
            return edge.heard.position <= self.exchange.round * 3 + self.exchange.phase
        return link.address in self.signing.kept and not link.done

    # Time and patience

    def _time(self, now: float) -> float:
        late = now - self._planned
        if late > _LATE_S:
            self._lost_time += late
            self._planned = now
        return now - self._lost_time

    def _blame(self, time: float) -> None:
        patience = self.brief.rules.patience
        waited = set(self.exchange.waits_for())
        for number, link in self.links.items():
            if number not in waited:
                link.waited_since = None
                continue
            if link.waited_since is None:
                link.waited_since = time
            silent = time - max(link.heard_at, link.waited_since) > patience
            idle = time - max(link.news_at, link.waited_since) > patience * (1 + min(link.depth, MAX_DEPTH))
            if silent or idle:
                self.exchange.give_up(number)
                link.speak = True

    def _last_news(self) -> float:
        return max((link.news_at for link in self.links.values()), default=0.0)

    # Agreements

    def _consider(self, members: Sequence[Declaration]) -> Proposal:
        return propose(members, self.brief.rules.formation.utility)

    def _answer(self, proposal: Proposal) -> bytes | None:
        if not accepts(self._bounds, self._own, proposal.vector, self._m):
            return None
        return self._signer(proposal)


def number_of(run: str) -> bytes:
    """8 bytes for a run's name."""
    return hashlib.sha256(run.encode()).digest()[:8]


__all__ = ["MAX_DEPTH", "Agent", "Status", "number_of"]
