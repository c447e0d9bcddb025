"""A forecaster announces leaves nobody has seen: it harms those who relied on them, and nobody else."""

from __future__ import annotations

import pytest

from checks import send
from harness import TOKENS, World, binary
from headwater.cascade import Leaf, MerkleSumTree
from headwater.chain import Reverted
from headwater.chain.system import Announcement


def _announce(world: World, who: int, tree: MerkleSumTree, keep_bps: int) -> Announcement:
    person = world.forecasters[who]
    made = person.announce_tree(tree, keep_bps)
    world.stranger.open_escrow(person.address, made.version, made.terms)
    return made


def _play(world: World, series: int, who: int, made: Announcement) -> int:
    net = world.play(world.open(series), {who: (binary(0.9), 1_000 * TOKENS)}, outcome=0)[who]
    world.stranger.release(world.forecasters[who].address, made.version)
    return net


def test_what_was_promised_in_hidden_leaves_can_be_pulled_by_nobody_who_has_not_seen_them(world: World) -> None:
    series = world.series()
    promised = world.providers[0]
    secret = MerkleSumTree([Leaf(world.providers[3].address, 0, 2**61 + 7), Leaf(world.providers[3].address, 0, 2**60)])
    made = _announce(world, 0, secret, 4_000)
    net = _play(world, series, 0, made)
    released = net - net * 4_000 // 10_000
    assert world.system.flows(made.node, made.version) == (0, released)
    told = MerkleSumTree([Leaf(promised.address, 0, 2**61 + 7), Leaf(world.providers[3].address, 0, 2**60)])
    with pytest.raises(Reverted, match="cascade: proof does not open the root"):
        send(promised, world.system.cascade, "pull", made.node, made.version, made.terms.as_tuple(), told.entries([0]))
    assert world.system.cascade.call("withdrawable", promised.address) == 0


def test_another_forecaster_s_children_get_to_the_wei_what_they_get_where_nothing_is_hidden(world: World) -> None:
    series = world.series()
    child, own = world.providers[1], world.providers[3]

    def paid(hidden: bool) -> int:
        """What the honest forecaster's child gets, after and beside another one's question."""
        snapshot = world.control.snapshot()
        leaf = Leaf(own.address, 0, 5)
        other = (
            _announce(world, 0, MerkleSumTree([leaf]), 4_000)
            if hidden
            else world.announce(world.forecasters[0], [leaf], keep_bps=4_000)
        )
        honest = world.announce(world.forecasters[1], [Leaf(child.address, 0, 1)], keep_bps=4_000)
        assert _play(world, series, 0, other) > 0
        both = {0: (binary(0.9), 100 * TOKENS), 1: (binary(0.8), 1_000 * TOKENS)}
        net = world.play(world.open(series), both, outcome=0)[1]
        assert net > 0
        world.stranger.release(honest.node, honest.version)
        world.stranger.pull_list(honest.node, honest.version, honest.terms, honest.leaves or ())
        got = int(world.system.cascade.call("withdrawable", child.address))
        assert got == net - net * 4_000 // 10_000
        world.control.revert(snapshot)
        return got

    assert paid(hidden=True) == paid(hidden=False)


def test_a_parent_of_hidden_leaves_loses_what_it_passes_there_and_no_more(world: World) -> None:
    parent, hider, other = world.providers[:3]
    root = bytes(range(32))
    receipt = send(hider, world.system.cascade, "announce_tree", root, 100, 3, 100, 0, bytes(32), "")
    version = receipt.event("TreeAnnounced")["version"]
    made = parent.announce_list([Leaf(hider.address, version, 1), Leaf(other.address, 0, 1)], 1_000)
    world.stranger.deposit(parent.address, made.version, 1_000)
    world.stranger.pull_list(made.node, made.version, made.terms, made.leaves or ())
    world.stranger.pull_share(made.node, made.version, made.terms)
    assert world.system.cascade.call("withdrawable", parent.address) == 100
    assert world.system.cascade.call("withdrawable", other.address) == 450
    assert world.system.flows(hider.address, version) == (450, 0)
