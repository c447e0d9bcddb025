"""One life of a forecaster with one question: it wagers, and reveals, through an outbox and an executor."""

from __future__ import annotations

import secrets
from contextlib import closing
from pathlib import Path
from typing import Any

from harness import binary
from headwater.chain import Account, ChainError, connect
from headwater.chain.devnode import DevNodeBackend
from headwater.chain.participant import Participant, commitment
from headwater.chain.system import Addresses, System
from headwater.units import WAD
from headwater_agents.durable.database import Database
from headwater_agents.durable.journal import Journal
from headwater_agents.durable.outbox import Clock, KeyInUse, OutboxBackend, OutboxConfig
from headwater_agents.policies import Commit, Reveal
from headwater_agents.runner.executor import Executor
from outbox_rig import Script

REPORT = binary(0.8)
WAGER = 100 * WAD


class Forecaster:
    """Decides from the chain and its file, as the one that runs for weeks does; `safe` once its key is in use."""

    def __init__(self, about: dict[str, Any], account: Account, database: Database, **config: Any) -> None:
        node = connect(about["url"])
        assert isinstance(node, DevNodeBackend)
        self.node, self.question, self.safe = node, int(about["question"]), False
        clock: Clock = Script().clock()
        self.outbox = OutboxBackend(node, account, database, OutboxConfig(**config), clock)
        self.system = System(self.outbox, Addresses(**about["addresses"]))
        self.journal = Journal(database)
        self.me = Participant(self.system, account)
        self._executor = Executor(self.me, self.journal, {})

    def look(self) -> None:
        """Recover, look, act. Errors are for the next look."""
        try:
            self.safe |= self.outbox.recover().key_in_use
            times, now = self.system.question(self.question).times, self.node.now()
            standing = self.system.position(self.question, self.me.address)
            if now < times.commit_end and not standing.wager and not self.safe:
                self.commit()
            elif times.commit_end <= now < times.reveal_end and standing.wager and not standing.revealed:
                salt = self.salt()
                if salt is not None:
                    reveal = Reveal(question=self.question, forecast=REPORT, salt=salt)
                    with self.outbox.until(times.reveal_end, "reveal"):
                        self._executor.execute([reveal])
        except KeyInUse:
            self.safe = True
        except ChainError:
            pass

    def commit(self) -> None:
        """Wager, whatever may stand there. Raises what an outbox raises."""
        action = Commit(question=self.question, forecast=REPORT, wager=WAGER, salt=secrets.token_bytes(32))
        with self.outbox.until(self.system.question(self.question).times.commit_end, "commit"):
            self._executor.execute([action])

    def salt(self) -> bytes | None:
        """Of what stands on the chain, if it is in the file."""
        arena, who = self.system.arena, self.me.address
        events = [event for event in arena.events("Committed") if event["forecaster"] == who]
        for kept in self.journal.history(who, self.question):
            known = kept.position
            made = commitment(self.node.chain_id, arena.address, self.question, who, known.forecast, known.salt)
            if events and events[-1]["commitment"] == made:
                return known.salt
        return None


def live(about: dict[str, Any]) -> None:
    """A forecaster's looks at one question, from its commit window to its reveal."""
    account, folder = Account.derive(0, 2), Path(about["folder"])
    with closing(Database(folder / "bot.sqlite", {"address": account.address})) as database:
        bot = Forecaster(about, account, database)
        for _ in range(3):
            bot.look()
        end = bot.system.question(bot.question).times.commit_end
        if bot.node.now() < end:
            bot.node.time_travel(end)
            bot.node.mine()
        for _ in range(3):
            bot.look()
        bot.node.close()
