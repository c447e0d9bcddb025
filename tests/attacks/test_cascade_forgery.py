"""Somebody claims what no leaf gives: forged proofs, wrong places, trees whose sums lie, claims made twice."""

from __future__ import annotations

import contextlib

import pytest
from eth_hash.auto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks import refused, send
from harness import TOKENS, World
from headwater.cascade import Leaf, MerkleSumTree, Terms
from headwater.chain import Reverted
from headwater.chain.system import Announcement


def _recipient(i: int) -> str:
    return "0x" + keccak(b"child %d" % i)[12:].hex()


def _tree(world: World, count: int = 10) -> tuple[MerkleSumTree, Announcement]:
    tree = MerkleSumTree([Leaf(_recipient(i), 0, 100 + i) for i in range(count)])
    made = world.providers[0].announce_tree(tree, 1_000)
    world.stranger.deposit(made.node, made.version, 1_000 * TOKENS)
    return tree, made


def _pull(world: World, made: Announcement, entries: bytes, terms: Terms | None = None) -> None:
    send(
        world.stranger,
        world.system.cascade,
        "pull",
        made.node,
        made.version,
        (terms or made.terms).as_tuple(),
        entries,
    )


def test_any_flipped_bit_of_an_entry_is_refused(world: World) -> None:
    tree, made = _tree(world)
    entry = tree.entry(3)

    @given(bit=st.integers(0, 8 * len(entry) - 1))
    @settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    def flip(bit: int) -> None:
        forged = bytearray(entry)
        forged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Reverted):
            _pull(world, made, bytes(forged))

    flip()
    assert world.system.flows(_recipient(3), 0)[0] == 0


def test_an_index_outside_the_tree_is_refused(world: World) -> None:
    tree, made = _tree(world)
    entry = tree.entry(0)
    for index in (16, 2**31):
        with refused(world, "cascade: index outside the tree"):
            _pull(world, made, index.to_bytes(4, "big") + entry[4:])


def test_another_leaf_s_place_is_refused(world: World) -> None:
    tree, made = _tree(world)
    with refused(world, "cascade: proof does not open the root"):
        _pull(world, made, (5).to_bytes(4, "big") + tree.entry(4)[4:])


def test_a_claim_made_twice_pays_once(world: World) -> None:
    tree, made = _tree(world)
    _pull(world, made, tree.entry(2) * 3)
    once = world.system.flows(_recipient(2), 0)[0]
    assert once == 900 * TOKENS * 102 // tree.total
    _pull(world, made, tree.entry(2))
    assert world.system.flows(_recipient(2), 0)[0] == once


def test_entries_that_are_not_whole_are_refused(world: World) -> None:
    tree, made = _tree(world)
    for entries in (b"", tree.entry(0)[:-1], tree.entry(0) + b"\0"):
        with refused(world, "cascade: entries are not whole"):
            _pull(world, made, entries)


def test_other_terms_than_the_announced_are_refused(world: World) -> None:
    tree, made = _tree(world)
    said = made.terms
    for terms in (
        Terms(said.root, said.total, said.depth, 100, 0),
        Terms(said.root, said.total - 1, said.depth, said.keep_bps, 0),
        Terms(keccak(b"x"), said.total, said.depth, said.keep_bps, 0),
        Terms(said.root, said.total, said.depth - 1, said.keep_bps, 0),
    ):
        with refused(world, "cascade: not the announced terms"):
            _pull(world, made, tree.entry(0)[: 41 + 44 * terms.depth], terms)


def test_a_list_is_not_a_tree_and_a_tree_no_list(world: World) -> None:
    tree, made = _tree(world)
    listed = world.providers[1].announce_list([Leaf(_recipient(0), 0, 1)], 1_000)
    with refused(world, "cascade: version is a list"):
        _pull(world, listed, tree.entry(0))
    with refused(world, "cascade: version is a tree"):
        world.stranger.pull_list(made.node, made.version, made.terms, [Leaf(_recipient(0), 0, 100)])


def _node(left: tuple[int, bytes], right: tuple[int, bytes]) -> bytes:
    return keccak(b"\x01" + left[0].to_bytes(12, "big") + left[1] + right[0].to_bytes(12, "big") + right[1])


def _leaf(index: int, leaf: Leaf) -> tuple[int, bytes]:
    return leaf.weight, keccak(b"\0" + index.to_bytes(4, "big") + leaf.pack())


@pytest.mark.parametrize("claimed", [(70, 30), (100, 0), (0, 100), (60, 40)])
def test_a_tree_that_allots_more_than_its_total_pays_at_most_the_pot(world: World, claimed: tuple[int, int]) -> None:
    # Two leaves of 70 and 60 under a root of 100: whatever sums the author writes into the node, the leaves that
    # open it sum to at most 100.
    leaves = [Leaf(_recipient(0), 0, 70), Leaf(_recipient(1), 0, 60)]
    (_, first), (_, second) = _leaf(0, leaves[0]), _leaf(1, leaves[1])
    root = _node((claimed[0], first), (claimed[1], second))
    terms = Terms(root, 100, 1, 1_000, 0)
    author = world.providers[0]
    receipt = send(author, world.system.cascade, "announce_tree", root, 100, 1, 1_000, 0, bytes(32), "")
    version = receipt.event("TreeAnnounced")["version"]
    made = Announcement(node=author.address, version=version, replaces=0, terms=terms, leaves=None)
    world.stranger.deposit(author.address, version, 1_000)
    paid = 0
    for index, sibling in ((0, (claimed[1], second)), (1, (claimed[0], first))):
        entry = index.to_bytes(4, "big") + leaves[index].pack() + sibling[0].to_bytes(12, "big") + sibling[1]
        with contextlib.suppress(Reverted):  # a leaf whose sums the author's lie does not fit opens nothing
            _pull(world, made, entry)
        paid += world.system.flows(_recipient(index), 0)[0]
    assert paid <= 900


def test_a_root_that_nobody_can_open_keeps_what_it_got_and_harms_nobody_else(world: World) -> None:
    author, other = world.providers[:2]
    receipt = send(author, world.system.cascade, "announce_tree", keccak(b"?"), 100, 3, 100, 0, bytes(32), "")
    version = receipt.event("TreeAnnounced")["version"]
    honest = other.announce_list([Leaf(_recipient(9), 0, 1)], 100)
    for node, number in ((author.address, version), (other.address, honest.version)):
        world.stranger.deposit(node, number, 1_000)
    world.stranger.pull_list(other.address, honest.version, honest.terms, honest.leaves or ())
    assert world.system.flows(_recipient(9), 0)[0] == 990
    assert world.system.flows(author.address, version) == (1_000, 0)
    # Its author still has the share it kept, and not a wei more.
    world.stranger.pull_share(author.address, version, Terms(keccak(b"?"), 100, 3, 100, 0))
    assert world.system.cascade.call("withdrawable", author.address) == 10
