"""Whole rounds: commits, verdicts, the mean, credit, the ledger, and the weights that come of it."""

from __future__ import annotations

import numpy as np
import pytest
from learning_cases import FEATURES, draw

from headwater.credit import NoCreditError
from headwater.learning import (
    Batch,
    Ground,
    Ledger,
    NormBound,
    Perceptron,
    Profile,
    ProtectedLoss,
    Round,
    RoundError,
    Settings,
    SoftmaxRegression,
    State,
    Submission,
    check,
    local_update,
    play_round,
)

TASK = SoftmaxRegression(4, 3)
GROUND = Ground(
    task=TASK,
    groups={"women": draw(60, 1, 0.5), "old": draw(40, 2, -0.7)},
    references={"plain": draw(80, 3)},
    feature_names=FEATURES,
)
CARE = (Profile("care", (ProtectedLoss(group="women", tolerance=0.002), NormBound(bound=1.0))),)
POOL = draw(4000, 5)
MEMBERS = [draw(80, 10 + i) for i in range(4)]


def season(rounds: int, extra: object = None, settings: Settings | None = None, seed: int = 0) -> list[Round]:
    """Four honest members that commit at once; `extra(number, state, updates, played)` gives further submissions."""
    rng, state, played = np.random.default_rng(seed), State(theta=np.zeros(TASK.dimension)), []
    for number in range(rounds):
        updates = [local_update(TASK, state.theta, m, rate=0.5, size=40, rng=rng) for m in MEMBERS]
        sent = [Submission(agent=f"member {i}", update=u, size=80) for i, u in enumerate(updates)]
        sent += extra(number, state, updates, played) if extra else []  # type: ignore[operator]
        validation = POOL.take(rng.choice(len(POOL), 800, replace=False))
        played.append(play_round(state, sent, CARE, GROUND, validation, settings))
        state = played[-1].state
    return played


def ledger(rounds: list[Round]) -> Ledger:
    total = Ledger()
    for played in rounds:
        total = total.add(played)
    return total


def test_a_season_of_honest_members_learns_and_pays_each_of_them() -> None:
    rounds = season(12)
    assert TASK.loss(rounds[-1].after, POOL) < TASK.loss(rounds[0].theta, POOL) - 0.3
    for played in rounds:
        assert np.allclose(played.after, played.theta + played.weights @ [v.update for v in played.verdicts])
        assert all(item.kept for item in check(played.after - played.theta, CARE, GROUND.at(played.theta)))
    total = ledger(rounds)
    assert min(total.totals.values()) > 0
    shares = total.shares()
    assert sum(shares.values()) == pytest.approx(1)
    assert sum(total.weights(10_000).values()) == 10_000
    assert total.rounds == 12


def test_copies_of_every_kind_earn_exactly_nothing() -> None:
    def copier(number: int, state: State, updates: list[np.ndarray], played: list[Round]) -> list[Submission]:
        past = [v.update for v in played[-1].verdicts] if played else [np.zeros(TASK.dimension)] * 4
        # What a round lets through is known to the filter: a copy of what was sent, where nobody was moved.
        kinds = {
            "exact": (updates[0], 1),
            "scaled": (0.5 * updates[1], 1),
            "mixture": (0.4 * updates[0] + 0.6 * updates[2], 1),
            "stale": (past[0], 0),
            "stale mixture": (0.5 * past[1] - 0.2 * past[2], 0),
            "idle": (np.zeros(TASK.dimension), 0),
            "momentum": (state.theta - state.before if state.before is not None else 0 * updates[0], 0),
            "echo": (0.1 * state.theta, 0),
        }
        return [Submission(agent=name, update=u, size=80, slot=slot) for name, (u, slot) in kinds.items()]

    total = ledger(season(6, copier, Settings(window=1)))
    for name, credit in total.totals.items():
        assert credit > 0 if name.startswith("member") else credit == 0.0, name
    assert all(share == 0 for name, share in total.shares().items() if not name.startswith("member"))


def test_the_models_own_movement_is_nobodys_even_where_no_past_update_counts() -> None:
    def rider(number: int, state: State, updates: list[np.ndarray], played: list[Round]) -> list[Submission]:
        moved = np.zeros(TASK.dimension) if state.before is None else state.theta - state.before
        return [Submission(agent="rider", update=2 * moved + 0.1 * state.theta, size=80)]

    rounds = season(5, rider, Settings(window=0))
    assert ledger(rounds).totals["rider"] == 0.0
    assert all(not played.state.history for played in rounds)


