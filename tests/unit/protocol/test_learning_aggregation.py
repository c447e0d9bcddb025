"""Aggregation: a traversal's gradient is the centralised one, a mean is a mean, and both count their bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learning_cases import draw

from headwater.learning import (
    Perceptron,
    RoundError,
    fedavg,
    fedavg_bytes,
    join,
    traversal_gradient,
    virtual_batches,
)
from headwater.learning.traversal import visit

NODES = [draw(n, 20 + n) for n in (1, 7, 12, 30)]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    layers=st.sampled_from([(4, 3), (4, 6, 3), (4, 6, 5, 3)]),
    batch=st.integers(1, 60),
)
def test_a_traversals_gradient_is_that_of_the_same_batch_in_one_place(
    seed: int, layers: tuple[int, ...], batch: int
) -> None:
    rng = np.random.default_rng(seed)
    task = Perceptron(layers)
    theta, indices = rng.normal(size=task.dimension), rng.integers(0, 50, size=batch)
    found, whole = traversal_gradient(task, theta, NODES, indices), join(NODES).take(indices)
    assert np.abs(found.gradient - task.gradient(theta, whole)).max() < 1e-13
    assert found.loss == pytest.approx(task.loss(theta, whole), abs=1e-13)
    ends = np.cumsum([len(node) for node in NODES])
    assert set(found.visits) == set(np.searchsorted(ends, indices, side="right"))
    assert found.visits[0] == np.searchsorted(ends, indices[0], side="right")


def test_training_by_traversal_ends_where_central_training_ends() -> None:
    rng = np.random.default_rng(1)
    task = Perceptron((4, 5, 3))
    theta = task.start(rng)
    central = theta.copy()
    whole = join(NODES)
    for _ in range(5):
        for indices in virtual_batches([len(node) for node in NODES], 8, rng):
            theta = theta - 0.5 * traversal_gradient(task, theta, NODES, indices).gradient
            central = central - 0.5 * task.gradient(central, whole.take(indices))
    assert np.abs(theta - central).max() < 1e-12


def test_bytes_are_what_is_sent() -> None:
    task = Perceptron((4, 6, 3))
    indices = np.array([0, 1, 2, 20])  # nodes 0, 1, 1, 3
    found = traversal_gradient(task, np.ones(task.dimension), NODES, indices)
    assert found.visits == (0, 1, 3)
    assert found.bytes_down == 8 * (3 * task.dimension + 4)
    first = 4 * 6 + 6
    assert found.bytes_up == 8 * (4 * 6 + 4 * 3 + 3 * (first + 1))
    assert fedavg_bytes(3, task.dimension) == (8 * 3 * task.dimension, 8 * 3 * task.dimension)
    flat = Perceptron((4, 3))
    assert traversal_gradient(flat, np.ones(15), NODES, indices).bytes_up == 8 * 3 * (15 + 1)


def test_a_node_sends_no_raw_feature_and_its_slopes_tell_its_labels() -> None:
    task = Perceptron((4, 6, 3))
    rng = np.random.default_rng(2)
    answer = visit(task, rng.normal(size=task.dimension), NODES[2], np.arange(12))
    sent = np.concatenate([answer.outputs.ravel(), answer.slopes.ravel(), answer.first])
    assert not np.isin(NODES[2].features, sent).any()
    # What does not stay private, said in the module.
    assert np.array_equal(answer.slopes.argmin(axis=1), NODES[2].labels)


def test_virtual_batches_hold_each_example_once() -> None:
    batches = virtual_batches([1, 7, 12], 6, np.random.default_rng(3))
    assert [len(b) for b in batches] == [6, 6, 6, 2]
    assert sorted(np.concatenate(batches)) == list(range(20))


def test_a_mean_is_weighted_by_sizes() -> None:
    rows = np.array([[1.0, 0], [0, 1], [2, 2]])
    assert np.allclose(fedavg(rows, [1, 3, 0]), [0.25, 0.75])
    for bad, sizes in (
        (rows, [0, 0, 0]),
        (rows, [1, 1]),
        (rows * np.nan, [1, 1, 1]),
        (rows, [1, -1, 1]),
        (rows[:0], []),
    ):
        with pytest.raises(RoundError):
            fedavg(bad, sizes)


def test_batches_that_nobody_holds_are_refused() -> None:
    task = Perceptron((4, 3))
    for indices in ([], [50], [-1], [0.5], [[0]]):
        with pytest.raises(RoundError):
            traversal_gradient(task, np.zeros(15), NODES, indices)
    with pytest.raises(RoundError):
        traversal_gradient(task, np.zeros(15), [], [0])
    for sizes, size in (([0], 1), ([3], 0)):
        with pytest.raises(RoundError):
            virtual_batches(sizes, size, np.random.default_rng(0))
