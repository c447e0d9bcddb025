"""Credit: what was known earns exactly nothing, noise nothing on average, and own information is paid for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learning_cases import draw

from headwater.credit import shapley as plain
from headwater.learning import (
    Batch,
    Perceptron,
    Revealed,
    RoundCredit,
    RoundError,
    Rule,
    SoftmaxRegression,
    Task,
    credit_round,
    join,
    local_update,
    mean_game,
    plain_leave_one_out,
    plain_shapley,
    volume_shares,
)
from headwater.learning.novelty import basis, outside

Floats = npt.NDArray[np.float64]
TASK = SoftmaxRegression(4, 3)
VALIDATION = draw(400, 50)
RULES = st.sampled_from(list(Rule))


def updates(n: int, seed: int, theta: Floats) -> Floats:
    rng = np.random.default_rng(seed)
    return np.array(
        [local_update(TASK, theta, draw(40, 1000 * seed + i), rate=1.0, steps=3) for i in range(n)]
    ) * rng.uniform(0.5, 1.5, size=(n, 1))


def credit(theta: Floats, rows: Floats, slots: list[int], **other: object) -> RoundCredit:
    given = {
        "weights": np.full(len(rows), 1 / len(rows)),
        "admissible": [True] * len(rows),
        "validation": VALIDATION,
        "agents": [f"agent {i}" for i in range(len(rows))],
    }
    given.update(other)
    return credit_round(TASK, theta, rows, slots=slots, **given)  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**5), rule=RULES, coefficients=st.lists(st.floats(-3, 3), min_size=3, max_size=3))
def test_whoever_sends_what_was_known_gets_exactly_nothing(seed: int, rule: Rule, coefficients: list[float]) -> None:
    theta = np.random.default_rng(seed).normal(size=TASK.dimension) * 0.2
    rows = updates(3, seed % 50, theta)
    mixture = np.array(coefficients) @ rows
    same_round = credit(theta, np.vstack([rows, mixture]), [0, 0, 1, 2], rule=rule)
    assert same_round.values[3] == 0.0
    assert same_round.first_order[3] == 0.0
    past = [Revealed(0, f"agent {i}", row) for i, row in enumerate(rows)]
    stale = credit(theta, mixture[None], [0], rule=rule, past=past)
    assert stale.values[0] == 0.0
    # Nor from the model itself, from directions that are given away, or from nothing.
    known = [[rows[0], rows[1]]]
    assert credit(theta, (rows[0] - 2 * rows[1] + 0.3 * theta)[None], [0], rule=rule, public=known).values[0] == 0.0
    assert credit(theta, np.zeros((1, TASK.dimension)), [0], rule=rule).values[0] == 0.0


def test_a_copy_through_the_chains_fixed_point_is_a_copy_still() -> None:
    theta = np.zeros(TASK.dimension)
    row = updates(1, 1, theta)[0]
    rounded = np.trunc(row * 1e9) / 1e9
    assert not np.array_equal(rounded, row)
    assert credit(theta, np.array([row, rounded]), [0, 1]).values[1] == 0.0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**5), n=st.integers(1, 6))
def test_in_slots_of_one_credits_and_what_is_nobodys_add_up_to_the_gain(seed: int, n: int) -> None:
    theta = np.random.default_rng(seed).normal(size=TASK.dimension) * 0.3
    rows = updates(n, seed % 50, theta)
    found = credit(theta, rows, list(range(n)))
    after = theta + rows.mean(axis=0)
    assert found.gain == pytest.approx(TASK.loss(theta, VALIDATION) - TASK.loss(after, VALIDATION), abs=1e-12)
    assert found.values.sum() + found.unowned == pytest.approx(found.gain, abs=1e-12)


@pytest.mark.parametrize("rule", list(Rule))
def test_who_commits_later_changes_no_credit_of_who_was_earlier(rule: Rule) -> None:
    theta = np.zeros(TASK.dimension)
    rows = updates(5, 3, theta)
    weights = np.array([0.2, 0.3, 0.1, 0.25, 0.15])
    whole = credit(theta, rows, [0, 0, 1, 2, 2], weights=weights, rule=rule)
    part = credit(theta, rows[:3], [0, 0, 1], weights=weights[:3], rule=rule)
    assert np.array_equal(whole.values[:3], part.values)


def test_a_copier_takes_nothing_from_the_copied_of_what_the_plain_value_would_take_and_pay() -> None:
    theta = np.zeros(TASK.dimension)
    rows = updates(3, 4, theta)
    copied = np.vstack([rows, rows[0]])
    ours = credit(theta, copied, [0, 0, 0, 1])
    alone = credit(theta, rows, [0, 0, 0], weights=np.full(3, 0.25))
    assert ours.values[3] == 0
    assert np.allclose(ours.values[:3], alone.values)
    paid = plain_shapley(TASK, theta, copied, np.ones(4), VALIDATION).values
    assert paid[3] == pytest.approx(paid[0])
    assert paid[3] > 0.1 * paid.sum()


def test_noise_on_a_copy_earns_nothing_on_average_and_mostly_less() -> None:
    theta, rng = np.zeros(TASK.dimension), np.random.default_rng(5)
    row = updates(1, 5, theta)[0]
    earned, slopes, lucks = [], [], []
    for _ in range(1500):
        noisy = row + rng.normal(size=row.shape) * np.linalg.norm(row) / np.sqrt(len(row))
        found = credit(theta, np.array([row, noisy]), [0, 1])
        earned.append(found.values[1])
        slopes.append(found.first_order[1])
        lucks.append(found.luck[1])
    deviation = np.std(earned) / np.sqrt(len(earned))
    assert np.mean(earned) < 0
    assert np.mean(earned) + 3 * deviation < 0
    # Jensen: below the first order for a convex loss, each time; and that has mean zero.
    assert all(e <= s + 1e-12 for e, s in zip(earned, slopes, strict=True))
    assert abs(np.mean(slopes)) < 4 * np.std(slopes) / np.sqrt(len(slopes))
    # `luck` is the deviation that the first order has, and nothing exceeds it much more often than it may.
    scaled = np.array(slopes) / np.array(lucks)
    assert 0.9 < scaled.std() < 1.1
    assert (scaled > 2).mean() < np.exp(-2)


def test_members_whose_data_are_alike_are_each_paid_for_what_is_their_own() -> None:
    totals = np.zeros(5)
    for seed in range(12):
        theta = np.zeros(TASK.dimension)
        rows = np.array([local_update(TASK, theta, draw(60, 77 * seed + i), rate=1.0) for i in range(5)])
        cosines = rows @ rows.T / np.outer(np.linalg.norm(rows, axis=1), np.linalg.norm(rows, axis=1))
        assert cosines.min() > 0.5
        found = credit(theta, rows, list(range(5)), validation=draw(3000, 900 + seed))
        totals += found.values
    assert (totals > 0).all()
    assert totals[0] == totals.max()  # the price of an order: shared knowledge is paid to who is first


def test_a_slot_shared_is_paid_alike_whoever_is_named_first() -> None:
    theta = np.zeros(TASK.dimension)
    rows = updates(4, 6, theta)
    order = [2, 0, 3, 1]
    for rule in Rule:
        straight, turned = credit(theta, rows, [0] * 4, rule=rule), credit(theta, rows[order], [0] * 4, rule=rule)
        assert np.allclose(straight.values[order], turned.values, atol=1e-12)


def test_both_ends_of_with_and_without_are_near_the_shapley_value_and_first_order_for_small_steps() -> None:
    theta = np.zeros(TASK.dimension)
    gaps, shifts = [], []
    for scale in (1.0, 0.1, 0.01):
        rows = updates(4, 7, theta) * scale
        exact, full = (credit(theta, rows, [0] * 4, rule=rule) for rule in (Rule.EXACT, Rule.SHAPLEY))
        gaps.append(np.abs(exact.values - full.values).max() / scale)
        shifts.append(np.abs(exact.values - exact.first_order).max() / scale)
        assert np.array_equal(exact.first_order, credit(theta, rows, [0] * 4, rule="first-order").values)
    assert gaps[0] > 20 * gaps[1]  # third order: a tenth of the step, a hundredth of the relative gap
    assert shifts[0] > 5 * shifts[1] > 25 * shifts[2]  # second order
    # The Shapley value of the novel parts, by the plain definition.
    rows = updates(3, 8, theta)
    found = credit(theta, rows, [0, 0, 0], rule="shapley")
    start = TASK.loss(theta, VALIDATION)
    from headwater.credit import FunctionGame

    game = FunctionGame(3, lambda inside: [start - TASK.loss(theta + m @ rows / 3, VALIDATION) for m in inside])
    assert np.allclose(found.values, plain(game).values)


def test_an_inadmissible_update_gets_exactly_nothing_but_stays_known() -> None:
    theta = np.zeros(TASK.dimension)
    rows = updates(2, 9, theta)
    zeroed = np.array([np.zeros(TASK.dimension), rows[0]])
    found = credit(theta, zeroed, [0, 1], admissible=[False, True], raw=np.array([rows[0], rows[0]]))
    assert list(found.values) == [0.0, 0.0]
    assert found.novelty[1] == 0
    other = credit(theta, rows, [0, 1], admissible=[False, True])
    assert other.values[0] == other.first_order[0] == other.luck[0] == 0.0
    assert other.values[1] != 0
    assert other.gain == pytest.approx(TASK.loss(theta, VALIDATION) - TASK.loss(theta + rows[1] / 2, VALIDATION))


def test_older_rounds_count_as_known_only_while_half_of_the_space_is_left() -> None:
    theta, rng = np.zeros(TASK.dimension), np.random.default_rng(10)
    past = [Revealed(9 - k, f"p{k}", rng.normal(size=TASK.dimension)) for k in range(10)]
    found = credit(theta, past[-1].update[None], [0], past=past)
    assert found.known[0] == (TASK.dimension - len(TASK.symmetries())) // 2
    assert found.novelty[0] > 0
    whole = [Revealed(3, f"p{k}", item.update) for k, item in enumerate(past)]
    assert credit(theta, past[-1].update[None], [0], past=whole).values[0] == 0.0


def test_a_space_that_is_full_leaves_nothing_to_earn() -> None:
    theta = np.zeros(TASK.dimension)
    rows = np.eye(TASK.dimension)
    found = credit(theta, np.vstack([rows, np.ones(TASK.dimension)]), [*[0] * TASK.dimension, 1])
    assert found.values[-1] == 0.0


@pytest.mark.parametrize("task", [TASK, Perceptron((4, 5, 3))], ids=["softmax", "perceptron"])
def test_directions_that_change_no_prediction_earn_nothing_and_count_as_no_room(task: Task) -> None:
    theta, still = task.start(np.random.default_rng(1)), task.symmetries()
    assert np.allclose(still @ still.T, np.eye(len(still)))
    assert np.abs(still @ task.gradient(theta, VALIDATION)).max() < 1e-12
    moved = task.predict(theta + 3 * still.sum(axis=0), VALIDATION.features)
    assert moved == pytest.approx(task.predict(theta, VALIDATION.features))
    found = credit_round(task, theta, still.sum(axis=0)[None], np.ones(1), [True], VALIDATION, slots=[0], agents=["a"])
    assert found.values[0] == found.luck[0] == found.novelty[0] == 0.0
    noise = np.random.default_rng(2).normal(size=task.dimension)
    alone = credit_round(task, theta, noise[None], np.ones(1), [True], VALIDATION, slots=[0], agents=["a"])
    rows = basis([theta], still)
    slope = task.gradient(theta + noise - outside(noise, rows), VALIDATION)  # what was known moves first
    expected = np.linalg.norm(outside(noise, rows)) * np.linalg.norm(outside(slope, rows))
    assert alone.luck[0] == pytest.approx(expected / np.sqrt(task.dimension - len(rows)))


def test_a_round_without_updates_changes_nothing() -> None:
    theta = np.zeros(TASK.dimension)
    found = credit_round(TASK, theta, np.zeros((0, TASK.dimension)), np.zeros(0), [], VALIDATION, slots=[], agents=[])
    assert found.values.shape == (0,)
    assert found.gain == found.unowned == 0


def test_the_losses_that_are_not_convex_are_credited_too() -> None:
    task = Perceptron((4, 5, 3))
    theta = task.start(np.random.default_rng(1))
    rows = np.array([local_update(task, theta, draw(60, i), rate=0.5, steps=5) for i in range(3)])
    found = credit_round(
        task, theta, rows, np.full(3, 1 / 3), [True] * 3, VALIDATION, slots=[0, 1, 2], agents=["a", "b", "c"]
    )
    assert found.values.sum() + found.unowned == pytest.approx(found.gain)
    assert found.values[0] > 0


def test_baselines_are_what_they_are_called() -> None:
    theta = np.zeros(TASK.dimension)
    rows, sizes = updates(4, 11, theta), np.array([10.0, 20, 30, 40])
    value = plain_shapley(TASK, theta, rows, sizes, VALIDATION)
    after = theta + sizes @ rows / 100
    assert value.values.sum() == pytest.approx(TASK.loss(theta, VALIDATION) - TASK.loss(after, VALIDATION))
    without = theta + sizes[1:] @ rows[1:] / 90
    last = plain_leave_one_out(TASK, theta, rows, sizes, VALIDATION).values
    assert last[0] == pytest.approx(TASK.loss(without, VALIDATION) - TASK.loss(after, VALIDATION))
    assert list(volume_shares(sizes)) == [0.1, 0.2, 0.3, 0.4]
    with pytest.raises(RoundError):
        volume_shares([0.0, 0])
    with pytest.raises(RoundError):
        mean_game(TASK, theta, rows, sizes[1:], VALIDATION)


def test_rounds_that_do_not_fit_together_are_refused() -> None:
    theta = np.zeros(TASK.dimension)
    rows = updates(2, 12, theta)
    for other in (
        {"rule": "generous"},
        {"weights": np.array([1.0, -0.1])},
        {"weights": np.ones(3)},
        {"agents": ["a", "a"]},
        {"admissible": [True]},
    ):
        with pytest.raises(RoundError):
            credit(theta, rows, [0, 1], **other)
    with pytest.raises(ValueError, match="features"):
        credit(theta, rows, [0, 1], validation=Batch(np.zeros((1, 2)), np.array([0])))
    assert len(join([VALIDATION, VALIDATION])) == 800
