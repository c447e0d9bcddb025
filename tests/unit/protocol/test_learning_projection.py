"""Projection: the nearest point of the intersection, to the last bits, or which constraints conflict."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from learning_cases import context, profiles

from headwater.learning import HalfSpaces, UpdateError, half_spaces, project, projection


def spaces(seed: int, d: int, c: int, *, boxed: bool, ball: float, lowest: float = 0.0) -> HalfSpaces:
    rng = np.random.default_rng(seed)
    box = np.where(rng.random(d) < 0.4, rng.choice([0.0, 0.3], size=d), np.inf) if boxed else np.full(d, np.inf)
    return HalfSpaces(
        a=rng.normal(size=(c, d)) * rng.lognormal(sigma=2, size=(c, 1)),
        b=rng.uniform(lowest, 0.3, size=c) * (rng.random(c) < 0.7),
        names=tuple(f"row {i}" for i in range(c)),
        box=box,
        box_names=tuple(f"box {j}" if np.isfinite(box[j]) else "" for j in range(d)),
        ball=ball,
        ball_name="ball" if np.isfinite(ball) else "",
    )


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    d=st.integers(1, 12),
    c=st.integers(0, 6),
    boxed=st.booleans(),
    ball=st.sampled_from([float("inf"), 0.2, 1.0, 50.0]),
    size=st.sampled_from([1e-4, 1.0, 1e4]),
)
@example(seed=1, d=1, c=3, boxed=False, ball=50.0, size=1e4)  # a row that leaves the ball no direction
@example(seed=16, d=1, c=3, boxed=False, ball=float("inf"), size=1e4)  # an answer a millionth as long as the update
@example(seed=3323, d=1, c=5, boxed=True, ball=float("inf"), size=1e4)
def test_the_point_is_feasible_and_no_feasible_point_lies_behind_it(
    seed: int, d: int, c: int, boxed: bool, ball: float, size: float
) -> None:
    rng = np.random.default_rng(seed + 1)
    at, update = spaces(seed, d, c, boxed=boxed, ball=ball), rng.normal(size=d) * size
    found = project(update, at)
    assert found.feasible
    assert at.holds(found.point, 1e-9 * max(1, float(np.linalg.norm(at.a, axis=1).max()) if c else 1))
    assert found.distance == pytest.approx(float(np.linalg.norm(update - found.point)))
    # u − x makes no acute angle with y − x for any feasible y: what makes x the nearest. Zero is one, others by rays.
    others = [np.zeros(d)]
    for _ in range(20):
        y = rng.normal(size=d)
        y[at.box == 0] = 0
        others += [y * s for s in 2.0 ** -np.arange(0, 40) if at.holds(y * s, 0.0)][:1]
    slack = 1e-8 * max(1.0, size, size * ball if ball < 1e9 else size)
    for y in others:
        assert (update - found.point) @ (y - found.point) <= slack
    if found.distance > 1e-9:
        assert found.active
    again = project(found.point, at)
    assert again.distance <= 1e-8 * max(1.0, size)


@pytest.mark.parametrize("seed", range(12))
def test_cvxpy_finds_the_same_point(seed: int) -> None:
    rng = np.random.default_rng(seed)
    d, c = int(rng.integers(2, 30)), int(rng.integers(1, 8))
    at = spaces(seed, d, c, boxed=seed % 2 == 0, ball=[np.inf, 0.5][seed % 3 > 0], lowest=0.0)
    update = rng.normal(size=d)
    x = cp.Variable(d)
    rows, bounds = at.rows()
    asked = [rows @ x <= bounds] + ([cp.norm(x, 2) <= at.ball] if np.isfinite(at.ball) else [])
    cp.Problem(cp.Minimize(cp.sum_squares(x - update)), asked).solve(solver=cp.CLARABEL)
    ours = project(update, at)
    # cvxpy stops at a tolerance, so its point is the less exact one; no point of the set is nearer than ours.
    assert np.abs(ours.point - x.value).max() < 1e-4
    assert ours.distance <= np.linalg.norm(x.value - update) + 1e-6


def test_the_guess_and_the_solver_come_to_the_same_point(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [(spaces(seed, 9, 5, boxed=seed % 2 == 0, ball=[np.inf, 0.6][seed % 3 > 0]), seed) for seed in range(25)]
    guessed = [project(np.random.default_rng(seed).normal(size=9), at) for at, seed in cases]
    monkeypatch.setattr(projection, "_MOST_BOUNDED", -1)
    for (at, seed), quick in zip(cases, guessed, strict=True):
        slow = project(np.random.default_rng(seed).normal(size=9), at)
        assert np.abs(slow.point - quick.point).max() < 1e-8


def test_one_half_space_is_projected_on_in_closed_form() -> None:
    rng = np.random.default_rng(3)
    a, u = rng.normal(size=7), rng.normal(size=7)
    u += a * (2 - a @ u) / (a @ a)
    at = HalfSpaces(a=a[None], b=np.array([0.5]), names=("a",), box=np.full(7, np.inf), box_names=("",) * 7)
    found = project(u, at)
    assert np.abs(found.point - (u - a * 1.5 / (a @ a))).max() < 1e-13
    assert found.active == ("a",)


def test_a_ball_scales_and_a_box_clips() -> None:
    u = np.array([3.0, -4.0, 0.0])
    free = np.full(3, np.inf)
    ball = HalfSpaces(a=np.zeros((0, 3)), b=[], names=(), box=free, box_names=("",) * 3, ball=1.0, ball_name="n")  # type: ignore[arg-type]
    assert np.abs(project(u, ball).point - u / 5).max() < 1e-14
    assert np.linalg.norm(project(u, ball).point) <= 1.0
    box = HalfSpaces(a=np.zeros((0, 3)), b=[], names=(), box=np.array([1.0, 2, 0]), box_names=("x", "y", "z"))  # type: ignore[arg-type]
    assert np.array_equal(project(u, box).point, [1, -2, 0])
    assert project(u, box).active == ("x", "y")


def test_infeasible_constraints_are_named_and_no_others() -> None:
    a = np.array([[1.0, 0, 0], [-1.0, 0, 0], [0, 1.0, 0]])
    at = HalfSpaces(
        a=a,
        b=np.array([-1.0, 0.5, 1.0]),
        names=("left", "right", "up"),
        box=np.full(3, np.inf),
        box_names=("",) * 3,
    )
    found = project(np.ones(3), at)
    assert not found.feasible
    assert set(found.conflict) == {"left", "right"}
    assert not found.point.any()
    assert found.distance == np.inf
    near = HalfSpaces(
        a=a[:1],
        b=np.array([-1.0]),
        names=("left",),
        box=np.full(3, np.inf),
        box_names=("",) * 3,
        ball=0.5,
        ball_name="n",
    )
    assert set(project(np.ones(3), near).conflict) == {"left", "n"}
    for frozen in (np.array([0.0, 1, np.inf]), np.zeros(3)):
        held = HalfSpaces(a=a[:1], b=np.array([-1.0]), names=("left",), box=frozen, box_names=("f", "g", ""))
        assert {"left", "f"} <= set(project(np.ones(3), held).conflict)
    flat = HalfSpaces(
        a=np.zeros((1, 3)), b=np.array([-0.1]), names=("flat",), box=np.full(3, np.inf), box_names=("",) * 3
    )
    assert project(np.ones(3), flat).conflict == ("flat",)


def test_what_is_inside_stays_where_it_is_bit_for_bit() -> None:
    at = half_spaces(profiles(0.1), context())
    inside = np.full(at.dimension, 1e-4)
    found = project(inside, at)
    assert np.array_equal(found.point, inside)
    assert found.distance == 0
    assert found.active == ()


def test_the_rows_say_what_the_box_says() -> None:
    at = spaces(5, 6, 2, boxed=True, ball=np.inf)
    rows, bounds = at.rows()
    rng = np.random.default_rng(6)
    for _ in range(200):
        y = rng.normal(size=6) * 0.2
        y[at.box == 0] *= rng.choice([0, 1])
        assert bool((rows @ y <= bounds).all()) == at.holds(y, 0.0)


def test_updates_and_sets_that_are_not_well_formed_are_refused() -> None:
    at = spaces(1, 3, 1, boxed=False, ball=1.0)
    for update in (np.zeros(2), np.array([np.nan, 0, 0]), np.array([np.inf, 0, 0])):
        with pytest.raises(UpdateError):
            project(update, at)
    with pytest.raises(UpdateError):
        HalfSpaces(a=np.ones((1, 2)), b=np.array([np.nan]), names=("a",), box=np.ones(2), box_names=("", ""))
    with pytest.raises(UpdateError):
        HalfSpaces(a=np.ones((1, 2)), b=np.ones(1), names=("a",), box=-np.ones(2), box_names=("", ""))
