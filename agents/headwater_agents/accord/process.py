"""An agent as a process: a UDP socket on the loopback, a clock, and a line to whoever started it."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from headwater_agents.accord.agent import Agent
from headwater_agents.accord.brief import Brief
from headwater_agents.accord.faults import BadNetwork
from headwater_agents.accord.packet import MAX_PACKET
from headwater_agents.accord.stream import Ending
from headwater_agents.accord.terms import Signer, no_words

HOST: Final = "127.0.0.1"
BUFFER: Final = 1 << 20
_DRAIN: Final = 512
"""Datagrams taken in a row before it thinks about them."""
_TELLS: Final = 40
"""Times that it says in which round it is."""


def bound_socket() -> socket.socket:
    """A UDP socket on a free port of the loopback."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    made.setblocking(False)
    made.bind((HOST, 0))
    return made


class AgentProcess:
    """Runs one agent until nobody needs it any more.

    Args:
        brief: what it is told.
        sock: its own, bound already, so that neighbours may speak to it before it listens.
        tell: takes JSON values for whoever started it.
        lifeline: the reading end of a pipe that ends with them; the agent then ends, too.
        signer: makes its acceptances.
    """

    def __init__(
        self,
        brief: Brief,
        sock: socket.socket,
        tell: Callable[[dict[str, Any]], None],
        lifeline: int,
        signer: Signer = no_words,
    ) -> None:
        self._brief, self._socket, self._tell, self._lifeline = brief, sock, tell, lifeline
        self._agent = Agent(brief, signer, time.monotonic())
        self._network = BadNetwork(brief.rules.faults, brief.number)
        self._from = {(HOST, each.port): each.number for each in brief.neighbours}
        self._to = {each.number: (HOST, each.port) for each in brief.neighbours}
        self._round = -1
        self._told = -1
        self._every = max(1, brief.rules.formation.rounds // _TELLS)
        self._decided = False
        self._dropped = 0
        self._told_of: set[int] = set()

    def run(self) -> None:
        """Until the end. SIGTERM makes it leave as it should."""
        signal.signal(signal.SIGTERM, lambda *_: self._agent.leave())
        agent = self._agent
        waiter = select.poll()
        waiter.register(self._socket, select.POLLIN)
        waiter.register(self._lifeline, select.POLLIN)
        while not agent.finished:
            self._go_on()
            now = time.monotonic()
            out = self._network.due()
            wake = agent.due if out is None else min(agent.due, out)
            ready = waiter.poll(max(0.0, 1_000 * (wake - now)))
            if any(descriptor == self._lifeline for descriptor, _ in ready):
                return
            if ready:
                self._drain()
        agent.counts.lost = self._network.lost
        self._tell({"report": agent.report().to_json()})

    def _go_on(self) -> None:
        now = time.monotonic()
        sent = self._agent.poll(now)
        if self._agent.exchange.dropped != self._dropped:
            self._tell_drops()  # before anybody else can know of it, so that it is known even if this process is killed
        for to, data in sent:
            self._network.send(now, to, data)
        for to, data in self._network.out(now):
            with suppress(OSError):  # a full buffer loses packets, as networks do
                self._socket.sendto(data, self._to[to])
        reached = self._agent.exchange.round
        if reached > self._round:
            self._round = reached
            if self._brief.pause:
                time.sleep(self._brief.pause)
            if reached >= self._told + self._every or self._agent.exchange.over:
                self._told = reached
                self._tell({"agent": self._brief.number, "round": reached})
        if not self._decided and self._agent.signing.signed is not None:
            self._decided = True
            self._tell({"agent": self._brief.number, "status": str(self._agent.signing.outcome.status)})

    def _tell_drops(self) -> None:
        exchange = self._agent.exchange
        self._dropped = exchange.dropped
        for number, edge in exchange.edges.items():
            drop = edge.drop
            if drop is not None and drop.reason is not Ending.REFUSED and number not in self._told_of:
                self._told_of.add(number)
                self._tell({"agent": self._brief.number, "dropped": number, "how": drop.to_json()})

    def _drain(self) -> None:
        for _ in range(_DRAIN):
            try:
                data, source = self._socket.recvfrom(MAX_PACKET + 1)
            except BlockingIOError:
                return
            except OSError:
                continue
            number = self._from.get(source)
            if number is None:
                self._agent.counts.junk += 1  # no neighbour speaks from there
                continue
            self._agent.receive(number, data, time.monotonic())


def datagram_teller(sock: socket.socket) -> Callable[[dict[str, Any]], None]:
    """Says JSON values over a socket that keeps them apart."""

    def tell(value: dict[str, Any]) -> None:
        try:
            sock.send(json.dumps(value).encode())
        except OSError:
            os._exit(1)  # nobody is there to be told

    return tell
