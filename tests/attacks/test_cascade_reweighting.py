"""Weights are changed after the outcome is known, at every hop: the money still goes by those that stood before."""

from __future__ import annotations

import pytest

from harness import TOKENS, World, binary
from headwater.cascade import Leaf
from headwater.chain import Reverted
from headwater.chain.system import Announcement


def _empty(world: World, made: Announcement) -> None:
    world.stranger.pull_list(made.node, made.version, made.terms, made.leaves or ())
    world.stranger.pull_share(made.node, made.version, made.terms)


def test_reweighting_after_a_question_opened_moves_nothing_of_it_at_any_hop(world: World) -> None:
    forecaster = world.forecasters[0]
    top, middle, bottom, outsider = world.providers
    series = world.series()
    low = bottom.announce_list([Leaf(world.stranger.address, 0, 1)], 2_000)
    mid = middle.announce_list([Leaf(bottom.address, low.version, 1)], 2_000)
    high = top.announce_list([Leaf(middle.address, mid.version, 3), Leaf(bottom.address, 0, 1)], 2_000)
    made = world.announce(forecaster, [Leaf(top.address, high.version, 1)], keep_bps=5_000)
    question = world.open(series)
    forecaster.commit(question, binary(0.9), 1_000 * TOKENS, bytes(32))

    # Everybody turns to the outsider now: before the reveal, after it, after the outcome.
    times = world.system.question(question).times
    bottom.announce_list([Leaf(outsider.address, 0, 1)], 100)
    world.travel(times.commit_end)
    world.stranger.reveal(question, forecaster.address, binary(0.9), bytes(32))
    middle.announce_list([Leaf(outsider.address, 0, 1)], 100)
    world.travel(times.resolve_after)
    world.governor.resolve(question, 0)
    top.announce_list([Leaf(outsider.address, 0, 1)], 100)
    world.announce(forecaster, [Leaf(outsider.address, 0, 1)], keep_bps=100)
    net = world.settle(question, 0)
    assert net > 0

    world.stranger.release(forecaster.address, made.version)
    for each in (made, high, mid, low):
        _empty(world, each)
    released = net - net * 5_000 // 10_000
    at_top = released
    at_middle = (at_top - at_top * 2_000 // 10_000) * 3 // 4
    at_low = at_middle - at_middle * 2_000 // 10_000
    assert world.system.flows(top.address, high.version)[0] == at_top
    assert world.system.flows(middle.address, mid.version)[0] == at_middle
    assert world.system.flows(bottom.address, low.version)[0] == at_low
    assert world.system.cascade.call("withdrawable", top.address) == at_top * 2_000 // 10_000
    assert world.system.cascade.call("withdrawable", middle.address) == at_middle * 2_000 // 10_000
    assert world.system.cascade.call("withdrawable", outsider.address) == 0
    total = sum(
        world.system.cascade.call("withdrawable", person.address) for person in (top, middle, bottom, world.stranger)
    )
    assert released - total <= 3  # a wei of rounding a hop


def test_a_question_takes_commits_only_under_the_version_that_stood_when_it_opened(world: World) -> None:
    forecaster, provider = world.forecasters[0], world.providers[0]
    series = world.series()
    before = world.announce(forecaster, [Leaf(provider.address, 0, 1)])
    question = world.open(series)
    after = world.announce(forecaster, [Leaf(world.stranger.address, 0, 1)])
    for version in (0, after.version, after.version + 1, 2**40 + before.version):
        with pytest.raises(Reverted) as caught:
            forecaster.commit(question, binary(0.6), TOKENS, bytes(32), version=version)
        assert "version" in caught.value.reason
    forecaster.commit(question, binary(0.6), TOKENS, bytes(32), version=before.version)
    # The next question binds to the new weights.
    assert world.system.version_at(forecaster.address, world.system.question(question).count) == before.version
    assert world.system.version_at(forecaster.address, after.version) == after.version


def test_a_first_announcement_after_the_opening_binds_nothing(world: World) -> None:
    forecaster, provider = world.forecasters[0], world.providers[0]
    question = world.open(world.series())
    made = world.announce(forecaster, [Leaf(provider.address, 0, 1)])
    with pytest.raises(Reverted, match="arena: not the newest version when the question opened"):
        forecaster.commit(question, binary(0.6), TOKENS, bytes(32), version=made.version)
    net = world.play(question, {0: (binary(0.9), 100 * TOKENS)}, outcome=0)[0]
    assert net > 0
    assert world.system.escrow(forecaster.address, made.version).due == 0


def test_what_a_replaced_version_accrued_is_still_paid(world: World) -> None:
    a, b, c = world.providers[:3]
    old = a.announce_list([Leaf(b.address, 0, 1)], 1_000)
    world.stranger.deposit(a.address, old.version, 1_000)
    a.announce_list([Leaf(c.address, 0, 1)], 1_000)
    world.stranger.deposit(a.address, old.version, 1_000)
    world.stranger.pull_list(a.address, old.version, old.terms, old.leaves or ())
    assert world.system.cascade.call("withdrawable", b.address) == 1_800
    assert world.system.cascade.call("withdrawable", c.address) == 0
