"""A provider of noise lives off the escrow? Long streaks conserve it, in whatever order they settle."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from harness import TOKENS, World, audit, binary
from headwater.cascade import Leaf
from headwater.twin import Escrow


def _streak(length: int, seed: int) -> list[int]:
    rng = np.random.default_rng(seed)
    outcomes: list[int] = []
    while len(outcomes) < length:
        outcomes += [int(rng.integers(0, 2))] * int(rng.integers(2, 6))
    return outcomes[:length]


@pytest.mark.parametrize(("keep_bps", "buffer"), [(1_000, 0), (5_000, 100 * TOKENS), (10_000, 0)])
def test_an_escrow_conserves_every_net_through_long_streaks(world: World, keep_bps: int, buffer: int) -> None:
    person, provider = world.forecasters[0], world.providers[0]
    series = world.series()
    made = world.announce(person, [Leaf(provider.address, 0, 1)], keep_bps, buffer)
    start = world.system.stake(person.address).bonded
    twin = Escrow(keep_bps=keep_bps, buffer=buffer)
    total = moved = 0
    for outcome in _streak(30, seed=keep_bps):
        question = world.open(series)
        person.commit(question, binary(0.8), 500 * TOKENS, bytes(32))
        lock = world.system.escrow(person.address, made.version).lock
        times = world.system.question(question).times
        world.travel(times.commit_end)
        world.stranger.reveal(question, person.address, binary(0.8), bytes(32))
        world.travel(times.resolve_after)
        world.governor.resolve(question, outcome)
        net = world.settle(question, 0)
        twin, change, _ = twin.commit(lock).settle(lock, net)
        total, moved = total + net, moved + change
        state = world.system.escrow(person.address, made.version)
        assert (state.held, state.debt, state.due, state.lock) == (twin.held, twin.debt, twin.due, 0)
    assert world.system.stake(person.address).bonded == start + moved
    # What the stake did not get is the children's, held or due; what it carried for them is the debt.
    assert total == moved + twin.held + twin.due
    assert abs(moved + twin.debt - total * keep_bps // 10_000) <= 30  # a wei a settlement
    audit(world)


def test_the_order_of_settlements_moves_nothing(world: World) -> None:
    person, provider = world.forecasters[0], world.providers[0]
    series = [world.series() for _ in range(3)]
    made = world.announce(person, [Leaf(provider.address, 0, 1)], keep_bps=3_000)
    questions = [world.governor.open_question(each, world.times(lead=60)) for each in series]
    world.travel(max(world.system.question(question).times.commit_start for question in questions))
    for question, wager in zip(questions, (900, 500, 700), strict=True):
        person.commit(question, binary(0.85), wager * TOKENS, bytes(32))
    world.travel(max(world.system.question(question).times.commit_end for question in questions))
    for question in questions:
        world.stranger.reveal(question, person.address, binary(0.85), bytes(32))
    world.travel(max(world.system.question(question).times.resolve_after for question in questions))
    for question, outcome in zip(questions, (0, 1, 0), strict=True):
        world.governor.resolve(question, outcome)
    ends = set()
    for order in itertools.permutations(questions):
        mark = world.control.snapshot()
        for question in order:
            world.stranger.settle(question, person.address)
            world.stranger.release(person.address, made.version)
        state = world.system.escrow(person.address, made.version)
        released = world.system.flows(person.address, made.version)[1]
        ends.add((released + state.held + state.due, state.debt, world.system.stake(person.address).bonded))
        world.control.revert(mark)
    assert len(ends) == 1