@pytest.mark.parametrize("shown", [True, False])
def test_who_knows_nothing_cannot_be_paid_for_what_the_filter_makes_of_it(shown: bool) -> None:
    """With a profile that asks for improvement, the filter turns nothing into something; that is not the sender's."""
    ask = (Profile("better", (ProtectedLoss(group="women", tolerance=-0.002),)),)
    state, sent = State(theta=np.zeros(TASK.dimension)), [Submission(agent="idle", update=np.zeros(TASK.dimension))]
    played = play_round(state, sent, ask, GROUND, POOL, Settings(shown=shown))
    assert played.verdicts[0].admissible
    assert played.credit.gain > 0
    assert played.credit.values[0] == 0.0
    assert played.credit.unowned == played.credit.gain


def test_a_gradient_that_members_are_not_shown_is_a_members_own_until_the_filter_answers_with_it() -> None:
    """It counts as known where all see the examples behind it, and where it held back the member's own projection."""
    theta = np.zeros(TASK.dimension)
    slope = TASK.gradient(theta, GROUND.groups["women"])
    downhill = [Submission(agent="one", update=-0.1 * slope)]
    for shown, known in ((True, True), (False, False)):
        played = play_round(State(theta=theta), downhill, CARE, GROUND, POOL, Settings(shown=shown))
        assert bool(played.credit.values[0] == 0.0) is known
    tight = (Profile("tight", (ProtectedLoss(group="women", tolerance=0.0),)),)
    across = np.random.default_rng(3).normal(size=TASK.dimension)
    uphill = [Submission(agent="one", update=0.1 * slope + 0.01 * across)]
    held = play_round(State(theta=theta), uphill, tight, GROUND, POOL, Settings(shown=False))
    assert held.verdicts[0].active
    new = play_round(State(theta=theta), uphill, tight, GROUND, POOL, Settings(shown=True))
    assert held.credit.values[0] == pytest.approx(new.credit.values[0])


def test_poisoners_that_know_the_filter_lose_credit_or_gain_none() -> None:
    rng = np.random.default_rng(3)
    wrong = Batch(POOL.features[:300], (POOL.labels[:300] + 1) % 3)

    def poisoners(number: int, state: State, updates: list[np.ndarray], played: list[Round]) -> list[Submission]:
        harm = TASK.gradient(state.theta, POOL.take(rng.choice(len(POOL), 300)))
        group = TASK.gradient(state.theta, GROUND.groups["women"])
        # As harmful as can be while the half-space is kept: at right angles to the protected gradient.
        hidden = harm - group * (harm @ group) / (group @ group)
        return [
            Submission(agent="loud", update=5 * harm, size=80),
            Submission(agent="hidden", update=hidden / np.linalg.norm(hidden), size=80),
            Submission(agent="mislabelled", update=local_update(TASK, state.theta, wrong, rate=0.5), size=80),
            Submission(agent="late reverse", update=-updates[0], size=80, slot=1),
        ]

    for mode in ("project", "reject"):
        total = ledger(season(8, poisoners, Settings(mode=mode), seed=1))  # type: ignore[arg-type]
        for name in ("loud", "hidden", "mislabelled", "late reverse"):
            assert total.shares()[name] == 0.0, (mode, name)
            assert total.totals[name] <= 1e-3


def test_damage_done_in_one_round_cannot_be_repaired_for_pay_in_the_next() -> None:
    rng = np.random.default_rng(4)
    kept: list[np.ndarray] = []

    def vandal(number: int, state: State, updates: list[np.ndarray], played: list[Round]) -> list[Submission]:
        if number % 2 == 0:
            kept.append(TASK.gradient(state.theta, POOL.take(rng.choice(len(POOL), 300))) * 0.5)
        return [Submission(agent="vandal", update=kept[-1] if number % 2 == 0 else -kept[-1], size=80)]

    free = Settings(mode="reject", window=1)  # type: ignore[arg-type]
    rng_state = State(theta=np.zeros(TASK.dimension))
    harm = Submission(agent="vandal", update=TASK.gradient(rng_state.theta, POOL) * 0.5)
    first = play_round(rng_state, [harm], (), GROUND, POOL, free)
    assert first.credit.values[0] < 0
    mend = Submission(agent="friend", update=-np.asarray(harm.update))
    second = play_round(first.state, [mend], (), GROUND, POOL, free)
    assert second.credit.gain > 0
    assert second.credit.values[0] == 0.0
    assert ledger(season(6, vandal)).shares()["vandal"] == 0.0


