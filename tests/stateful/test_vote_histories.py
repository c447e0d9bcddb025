"""Random histories of the vote and the stake behind it, beside a model: who may do what when, and which tick holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from harness import SALT, TOKENS, new_world
from headwater.chain import Reverted
from headwater.chain.revm import RevmBackend
from headwater.covenant import CovenantError, lower_median
from randomised import EFFORT
from vote_cases import COMMIT, DELAY, QUORUM_BPS, REST, REVEAL, Poll, new_poll

VOTERS, TICKS, INITIAL = 4, 5, 2
STEPS = 200
BUSY = {"stake": 2, "unbond": 1, "open": 1, "commit": 7, "reveal": 7, "tally": 2, "travel": 2}
IDLE = {"stake": 2, "unbond": 1, "open": 4, "commit": 1, "reveal": 1, "tally": 1, "travel": 6}


@dataclass
class Model:
    """What should hold: wei, blocks and seconds."""

    bonded: list[int]
    before: list[int]  # bonded strictly before the newest round
    tick: int = INITIAL
    next: int = INITIAL
    ready: int = 0
    number: int = 0
    quorum: int = 0
    commit_end: int = 0
    tallied: bool = True
    sealed: dict[int, tuple[int, int]] = field(default_factory=dict)  # voter -> (tick, weight)
    revealed: dict[int, tuple[int, int]] = field(default_factory=dict)

    def in_force(self, now: int) -> int:
        return self.next if now >= self.ready else self.tick

    def weights(self) -> dict[int, int]:
        found: Counter[int] = Counter()
        for tick, weight in self.revealed.values():
            found[tick] += weight
        return dict(found)


class History:
    """Steps on the contract and on the model; each says whether it should have been allowed."""

    def __init__(self, poll: Poll, rng: np.random.Generator) -> None:
        self.poll, self.rng = poll, rng
        stakes = [poll.stake(voter) for voter in range(VOTERS)]
        self.model = Model(bonded=stakes, before=list(stakes), ready=poll.vote.pending()[1])
        self.done: Counter[tuple[str, bool]] = Counter()

    def step(self) -> None:
        chances = IDLE if self.model.tallied else BUSY
        name = str(self.rng.choice(list(chances), p=[part / sum(chances.values()) for part in chances.values()]))
        voter, tick = int(self.rng.integers(VOTERS)), int(self.rng.integers(TICKS))
        allowed = getattr(self, f"_{name}")(voter, tick)
        self.done[name, allowed] += 1
        self.check()

    def _attempt(self, allowed: bool, call: Callable[[], object]) -> bool:
        if allowed:
            call()
        else:
            with pytest.raises((Reverted, CovenantError)):
                call()
        return allowed

    def _stake(self, voter: int, tick: int) -> bool:
        amount = int(self.rng.integers(1, 6)) * TOKENS
        self.poll.world.forecasters[voter].stake(amount)
        self.model.bonded[voter] += amount
        return True

    def _unbond(self, voter: int, tick: int) -> bool:
        amount = int(self.rng.integers(1, 12)) * TOKENS
        allowed = amount <= self.model.bonded[voter]
        self._attempt(allowed, lambda: self.poll.world.forecasters[voter].request_unbond(amount))
        self.model.bonded[voter] -= amount if allowed else 0
        return allowed

    def _open(self, voter: int, tick: int) -> bool:
        m, now = self.model, self.poll.backend.now()
        held = int(self.poll.world.system.vault.call("owed"))
        allowed = m.tallied and now >= m.ready + REST
        if self._attempt(allowed, self.poll.voters[voter].open):
            m.tick = m.next = m.in_force(now)
            m.number, m.quorum, m.commit_end = m.number + 1, max(1, held * QUORUM_BPS // 10_000), now + COMMIT
            m.tallied, m.sealed, m.revealed, m.before = False, {}, {}, list(m.bonded)
        return allowed

    def _commit(self, voter: int, tick: int) -> bool:
        m, now = self.model, self.poll.backend.now()
        allowed = m.number > 0 and now < m.commit_end and m.before[voter] > 0
        if self._attempt(allowed, lambda: self.poll.voters[voter].commit(tick, SALT)):
            m.sealed[voter] = tick, m.before[voter]
        return allowed

    def _reveal(self, voter: int, tick: int) -> bool:
        m, now = self.model, self.poll.backend.now()
        known = voter in m.sealed
        said = m.sealed[voter][0] if known and self.rng.random() < 0.8 else tick
        weight = min(m.sealed[voter][1], m.bonded[voter]) if known else 0
        allowed = known and voter not in m.revealed and said == m.sealed[voter][0] and weight > 0
        allowed = allowed and m.commit_end <= now < m.commit_end + REVEAL
        if self._attempt(allowed, lambda: self.poll.stranger.reveal(said, SALT, self.poll.voters[voter].address)):
            m.revealed[voter] = said, weight
        return allowed

    def _tally(self, voter: int, tick: int) -> bool:
        m, now = self.model, self.poll.backend.now()
        allowed = not m.tallied and now >= m.commit_end + REVEAL
        if self._attempt(allowed, self.poll.stranger.tally):
            m.next, m.ready, m.tallied = lower_median(m.weights(), m.quorum, m.tick), now + DELAY, True
        return allowed

    def _travel(self, voter: int, tick: int) -> bool:
        m, now = self.model, self.poll.backend.now()
        stops = [m.commit_end, m.commit_end + REVEAL, m.ready, m.ready + REST]
        ahead = [stop for stop in stops if stop > now] or [now + 60]
        # To the next thing that may change, or just before it.
        self.poll.world.travel(max(now, min(ahead) - int(self.rng.integers(2))))
        return True

    def check(self) -> None:
        m, vote = self.model, self.poll.vote
        held = m.in_force(self.poll.backend.now())
        assert vote.tick() == held
        assert vote.threshold() == vote.rules().threshold(held)
        assert vote.round().revealed == sum(weight for _, weight in m.revealed.values())
        if m.number:
            assert vote.weights() == m.weights()
            assert [vote.below(t) for t in range(TICKS + 1)] == [
                sum(weight for tick, weight in m.revealed.values() if tick < t) for t in range(TICKS + 1)
            ]
            if not m.tallied:
                assert vote.preview() == lower_median(m.weights(), m.quorum, m.tick)


def test_random_histories_of_the_vote_follow_the_model() -> None:
    done: Counter[tuple[str, bool]] = Counter()
    for seed in range(3 * EFFORT):
        world = new_world(RevmBackend(seed=seed), forecasters=VOTERS, providers=0, stake=8 * TOKENS)
        history = History(new_poll(world, ticks=TICKS, initial=INITIAL), np.random.default_rng(seed))
        for _ in range(STEPS):
            history.step()
        assert history.model.number >= 3
        done.update(history.done)
    for name in ("open", "commit", "reveal", "tally"):
        assert done[name, True] >= 9 * EFFORT, f"{name} hardly ever happened"
        assert done[name, False] >= 9 * EFFORT, f"{name} was hardly ever refused"
