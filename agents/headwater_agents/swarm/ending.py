"""The end of a swarm: everything that can be checked, checked."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from headwater.chain.audit import Check, audit
from headwater.chain.participant import commitment
from headwater.chain.system import System
from headwater_agents.bots.watch import Asked, SeriesWatch
from headwater_agents.durable.journal import Journal
from headwater_agents.swarm.diary import longest_within, together, uptimes
from headwater_agents.swarm.files import entries
from headwater_agents.swarm.folder import RunFolder
from headwater_agents.swarm.ledger import Bookkeeper
from headwater_agents.swarm.parts import NODE, Part, cast
from headwater_agents.swarm.staging import SERIES, Stage, open_stage
from headwater_agents.swarm.summary import summarise
from headwater_agents.swarm.swarm import Swarm
from headwater_agents.swarm.trade_checks import trade_checks

ENOUGH_S: Final = 4.0
"""Seconds that bot and node must have been up together, in one go, within a reveal window for a missing reveal to be
the bot's fault: it looks twice a second, and what it sends waits up to a second for its block."""

_CHECK_S: Final = 90.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Forfeit:
    """A wager that was never revealed. `up` is the longest time bot and node were up together in its window, s."""

    question: int
    name: str
    wager: int
    window: int
    up: float

    @property
    def explained(self) -> bool:
        """Whether there was no time to reveal it."""
        return self.up < ENOUGH_S


def conclude(swarm: Swarm, tell: Callable[[str], None]) -> dict[str, Any]:
    """Audit, open every bot's file, start every bot once more; summary.json, and what it says."""
    folder = swarm.folder
    tell("auditing every wei")
    stage = open_stage(folder, swarm.rpc)
    try:
        watch = SeriesWatch(stage.system, SERIES)
        watch.refresh(stage.system.backend.block_number())
        events = stage.system.events()
        checks = audit(stage.system, emptied=True)
        checks += _questions(watch)
        forfeits = missing_reveals(swarm, watch)
        checks.append(
            Check(
                what="wagers lost for want of a reveal by a bot that was up (number)",
                expected=0,
                actual=sum(1 for each in forfeits if not each.explained),
            )
        )
        tell("opening every bot's file")
        for part in cast(folder.settings):
            if part.bot:
                checks += file_checks(folder, stage, watch, part)
        checks += trade_checks(folder, stage, events)
        books = Bookkeeper(
            stage.system, {part.account(folder.settings.seed).address: part.name for part in cast(folder.settings)}
        )
        books.take(events)
        worth = {
            part.name: _worth(stage.system, part.account(folder.settings.seed).address)
            for part in cast(folder.settings)
        }
        tell("starting every bot once more")
        checks += starts_again(swarm)
        summary = summarise(
            swarm,
            checks,
            books.book,
            worth,
            watch,
            [{**asdict(each), "explained": each.explained} for each in forfeits],
        )
    finally:
        stage.close()
    return summary


def _questions(watch: SeriesWatch) -> list[Check]:
    asked = list(watch.questions.values())
    return [
        Check(
            what="questions that are over (number)",
            expected=len(asked),
            actual=sum(1 for each in asked if each.over_from is not None),
        ),
        Check(
            what="positions that are settled (number)",
            expected=sum(len(each.committed) for each in asked),
            actual=sum(len(each.settled) for each in asked),
        ),
    ]


def missing_reveals(swarm: Swarm, watch: SeriesWatch) -> list[Forfeit]:
    """Every position that was committed and not revealed, where the question came to its reveals."""
    settings, happenings = swarm.folder.settings, swarm.diary.happenings
    names = {part.account(settings.seed).address: part.name for part in cast(settings)}
    node = [(0.0, float("inf"))] if settings.rpc else uptimes(happenings, NODE)
    found = []
    for asked in watch.questions.values():
        if asked.over_from is not None and asked.outcome is None and asked.over_from < asked.times.reveal_end:
            continue  # voided before: nobody had to reveal
        for who in asked.committed.keys() - asked.revealed:
            name = names.get(who, who)
            begin, end = asked.times.commit_end, asked.times.reveal_end
            skew = swarm.lookout.skew
            up = longest_within(together(uptimes(happenings, name), node), begin + skew, end + skew)
            found.append(
                Forfeit(
                    question=asked.id,
                    name=name,
                    wager=asked.committed[who].wager,
                    window=end - begin,
                    up=round(max(0.0, up), 2),
                )
            )
    return found


def file_checks(folder: RunFolder, stage: Stage, watch: SeriesWatch, part: Part) -> list[Check]:
    """What a bot's file holds against what the chain says: no gap, nothing open, no position it cannot account for."""
    address = part.account(folder.settings.seed).address
    path = folder.state(part.name)
    first, rows = entries(path, address)
    start = stage.backend.mined_count(address) if first is None else first
    nonces = [nonce for nonce, _ in rows]
    return [
        Check(
            what=f"{part.name}: nonces in its file are without gaps up to the chain's",
            expected=stage.backend.mined_count(address),
            actual=start + len(nonces) if nonces == list(range(start, start + len(nonces))) else -1,
        ),
        Check(
            what=f"{part.name}: transactions waiting at the node (number)",
            expected=0,
            actual=stage.backend.nonce(address) - stage.backend.mined_count(address),
        ),
        Check(
            what=f"{part.name}: open entries in its file (number)",
            expected=0,
            actual=sum(1 for _, state in rows if state == "open"),
        ),
        *_positions(stage.system, watch, part.name, address, path),
    ]


def _positions(system: System, watch: SeriesWatch, name: str, address: str, path: Path) -> list[Check]:
    mine = [asked for asked in watch.questions.values() if address in asked.committed]
    if not mine:
        return []
    with closing(Journal(path)) as journal:
        known = sum(1 for asked in mine if _opens(system, journal, asked, address))
    return [Check(what=f"{name}: positions that its file can reveal (number)", expected=len(mine), actual=known)]


def _opens(system: System, journal: Journal, asked: Asked, address: str) -> bool:
    wanted, chain_id = asked.committed[address].commitment, system.backend.chain_id
    return any(
        wanted
        == commitment(chain_id, system.addresses.arena, asked.id, address, kept.position.forecast, kept.position.salt)
        for kept in journal.history(address, asked.id)
    )


def starts_again(swarm: Swarm) -> list[Check]:
    """Start every bot with --check, which opens all that it has, and ends: two at a time, their exit codes."""
    checks: list[Check] = []
    waiting = [worker for worker in swarm.workers.values() if worker.name != NODE]
    while waiting:
        pair, waiting = waiting[:2], waiting[2:]
        running = [(worker, worker.once("--check")) for worker in pair]
        for worker, process in running:
            try:
                code = process.wait(_CHECK_S)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                code = process.wait()
            checks.append(Check(what=f"{worker.name}: starts again from its file (exit code)", expected=0, actual=code))
    return checks


def _worth(system: System, address: str) -> int:
    stake = system.stake(address)
    return system.balance(address) + stake.bonded + stake.unbonding
