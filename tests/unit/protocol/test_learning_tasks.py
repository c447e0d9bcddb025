"""Tasks: gradients are those of the loss, parameters of a feature are all that reads it, bad batches are refused."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.learning import (
    Batch,
    Perceptron,
    SoftmaxRegression,
    TaskError,
    accuracy,
    join,
    local_update,
    split,
    split_skewed,
    task_from,
)

TASKS = [SoftmaxRegression(4, 3), SoftmaxRegression(1, 2), Perceptron((4, 5, 3)), Perceptron((4, 6, 5, 3))]


def examples(task: Perceptron, n: int, seed: int) -> Batch:
    rng = np.random.default_rng(seed)
    return Batch(rng.normal(size=(n, task.features)), rng.integers(0, task.classes, size=n))


@pytest.mark.parametrize("task", TASKS, ids=lambda task: str(task.layers))
def test_the_gradient_is_the_slope_of_the_loss(task: Perceptron) -> None:
    rng = np.random.default_rng(1)
    batch, theta, step = examples(task, 17, 2), rng.normal(size=task.dimension), 1e-6
    slopes = [
        (task.loss(theta + step * e, batch) - task.loss(theta - step * e, batch)) / (2 * step)
        for e in np.eye(task.dimension)
    ]
    assert np.abs(task.gradient(theta, batch) - slopes).max() < 1e-8


@pytest.mark.parametrize("task", TASKS, ids=lambda task: str(task.layers))
def test_a_batch_has_the_mean_of_its_examples_losses_and_gradients(task: Perceptron) -> None:
    batch, theta = examples(task, 6, 3), np.random.default_rng(4).normal(size=task.dimension)
    single = [batch.take([i]) for i in range(len(batch))]
    assert task.loss(theta, batch) == pytest.approx(np.mean([task.loss(theta, b) for b in single]), abs=1e-12)
    mean = np.mean([task.gradient(theta, b) for b in single], axis=0)
    assert np.abs(task.gradient(theta, batch) - mean).max() < 1e-12
    probabilities = task.predict(theta, batch.features)[np.arange(6), batch.labels]
    assert np.allclose(-np.log(probabilities), task.losses(theta, batch))


@pytest.mark.parametrize("task", TASKS, ids=lambda task: str(task.layers))
def test_without_its_parameters_a_model_cannot_see_a_feature(task: Perceptron) -> None:
    rng = np.random.default_rng(5)
    theta, table = rng.normal(size=task.dimension), rng.normal(size=(9, task.features))
    feature = task.features - 1
    theta[task.indices(feature)] = 0
    other = table.copy()
    other[:, feature] += 3
    assert np.array_equal(task.predict(theta, table), task.predict(theta, other))


def test_losses_stay_finite_where_exponentials_would_not() -> None:
    task = SoftmaxRegression(1, 2)
    batch = Batch(np.array([[1e4]]), np.array([0]))
    assert task.loss(np.array([-1.0, 1.0, 0, 0]), batch) == pytest.approx(2e4)
    assert np.isfinite(task.gradient(np.array([-1.0, 1.0, 0, 0]), batch)).all()


def test_the_loss_of_softmax_regression_is_convex() -> None:
    task, rng = SoftmaxRegression(3, 4), np.random.default_rng(6)
    batch = examples(task, 20, 7)
    for _ in range(50):
        a, b = rng.normal(size=(2, task.dimension)) * 3
        assert task.loss((a + b) / 2, batch) <= (task.loss(a, batch) + task.loss(b, batch)) / 2 + 1e-12


def test_local_training_lowers_the_local_loss_and_decays_weights() -> None:
    task, rng = SoftmaxRegression(4, 3, l2=0.1), np.random.default_rng(8)
    batch, theta = examples(task, 30, 9), np.zeros(task.dimension)
    update = local_update(task, theta, batch, rate=0.1, steps=20)
    assert task.loss(theta + update, batch) < task.loss(theta, batch)
    one = local_update(task, theta + 1, batch, rate=0.1)
    assert np.allclose(one, -0.1 * (task.gradient(theta + 1, batch) + 0.1))
    drawn = [local_update(task, theta, batch, rate=0.1, size=5, rng=np.random.default_rng(1)) for _ in range(2)]
    assert np.array_equal(*drawn)
    assert not np.array_equal(drawn[0], local_update(task, theta, batch, rate=0.1, size=5, rng=rng))


def test_a_description_builds_the_same_task_again() -> None:
    for task in TASKS:
        twin, theta, batch = task_from(task.describe()), task.start(np.random.default_rng(0)), examples(task, 5, 1)
        assert twin.dimension == task.dimension
        assert twin.convex == task.convex
        assert twin.loss(theta, batch) == task.loss(theta, batch)
    with pytest.raises(TaskError, match="kind perceptron"):
        task_from({"kind": "forest"})


def test_parts_of_a_batch_hold_each_example_once() -> None:
    rng = np.random.default_rng(10)
    batch = Batch(np.arange(40.0)[:, None], np.arange(40) % 3)
    for parts in (split(batch, (0.5, 0.25, 0.25), rng), split_skewed(batch, 6, 0.3, rng), split(batch, (1.0,), rng)):
        assert min(len(part) for part in parts) >= 1
        assert sorted(join(parts).features[:, 0]) == list(range(40))
        assert all(np.array_equal(part.labels, part.features[:, 0] % 3) for part in parts)


def test_bad_batches_tasks_and_settings_are_refused() -> None:
    task, good = SoftmaxRegression(2, 2), Batch(np.zeros((1, 2)), np.array([1]))
    for features, labels in (
        (np.zeros((0, 2)), np.zeros(0)),
        (np.array([[np.nan, 0]]), np.array([0])),
        (np.zeros((2, 2)), np.array([0])),
        (np.zeros((1, 2)), np.array([-1])),
        (np.zeros((1, 2)), np.array([0.5])),
    ):
        with pytest.raises(TaskError):
            Batch(features, labels)
    with pytest.raises(TaskError, match="labels up to 2"):
        task.loss(np.zeros(6), Batch(np.zeros((1, 2)), np.array([2])))
    with pytest.raises(TaskError, match="shape"):
        task.loss(np.zeros(5), good)
    for layers in ((3,), (3, 1), (0, 2), (2, True, 2)):
        with pytest.raises(TaskError):
            Perceptron(layers)
    with pytest.raises(TaskError):
        SoftmaxRegression(2, 2, l2=-1)
    with pytest.raises(TaskError):
        task.indices(2)
    with pytest.raises(TaskError):
        local_update(task, np.zeros(6), good, rate=0)
    with pytest.raises(TaskError, match="generator"):
        local_update(task, np.zeros(6), good, rate=1, size=1)
    with pytest.raises(TaskError):
        split(good, (0.5, 0.6), np.random.default_rng(0))
    with pytest.raises(TaskError):
        split_skewed(good, 2, 1.0, np.random.default_rng(0))
    assert accuracy(task, np.zeros(6), good) == 0.0
