"""One bot's life: look, act, wait, until it is told to stop. Whatever goes wrong on the way, it looks again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from headwater.chain import ConnectionFailed
from headwater_agents.bots.config import BotConfigError
from headwater_agents.bots.kit import Kit, Role
from headwater_agents.durable.outbox import DeadlinePassed, KeyInUse

_WORST_WAIT_S: Final = 3.0  # a question's windows may be seconds long


class Process:
    """Runs a role on a kit. `set_up` makes the role, at the first look that goes through; `stop` ends it."""

    def __init__(self, kit: Kit, set_up: Callable[[], Role], stop: threading.Event) -> None:
        self._kit, self._set_up, self._stop = kit, set_up, stop
        self._role: Role | None = None
        self._failures = 0

    def run(self) -> None:
        """Look until stopped."""
        while not self._stop.is_set():
            began = time.monotonic()
            self.step()
            self._stop.wait(max(0.0, self._wait() - (time.monotonic() - began)))

    def check(self) -> None:
        """Recover, set up, and nothing else. Raises what stands in the way."""
        self._recover()
        self._set_up()

    def step(self) -> bool:
        """One look; whether it went through. Only settings that cannot work raise, BotConfigError."""
        kit = self._kit
        try:
            self._look()
        except BotConfigError:
            raise
        except DeadlinePassed as late:
            kit.log.warning("too_late", why=str(late))
        except KeyInUse as foreign:
            self._failed(foreign)
            self._be_safe(str(foreign))
        except Exception as error:
            # An author's policy or source too: it must not take down the bot, and with it what stands unrevealed.
            self._failed(error)
        else:
            if self._failures:
                kit.log.info("well_again", failures=self._failures)
            self._failures = 0
            kit.vitals.looked()
            return True
        return False

    def _look(self) -> None:
        kit = self._kit
        self._recover()
        # The head after that: whatever of this bot's is mined is in it, so nothing is decided twice.
        head = kit.backend.inner.head()
        kit.clock.see(head.number, head.timestamp)
        if kit.watch.refresh(head.number):
            kit.log.warning("reorganised", block=head.number)
        kit.vitals.block.set(head.number)
        kit.vitals.questions.set(len(kit.watch.questions))
        if (skew := kit.clock.skew) is not None:
            kit.vitals.skew.set(skew)
        if self._role is None:
            self._role = self._set_up()
        self._role.tick(kit.clock.now())

    def _recover(self) -> None:
        recovery = self._kit.backend.recover()
        for entry in recovery.ended:
            self._kit.log.info("recovered", what=entry.label, state=str(entry.state), nonce=entry.nonce)
        if recovery.key_in_use:
            self._be_safe("transactions of this account that are not in its file")

    def _be_safe(self, why: str) -> None:
        if not self._kit.safe:
            self._kit.safe = True
            self._kit.log.error("key_in_use", why=why, what="no new wagers; what stands is still revealed")

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        self._kit.vitals.failed(error)
        again = isinstance(error, ConnectionFailed) and self._failures > 1
        say = self._kit.log.debug if again else self._kit.log.warning
        say("failed", kind=type(error).__name__, why=str(error), times=self._failures)

    def _wait(self) -> float:
        """Seconds between looks: longer while they keep failing."""
        if self._failures == 0:
            return self._kit.config.poll
        return float(min(_WORST_WAIT_S, self._kit.config.poll * 2 ** min(self._failures - 1, 8)))
