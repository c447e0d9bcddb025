from typing import Any

import numpy as np
import pytest
from cascade_cases import ZERO, address

from headwater.cascade import Announcement, CascadeGraph, Leaf
from headwater.cascade.errors import GraphError, RecordError
from headwater.units import MAX_WEI

A, B = address(0), address(1)


def columns(**changed: Any) -> dict[str, Any]:
    packed = np.zeros((2, 20), np.uint8)
    packed[:, 19] = [1, 2]
    return {
        "addresses": packed,
        "node": np.array([0, 1]),
        "version": np.array([2, 1]),
        "keep_bps": np.array([100, 10_000]),
        "starts": np.array([0, 1, 1]),
        "child": np.array([1]),
        "child_version": np.array([1]),
        "weight": [5],
    } | changed


def test_parents_stand_in_earlier_levels() -> None:
    graph = CascadeGraph.from_announcements(
        [
            Announcement(A, 1, [Leaf(B, 0, 1)], 100),
            Announcement(A, 9, [Leaf(B, 5, 1), Leaf(A, 1, 1)], 100),
            Announcement(B, 5, [Leaf(A, 1, 1)], 100),
            Announcement(B, 7, [Leaf(A, 0, 1)], 100),
        ]
    )
    level = np.searchsorted(graph.level_starts, graph.rank, side="right")
    assert level.tolist() == [3, 1, 2, 1]
    inner = graph.target < graph.n
    assert (graph.source[inner] < graph.target[inner]).all()


def test_columns_build_a_graph() -> None:
    graph = CascadeGraph.from_arrays(**columns())
    assert (graph.n, graph.m, graph.pairs) == (2, 1, 2)
    assert graph.position(A, 2) == 0
    assert graph.position(A, 1) is None
    assert graph.position(address(9), 1) is None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"version": np.array([1, 1])}, "announced twice"),
        ({"version": np.array([2, 0])}, "version number"),
        ({"version": np.array([2**40, 1])}, "version number"),
        ({"version": np.array([2])}, "2 nodes need"),
        ({"keep_bps": np.array([99, 10_000])}, "keeps 99 bps"),
        ({"keep_bps": np.array([100, 10_001])}, "keeps 10001 bps"),
        ({"keep_bps": np.array([100, 9_999])}, "no children"),
        ({"starts": np.array([0, 1])}, "starts"),
        ({"starts": np.array([0, 2, 1])}, "starts must rise"),
        ({"starts": np.array([0, 0, 0])}, "starts must rise"),
        ({"child": np.array([2])}, "child is no row"),
        ({"child": np.array([-1])}, "child is no row"),
        ({"node": np.array([0, 2])}, "node is no row"),
        ({"child": np.array([1, 1])}, "2 children"),
        ({"child_version": np.array([-1])}, "child version"),
        ({"child_version": np.array([2**40])}, "child version"),
        ({"total": [4, 0]}, "over-allocates"),
        ({"total": [2**96, 0]}, "total of"),
        ({"total": [5]}, "1 totals"),
        ({"total": [5, -1]}, "no integer"),
        ({"total": [5.5, 0]}, "no integer"),
        ({"weight": [0]}, "total of 0"),
        ({"addresses": np.ones((2, 20), np.uint8)}, "stands twice"),
        ({"addresses": np.eye(2, 20, dtype=np.uint8)[:, ::-1] * np.array([[0], [1]], np.uint8)}, "zero address"),
    ],
)
def test_columns_that_make_no_cascade_are_refused(changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(GraphError, match=reason):
        CascadeGraph.from_arrays(**columns(**changed))


@pytest.mark.parametrize("scale", [1, 10**9])
def test_dense_and_sparse_version_numbers_give_the_same_graph(scale: int) -> None:
    graph = CascadeGraph.from_announcements(
        [
            Announcement(A, 4 * scale, [Leaf(B, 2 * scale, 1), Leaf(B, 1 * scale, 1), Leaf(B, 3 * scale, 1)], 100),
            Announcement(B, 2 * scale, [Leaf(A, 1 * scale, 1)], 100),
            Announcement(A, 1 * scale, [Leaf(B, 0, 1)], 100),
        ]
    )
    # Positions 0 to 2 are announced; 3 and 4 are (B, 1) and (B, 3), which nobody announced; then addresses A and B.
    assert graph.target.tolist() == [1, 3, 4, 2, graph.pairs + 1]
    assert [graph.position(B, number * scale) for number in (1, 2, 3, 4)] == [3, 1, 4, None]
    assert graph.position(A, 2**70) is None


def test_levels_of_deep_and_of_shallow_graphs_are_longest_distances() -> None:
    for depth in (5, 400):
        spine = [Announcement(A, n, [Leaf(A, n - 1, 1), Leaf(A, max(0, n - 3), 1)], 100) for n in range(1, depth + 1)]
        graph = CascadeGraph.from_announcements(spine)
        assert graph.level_starts == list(range(depth + 1))
        assert graph.version[:depth].tolist() == list(range(depth, 0, -1))


def test_weights_that_do_not_fit_are_refused() -> None:
    for weight in ([-1], [2**96], [0.5]):
        with pytest.raises(RecordError):
            CascadeGraph.from_arrays(**columns(weight=weight))


def test_announcements_that_make_no_cascade_are_refused() -> None:
    one = Announcement(A, 1, [Leaf(B, 0, 3)], 100)
    for wrong, reason in (
        ([one, one], "announced twice"),
        ([one, Announcement(B, 1, [Leaf(A, 0, 3)], 100)], "announced twice"),
        ([Announcement(A, 1, [Leaf(B, 0, 3)], 100, total=2)], "over-allocates"),
        ([Announcement(A, 1, [Leaf(B, 0, MAX_WEI), Leaf(A, 0, 1)], 100)], "total of"),
        ([Announcement(A, 0, [Leaf(B, 0, 3)], 100)], "version number"),
        ([Announcement(A, 2**70, [Leaf(B, 0, 3)], 100)], "version number"),
        ([Announcement(ZERO, 1, [Leaf(B, 0, 3)], 100)], "zero address"),
    ):
        with pytest.raises(GraphError, match=reason):
            CascadeGraph.from_announcements(wrong)
    with pytest.raises(RecordError):
        CascadeGraph.from_announcements([Announcement("nobody", 1, [], 10_000)])


def test_a_graph_is_built_by_its_makers_only() -> None:
    with pytest.raises(TypeError, match="from_announcements"):
        CascadeGraph()