def test_nobody_admissible_leaves_the_model_and_pays_nobody() -> None:
    state = State(theta=np.zeros(TASK.dimension))
    bad = [
        Submission(agent="nan", update=np.full(TASK.dimension, np.nan)),
        Submission(agent="huge", update=np.full(TASK.dimension, 1e300)),
    ]
    for sent in (bad, []):
        played = play_round(state, sent, CARE, GROUND, POOL)
        assert np.array_equal(played.after, state.theta)
        assert not played.credit.values.any()
        assert not played.weights.any()
        assert played.credit.gain == 0
    total = Ledger().add(play_round(state, bad, CARE, GROUND, POOL))
    assert total.shares() == {"nan": 0.0, "huge": 0.0}
    for empty in (total, Ledger()):
        with pytest.raises(NoCreditError):
            empty.weights()
    assert Ledger().shares() == {}


def test_one_member_alone_is_paid_everything() -> None:
    update = local_update(TASK, np.zeros(TASK.dimension), MEMBERS[0], rate=1.0)
    played = play_round(
        State(theta=np.zeros(TASK.dimension)), [Submission(agent="one", update=update)], (), GROUND, POOL
    )
    assert played.weights[0] == 1
    assert Ledger().add(played).shares() == {"one": 1.0}


def test_credits_that_are_all_negative_make_no_shares() -> None:
    harm = 5 * TASK.gradient(np.zeros(TASK.dimension), POOL)
    played = play_round(State(theta=np.zeros(TASK.dimension)), [Submission(agent="x", update=harm)], (), GROUND, POOL)
    total = Ledger().add(played)
    assert total.totals["x"] < 0
    assert total.shares() == {"x": 0.0}
    with pytest.raises(NoCreditError):
        total.weights()


def test_shares_are_what_is_due_in_proportion_and_weights_follow_to_the_last_unit() -> None:
    total = Ledger().add_values(["a", "b", "c"], [3.0, 1.0, -2.0], [1.0, 0.0, 0.0]).add_values(["b", "d"], [1.0, 0.5])
    assert total.totals == {"a": 3.0, "b": 2.0, "c": -2.0, "d": 0.5}
    assert total.shares(0.0) == pytest.approx({"a": 3 / 5.5, "b": 2 / 5.5, "c": 0, "d": 0.5 / 5.5})
    assert total.shares() == pytest.approx({"a": 2 / 4.5, "b": 2 / 4.5, "c": 0, "d": 0.5 / 4.5})
    assert total.weights(9) == {"a": 4, "b": 4, "c": 0, "d": 1}
    assert Ledger().add_values(["a"], [1.0]).totals == {"a": 1.0}
    for agents, values in ((["a", "a"], [1.0, 1.0]), (["a"], [np.nan]), (["a"], [1.0, 2.0])):
        with pytest.raises(RoundError):
            total.add_values(agents, values)
    with pytest.raises(RoundError):
        total.due(-1)


def test_a_mean_that_breaks_what_its_parts_keep_is_shrunk_until_it_does_not() -> None:
    """A loss that is not convex can be raised by a mean of updates that raise it not."""
    net = Perceptron((2, 3, 2))
    rng = np.random.default_rng(8)
    found = 0
    for _ in range(40):
        theta = rng.normal(size=net.dimension) * 2
        batch = Batch(rng.normal(size=(3, 2)), rng.integers(0, 2, 3))
        ground = Ground(task=net, groups={"g": batch})
        keep = (Profile("p", (ProtectedLoss(group="g"),)),)
        sent = [Submission(agent=f"{i}", update=rng.normal(size=net.dimension) * 3) for i in range(3)]
        played = play_round(State(theta=theta), sent, keep, ground, batch)
        assert net.loss(played.after, batch) <= net.loss(played.theta, batch) + 1.001e-9
        found += 0 < played.shrink < 1
    assert found > 0


def test_rounds_and_settings_that_cannot_be_are_refused() -> None:
    state, zero = State(theta=np.zeros(TASK.dimension)), np.zeros(TASK.dimension)
    with pytest.raises(RoundError, match="twice"):
        play_round(state, [Submission(agent="a", update=zero)] * 2, CARE, GROUND, POOL)
    for field in ({"size": 0.0}, {"size": np.inf}, {"size": np.nan}, {"agent": ""}, {"slot": 0.5}):
        with pytest.raises(RoundError):
            Submission(**{"agent": "a", "update": zero, **field})  # type: ignore[arg-type]
    for setting in (
        {"mode": "maybe"},
        {"rule": "x"},
        {"window": -1},
        {"window": 1.5},
        {"step": 0},
        {"step": 1.5},
        {"shown": 1},
    ):
        with pytest.raises(RoundError):
            Settings(**setting)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="shape"):
        play_round(state, [Submission(agent="a", update=np.zeros(3))], CARE, GROUND, POOL)
