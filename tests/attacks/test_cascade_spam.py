"""Somebody floods the cascade with dust, announcements and pulls: nobody else's transactions cost more for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from eth_hash.auto import keccak

from harness import TOKENS, World, binary
from headwater.cascade import Leaf
from headwater.chain.participant import Participant
from headwater.chain.system import Announcement

FLOOD = 40


def _leaves(count: int) -> list[Leaf]:
    return [Leaf("0x" + keccak(b"child %d" % i)[12:].hex(), 0, 1_000 + i) for i in range(count)]


def _dust(spammer: Participant, made: Announcement) -> None:
    spammer.deposit(made.node, made.version, 1)


def _announcements(spammer: Participant, made: Announcement) -> None:
    spammer.announce_list([Leaf(made.node, made.version, 1), *_leaves(31)], 100)


def _pulls(spammer: Participant, made: Announcement) -> None:
    spammer.pull_list(made.node, made.version, made.terms, made.leaves or ())
    spammer.pull_share(made.node, made.version, made.terms)


def _question(world: World, series: int, made: Announcement) -> dict[str, int]:
    """Gas of everything that an honest forecaster, its keeper and its children send for one question."""
    person = world.forecasters[0]
    question = world.open(series)
    spent = {"commit": person.commit(question, binary(0.9), 100 * TOKENS, bytes(32), version=made.version).gas_used}
    times = world.system.question(question).times
    world.travel(times.commit_end)
    spent["reveal"] = person.reveal(question, person.address, binary(0.9), bytes(32)).gas_used
    world.travel(times.resolve_after)
    world.governor.resolve(question, 0)
    spent["settle"] = world.stranger.settle(question, person.address).gas_used
    spent["release"] = world.stranger.release(person.address, made.version).gas_used
    spent["pull"] = world.stranger.pull_list(made.node, made.version, made.terms, made.leaves or ()).gas_used
    return spent


@pytest.mark.parametrize("spam", [_dust, _announcements, _pulls])
def test_spam_raises_nobody_s_gas(world: World, spam: Callable[[Participant, Announcement], None]) -> None:
    person, spammer = world.forecasters[0], world.forecasters[1]
    series = world.series()
    made = world.announce(person, _leaves(3))
    _question(world, series, made)  # pays for the fresh slots
    before = _question(world, series, made)
    for _ in range(FLOOD):
        spam(spammer, made)
    after = _question(world, series, made)
    # A question's number and a hash may have a zero byte more or less: 12 gas each in calldata. No slot is dearer.
    for verb, gas in after.items():
        assert gas <= before[verb] + 100, (verb, before, after)


@pytest.mark.parametrize("spam", [_dust, _announcements, _pulls])
def test_a_withdrawal_costs_the_same_after_a_flood(
    world: World, spam: Callable[[Participant, Announcement], None]
) -> None:
    node, spammer = world.providers[0], world.forecasters[1]
    made = node.announce_list(_leaves(3), 1_000)
    spent = []
    for flood in (0, 0, FLOOD):
        for _ in range(flood):
            spam(spammer, made)
        world.stranger.deposit(node.address, made.version, TOKENS)
        world.stranger.pull_share(node.address, made.version, made.terms)
        spent.append(world.stranger.withdraw(node.address).gas_used)
    assert spent[2] == spent[1] <= spent[0]  # the first pays for fresh slots


def test_dust_goes_where_any_deposit_goes_and_comes_back_to_nobody(world: World) -> None:
    node, spammer = world.providers[0], world.forecasters[1]
    made = node.announce_list([Leaf(world.providers[1].address, 0, 1), Leaf(world.providers[2].address, 0, 2)], 1_000)
    for _ in range(FLOOD):
        _dust(spammer, made)
    _pulls(spammer, made)
    owed = [world.system.cascade.call("withdrawable", each.address) for each in (node, *world.providers[1:3])]
    # Floors round down: what is left is dust, and never the spammer's.
    assert owed == [4, 12, 24]
    assert world.system.cascade.call("withdrawable", spammer.address) == 0
