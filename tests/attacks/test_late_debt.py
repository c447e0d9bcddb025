"""A forecaster lets a provider see a wager under clean weights, and then moves an old debt in front of its pay."""

from __future__ import annotations

from checks import refused
from harness import TOKENS, World, binary
from headwater.cascade import Leaf
from headwater.chain.system import Announcement
from headwater_deploy import DAY


def _in_debt(world: World, series: int) -> Announcement:
    """A replaced version with a debt, of the first forecaster."""
    person, other = world.forecasters[0], world.providers[0]
    made = world.announce(person, [Leaf(other.address, 0, 1)], keep_bps=1_000)
    assert world.play(world.open(series), {0: (binary(0.9), 1_000 * TOKENS)}, outcome=1)[0] < 0
    return made


def test_a_debt_does_not_arrive_while_a_wager_stands_under_the_newest_version(world: World) -> None:
    person, provider = world.forecasters[0], world.providers[1]
    series = world.series()
    old = _in_debt(world, series)
    new = world.announce(person, [Leaf(provider.address, 0, 1)], keep_bps=1_000)
    world.travel(world.backend.now() + 8 * DAY)
    question = world.open(series)
    person.commit(question, binary(0.9), 1_000 * TOKENS, bytes(32))
    with refused(world, "vault: positions are open under the newest version"):
        world.stranger.close(person.address, old.version)
    times = world.system.question(question).times
    world.travel(times.commit_end)
    world.stranger.reveal(question, person.address, binary(0.9), bytes(32))
    world.travel(times.resolve_after)
    world.governor.resolve(question, 0)
    net = world.settle(question, 0)
    assert world.system.escrow(person.address, new.version).due == net - net * 1_000 // 10_000
    # Between positions it moves, and the next gain repays it first.
    world.stranger.close(person.address, old.version)
    assert world.system.escrow(person.address, new.version).debt > 0
    assert world.system.escrow(person.address, old.version).debt == 0


def test_a_replaced_version_closes_no_sooner_for_having_been_idle_or_never_opened(world: World) -> None:
    person, provider = world.forecasters[0], world.providers[1]
    old = _in_debt(world, world.series())
    world.travel(world.backend.now() + 40 * DAY)  # idle for longer than IDLE_PERIOD
    middle = world.announce(person, [Leaf(provider.address, 0, 1)], domain=None)
    with refused(world, "vault: neither replaced nor idle for long enough"):
        world.stranger.close(person.address, old.version)
    world.travel(world.backend.now() + 7 * DAY + 60)
    world.stranger.close(person.address, old.version)  # the debt is with a version that never opened an escrow
    world.announce(person, [Leaf(provider.address, 0, 1)])
    with refused(world, "vault: neither replaced nor idle for long enough"):
        world.stranger.close(person.address, middle.version)
