"""Fake intermediaries stand between a forecaster and its providers: each takes what it announced, and no wei more."""

from __future__ import annotations

import pytest

from harness import TOKENS, World, binary
from headwater.cascade import Leaf
from headwater.chain import Reverted
from headwater.chain.system import Announcement


def _chain(world: World, provider: str, keeps: list[int]) -> list[Announcement]:
    """Versions from the forecaster's side to the provider's."""
    child, version = provider, 0
    made = []
    for broker, keep in zip(world.providers[1:], keeps, strict=False):
        announced = broker.announce_list([Leaf(child, version, 1)], keep)
        made.append(announced)
        child, version = broker.address, announced.version
    return made[::-1]


def _empty(world: World, made: Announcement) -> None:
    world.stranger.pull_list(made.node, made.version, made.terms, made.leaves or ())
    world.stranger.pull_share(made.node, made.version, made.terms)


def _paid(world: World, person: str) -> int:
    return int(world.system.cascade.call("withdrawable", person))


def test_a_chain_takes_what_it_announced_to_the_wei(world: World) -> None:
    forecaster, provider = world.forecasters[0], world.providers[0]
    series = world.series()
    chain = _chain(world, provider.address, [1_000, 2_000, 3_000])
    made = world.announce(forecaster, [Leaf(chain[0].node, chain[0].version, 1)], keep_bps=4_000)
    net = world.play(world.open(series), {0: (binary(0.9), 1_000 * TOKENS)}, outcome=0)[0]
    assert net > 0
    world.stranger.release(forecaster.address, made.version)
    for each in (made, *chain):
        _empty(world, each)
        _empty(world, each)  # pulling again gives nobody anything
    left = net - net * 4_000 // 10_000
    for each in chain:
        kept = left * each.terms.keep_bps // 10_000
        assert _paid(world, each.node) == kept
        left -= kept
    assert _paid(world, provider.address) == left


def test_an_intermediary_that_keeps_more_later_gets_no_more_of_what_names_its_old_version(world: World) -> None:
    provider = world.providers[0]
    chain = _chain(world, provider.address, [100])
    broker = world.providers[1]
    top = world.providers[2].announce_list([Leaf(broker.address, chain[0].version, 1)], 100)
    broker.announce_list([Leaf(broker.address, 0, 1)], 9_900)
    world.stranger.deposit(top.node, top.version, 10_000)
    for each in (top, *chain):
        _empty(world, each)
    assert _paid(world, broker.address) == 9_900 * 100 // 10_000
    assert _paid(world, provider.address) == 9_900 - 99


def test_nobody_is_put_between_without_the_payer_s_leave(world: World) -> None:
    # The broker pulls the payer's list under terms of its own, with itself in the provider's place.
    payer, provider, broker = world.providers[:3]
    made = payer.announce_list([Leaf(provider.address, 0, 1)], 1_000)
    world.stranger.deposit(payer.address, made.version, 1_000)
    for leaves in ([Leaf(broker.address, 0, 1)], [Leaf(provider.address, 0, 1), Leaf(broker.address, 0, 1)]):
        with pytest.raises(Reverted, match="cascade: not the announced list"):
            broker.pull_list(made.node, made.version, made.terms, leaves)
    assert _paid(world, broker.address) == 0
    _empty(world, made)
    assert _paid(world, provider.address) == 900
