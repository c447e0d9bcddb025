"""One agent's side of signing: records that members pass on to each other until everybody holds the same ones.

Every agent declares its system and the neighbours it kept. Those whom it reaches over edges that both ends declare are
its component; once each has declared, they are a view. Everybody in a view works out the same agreement from the same
declarations, and answers: an acceptance, or a refusal if the agreement breaks its own bounds. When all have answered
and nobody refused, it is signed. Otherwise they part as in memory (`terms.sides`), and the components of each side are
views anew. So what an agent signs follows from the records alone, in whatever order they came.

For who owes a record and is h edges away one waits patience · (h + 1), and then drops the neighbours through which it
is reached, by a new version of one's declaration. Whoever is nearer to it will have done so before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from headwater_agents.accord.identity import Identity
from headwater_agents.accord.network import Network
from headwater_agents.accord.record import Answer, Declaration, Record, receipt_of, view_of, write
from headwater_agents.accord.terms import Proposal, sides

MAX_AUTHORS: Final = 4_096
MAX_ANSWERS: Final = 256
"""Answers of one author; an honest one gives one a view, and views are as many as refusals and losses."""


class Status(StrEnum):
    """How it stands with an agent."""

    WAITING = "waiting"
    SIGNED = "signed"
    ALONE = "alone"


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What an agent ends with: a proposal, and the acceptances of its members in their order (none if it is alone)."""

    status: Status
    proposal: Proposal | None = None
    acceptances: tuple[Answer, ...] = ()


@dataclass(slots=True, eq=False)
class _Wait:
    """For whom, since when, at how much news, and when to look at it again."""

    missing: frozenset[bytes] = frozenset()
    since: float = 0.0
    news: int = -1
    look_at: float = 0.0


