"""Any model that gives probabilities, as a policy: asked once, taken at its word, and never able to stop its bot."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from headwater.chain import HeadwaterError
from headwater.units import WAD
from headwater_agents.policies import (
    BuyerConfig,
    BuyerLesson,
    Case,
    Commit,
    Deposit,
    ForecasterConfig,
    ForecasterView,
    ModelForecaster,
    ModelProvider,
    Phase,
    PoolConfig,
    Position,
    ProviderLesson,
    ProviderView,
    Question,
    Reveal,
    Signal,
)
from headwater_agents.policies.model import ModelError

ODDS = (4 * WAD // 10, 6 * WAD // 10)
TOKENS = WAD


class Scripted:
    """Says what it is told to say, and counts how often it is asked; remembers outcomes."""

    def __init__(self, says: Callable[[tuple[int, ...], Case], Any]) -> None:
        self.says, self.asked = says, 0

    def start(self) -> tuple[int, ...]:
        return ()

    def learn(self, memory: tuple[int, ...], case: Case, outcome: int) -> tuple[int, ...]:
        return (*memory, outcome)

    def forecast(self, memory: tuple[int, ...], case: Case) -> Any:
        self.asked += 1
        return self.says(memory, case)


def sure(memory: tuple[int, ...], case: Case) -> list[float]:
    return [0.9, 0.1]


def forecaster(
    says: Callable[..., Any] = sure, suppliers: int = 0, **settings: int
) -> ModelForecaster[tuple[int, ...]]:
    buying = BuyerConfig(pool=PoolConfig(outcomes=2, suppliers=max(1, suppliers)))
    config = ForecasterConfig(seed=1, buying=buying, **{"min_resolved": 0, **settings})
    return ModelForecaster(Scripted(says), config, suppliers)


def question(phase: Phase = Phase.COMMIT, number: int = 1, **about: Any) -> Question:
    return Question(
        **{"id": number, "phase": phase, "odds": ODDS, "p_min": WAD // 100, "capacity": 10**6 * TOKENS, "rent_bps": 25}
        | about
    )


def view(policy: ModelForecaster[Any], asked: Question | None, memory: Any = None, **about: Any) -> ForecasterView[Any]:
    return ForecasterView(
        **{
            "address": "0x" + "11" * 20,
            "question": asked,
            "suppliers": (),
            "signals": (),
            "standing": None,
            "position": None,
            "wallet": 500 * TOKENS,
            "bonded": 1_000 * TOKENS,
            "free": 1_000 * TOKENS,
            "min_wager": TOKENS,
            "memory": memory or policy.start(),
            "reading": 2.0,
        }
        | about
    )


def test_it_commits_what_the_model_says_clipped_and_whole() -> None:
    policy = forecaster(lambda memory, case: [9.0, 0.0])
    (act,) = policy.act(view(policy, question()))
    assert isinstance(act, Commit)
    assert act.forecast == (99 * WAD // 100, WAD // 100)
    assert TOKENS <= act.wager <= 333 * TOKENS


def test_whoever_repeats_the_odds_stays_out() -> None:
    policy = forecaster(lambda memory, case: case.odds)
    assert policy.act(view(policy, question())) == []


def test_the_model_sees_odds_signals_reading_and_what_it_learnt() -> None:
    seen: list[tuple[tuple[int, ...], Case]] = []
    policy = forecaster(lambda memory, case: seen.append((memory, case)) or [0.5, 0.5], suppliers=2)
    bought = (3 * WAD // 10, 7 * WAD // 10)
    memory = policy.learn(policy.start(), BuyerLesson(odds=ODDS, signals=(bought, None), outcome=1, reading=3.0))
    policy.act(view(policy, question(last_call=True), memory, signals=(bought, None)))
    (told,) = seen
    assert told[0] == (1,)
    assert np.allclose(told[1].odds, [0.4, 0.6])
    assert np.allclose(told[1].signals[0], [0.3, 0.7])
    assert told[1].signals[1] is None
    assert told[1].reading == 2.0


def test_a_model_is_asked_once_as_long_as_nothing_it_was_told_has_changed() -> None:
    policy = forecaster(lambda memory, case: case.odds)
    model = policy.model
    first, second = view(policy, question()), view(policy, question(number=2))
    for _ in range(5):
        policy.act(first)
        policy.act(second)
    assert model.asked == 2
    policy.act(view(policy, question(), first.memory, reading=9.0))
    assert model.asked == 3
    policy.act(view(policy, question(odds=(WAD // 2, WAD // 2)), first.memory, reading=9.0))
    assert model.asked == 4
    policy.act(view(policy, question(odds=(WAD // 2, WAD // 2)), policy.start(), reading=9.0))
    assert model.asked == 4  # the same memory, as a value that cannot change
    learnt = policy.learn(policy.start(), BuyerLesson(odds=ODDS, signals=(), outcome=1))
    policy.act(view(policy, question(odds=(WAD // 2, WAD // 2)), learnt, reading=9.0))
    assert model.asked == 5


def test_readings_of_any_kind_reach_the_model_and_are_not_compared() -> None:
    readings = [np.array([1.0, 2.0]), np.array([1.0, 3.0]), {"text": "rain"}]
    policy = forecaster(lambda memory, case: case.odds)
    for reading in readings:
        policy.act(view(policy, question(), reading=reading))
        policy.act(view(policy, question(), reading=reading))
    assert policy.model.asked == 3


@pytest.mark.parametrize(
    "said",
    [[0.5], [0.2, 0.3, 0.5], [[0.5, 0.5]], [0.5, float("nan")], [-0.1, 1.1], [0.0, 0.0], ["a", "b"], None, [np.inf, 1]],
)
def test_what_are_no_probabilities_is_an_error_that_a_bot_survives(said: Any) -> None:
    policy = forecaster(lambda memory, case: said)
    with pytest.raises(ModelError, match="the model ") as error:
        policy.act(view(policy, question()))
    assert isinstance(error.value, HeadwaterError)


def test_a_model_that_fails_is_told_of_and_asked_again() -> None:
    answers = iter([ZeroDivisionError("by night"), None])

    def sometimes(memory: tuple[int, ...], case: Case) -> list[float]:
        if (trouble := next(answers)) is not None:
            raise trouble
        return [0.9, 0.1]

    policy = forecaster(sometimes)
    with pytest.raises(ModelError, match="the model failed: ZeroDivisionError: by night"):
        policy.act(view(policy, question()))
    assert isinstance(policy.act(view(policy, question()))[0], Commit)


class Forgetful(Scripted):
    def learn(self, memory: tuple[int, ...], case: Case, outcome: int) -> tuple[int, ...]:
        if outcome == 1:
            raise KeyError("no such thing")
        return (*memory, outcome)


def test_a_lesson_that_fails_is_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    staking = ModelForecaster(Forgetful(sure), ForecasterConfig(seed=1), 0)
    selling = ModelProvider(Forgetful(sure))
    mine, theirs = staking.start(), selling.start()
    with caplog.at_level(logging.WARNING):
        for outcome in (0, 1, 0):
            mine = staking.learn(mine, BuyerLesson(odds=ODDS, signals=(), outcome=outcome))
            theirs = selling.learn(theirs, ProviderLesson(odds=ODDS, reading=1.0, outcome=outcome))
    assert mine.own == theirs == (0, 0)
    assert mine.resolved == 3
    assert caplog.text.count("KeyError") == 2


def test_what_stands_is_revealed_whatever_the_model_does() -> None:
    def broken(memory: tuple[int, ...], case: Case) -> list[float]:
        raise RuntimeError

    policy = forecaster(broken)
    held = Position(forecast=(WAD // 2, WAD // 2), wager=TOKENS, salt=b"s" * 32, revealed=False)
    (act,) = policy.act(view(policy, question(Phase.REVEAL), position=held))
    assert act == Reveal(question=1, forecast=held.forecast, salt=held.salt)
    assert policy.model.asked == 0


def test_without_suppliers_nothing_is_announced_and_only_the_stake_is_topped_up() -> None:
    policy = forecaster(target_stake=1_200 * TOKENS)
    assert policy.act(view(policy, None)) == [Deposit(amount=200 * TOKENS)]
    # What an unsettled wager still locks is stake all the same.
    assert policy.act(view(policy, None, free=0)) == [Deposit(amount=200 * TOKENS)]
    held = Position(forecast=(), wager=0, salt=b"", revealed=True)
    assert policy.act(view(policy, None, position=held)) == []


def test_a_provider_sells_what_its_model_says_once() -> None:
    policy = ModelProvider(Scripted(sure))
    at = ProviderView(question=question(), reading=1.0, sold=False, memory=policy.start())
    assert policy.act(at) == [Signal(question=1, forecast=(9 * WAD // 10, WAD // 10))]
    sold = ProviderView(question=question(), reading=1.0, sold=True, memory=policy.start())
    assert policy.act(sold) == []
