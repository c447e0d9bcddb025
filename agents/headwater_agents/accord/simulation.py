"""A run in simulated time and one process: the same agents, packets and faults, without sockets or waiting."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence

from headwater_agents.accord.agent import Agent
from headwater_agents.accord.brief import Brief
from headwater_agents.accord.errors import AccordError
from headwater_agents.accord.faults import BadNetwork
from headwater_agents.accord.report import Report
from headwater_agents.accord.terms import Signer, no_words

Tamper = Callable[[int, int, bytes], Sequence[bytes]]
"""What becomes of a datagram on its way from one agent to another."""


class Simulation:
    """A run whose clock goes from event to event; `now` is the time, `ended` when the last agent so far ended.

    Args:
        briefs: of all agents.
        signers: what makes each agent's acceptances; None for the signed answer alone.
        kills: agents that stop without a word, and when, in seconds.
        tamper: of the network.
        travel: seconds that a packet takes at least.
    """

    def __init__(
        self,
        briefs: Sequence[Brief],
        *,
        signers: Callable[[Brief], Signer] | None = None,
        kills: Mapping[int, float] | None = None,
        tamper: Tamper | None = None,
        travel: float = 0.001,
    ) -> None:
        self.now = self.ended = 0.0
        self.agents = {brief.number: Agent(brief, signers(brief) if signers else no_words) for brief in briefs}
        self.reports: dict[int, Report] = {}
        self.killed: dict[int, Report] = {}
        """how it stood with those who were killed, when they were"""
        self._networks = {brief.number: BadNetwork(brief.rules.faults, brief.number) for brief in briefs}
        self._pauses = {brief.number: brief.pause for brief in briefs}
        self._rounds = dict.fromkeys(self.agents, 0)
        self._wakes = dict.fromkeys(self.agents, 0.0)
        self._ready = dict.fromkeys(self.agents, 0.0)
        self._kills, self._tamper, self._travel = dict(kills or {}), tamper, travel
        self._events: list[tuple[float, int, int, int, bytes]] = []
        self._order = 0
        for number in self.agents:
            self._push(0.0, number, number, b"")

    def run(self, limit: float = 1_000.0) -> dict[int, Report]:
        """Play to the end; the reports of those who were not killed. Raises AccordError after `limit` seconds."""
        while self._events:
            self.now, _, number, sender, data = heapq.heappop(self._events)
            if self.now > limit:
                raise AccordError(f"after {limit:g} s {len(self.agents)} agents still wait")
            agent = self.agents.get(number)
            if agent is None:
                continue
            if self.now >= self._kills.get(number, float("inf")):
                self.killed[number] = agent.report()
                del self.agents[number]
                continue
            if self.now < self._ready[number]:  # it still works on its last round
                if sender == number:
                    self._wakes[number] = self._ready[number]
                self._push(self._ready[number], number, sender, data)
                continue
            if sender == number and self.now != self._wakes[number]:
                continue  # it has set another time since
            if sender != number:
                agent.receive(sender, data, self.now)
            self._poll(number, agent)
        return self.reports

    def _poll(self, number: int, agent: Agent) -> None:
        network = self._networks[number]
        for to, data in agent.poll(self.now):
            network.send(self.now, to, data)
        for to, data in network.out(self.now):
            for each in (data,) if self._tamper is None else self._tamper(number, to, data):
                self._push(self.now + self._travel, to, number, each)
        if agent.finished:
            self.reports[number], self.ended = agent.report(), self.now
            del self.agents[number]
            return
        if agent.exchange.round > self._rounds[number]:
            self._rounds[number] = agent.exchange.round
            self._ready[number] = self.now + self._pauses[number]
        out = network.due()
        wake = agent.due if out is None else min(agent.due, out)
        self._wakes[number] = max(wake, self.now + 1e-6)
        self._push(self._wakes[number], number, number, b"")

    def _push(self, at: float, number: int, sender: int, data: bytes) -> None:
        self._order += 1
        heapq.heappush(self._events, (at, self._order, number, sender, data))