class Signing:
    """The records that an agent holds, and what follows from them.

    Args:
        identity: its key.
        run: the run's number, 8 bytes.
        declaration: its own, version 1, of which the neighbours are set by `begin`.
        consider: makes the proposal of a view's declarations.
        answer: the agent's word on a proposal that it is a member of: an acceptance (bytes, may be empty), or None.
        patience: seconds that a neighbour may owe a record.
    """

    def __init__(
        self,
        identity: Identity,
        run: bytes,
        declaration: Declaration,
        consider: Callable[[Sequence[Declaration]], Proposal],
        answer: Callable[[Proposal], bytes | None],
        patience: float,
    ) -> None:
        self.me = identity.address
        self.records: dict[bytes, bytes] = {}
        """everything to be passed on, by receipt"""
        self._identity, self._run, self._own = identity, run, declaration
        self._consider, self._answer, self._patience = consider, answer, patience
        self._network = Network()
        self._answers: dict[bytes, dict[bytes, Answer]] = {}
        self._given: dict[bytes, int] = {}
        self._proposals: dict[bytes, Proposal] = {}
        self._wait = _Wait()
        self._news = 0
        self._started = False
        self.outcome = Outcome(Status.WAITING)

    @property
    def started(self) -> bool:
        """Whether it has declared its neighbours."""
        return self._started

    @property
    def kept(self) -> tuple[bytes, ...]:
        """Neighbours in its latest declaration."""
        return self._own.neighbours

    @property
    def signed(self) -> Outcome | None:
        """The outcome, once there is one."""
        return None if self.outcome.status is Status.WAITING else self.outcome

    def begin(self, neighbours: Sequence[bytes], now: float) -> None:
        """Declare the neighbours whose edges stand."""
        self._started = True
        self._declare(neighbours)
        self._follow(now)

    def take(self, record: Record, raw: bytes, now: float) -> bool:
        """Take a record that was read; says whether it is kept, and so passed on."""
        if not self._keep(record):
            return False
        self.records[receipt_of(raw)] = raw
        self._news += 1
        if self._started:
            self._follow(now)
        return True

    def tick(self, now: float) -> None:
        """Drop the neighbours through which somebody owes a record for too long."""
        if not self._started or self.signed is not None or now < self._wait.look_at:
            return
        waited = now - self._wait.since
        ways = self._network.ways(self.me)
        blamed: set[bytes] = set()
        for owing in self._wait.missing & ways.keys():
            distance, through = ways[owing]
            if waited >= self._patience * (distance + 1):
                blamed |= through
        self._wait.look_at += self._patience
        if blamed:
            self._declare([each for each in self._own.neighbours if each not in blamed])
            self._follow(now)

    def due(self) -> float | None:
        """When `tick` has something to do, if nothing comes."""
        return self._wait.look_at if self._started and self.signed is None else None

    def depart(self) -> None:
        """Leave: declare no neighbours any more."""
        if self._started and self._own.neighbours:
            self._declare(())

    # What follows from the records

    def _follow(self, now: float) -> None:
        while True:
            if (signed := self._certificate()) is not None:
                self.outcome = signed
                return
            if not self._walk(now):
                return

    def _walk(self, now: float) -> bool:
        """Go from the component by refusals to the view that is open; says whether it answered one on the way."""
        component, missing = self._network.component(self.me)
        if missing:
            return self._await(frozenset(missing), now)
        while True:
            members = sorted((self._network.latest[each] for each in component), key=lambda each: each.order)
            view = view_of(self._run, members)
            if view not in self._proposals:
                self._proposals[view] = self._consider(members)
            given = self._answers.setdefault(view, {})
            if self.me not in given:
                acceptance = self._answer(self._proposals[view])
                self._publish(
                    Answer(author=self.me, view=view, accepts=acceptance is not None, acceptance=acceptance or b"")
                )
                return True
            if owing := frozenset(component) - given.keys():
                return self._await(owing, now)
            # Somebody refused, or there would be a certificate.
            side = sides(self._proposals[view], [given[each.author].accepts for each in members])
            component = self._network.reach(self.me, next(each for each in side if self.me in each))

    def _certificate(self) -> Outcome | None:
        """The signed agreement of the most members that it is one of."""
        best: Outcome | None = None
        for view, proposal in self._proposals.items():
            given = self._answers.get(view, {})
            answers = [given.get(member.author) for member in proposal.members]
            complete = tuple(each for each in answers if each is not None and each.accepts)
            if len(complete) < len(answers):
                continue
            if best is None or best.proposal is None or len(best.proposal.members) < len(answers):
                status = Status.SIGNED if len(answers) > 1 else Status.ALONE
                best = Outcome(status, proposal, complete)
        return best

    def _await(self, missing: frozenset[bytes], now: float) -> bool:
        if missing != self._wait.missing or self._news != self._wait.news:
            self._wait = _Wait(missing, now, self._news, now + 2 * self._patience)
        return False

    # Records

    def _declare(self, neighbours: Sequence[bytes]) -> None:
        own = self._own
        version = own.version + 1 if self.me in self._network.latest else own.version
        self._own = Declaration(
            author=own.author,
            number=own.number,
            version=version,
            size=own.size,
            m=own.m,
            vector=own.vector,
            neighbours=tuple(sorted(neighbours)),
        )
        self._publish(self._own)

    def _publish(self, record: Record) -> None:
        raw = write(record, self._run, self._identity)
        self._keep(record)
        self.records[receipt_of(raw)] = raw
        self._news += 1

    def _keep(self, record: Record) -> bool:
        if isinstance(record, Declaration):
            if record.author not in self._network.latest and len(self._network.latest) >= MAX_AUTHORS:
                return False
            return self._network.take(record)
        given = self._answers.setdefault(record.view, {})
        if (before := given.get(record.author)) is not None:
            if before.accepts != record.accepts:
                self._network.fork(record.author)
                return True  # the evidence is passed on
            return False
        if self._given.get(record.author, 0) >= MAX_ANSWERS:
            return False
        self._given[record.author] = self._given.get(record.author, 0) + 1
        given[record.author] = record
        return True
