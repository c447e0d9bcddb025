"""pull_list, pull, pull_share and withdraw: who is owed what, moved by whoever calls, refused when it does not fit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks import refused, send, told
from harness import TOKENS, World
from headwater.cascade import Leaf, MerkleSumTree, Terms, pack_list
from headwater.chain.system import Announcement

IN = 1_003
KEEP = 1_000
SELF = 2**32


@pytest.fixture
def lists(world: World) -> Announcement:
    """The first forecaster's list of three with weights 1, 2 and 4, with IN wei deposited."""
    leaves = [Leaf(person.address, 0, weight) for person, weight in zip(world.providers, (1, 2, 4), strict=False)]
    made = world.announce(world.forecasters[0], leaves, keep_bps=KEEP)
    world.stranger.deposit(made.node, made.version, IN)
    return made


@pytest.fixture
def tree(world: World) -> tuple[MerkleSumTree, int, Terms]:
    """The same as a tree: (tree, version, terms)."""
    leaves = [Leaf(person.address, 0, weight) for person, weight in zip(world.providers, (1, 2, 4), strict=False)]
    made = MerkleSumTree(leaves)
    announced = world.forecasters[0].announce_tree(made, KEEP)
    world.stranger.deposit(announced.node, announced.version, IN)
    return made, announced.version, announced.terms


