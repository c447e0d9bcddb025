"""The filter: what it lets through keeps every profile, truly and to first order; what it does not is said why."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learning_cases import context, profiles

from headwater.learning import (
    Batch,
    Context,
    FrozenFeatures,
    Mode,
    Perceptron,
    Profile,
    ProtectedLoss,
    ReferenceAccuracy,
    SoftmaxRegression,
    Task,
    UpdateError,
    filter_update,
    half_spaces,
)

TASKS = {"softmax": SoftmaxRegression(4, 3), "perceptron": Perceptron((4, 5, 3))}


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    name=st.sampled_from(sorted(TASKS)),
    size=st.sampled_from([0.01, 0.3, 5.0]),
    tolerance=st.sampled_from([0.0, 0.01, 0.2]),
)
def test_what_a_projection_lets_through_keeps_every_profile_as_it_is_meant(
    seed: int, name: str, size: float, tolerance: float
) -> None:
    at = context(TASKS[name], seed % 7)
    update = np.random.default_rng(seed).normal(size=at.task.dimension) * size
    verdict = filter_update(update, profiles(tolerance), at, "project")
    assert verdict.admissible
    task, theta, u = at.task, at.theta, verdict.update
    for group in ("women", "old"):
        assert task.loss(theta + u, at.group(group)) - task.loss(theta, at.group(group)) <= tolerance + 1.001e-9
        assert task.gradient(theta, at.group(group)) @ u <= tolerance + 1.001e-9
    right = [
        (task.predict(t, at.reference("plain").features).argmax(axis=1) == at.reference("plain").labels).mean()
        for t in (theta, theta + u)
    ]
    assert right[0] - right[1] <= 0.02 + 1e-9
    assert np.linalg.norm(u) <= 0.5
    assert np.abs(u).max() <= 0.3
    assert np.abs(u[at.task.indices(2)]).max() <= 0.01
    assert all(item.kept for item in verdict.final)
    # Rejecting and projecting agree about what is admissible as it is.
    rejected = filter_update(update, profiles(tolerance), at, "reject")
    assert rejected.admissible == (verdict.moved == 0)
    assert rejected.admissible or not rejected.update.any()
    assert filter_update(u, profiles(tolerance), at, "reject").admissible


def test_cuts_reach_the_nearest_point_of_the_true_set_when_the_loss_is_convex() -> None:
    at, rng = context(seed=3), np.random.default_rng(4)
    only = (Profile("care", (ProtectedLoss(group="women", tolerance=0.0),)),)
    task, theta, group = at.task, at.theta, at.group("women")
    projected = 0
    for _ in range(8):
        update = rng.normal(size=task.dimension)
        verdict = filter_update(update, only, at, "project")
        u = verdict.update
        assert verdict.admissible
        assert verdict.shrink >= 1 - 1e-4
        if verdict.moved == 0:
            continue
        projected += 1
        assert len(verdict.cuts)
        # On the boundary, and moved along the normal of the boundary there.
        assert abs(task.loss(theta + u, group) - task.loss(theta, group)) < 1e-4
        normal, moved = task.gradient(theta + u, group), update - u
        assert normal @ moved / np.linalg.norm(normal) / np.linalg.norm(moved) > 0.999
    assert projected >= 3


def test_a_rejection_names_what_is_broken_and_by_how_much() -> None:
    at = context()
    update = at.task.gradient(at.theta, at.group("women"))
    verdict = filter_update(update, profiles(), at, Mode.REJECT)
    assert not verdict.admissible
    assert "protected-loss(women)" in verdict.reason
    broken = {(item.name, item.form): item for item in verdict.violated}
    first = broken["care: protected-loss(women) ≤ 0", "first-order"]
    assert first.value == pytest.approx(update @ update)
    exact = broken["care: protected-loss(women) ≤ 0", "exact"]
    moved = at.task.loss(at.theta + update, at.group("women")) - at.task.loss(at.theta, at.group("women"))
    assert exact.value == pytest.approx(moved)


def test_zero_is_admissible_whenever_no_tolerance_is_negative() -> None:
    for name in TASKS:
        at = context(TASKS[name])
        verdict = filter_update(np.zeros(at.task.dimension), profiles(), at, "reject")
        assert verdict.admissible


def test_a_negative_tolerance_asks_for_improvement_and_may_ask_for_too_much() -> None:
    at = context()
    some = (Profile("care", (ProtectedLoss(group="women", tolerance=-0.01),)),)
    idle = filter_update(np.zeros(at.task.dimension), some, at, "project")
    assert idle.admissible
    assert (
        at.task.loss(at.theta + idle.update, at.group("women"))
        <= at.task.loss(at.theta, at.group("women")) - 0.01 + 1e-9
    )
    assert not filter_update(np.zeros(at.task.dimension), some, at, "reject").admissible
    much = (Profile("care", (ProtectedLoss(group="women", tolerance=-50.0),)), profiles()[0])
    none = filter_update(np.zeros(at.task.dimension), much, at, "project")
    assert not none.admissible
    assert "care: protected-loss(women) ≤ -50" in none.conflict
    assert "care: norm(l2) ≤ 0.5" in none.conflict
    frozen = (
        Profile("odd", (FrozenFeatures(features=(0, 1, 2, 3)), ReferenceAccuracy(reference="plain", tolerance=-1))),
    )
    assert not filter_update(np.zeros(at.task.dimension), frozen, at, "project").admissible


def test_numbers_that_no_update_can_hold_are_inadmissible_not_errors() -> None:
    at = context()
    for bad in (np.nan, np.inf, -np.inf, 1e300, 9.3e9):
        for mode in Mode:
            update = np.zeros(at.task.dimension)
            update[3] = bad
            verdict = filter_update(update, profiles(), at, mode)
            assert not verdict.admissible
            assert not verdict.update.any()
            assert verdict.reason
    large = filter_update(np.full(at.task.dimension, 9e9), profiles(), at, "project")
    assert large.admissible


def test_without_profiles_everything_finite_is_admissible_as_it_is() -> None:
    at = context()
    update = np.random.default_rng(0).normal(size=at.task.dimension) * 100
    for mode in Mode:
        assert np.array_equal(filter_update(update, (), at, mode).update, update)


def test_profiles_that_name_what_is_not_there_are_refused() -> None:
    at = context()
    zero = np.zeros(at.task.dimension)
    for constraint in (
        ProtectedLoss(group="nobody"),
        ReferenceAccuracy(reference="nothing"),
        FrozenFeatures(features=("colour",)),
        FrozenFeatures(features=(4,)),
    ):
        with pytest.raises(UpdateError):
            filter_update(zero, (Profile("p", (constraint,)),), at, "reject")
    with pytest.raises(UpdateError):
        filter_update(zero[:-1], (), at, "reject")
    with pytest.raises(UpdateError, match="rejects or projects"):
        filter_update(zero, (), at, "ignore")
    for theta in (zero[:-1], zero + np.nan):
        with pytest.raises(UpdateError):
            Context(task=at.task, theta=theta)
    with pytest.raises(UpdateError):
        Context(task=at.task, theta=zero, feature_names=("a", "a", "b", "c"))


@pytest.mark.parametrize("name", sorted(TASKS))
def test_half_spaces_are_the_slopes_of_the_functions(name: str) -> None:
    task: Task = TASKS[name]
    at = context(task)
    rows = half_spaces(profiles(0.1), at)
    step = np.random.default_rng(1).normal(size=task.dimension) * 1e-5
    for row, batch in zip(rows.a, (at.group("women"), at.group("old"), at.reference("plain")), strict=True):
        rise = task.loss(at.theta + step, batch) - task.loss(at.theta - step, batch)
        assert 2 * row @ step == pytest.approx(rise, rel=1e-4, abs=1e-12)
    assert list(rows.b) == [0.1, 0.1, 0.02]
    assert rows.ball == 0.5
    assert sorted(np.flatnonzero(rows.box < 0.3)) == sorted(task.indices(2)) == list(rows.frozen)
    axes = np.eye(task.dimension)[list(rows.frozen)]
    assert np.array_equal(rows.normals(), np.vstack([rows.a, axes]))
    assert np.array_equal(rows.normals((rows.names[1],)), rows.a[1:2])
    assert np.array_equal(rows.normals((rows.box_names[rows.frozen[0]],)), axes)
    assert rows.normals(()).shape == (0, task.dimension)


def test_an_empty_group_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="at least one example"):
        Batch(np.zeros((0, 4)), np.zeros(0))
