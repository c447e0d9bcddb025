"""One agent's side of the exchange: what it says when, what it waits for, and which edges it keeps.

A round has three steps: tell one's estimate; judge the neighbours' and say which edges stand; tell one's degree, and
then mix. At step f of round t < R an agent waits until every neighbour has said what it says at step f of round
t − min(lag, ⌊t / 20⌋). It uses round t's word of those who have said it, else their last. In round R, which only
judges, it waits for round R's. With lag 0 this is the exchange in step, float for float, whatever was lost or late.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from headwater.values import Bounds, FormationConfig
from headwater.values.exchange import accepts_estimate, step
from headwater.values.norms import Floats
from headwater_agents.accord.errors import PacketError
from headwater_agents.accord.packet import DEGREE, ESTIMATE, KINDS, STANDS, Packet
from headwater_agents.accord.stream import Drop, Ending, Hearing, Stream

_RAMP: Final = 20
"""Rounds after which a round more of lag is allowed: early steps are long, and most edges fall early."""
_PLAUSIBLE: Final = 1e-6
"""How far an estimate's weights may sum from 1, and an entry lie outside its range: rounding, and more than that."""


class Edge:
    """A neighbour in the exchange."""

    def __init__(self) -> None:
        self.said, self.heard = Stream(), Hearing()
        self.drop: Drop | None = None
        self.judged: Floats = np.empty(0)
        """the estimate that was judged in this round, and is mixed over"""

    @property
    def stands(self) -> bool:
        """Whether this end has not dropped it."""
        return self.drop is None


class AgentExchange:
    """The exchange of one agent, in round `round` at step `phase`; `edges` by the neighbour's number, ascending.

    Args:
        own: (d,), its system.
        m: number of values.
        bounds: its own, capped by the threshold.
        size: its share of the largest size.
        neighbours: numbers.
        config: rounds and steps; its tolerance is not used, since no agent can see when all are at rest.
        lag: how many rounds behind a neighbour's word may be.
        leave_at: leave in that round, for a reason of its own; None for never.
    """

    def __init__(
        self,
        own: Floats,
        m: int,
        bounds: Bounds,
        size: float,
        neighbours: Iterable[int],
        config: FormationConfig,
        *,
        lag: int = 0,
        leave_at: int | None = None,
    ) -> None:
        self.own, self.estimate = own, own.copy()
        self.round, self.phase = 0, ESTIMATE
        self.leave_at = leave_at
        self.settled = self.left = False
        self.dropped = 0
        """edges gone so far"""
        self.edges = {number: Edge() for number in sorted(neighbours)}
        self._m, self._bounds, self._size, self._config, self._lag = m, bounds, size, config, lag
        self._degree = len(self.edges)
        self._tell(self.estimate)

    # What others say

    def hear(self, number: int, packet: Packet) -> bool:
        """Take a neighbour's packet; says whether it brought any news.

        Raises:
            PacketError: an estimate that is no value system; nothing of the packet is taken.
        """
        for element in packet.elements:
            if isinstance(element, np.ndarray) and not self._plausible(element):
                raise PacketError("an estimate is no value system")
        if packet.end not in (0, *Ending):
            raise PacketError("a stream ends for one of three reasons")
        edge = self.edges[number]
        news = edge.said.heard(packet.ack)
        # An honest neighbour is at most lag + 1 rounds ahead.
        return edge.heard.take(packet, KINDS * (self.round + self._lag + 2)) or news

    # What follows

    def advance(self) -> bool:
        """Go on as far as what was heard allows; says whether it went on at all."""
        went = False
        while not (self.settled or self.left) and self._may_pass():
            (self._judge, self._count, self._mix)[self.phase]()
            went = True
        return went

    @property
    def over(self) -> bool:
        """Whether its own part is done."""
        return self.settled or self.left

    @property
    def standing(self) -> list[int]:
        """Neighbours whose edges stand."""
        return [number for number, edge in self.edges.items() if edge.stands]

    def waits_for(self) -> list[int]:
        """Neighbours who have not said yet what it needs to go on."""
        if self.over:
            return []
        need = self._need()
        return [
            number
            for number, edge in self.edges.items()
            if edge.stands and not edge.heard.has(need) and edge.heard.ended_by(need) is None
        ]

    def give_up(self, number: int) -> None:
        """Take a neighbour as gone, from this step on."""
        self._drop(self.edges[number], Ending.SILENT, by_me=True)

    # The steps

    def _need(self) -> int:
        behind = 0 if self.round == self._config.rounds else min(self._lag, self.round // _RAMP)
        return KINDS * (self.round - behind) + self.phase

    def _may_pass(self) -> bool:
        for edge in self.edges.values():
            ending = edge.heard.ended_by(KINDS * self.round + self.phase)
            if edge.stands and ending is not None:
                self._drop(edge, ending, by_me=False)
        return not self.waits_for()

    def _judge(self) -> None:
        t = self.round
        if self.leave_at is not None and t >= self.leave_at:
            for edge in self.edges.values():
                if edge.stands:
                    self._drop(edge, Ending.LEFT, by_me=True)
            self.left = True
            return
        for edge in self.edges.values():
            if edge.stands:
                edge.judged = edge.heard.estimate(t)
                if not accepts_estimate(self._bounds, self.own, edge.judged, self._m):
                    self._drop(edge, Ending.REFUSED, by_me=True)
        self._tell(None)
        self.phase = STANDS

    def _count(self) -> None:
        if self.round == self._config.rounds:
            self.settled = True
            if not self.standing:
                self.estimate = self.own.copy()  # left alone, it returns to what it declared
            return
        self._degree = len(self.standing)
        self._tell(self._degree)
        self.phase = DEGREE

    def _mix(self) -> None:
        t, config = self.round, self._config
        heard, weights = [], []
        for edge in self.edges.values():
            if edge.stands:
                heard.append(edge.judged)
                weights.append(1.0 / (1.0 + max(self._degree, edge.heard.degree(t))))
        self.estimate = step(
            self.own,
            self.estimate,
            np.array(heard).reshape(-1, len(self.own)),
            np.array(weights),
            config.alpha(t),
            self._m,
            size=self._size,
            utility=config.utility,
        )
        self.round, self.phase = t + 1, ESTIMATE
        for edge in self.edges.values():
            edge.heard.forget(self.round)
        self._tell(self.estimate)

    def _tell(self, element: Floats | int | None) -> None:
        for edge in self.edges.values():
            if edge.stands:
                edge.said.say(element)

    def _drop(self, edge: Edge, reason: Ending, *, by_me: bool) -> None:
        counted = self.phase == DEGREE  # in this round's degree already
        edge.drop = Drop(degree=self.round + counted, mix=self.round, reason=reason, by_me=by_me)
        edge.said.finish(reason)
        self.dropped += 1

    def _plausible(self, estimate: Floats) -> bool:
        weights, judgements = estimate[: self._m], estimate[self._m :]
        return (
            bool((weights >= -_PLAUSIBLE).all())
            and abs(float(weights.sum()) - 1.0) <= _PLAUSIBLE
            and bool((np.abs(judgements) <= 1 + _PLAUSIBLE).all())
        )
