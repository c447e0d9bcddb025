from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from cascade_cases import address, leaf_lists
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from headwater.cascade import Leaf, MerkleSumTree, Terms, open_entries, open_entry, verify
from headwater.cascade.errors import ProofError, RecordError, TreeError
from headwater.cascade.tree import entry_stride
from headwater.units import MAX_WEI


def u96(value: int) -> bytes:
    return value.to_bytes(12, "big")


def plain_root(leaves: list[Leaf]) -> tuple[bytes, int, int]:
    """The definition, word for word: (root, total, depth)."""
    level = [(keccak(b"\x00" + i.to_bytes(4, "big") + leaf.pack()), leaf.weight) for i, leaf in enumerate(leaves)]
    depth = 0
    while len(level) & (len(level) - 1):
        level.append((bytes(32), 0))
    while len(level) > 1:
        level = [
            (keccak(b"\x01" + u96(a[1]) + a[0] + u96(b[1]) + b[0]), a[1] + b[1])
            for a, b in zip(level[::2], level[1::2], strict=True)
        ]
        depth += 1
    return level[0][0], level[0][1], depth


@given(leaf_lists(max_size=40))
def test_the_tree_is_the_one_defined(leaves: list[Leaf]) -> None:
    tree = MerkleSumTree(leaves)
    assert (tree.root, tree.total, tree.depth) == plain_root(leaves)
    assert [tree[i] for i in range(len(tree))] == leaves


@given(leaf_lists(max_size=40))
def test_every_leaf_proves_itself_and_entries_stand_side_by_side(leaves: list[Leaf]) -> None:
    tree = MerkleSumTree(leaves)
    terms = tree.terms(100)
    assert open_entries(terms, tree.entries(range(len(tree)))) == list(enumerate(leaves))
    assert all(verify(tree.root, tree.total, tree.depth, i, leaf, tree.proof(i)) for i, leaf in enumerate(leaves))
    assert all(len(tree.entry(i)) == entry_stride(tree.depth) for i in range(len(tree)))


