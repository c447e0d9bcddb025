"""A second commit replaces the hash; its wager only grows, under the same version."""

from __future__ import annotations

import pytest

from checks import refused, told
from harness import SALT, TOKENS, World, audit, binary
from headwater.cascade import Leaf
from headwater.twin import lock

FIRST, SECOND = binary(0.7), binary(0.2)
WAGER = 100 * TOKENS + 1


@pytest.fixture
def question(world: World) -> int:
    """A question that the first forecaster has committed to."""
    opened = world.open(world.series())
    world.forecasters[0].commit(opened, FIRST, WAGER, SALT)
    return opened


def test_the_last_hash_is_the_one_that_counts(world: World, question: int) -> None:
    who = world.forecasters[0]
    who.commit(question, SECOND, WAGER, SALT)
    assert world.system.question(question).wagered == WAGER
    world.travel(world.system.question(question).times.commit_end)
    with refused(world, "arena: not the committed forecast"):
        world.stranger.reveal(question, who.address, FIRST, SALT)
    world.stranger.reveal(question, who.address, SECOND, SALT)


def test_a_wager_only_grows(world: World, question: int) -> None:
    who = world.forecasters[0]
    for wager in (WAGER - 1, TOKENS):
        with refused(world, "arena: a wager only grows"):
            who.commit(question, SECOND, wager, SALT)
    receipt = who.commit(question, FIRST, 3 * WAGER + 1, SALT)
    assert told(world, receipt)[0][1]["wager"] == 3 * WAGER + 1
    assert world.system.question(question).wagered == 3 * WAGER + 1
    assert world.system.position(question, who.address).wager == 3 * WAGER + 1
    assert world.system.stake(who.address).locked == lock(3 * WAGER + 1, world.scale(1))
    audit(world)


def test_locks_of_many_small_steps_sum_to_the_lock_of_the_whole(world: World, question: int) -> None:
    who = world.forecasters[0]
    for step in (1, 7, 399, 400, 401):
        wager = world.system.position(question, who.address).wager + step
        who.commit(question, FIRST, wager, SALT)
        assert world.system.stake(who.address).locked == lock(wager, world.scale(1))


def test_a_position_keeps_its_version(world: World) -> None:
    who = world.forecasters[0]
    made = world.announce(who, [Leaf(world.providers[0].address, 0, 1)])
    question = world.open(world.series())
    who.commit(question, FIRST, WAGER, SALT)
    later = world.announce(who, [Leaf(world.providers[1].address, 0, 1)])
    for version in (0, later.version, made.version | (1 << 40), 2**256 - 1):
        with refused(world, "arena: position has another version"):
            who.commit(question, FIRST, WAGER, SALT, version=version)
    who.commit(question, FIRST, 2 * WAGER, SALT, version=made.version)
    assert world.system.escrow(who.address, made.version).lock == lock(2 * WAGER, world.scale(1))


def test_a_grown_wager_too_is_bounded_by_the_stake_before_the_question(world: World, question: int) -> None:
    who = world.forecasters[0]
    who.stake(50_000 * TOKENS)
    with refused(world, "vault: wager above the stake bonded before the question"):
        who.commit(question, FIRST, 10_000 * TOKENS + 1, SALT)
    with refused(world, "vault: checkpoint is not older than the question"):
        who.commit(question, FIRST, WAGER, SALT, checkpoint=1)
    who.commit(question, FIRST, 10_000 * TOKENS, SALT)


def test_nobody_recommits_once_commits_have_ended(world: World, question: int) -> None:
    world.travel(world.system.question(question).times.commit_end)
    with refused(world, "arena: commits have ended"):
        world.forecasters[0].commit(question, SECOND, WAGER, SALT)
