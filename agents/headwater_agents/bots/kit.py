"""What every role works with: an account on a deployment, its file, its view of the series, its log and vitals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from headwater.chain import Account, Contract
from headwater.chain.participant import Participant
from headwater.chain.system import Announcement, SeriesParams, System
from headwater_agents.bots.clock import ChainClock
from headwater_agents.bots.config import BotConfig
from headwater_agents.bots.logs import Log
from headwater_agents.bots.vitals import Vitals
from headwater_agents.bots.watch import Asked, SeriesWatch
from headwater_agents.durable.database import Database
from headwater_agents.durable.journal import Journal
from headwater_agents.durable.outbox import OutboxBackend
from headwater_agents.policies import Action, Announce, Phase, Question, Supplier
from headwater_agents.runner.executor import Executor, Versions


@dataclass(kw_only=True, slots=True)
class Kit:
    """Everything a role needs, opened. `versions` holds announcements known so far; `born` is the deployment's block.

    `safe` is set when somebody else sends with the key: no new promises then, those made are kept.
    `draining` is set to open no more questions.
    """

    config: BotConfig
    account: Account
    database: Database
    backend: OutboxBackend
    system: System
    me: Participant
    journal: Journal
    versions: Versions
    executor: Executor
    watch: SeriesWatch
    clock: ChainClock
    params: SeriesParams
    log: Log
    vitals: Vitals
    born: int
    safe: bool = False
    draining: bool = False
    _standing: Announcement | None = field(default=None)

    @property
    def address(self) -> str:
        """The bot's address."""
        return self.account.address

    def do(self, actions: Iterable[Action], *, until: int | None = None) -> None:
        """Carry actions out one by one, and say so. `until`: chain time from which they are pointless."""
        for action in actions:
            kind = type(action).__name__.lower()
            with self.backend.until(until, kind):
                self.executor.execute([action])
            self.vitals.actions.labels(kind).inc()
            self.log.info(kind, **_told(action))

    def allow(self, spender: Contract, least: int) -> None:
        """Let a contract take tokens, unless it may take `least` wei already."""
        if int(self.system.token.call("allowance", self.address, spender.address)) < least:
            self.me.approve(spender.address)
            self.log.info("approve", spender=spender.name)

    def live(self, now: int) -> list[tuple[Asked, Phase]]:
        """Questions that are not over, with their phases, in order of opening."""
        found = ((asked, asked.phase(now)) for asked in self.watch.questions.values())
        return [(asked, phase) for asked, phase in found if phase is not None]

    def question(self, asked: Asked, phase: Phase, now: int, last_call_bps: int) -> Question:
        """A question as policies see it. The last `last_call_bps` of the commit window are the last call."""
        window = asked.times.commit_end - asked.times.commit_start
        return Question(
            id=asked.id,
            phase=phase,
            odds=asked.odds or (),
            p_min=self.params.p_min,
            capacity=asked.capacity,
            rent_bps=self.params.rent_bps,
            last_call=now >= asked.times.commit_end - window * last_call_bps // 10_000,
        )

    def standing(self) -> Announcement | None:
        """This account's newest announcement, None if it never made one."""
        version = self.system.latest(self.address)
        if version == 0:
            return None
        if self._standing is None or self._standing.version != version:
            self._standing = self.system.announcement(self.address, version)
            self.versions[self.address, version] = self._standing
        return self._standing

    def standing_action(self) -> Announce | None:
        """The same, as a policy sees it."""
        made = self.standing()
        if made is None:
            return None
        return Announce(leaves=made.leaves or (), keep_bps=made.terms.keep_bps, buffer=made.terms.buffer)

    def suppliers(self, addresses: Sequence[str]) -> tuple[Supplier, ...]:
        """Suppliers with their newest versions."""
        return tuple(Supplier(address=each, version=self.system.latest(each)) for each in addresses)


def _told(action: Action) -> dict[str, object]:
    """What of an action may be logged: neither salts nor unrevealed forecasts."""
    hidden = {"salt", "forecast", "leaves"}
    return {name: getattr(action, name) for name in action.__slots__ if name not in hidden}


class Role(Protocol):
    """What a bot does, over and over."""

    def tick(self, now: int) -> None:
        """Look, and do what there is to do. Raises HeadwaterError, after which it is called again."""
        ...
