"""Nobody's list, however long, raises anybody else's gas."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak

from harness import TOKENS, World
from headwater.cascade import Leaf, MerkleSumTree, list_terms


def _leaves(count: int) -> list[Leaf]:
    return [Leaf("0x" + keccak(b"%d" % i)[12:].hex(), 0, 1_000 + i) for i in range(count)]


def test_a_deposit_costs_the_same_for_1_to_1000_children(world: World) -> None:
    node = world.providers[0]
    spent = {}
    for count in (1, 2, 10, 32, 33, 100, 1_000):
        leaves = _leaves(count)
        made = node.announce_list(leaves, 1_000) if count <= 32 else node.announce_tree(MerkleSumTree(leaves), 1_000)
        world.stranger.deposit(node.address, made.version, TOKENS)
        spent[count] = world.stranger.deposit(node.address, made.version, TOKENS).gas_used
    assert len(set(spent.values())) == 1, spent


def test_a_release_and_a_settlement_cost_the_same_for_1_and_1000_children(world: World) -> None:
    series = world.series()
    costs = []
    for who, count in ((2, 2), (0, 1), (1, 1_000)):
        person = world.forecasters[who]
        tree = MerkleSumTree(_leaves(count))
        made = person.announce_tree(tree, 1_000)
        world.stranger.open_escrow(person.address, made.version, made.terms)
        question = world.open(series)
        world.play(question, {who: ((9 * 10**17, 10**17), 100 * TOKENS)}, outcome=0, settle=False)
        settled = world.stranger.settle(question, person.address).gas_used
        released = world.stranger.release(person.address, made.version).gas_used
        costs.append((settled, released))
    # The first of them paid for slots that everybody shares. Addresses differ in their zero bytes, which calldata
    # charges for: 12 gas each.
    assert costs[1] == pytest.approx(costs[2], abs=60)


def test_one_child_pulls_at_a_cost_that_grows_with_the_depth_only(world: World) -> None:
    node = world.providers[0]
    spent = {}
    for count in (16, 1_024):
        tree = MerkleSumTree(_leaves(count))
        made = node.announce_tree(tree, 1_000)
        for _ in range(2):
            world.stranger.deposit(node.address, made.version, TOKENS)
            receipt = world.stranger.pull_tree(node.address, made.version, made.terms, tree, [5])
        spent[tree.depth] = receipt.gas_used
    assert set(spent) == {4, 10}
    assert (spent[10] - spent[4]) / 6 < 1_600


def test_a_flood_of_announcements_by_others_changes_no_cost(world: World) -> None:
    node, spammer = world.providers[:2]
    leaves = _leaves(3)
    made = node.announce_list(leaves, 1_000)
    costs = []
    for _ in range(2):
        world.stranger.deposit(node.address, made.version, TOKENS)
        costs.append(world.stranger.pull_list(node.address, made.version, made.terms, leaves).gas_used)
        for _ in range(40):
            spammer.announce_list(_leaves(2), 1_000)
    world.stranger.deposit(node.address, made.version, TOKENS)
    last = world.stranger.pull_list(node.address, made.version, made.terms, leaves).gas_used
    assert last == costs[1] < costs[0]  # the first call pays for fresh slots
    assert list_terms(leaves, 1_000) == made.terms
