"""A bot's life: whatever a look runs into, the next one comes; only settings that cannot work end it."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from headwater.chain import ConnectionFailed, Reverted
from headwater_agents.bots.clock import ChainClock
from headwater_agents.bots.config import BotConfigError
from headwater_agents.bots.logs import Log
from headwater_agents.bots.process import Process
from headwater_agents.bots.vitals import Vitals
from headwater_agents.durable.database import StateError
from headwater_agents.durable.outbox import DeadlinePassed, KeyInUse


class Bot:
    """A process whose chain is one block that stands still, and whose role does what a test wants."""

    def __init__(self, *looks: Callable[[], None], key_in_use: bool = False) -> None:
        self.looks = list(looks)
        self.looked = 0
        self.said = io.StringIO()
        recovery = SimpleNamespace(ended=(), key_in_use=key_in_use)
        head = SimpleNamespace(number=7, timestamp=1_000)
        self.kit: Any = SimpleNamespace(
            backend=SimpleNamespace(recover=lambda: recovery, inner=SimpleNamespace(head=lambda: head)),
            clock=ChainClock(),
            watch=SimpleNamespace(refresh=lambda number: False, questions={}),
            vitals=Vitals("me", "forecaster"),
            log=Log("me", stream=self.said),
            config=SimpleNamespace(poll=0.001),
            safe=False,
        )
        self.stop = threading.Event()
        self.process = Process(self.kit, lambda: self, self.stop)  # type: ignore[arg-type,return-value]

    def tick(self, now: int) -> None:
        self.looked += 1
        if not self.looks:
            self.stop.set()
            return
        self.looks.pop(0)()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.said.getvalue().splitlines()]


def fails(error: BaseException) -> Callable[[], None]:
    def look() -> None:
        raise error

    return look


@pytest.mark.parametrize(
    "error",
    [
        ConnectionFailed("the node is away"),
        Reverted("arena: commits have ended"),
        StateError("the disk is full"),
        ZeroDivisionError("an author's policy"),
        KeyError("an author's policy"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_after_a_look_that_failed_comes_another(error: Exception) -> None:
    bot = Bot(fails(error), fails(error), lambda: None)
    bot.process.run()
    assert bot.looked == 4
    (first, *_) = [event for event in bot.events if event["event"] == "failed"]
    assert (first["kind"], first["level"]) == (type(error).__name__, "warning")
    assert bot.kit.vitals.health()[1]["trouble"] == ""


def test_what_came_too_late_is_said_and_is_no_failure() -> None:
    bot = Bot(fails(DeadlinePassed("commit cancelled")))
    bot.process.run()
    assert [event["event"] for event in bot.events] == ["too_late"]


@pytest.mark.parametrize("how", ["sending", "looking back"])
def test_a_key_that_is_used_elsewhere_makes_a_bot_safe_and_does_not_end_it(how: str) -> None:
    bot = Bot(fails(KeyInUse("a second copy"))) if how == "sending" else Bot(key_in_use=True)
    bot.process.run()
    assert bot.kit.safe
    assert [event["level"] for event in bot.events if event["event"] == "key_in_use"] == ["error"]


def test_settings_that_cannot_work_end_it() -> None:
    bot = Bot(fails(BotConfigError("[market] suppliers: agent 7 has no wallet")))
    with pytest.raises(BotConfigError):
        bot.process.run()
