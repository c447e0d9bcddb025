"""Follows the chain for the supervisor, in a thread of its own: questions, money, and whether all is done."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from headwater.chain import HeadwaterError
from headwater.chain.system import System
from headwater_agents.bots.clock import ChainClock
from headwater_agents.bots.watch import Asked, SeriesWatch
from headwater_agents.policies import Keeper, KeeperConfig
from headwater_agents.runner.keeping import keeper_view
from headwater_agents.swarm.folder import RunFolder
from headwater_agents.swarm.ledger import Account, Bookkeeper
from headwater_agents.swarm.parts import cast
from headwater_agents.swarm.staging import SERIES, open_stage

_REST_S: Final = 1.0
_STAKES_S: Final = 5.0


@dataclass(kw_only=True, slots=True)
class View:
    """The chain as of the last look. `phase` is the current question's; `over` counts questions that are settled.

    `emptied` says that a keeper would find nothing to do; it is looked at only once nothing is open.
    """

    block: int = 0
    asked: int = 0
    over: int = 0
    question: int = 0
    phase: str = "-"
    idle: bool = False
    emptied: bool = False
    accounts: dict[str, Account] = field(default_factory=dict)
    stakes: dict[str, int] = field(default_factory=dict)
    error: str = ""


class Lookout:
    """Looks once a second. `view` is replaced, never changed."""

    def __init__(self, folder: RunFolder, url: str) -> None:
        self._folder, self._url = folder, url
        self.view = View()
        self.finishing = False
        """Set once no more questions will come: the cascade is then looked at too."""
        self.skew = 0.0
        """Seconds this machine's clock is ahead of the chain's."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lookout", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except HeadwaterError as error:  # the node is away; or it is being killed, which is what this is about
                self.view.error = str(error)
                self._stop.wait(_REST_S)

    def _follow(self) -> None:
        settings = self._folder.settings
        stage = open_stage(self._folder, self._url)
        system = stage.system
        names = {part.account(settings.seed).address: part.name for part in cast(settings)}
        watch = SeriesWatch(system, SERIES)
        books, clock = Bookkeeper(system, names), ChainClock()
        following, stakes, looked = 0, dict[str, int](), 0.0
        try:
            while not self._stop.is_set():
                newest = stage.backend.head()
                head = newest.number
                clock.see(head, newest.timestamp)
                watch.refresh(head)
                if following <= head:
                    books.take(system.events(following, head))
                    following = head + 1
                if time.monotonic() - looked >= _STAKES_S:
                    stakes, looked = self._stakes(stage.system, names, watch), time.monotonic()
                now = clock.now()
                self.skew = clock.skew or 0.0
                asked = list(watch.questions.values())
                last = asked[-1] if asked else None
                done = [each for each in asked if each.over(now) and not each.unsettled(now)]
                idle = len(done) == len(asked)
                self.view = View(
                    block=head,
                    asked=len(asked),
                    over=len(done),
                    question=0 if last is None else last.id,
                    phase="-" if last is None else _phase(last, now),
                    idle=idle,
                    emptied=idle and self.finishing and self._emptied(system, watch),
                    accounts=dict(books.book.accounts),
                    stakes=stakes,
                )
                self._stop.wait(_REST_S)
        finally:
            stage.close()

    @staticmethod
    def _stakes(system: System, names: Mapping[str, str], watch: SeriesWatch) -> dict[str, int]:
        stakers = {who for asked in watch.questions.values() for who in asked.committed}
        return {names[who]: system.stake(who).bonded for who in stakers if who in names}

    @staticmethod
    def _emptied(system: System, watch: SeriesWatch) -> bool:
        made = system.announcements()
        stakers = {who for asked in watch.questions.values() for who in asked.committed}
        nodes = {each.node for each in made} | {leaf.child for each in made for leaf in each.leaves or ()}
        return not Keeper(KeeperConfig()).act(keeper_view(system, made, stakers, nodes=sorted(nodes)))


def _phase(asked: Asked, now: int) -> str:
    if asked.over(now):
        return "settling" if asked.unsettled(now) else "settled"
    if asked.odds is None:
        return "waiting for odds"
    if now < asked.times.commit_start:
        return "announced"
    phase = asked.phase(now)
    return "-" if phase is None else phase.name.lower()