POT = IN - IN * KEEP // 10_000
SHARES = [POT * weight // 7 for weight in (1, 2, 4)]


def test_a_list_is_pulled_whole_without_proofs(world: World, lists: Announcement) -> None:
    receipt = world.stranger.pull_list(lists.node, lists.version, lists.terms, lists.leaves or ())
    assert told(world, receipt) == [
        (
            "Pulled",
            {
                "node": lists.node,
                "child": person.address,
                "version": lists.version,
                "child_version": 0,
                "index": index,
                "amount": SHARES[index],
            },
        )
        for index, person in enumerate(world.providers[:3])
    ]
    for index, person in enumerate(world.providers[:3]):
        assert world.system.cascade.call("taken", lists.node, lists.version, index) == SHARES[index]
        assert world.system.cascade.call("withdrawable", person.address) == SHARES[index]
    assert world.system.cascade.call("taken", lists.node, lists.version, 3) == 0


def test_a_part_of_a_list_is_pulled_and_what_is_owed_nothing_is_skipped(world: World, lists: Announcement) -> None:
    leaves = lists.leaves or ()
    pull = world.stranger.pull_list
    receipt = pull(lists.node, lists.version, lists.terms, leaves, 1, 1)
    assert [args["index"] for _, args in told(world, receipt)] == [1]
    receipt = pull(lists.node, lists.version, lists.terms, leaves, 0, 2**256 - 1)
    assert [args["index"] for _, args in told(world, receipt)] == [0, 2]
    assert pull(lists.node, lists.version, lists.terms, leaves).logs == ()
    assert pull(lists.node, lists.version, lists.terms, leaves, 0, 0).logs == ()
    world.stranger.deposit(lists.node, lists.version, 7_000)
    total = IN + 7_000
    pot = total - total * KEEP // 10_000
    receipt = pull(lists.node, lists.version, lists.terms, leaves)
    assert [args["amount"] for _, args in told(world, receipt)] == [
        pot * weight // 7 - share for weight, share in zip((1, 2, 4), SHARES, strict=True)
    ]


def test_a_list_is_pulled_under_its_own_terms_and_records_only(world: World, lists: Announcement) -> None:
    leaves, terms, node, version = lists.leaves or (), lists.terms, lists.node, lists.version
    cascade, packed = world.system.cascade, pack_list(lists.leaves or ())

    def pull(v: int, t: Terms, records: bytes = packed, first: int = 0, n: str = node) -> object:
        return send(world.stranger, cascade, "pull_list", n, v, t.as_tuple(), records, first, 32)

    with refused(world, "cascade: not the announced list"):
        pull(version, terms, pack_list(leaves[::-1]))
    with refused(world, "cascade: not the announced list"):
        pull(version, terms, packed[:-37])
    with refused(world, "cascade: version is a tree"):
        pull(version, replace(terms, depth=2))
    for changed in (replace(terms, total=1), replace(terms, keep_bps=100), replace(terms, buffer=10**9)):
        with refused(world, "cascade: not the announced terms"):
            pull(version, changed)
    for other in (0, version + 1):
        with refused(world, "cascade: not the announced terms"):
            pull(other, terms)
    with refused(world, "cascade: no such version"):
        pull(2**40, terms)
    with refused(world, "cascade: not the announced terms"):
        pull(version, terms, n=world.stranger.address)
    for first in (3, 32, 2**256 - 1):
        with refused(world, "cascade: index outside the list"):
            pull(version, terms, first=first)


def test_an_empty_list_has_nobody_to_pull_for(world: World) -> None:
    node = world.forecasters[0]
    made = node.announce_list([], 10_000)
    world.stranger.deposit(node.address, made.version, 10)
    with refused(world, "cascade: index outside the list"):
        world.stranger.pull_list(node.address, made.version, made.terms, [])
    world.stranger.pull_share(node.address, made.version, made.terms)
    assert world.system.cascade.call("withdrawable", node.address) == 10


def test_leaves_of_a_tree_are_pulled_with_their_proofs(world: World, tree: tuple[MerkleSumTree, int, Terms]) -> None:
    made, version, terms = tree
    node = world.forecasters[0].address
    receipt = world.stranger.pull_tree(node, version, terms, made, [2, 0])
    assert [(args["index"], args["amount"]) for _, args in told(world, receipt)] == [(2, SHARES[2]), (0, SHARES[0])]
    receipt = world.stranger.pull_tree(node, version, terms, made, [0, 1, 1])
    assert [(args["index"], args["amount"]) for _, args in told(world, receipt)] == [(1, SHARES[1])]
    assert [world.system.cascade.call("withdrawable", p.address) for p in world.providers[:3]] == SHARES


def test_a_tree_is_pulled_under_its_own_terms_and_whole_entries_only(
    world: World, tree: tuple[MerkleSumTree, int, Terms]
) -> None:
    made, version, terms = tree
    node, cascade, entry = world.forecasters[0].address, world.system.cascade, made.entry(1)

    def pull(v: int, t: tuple[object, ...], entries: bytes, n: str = node) -> object:
        return send(world.stranger, cascade, "pull", n, v, t, entries)

    good = terms.as_tuple()
    with refused(world, "cascade: version is a list"):
        pull(version, (good[0], good[1], 255, *good[3:]), entry)
    for changed in (replace(terms, total=8), replace(terms, keep_bps=101), replace(terms, depth=1)):
        with refused(world, "cascade: not the announced terms"):
            pull(version, changed.as_tuple(), entry)
    for other in (0, version + 1):
        with refused(world, "cascade: not the announced terms"):
            pull(other, good, entry)
    with refused(world, "cascade: no such version"):
        pull(2**40, good, entry)
    with refused(world, "cascade: not the announced terms"):
        pull(version, good, entry, n=world.stranger.address)
    with refused(world, ""):  # more than one call takes
        pull(version, good, entry * 32)
    for entries in (b"", entry[:-1], entry + b"\0", entry + entry[:41]):
        with refused(world, "cascade: entries are not whole"):
            pull(version, good, entries)
    for index in (4, 5, 2**32 - 1):
        with refused(world, "cascade: index outside the tree"):
            pull(version, good, index.to_bytes(4, "big") + entry[4:])
    for place in (3, 10, 26, 40, 50, 60, 100, 120):  # index, child, version, weight, sums and hashes of both steps
        forged = entry[:place] + bytes([entry[place] ^ 1]) + entry[place + 1 :]
        with refused(world, "cascade: proof does not open the root"):
            pull(version, good, forged)
    with refused(world, "cascade: proof does not open the root"):
        pull(version, good, made.entry(0) + forged)  # one bad entry, and nobody in the batch is paid


def test_a_sum_that_leaves_its_width_opens_nothing(world: World) -> None:
    node, child = world.forecasters[0], world.providers[0]
    entry = bytes(4) + Leaf(child.address, 0, 2**96 - 1).pack() + (1).to_bytes(12, "big") + bytes(32)
    receipt = send(node, world.system.cascade, "announce_tree", bytes(32), 1, 1, 100, 0, bytes(32), "")
    version = receipt.event("TreeAnnounced")["version"]
    with refused(world, "cascade: sum overflow"):
        send(child, world.system.cascade, "pull", node.address, version, (bytes(32), 1, 1, 100, 0), entry)


def test_a_node_takes_its_share_and_its_children_the_rest(world: World, lists: Announcement) -> None:
    share = IN * KEEP // 10_000
    cascade = world.system.cascade
    receipt = world.stranger.pull_share(lists.node, lists.version, lists.terms)
    assert told(world, receipt) == [
        (
            "Pulled",
            {
                "node": lists.node,
                "child": lists.node,
                "version": lists.version,
                "child_version": 0,
                "index": SELF,
                "amount": share,
            },
        )
    ]
    assert cascade.call("taken", lists.node, lists.version, SELF) == share
    assert world.stranger.pull_share(lists.node, lists.version, lists.terms).logs == ()
    assert cascade.call("withdrawable", lists.node) == share


def test_a_share_is_taken_under_the_announced_terms_only(world: World, lists: Announcement) -> None:
    with refused(world, "cascade: not the announced terms"):
        world.stranger.pull_share(lists.node, lists.version, replace(lists.terms, keep_bps=10_000))
    with refused(world, "cascade: version 0 has nothing to pull"):
        world.stranger.pull_share(lists.node, 0, lists.terms)


def test_a_version_that_a_node_never_announced_keeps_everything(world: World, lists: Announcement) -> None:
    somebody = world.providers[3]
    world.stranger.deposit(somebody.address, lists.version, 55)
    world.stranger.pull_share(somebody.address, lists.version, lists.terms)
    assert world.system.cascade.call("withdrawable", somebody.address) == 55


@pytest.mark.parametrize("kind", ["nobody", "own version", "younger version"])
def test_a_leaf_that_breaks_the_order_pays_its_announcer(world: World, kind: str) -> None:
    node, child = world.forecasters[0], world.providers[0]
    number = int(world.system.cascade.call("count")) + 1
    leaf = {
        "nobody": Leaf("0x" + "00" * 20, 0, 1),
        "own version": Leaf(child.address, number, 1),
        "younger version": Leaf(child.address, number + 1, 1),
    }[kind]
    made = node.announce_list([leaf], KEEP)
    child.announce_list([], 10_000)
    world.stranger.deposit(node.address, made.version, IN)
    world.stranger.pull_list(node.address, made.version, made.terms, [leaf])
    assert world.system.cascade.call("withdrawable", node.address) == POT
    assert world.system.flows(child.address, leaf.child_version) == (0, 0)


def test_money_reaches_the_childs_named_version(world: World) -> None:
    node, child, grandchild = world.forecasters[0], world.providers[0], world.providers[1]
    below = child.announce_list([Leaf(grandchild.address, 0, 1)], 5_000)
    leaf = Leaf(child.address, below.version, 1)
    made = node.announce_list([leaf], KEEP)
    world.stranger.deposit(node.address, made.version, IN)
    world.stranger.pull_list(node.address, made.version, made.terms, [leaf])
    assert world.system.flows(child.address, below.version) == (POT, 0)
    world.stranger.pull_list(child.address, below.version, below.terms, below.leaves or ())
    assert world.system.cascade.call("withdrawable", grandchild.address) == POT - POT // 2


def test_withdraw_pays_the_node_and_nobody_else(world: World, lists: Announcement) -> None:
    system, provider = world.system, world.providers[2]
    world.stranger.pull_list(lists.node, lists.version, lists.terms, lists.leaves or ())
    before = system.balance(provider.address), system.balance(world.stranger.address)
    receipt = world.stranger.withdraw(provider.address)
    assert told(world, receipt)[-1] == ("Withdrawn", {"node": provider.address, "amount": SHARES[2]})
    after = system.balance(provider.address), system.balance(world.stranger.address)
    assert after == (before[0] + SHARES[2], before[1])
    assert system.flows(provider.address, 0) == (SHARES[2], SHARES[2])
    assert system.cascade.call("withdrawable", provider.address) == 0
    assert world.stranger.withdraw(provider.address).logs == ()
    assert world.stranger.withdraw(world.governor.address).logs == ()
    assert system.balance(system.addresses.cascade) == IN - SHARES[2]


def test_what_is_withdrawn_once_is_not_withdrawn_again_after_more_comes(world: World) -> None:
    node = world.providers[0]
    before = world.system.balance(node.address)
    for amount in (5 * TOKENS, 3 * TOKENS):
        world.stranger.deposit(node.address, 0, amount)
        assert world.system.cascade.call("withdraw", node.address) == amount
        world.stranger.withdraw(node.address)
    assert world.system.balance(node.address) == before + 8 * TOKENS