@given(leaf_lists(max_size=12), st.data())
def test_a_change_of_any_bit_of_an_entry_is_rejected(leaves: list[Leaf], data: st.DataObject) -> None:
    tree = MerkleSumTree(leaves)
    entry = bytearray(tree.entry(data.draw(st.integers(0, len(tree) - 1))))
    bit = data.draw(st.integers(0, 8 * len(entry) - 1))
    entry[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(ProofError):
        open_entry(tree.terms(100), bytes(entry))


@given(leaf_lists(max_size=12), st.data())
def test_a_proof_serves_no_other_index_leaf_root_total_or_depth(leaves: list[Leaf], data: st.DataObject) -> None:
    tree = MerkleSumTree(leaves)
    index = data.draw(st.integers(0, len(tree) - 1))
    leaf, proof = leaves[index], tree.proof(index)
    other = data.draw(st.integers(0, 2**32 - 1).filter(lambda i: i != index))
    assert not verify(tree.root, tree.total, tree.depth, other, leaf, proof)
    heavier = replace(leaf, weight=leaf.weight ^ 1)
    assert not verify(tree.root, tree.total, tree.depth, index, heavier, proof)
    assert not verify(tree.root, tree.total + 1, tree.depth, index, leaf, proof)
    assert not verify(tree.root, tree.total, tree.depth + 1, index, leaf, proof)
    assert not verify(keccak(tree.root), tree.total, tree.depth, index, leaf, proof)
    assert not verify(tree.root, tree.total, tree.depth, index, leaf, proof + bytes(44))


@given(leaf_lists(max_size=12))
def test_padding_proves_nothing(leaves: list[Leaf]) -> None:
    tree = MerkleSumTree([*leaves, Leaf(address(3), 0, 1)])
    for index in range(len(tree), 1 << tree.depth):
        for leaf in (Leaf("0x" + "0" * 40, 0, 0), Leaf(address(1), 0, 0)):
            assert not verify(tree.root, tree.total, tree.depth, index, leaf, tree.proof(len(tree) - 1))


def test_an_inner_node_cannot_pass_for_a_leaf() -> None:
    leaves = [Leaf(address(i), 0, i + 1) for i in range(4)]
    tree = MerkleSumTree(leaves)
    # A tree one level lower, over the same root, would need a 42-byte preimage of an inner node's hash.
    assert not verify(tree.root, tree.total, 1, 0, leaves[0], tree.proof(0)[44:])


@dataclass
class Forged:
    """A node of a hand-made tree: its hash, and for inner nodes the sums it claims for its children."""

    hash: bytes
    claims: tuple[int, int] | None = None
    children: tuple[Forged, Forged] | None = None
    leaf: Leaf | None = None


def forge(data: st.DataObject, level: int, index: int) -> tuple[Forged, int]:
    """A tree whose author lies wherever chance says so; returns it with its true sum."""
    if level == 0:
        leaf = Leaf(address(index), 0, data.draw(st.integers(0, 5)))
        said = data.draw(st.sampled_from([index] * 6 + [0, index ^ 1]))
        return Forged(keccak(b"\x00" + said.to_bytes(4, "big") + leaf.pack()), leaf=leaf), leaf.weight
    left, sum_left = forge(data, level - 1, 2 * index)
    right, sum_right = forge(data, level - 1, 2 * index + 1)
    if data.draw(st.integers(0, 9)) == 0:
        right, sum_right = left, sum_left  # the same subtree sold twice
    lie = st.integers(0, 12) | st.just(MAX_WEI)
    claims = (
        data.draw(st.one_of(st.just(sum_left), st.just(sum_left), lie)),
        data.draw(st.one_of(st.just(sum_right), st.just(sum_right), lie)),
    )
    node = keccak(b"\x01" + u96(claims[0]) + left.hash + u96(claims[1]) + right.hash)
    return Forged(node, claims, (left, right)), min(sum(claims), MAX_WEI)


def forged_entry(node: Forged, depth: int, index: int) -> bytes:
    steps = []
    for level in reversed(range(depth)):
        assert node.children is not None
        assert node.claims is not None
        side = (index >> level) & 1
        steps.append(u96(node.claims[1 - side]) + node.children[1 - side].hash)
        node = node.children[side]
    assert node.leaf is not None
    return index.to_bytes(4, "big") + node.leaf.pack() + b"".join(reversed(steps))


@given(st.integers(1, 3), st.data())
def test_leaves_that_can_be_proven_never_sum_to_more_than_the_total(depth: int, data: st.DataObject) -> None:
    tree, believed = forge(data, depth, 0)
    total = data.draw(st.one_of(st.just(max(1, believed)), st.integers(1, 40)))
    terms = Terms(tree.hash, total, depth, 100, 0)
    proven = 0
    for index in range(1 << depth):
        try:
            got, leaf = open_entry(terms, forged_entry(tree, depth, index))
        except ProofError:
            continue
        assert got == index
        proven += leaf.weight
    assert proven <= total


def test_a_truthful_part_of_a_forged_tree_can_still_be_proven() -> None:
    # So that the rule above is not kept by rejecting everything.
    honest = MerkleSumTree([Leaf(address(0), 0, 3), Leaf(address(1), 0, 4)])
    left = Forged(honest.root, (3, 4))
    root = keccak(b"\x01" + u96(7) + left.hash + u96(0) + keccak(b"nobody knows"))
    steps = honest.proof(1) + u96(0) + keccak(b"nobody knows")
    assert verify(root, 7, 2, 1, honest[1], steps)


def test_an_index_beyond_the_depth_is_rejected_though_the_author_hashed_it() -> None:
    leaf, other = Leaf(address(0), 0, 2), Leaf(address(1), 0, 3)
    first, second = (keccak(b"\x00" + i.to_bytes(4, "big") + x.pack()) for i, x in ((2, leaf), (1, other)))
    terms = Terms(keccak(b"\x01" + u96(2) + first + u96(3) + second), 5, 1, 100, 0)
    with pytest.raises(ProofError, match="outside"):
        open_entry(terms, (2).to_bytes(4, "big") + leaf.pack() + u96(3) + second)
    assert open_entry(terms, (1).to_bytes(4, "big") + other.pack() + u96(2) + first) == (1, other)


def test_sums_beyond_96_bits_are_rejected_along_the_path() -> None:
    # Without the check, a huge sibling sum would wrap round to the announced total.
    leaf = Leaf(address(0), 0, 2)
    value = keccak(b"\x00" + bytes(4) + leaf.pack())
    middle = keccak(b"\x01" + u96(2) + value + u96(MAX_WEI) + bytes(32))
    root = keccak(b"\x01" + u96(1) + middle + u96(0) + bytes(32))
    entry = bytes(4) + leaf.pack() + u96(MAX_WEI) + bytes(32) + u96(0) + bytes(32)
    with pytest.raises(ProofError, match="exceed"):
        open_entry(Terms(root, 1, 2, 100, 0), entry)


def test_columns_give_the_same_tree_as_leaves() -> None:
    rng = np.random.default_rng(5)
    n = 3_001
    children = rng.integers(0, 256, (n, 20), dtype=np.uint8)
    versions = rng.integers(0, 2**40, n, dtype=np.uint64)
    small = rng.integers(0, 2**63, n, dtype=np.uint64)
    large = [int(w) << 20 for w in small.tolist()]
    for weights in (small, large, np.array(large, dtype=object), small.astype(np.int64)):
        columns = MerkleSumTree.from_arrays(children, versions, weights)
        leaves = [Leaf("0x" + children[i].tobytes().hex(), int(versions[i]), int(weights[i])) for i in range(n)]
        assert (columns.root, columns.total, columns.depth) == plain_root(leaves)
        assert columns[n - 1] == leaves[-1]
        assert open_entry(columns.terms(100), columns.entry(n - 1)) == (n - 1, leaves[-1])


def test_progress_ends_at_the_number_of_hashes() -> None:
    told: list[tuple[int, int]] = []
    MerkleSumTree([Leaf(address(i), 0, 1) for i in range(5)], progress=lambda *at: told.append(at))
    assert told[-1] == (5 + 3 + 2 + 1, 5 + 3 + 2 + 1)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_single_leaf_is_its_own_root() -> None:
    leaf = Leaf(address(0), 7, 9)
    tree = MerkleSumTree([leaf])
    assert (tree.depth, tree.proof(0)) == (0, b"")
    assert tree.root == keccak(b"\x00" + bytes(4) + leaf.pack())


def test_totals_outside_96_bits_and_empty_trees_are_refused() -> None:
    heavy = Leaf(address(0), 0, MAX_WEI)
    assert MerkleSumTree([heavy, Leaf(address(1), 0, 0)]).total == MAX_WEI
    with pytest.raises(TreeError, match="sum to"):
        MerkleSumTree([heavy, Leaf(address(1), 0, 1)])
    with pytest.raises(TreeError, match="sum to 0"):
        MerkleSumTree([Leaf(address(1), 0, 0)])
    with pytest.raises(TreeError, match="0 leaves"):
        MerkleSumTree([])


def test_indices_outside_the_tree_are_refused() -> None:
    tree = MerkleSumTree([Leaf(address(i), 0, 1) for i in range(3)])
    for call in (tree.proof, tree.entry, tree.__getitem__):
        for index in (-1, 3):
            with pytest.raises(TreeError, match="leaves 0 to 2"):
                call(index)


def test_columns_that_do_not_fit_are_refused() -> None:
    children, versions = np.zeros((2, 20), np.uint8), np.zeros(2, np.int64)
    for wrong in (
        (children[:, :19], versions, [1, 1]),
        (children.astype(np.int16), versions, [1, 1]),
        (children, versions[:1], [1, 1]),
        (children, versions.astype(float), [1, 1]),
        (children, versions - 1, [1, 1]),
        (children, versions + 2**40, [1, 1]),
        (children, versions, [1]),
        (children, versions, [1, -1]),
        (children, versions, [1, 2**96]),
        (children, versions, [1, "x"]),
        (children, versions, np.array([1, -1])),
        (children, versions, np.array([0.5, 1.0])),
        (children, versions, np.ones((2, 1), np.uint64)),
    ):
        with pytest.raises(RecordError):
            MerkleSumTree.from_arrays(*wrong)  # type: ignore[arg-type]


def test_entries_must_be_whole_and_of_a_tree() -> None:
    tree = MerkleSumTree([Leaf(address(i), 0, 1) for i in range(3)])
    terms = tree.terms(100)
    for wrong in (b"", tree.entry(0)[:-1], tree.entry(0) + b"\0"):
        with pytest.raises(ProofError):
            open_entries(terms, wrong)
    with pytest.raises(ProofError):
        open_entry(terms, tree.entry(0)[:-1])
    with pytest.raises(ProofError, match="list"):
        open_entries(replace(terms, depth=255), tree.entry(0))
    with pytest.raises(ProofError, match="list"):
        open_entry(replace(terms, depth=255), tree.entry(0))
