"""Front-running: whatever is sent ahead of another's commit or reveal helps nobody but its owner."""

from __future__ import annotations

import pytest

from checks import refused
from harness import SALT, TOKENS, World, audit, binary
from headwater.twin import growth, net

REPORT = binary(0.8)
WAGER = 500 * TOKENS
SMALL = 50 * TOKENS


def _copy(world: World, question: int, thief: int, victim: int, wager: int) -> None:
    """The thief commits the hash that the victim's transaction shows."""
    owner = world.forecasters[victim].address
    sealed = world.system.arena.call("commitment_of", question, owner, REPORT, SALT)
    account = world.forecasters[thief].account
    world.system.arena.send("commit", question, sealed, wager, 0, 0, sender=account)


def _expected(world: World, question: int, wager: int, g: int) -> int:
    state = world.system.question(question)
    return net(wager, g, state.capacity, state.wagered, world.scale(1))


@pytest.mark.parametrize("first", ["thief", "owner"])
def test_a_copied_hash_blocks_nobody_and_pays_the_worst_case_whoever_came_first(world: World, first: str) -> None:
    question = world.open(world.series())
    if first == "thief":
        _copy(world, question, thief=1, victim=0, wager=SMALL)
    world.forecasters[0].commit(question, REPORT, WAGER, SALT)
    if first == "owner":
        _copy(world, question, thief=1, victim=0, wager=SMALL)
    times, odds = world.system.question(question).times, world.system.odds(question)
    world.travel(times.commit_end)
    world.stranger.reveal(question, world.forecasters[0].address, REPORT, SALT)
    # Report and salt are public now, and reveals are still open; the hash names its owner.
    with refused(world, "arena: not the committed forecast"):
        world.forecasters[1].reveal(question, world.forecasters[1].address, REPORT, SALT)
    world.travel(times.resolve_after)
    world.governor.resolve(question, 0)
    assert world.settle(question, 0) == _expected(world, question, WAGER, growth(REPORT[0], odds[0])) > 0
    assert world.settle(question, 1) == _expected(world, question, SMALL, -world.scale(1).log_range) < 0
    audit(world)


def test_a_reveal_sent_ahead_of_its_owners_is_the_owners_reveal(world: World) -> None:
    question = world.open(world.series())
    world.forecasters[0].commit(question, REPORT, WAGER, SALT)
    world.forecasters[1].commit(question, binary(0.6), SMALL, SALT)
    times, odds = world.system.question(question).times, world.system.odds(question)
    world.travel(times.commit_end)
    world.forecasters[1].reveal(question, world.forecasters[0].address, REPORT, SALT)
    with refused(world, "arena: already revealed"):
        world.forecasters[0].reveal(question, world.forecasters[0].address, REPORT, SALT)
    world.travel(times.resolve_after)
    world.governor.resolve(question, 0)
    assert world.settle(question, 0) == _expected(world, question, WAGER, growth(REPORT[0], odds[0])) > 0
    # It has not been taken for the runner's own.
    assert world.settle(question, 1) == _expected(world, question, SMALL, -world.scale(1).log_range)


def test_a_settlement_sent_ahead_of_its_owners_pays_the_owner(world: World) -> None:
    question = world.open(world.series())
    world.forecasters[0].commit(question, REPORT, WAGER, SALT)
    times = world.system.question(question).times
    world.travel(times.commit_end)
    world.stranger.reveal(question, world.forecasters[0].address, REPORT, SALT)
    world.travel(times.resolve_after)
    world.governor.resolve(question, 0)
    runner, before = world.forecasters[1], world.system.stake(world.forecasters[0].address).bonded
    balance = world.system.balance(runner.address)
    receipt = runner.settle(question, world.forecasters[0].address)
    assert world.system.stake(world.forecasters[0].address).bonded == before + receipt.event("Settled")["net"]
    assert world.system.balance(runner.address) == balance
    with refused(world, "arena: no position"):
        world.forecasters[0].settle(question, world.forecasters[0].address)
