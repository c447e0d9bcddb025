"""A node tries to make money go round, or to somewhere that never ends: every hop goes to a smaller version number."""

from __future__ import annotations

from checks import refused, send
from harness import TOKENS, ZERO, World
from headwater.cascade import Leaf, pack_list


def _inflow(world: World, node: str, version: int) -> int:
    return world.system.flows(node, version)[0]


def test_a_leaf_that_names_a_version_not_older_than_its_own_pays_its_announcer(world: World) -> None:
    a, b = world.providers[:2]
    for ahead in (0, 1, 2**39):
        number = world.system.cascade.call("count") + 1
        made = a.announce_list([Leaf(b.address, number + ahead, 3), Leaf(b.address, 0, 1)], 1_000)
        before = _inflow(world, a.address, 0)
        world.stranger.deposit(a.address, made.version, 1_000 * TOKENS)
        world.stranger.pull_list(a.address, made.version, made.terms, made.leaves or ())
        assert _inflow(world, b.address, number + ahead) == 0
        assert _inflow(world, a.address, 0) - before == 1_000 * TOKENS * 9 // 10 * 3 // 4


def test_a_leaf_without_a_child_pays_its_announcer(world: World) -> None:
    a = world.providers[0]
    made = a.announce_list([Leaf(ZERO, 0, 1)], 1_000)
    world.stranger.deposit(a.address, made.version, 10 * TOKENS)
    world.stranger.pull_list(a.address, made.version, made.terms, made.leaves or ())
    assert _inflow(world, a.address, 0) == 9 * TOKENS


def test_two_nodes_that_name_each_other_end_after_one_round(world: World) -> None:
    a, b = world.providers[:2]
    first = a.announce_list([Leaf(b.address, world.system.cascade.call("count") + 2, 1)], 100)
    second = b.announce_list([Leaf(a.address, first.version, 1)], 100)
    world.stranger.deposit(b.address, second.version, 10**6)
    for _ in range(3):
        for made in (second, first):
            world.stranger.pull_list(made.node, made.version, made.terms, made.leaves or ())
            world.stranger.pull_share(made.node, made.version, made.terms)
    # b keeps 1%, a keeps 1% of the rest, and a's leaf names a newer version: a gets that too.
    assert _inflow(world, b.address, 0) == 10_000
    assert _inflow(world, a.address, 0) == 990_000
    for person, amount in ((a, 990_000), (b, 10_000)):
        before = world.system.balance(person.address)
        world.stranger.withdraw(person.address)
        assert world.system.balance(person.address) - before == amount
    assert world.system.balance(world.system.addresses.cascade) == 0


def test_a_version_nobody_announced_keeps_everything_for_its_node(world: World) -> None:
    a, b = world.providers[:2]
    older = a.announce_list([Leaf(b.address, 0, 1)], 1_000).version  # a number that b never announced
    made = a.announce_list([Leaf(b.address, older, 1)], 1_000)
    world.stranger.deposit(a.address, made.version, 1_000)
    world.stranger.pull_list(a.address, made.version, made.terms, made.leaves or ())
    assert _inflow(world, b.address, older) == 900
    world.stranger.pull_share(b.address, older, made.terms)
    assert world.system.cascade.call("withdrawable", b.address) == 900


def test_money_for_a_version_that_does_not_exist_yet_is_refused(world: World) -> None:
    a = world.providers[0]
    number = world.system.cascade.call("count") + 1
    for version in (number, 2**40, (7 << 40) + 1):
        with refused(world, "cascade: no such version yet"):
            world.stranger.deposit(a.address, version, 1)


def test_a_version_number_that_spills_into_the_node_s_bits_names_nothing(world: World) -> None:
    a = world.providers[0]
    made = a.announce_list([Leaf(world.providers[1].address, 0, 1)], 1_000)
    world.stranger.deposit(a.address, made.version, 1_000)
    alias = (int(a.address, 16) << 40) + made.version
    with refused(world, "cascade: no such version"):
        send(
            world.stranger,
            world.system.cascade,
            "pull_list",
            ZERO,
            alias,
            made.terms.as_tuple(),
            pack_list(made.leaves or ()),
            0,
            32,
        )
