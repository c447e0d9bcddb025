"""announce_list and announce_tree: what a node may promise, and how versions follow each other."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak

from checks import force, refused, send, told
from harness import LocalBackend, World
from headwater.cascade import Leaf, MerkleSumTree, pack_list
from headwater.chain import Reverted, deploy, load

GWEI = 10**9
MAX_WEI = 2**96 - 1
MAX_BUFFER = (2**64 - 1) * GWEI
KEEP = "cascade: keep not in 100..10000 bps"
TOTAL = "cascade: total not in 1..2**96-1"
BUFFER = "cascade: buffer not whole gwei below 2**64"


def _records(world: World, *weights: int) -> bytes:
    return pack_list([Leaf(world.providers[0].address, 0, weight) for weight in weights])


def test_a_list_stands_whole_in_its_event(world: World) -> None:
    node, cascade = world.forecasters[0], world.system.cascade
    leaves = [Leaf(world.providers[0].address, 0, 3), Leaf(world.providers[1].address, 7, 4)]
    before = cascade.call("count")
    receipt = send(node, cascade, "announce_list", pack_list(leaves), 100, GWEI)
    version = before + 1
    said = {
        "node": node.address,
        "version": version,
        "replaces": 0,
        "total": 7,
        "keep_bps": 100,
        "buffer": GWEI,
        "leaves": pack_list(leaves),
    }
    assert told(world, receipt) == [("ListAnnounced", said)]
    assert cascade.call("count") == cascade.call("latest", node.address) == version
    made = world.system.announcement(node.address, version)
    assert made.terms.root == keccak(pack_list(leaves))
    assert cascade.call("has_terms", node.address, version, made.terms.as_tuple())
    assert cascade.call("version_state", node.address, version) == (made.terms.terms_hash, 0, 0)


def test_a_tree_stands_by_its_root(world: World) -> None:
    node, cascade = world.forecasters[0], world.system.cascade
    tree = MerkleSumTree([Leaf(person.address, 0, 5) for person in world.providers[:3]])
    receipt = send(
        node, cascade, "announce_tree", tree.root, tree.total, tree.depth, 2_500, 0, b"\x01" * 32, "ipfs://x" * 32
    )
    version = cascade.call("latest", node.address)
    said = {
        "node": node.address,
        "version": version,
        "replaces": 0,
        "root": tree.root,
        "total": 15,
        "depth": 2,
        "keep_bps": 2_500,
        "buffer": 0,
        "content_hash": b"\x01" * 32,
        "uri": "ipfs://x" * 32,
    }
    assert told(world, receipt) == [("TreeAnnounced", said)]
    assert cascade.call("has_terms", node.address, version, tree.terms(2_500).as_tuple())


def test_one_counter_numbers_all_announcements_and_each_points_to_its_heir(world: World) -> None:
    first, second = world.forecasters[:2]
    cascade = world.system.cascade
    records = _records(world, 1)
    send(first, cascade, "announce_list", records, 100, 0)
    send(second, cascade, "announce_list", records, 100, 0)
    receipt = send(first, cascade, "announce_list", records, 200, 0)
    assert receipt.event("ListAnnounced")["replaces"] == 1
    assert (cascade.call("latest", first.address), cascade.call("latest", second.address)) == (3, 2)
    minute = -(-receipt.timestamp // 60) * 60  # rounded up
    assert cascade.call("version_state", first.address, 1)[1:] == (3, minute)
    assert cascade.call("version_state", first.address, 3)[1:] == (0, 0)
    assert cascade.call("version_state", first.address, 0)[:2] == (0, 1)
    assert cascade.call("version_state", second.address, 0)[:2] == (0, 2)
    assert cascade.call("version_state", second.address, 1) == (0, 0, 0)


@pytest.mark.parametrize("offset", [0, 1, 59])
def test_the_time_of_replacement_is_rounded_up_to_a_minute(world: World, offset: int) -> None:
    node, cascade = world.forecasters[0], world.system.cascade
    send(node, cascade, "announce_list", b"", 10_000, 0)
    minute = (world.backend.now() // 60 + 2) * 60
    world.travel(minute + offset)
    send(node, cascade, "announce_list", b"", 10_000, 0)
    expected = minute if offset == 0 else minute + 60
    assert cascade.call("version_state", node.address, 1)[2] == expected


def test_a_version_binds_from_its_number_until_its_heirs(world: World) -> None:
    node, cascade = world.forecasters[0], world.system.cascade
    for who in (world.stranger, node, world.stranger, node):  # the node's versions are 2 and 4
        send(who, cascade, "announce_list", b"", 10_000, 0)
    bound = {0: 0, 1: 0, 2: 2, 3: 2, 4: 4, 9: 4}
    for count, right in bound.items():
        for version in (0, 1, 2, 3, 4, 5, 2**40 - 1):
            assert cascade.call("binds", node.address, version, count) is (version == right)


@pytest.mark.parametrize("version", [2**40, 2**256 - 1])
def test_a_number_that_no_version_can_have_names_nothing(world: World, version: int) -> None:
    # It would run into the bits of the node, and so read another node's version.
    cascade, node = world.system.cascade, world.stranger.address
    terms = (bytes(32), 0, 0, 0, 0)
    for name, args in (
        ("binds", (version, version)),
        ("version_state", (version,)),
        ("has_terms", (version, terms)),
        ("flows", (version,)),
        ("taken", (version, 0)),
    ):
        with pytest.raises(Reverted) as caught:
            cascade.call(name, node, *args)
        assert caught.value.reason == "cascade: no such version"
    with refused(world, "cascade: no such version"):
        send(world.stranger, cascade, "pull_share", node, version, terms)


def test_only_a_leaf_or_the_node_itself_can_have_taken_anything(world: World) -> None:
    cascade, node = world.system.cascade, world.stranger.address
    assert cascade.call("taken", node, 1, 2**32) == 0
    for index in (2**32 + 1, 2**256 - 1):
        with pytest.raises(Reverted) as caught:
            cascade.call("taken", node, 1, index)
        assert caught.value.reason == "cascade: no such index"


@pytest.mark.parametrize(
    ("weights", "keep", "buffer", "reason"),
    [
        ([1], 99, 0, KEEP),
        ([1], 0, 0, KEEP),
        ([1], 10_001, 0, KEEP),
        ([1], 2**256 - 1, 0, KEEP),
        ([0], 100, 0, TOTAL),
        ([MAX_WEI, 1], 100, 0, TOTAL),
        ([MAX_WEI] * 32, 100, 0, TOTAL),
        ([1], 100, 1, BUFFER),
        ([1], 100, GWEI + 1, BUFFER),
        ([1], 100, MAX_BUFFER + GWEI, BUFFER),
        ([], 9_999, 0, "cascade: no children, keep must be 10000"),
        ([], 10_001, 0, "cascade: no children, keep must be 10000"),
        ([1], 100, 0, None),
        ([MAX_WEI], 10_000, MAX_BUFFER, None),
        ([MAX_WEI - 31, *[1] * 31], 5_000, GWEI, None),
        ([0, 1], 100, 0, None),
        ([], 10_000, 0, None),
    ],
)
def test_a_list_stays_within_the_rails(
    world: World, weights: list[int], keep: int, buffer: int, reason: str | None
) -> None:
    node, cascade = world.forecasters[0], world.system.cascade
    records = _records(world, *weights)
    if reason is None:
        receipt = send(node, cascade, "announce_list", records, keep, buffer)
        assert receipt.event("ListAnnounced")["total"] == sum(weights)
    else:
        with refused(world, reason):
            send(node, cascade, "announce_list", records, keep, buffer)


def test_a_list_is_whole_records_and_at_most_thirty_two(world: World) -> None:
    node, cascade = world.forecasters[0], world.system.cascade
    for cut in (1, 36, 38, 73):
        with refused(world, "cascade: list is not whole records"):
            send(node, cascade, "announce_list", bytes(range(1, 75))[:cut], 100, 0)
    with refused(world, ""):
        send(node, cascade, "announce_list", _records(world, *[1] * 32) + _records(world, 1), 100, 0)


@pytest.mark.parametrize(
    ("total", "depth", "keep", "buffer", "reason"),
    [
        (0, 1, 100, 0, TOTAL),
        (2**96, 1, 100, 0, TOTAL),
        (2**256 - 1, 1, 100, 0, TOTAL),
        (1, 25, 100, 0, "cascade: tree deeper than 24"),
        (1, 255, 100, 0, "cascade: tree deeper than 24"),
        (1, 1, 99, 0, KEEP),
        (1, 1, 10_001, 0, KEEP),
        (1, 1, 100, 1, BUFFER),
        (1, 1, 100, MAX_BUFFER + GWEI, BUFFER),
        (1, 0, 100, 0, None),
        (MAX_WEI, 24, 10_000, MAX_BUFFER, None),
    ],
)
def test_a_tree_stays_within_the_rails(
    world: World, total: int, depth: int, keep: int, buffer: int, reason: str | None
) -> None:
    node, cascade = world.forecasters[0], world.system.cascade
    args = ("announce_tree", bytes(32), total, depth, keep, buffer, bytes(32), "")
    if reason is None:
        assert send(node, cascade, *args).event("TreeAnnounced")["depth"] == depth
    else:
        with refused(world, reason):
            send(node, cascade, *args)


def test_an_uri_has_an_end(world: World) -> None:
    with refused(world, ""):
        send(world.stranger, world.system.cascade, "announce_tree", bytes(32), 1, 0, 100, 0, bytes(32), "x" * 257)


def test_the_counter_ends_before_it_leaves_its_width(world: World) -> None:
    node, cascade = world.forecasters[0], world.system.cascade
    force(world, cascade, "count", 2**36 - 2)
    receipt = send(node, cascade, "announce_list", b"", 10_000, 0)
    assert receipt.event("ListAnnounced")["version"] == 2**36 - 1
    assert cascade.call("version_state", node.address, 0)[1] == 2**36 - 1
    with refused(world, "cascade: counter exhausted"):
        send(node, cascade, "announce_list", b"", 10_000, 0)


@pytest.mark.parametrize("missing", [0, 1])
def test_a_cascade_needs_a_token_and_a_vault(chain: LocalBackend, missing: int) -> None:
    owner = chain.dev_accounts(1)[0]
    args: list[object] = [owner, owner]
    cascade, _ = deploy(chain, load("Cascade"), *args, sender=owner)
    assert (cascade.call("TOKEN"), cascade.call("VAULT"), cascade.call("count")) == (owner.address, owner.address, 0)
    args[missing] = "0x" + "00" * 20
    with pytest.raises(Reverted) as caught:
        deploy(chain, load("Cascade"), *args, sender=owner)
    assert caught.value.reason == "cascade: zero address"
