"""Providers: what they sell, what they learn, and that they learn it from resolved questions alone."""

from dataclasses import replace

import numpy as np
import pytest

from headwater.units import WAD
from headwater_agents.policies import (
    Phase,
    PolicyError,
    Provider,
    ProviderConfig,
    ProviderLesson,
    ProviderView,
    Question,
    Signal,
    replay,
    to_floats,
    to_wad,
)

P_MIN = WAD // 100


def question(odds=(WAD * 4 // 10, WAD * 6 // 10), **change):
    base = Question(id=7, phase=Phase.COMMIT, odds=odds, p_min=P_MIN, capacity=10**21, rent_bps=25)
    return replace(base, **change)


def lessons(k=2, count=120, seed=1):
    """Outcomes that rise with the reading."""
    rng = np.random.default_rng(seed)
    odds = to_wad(np.full(k, 1 / k), P_MIN)
    for _ in range(count):
        reading = float(rng.exponential(10.0))
        score = np.arange(k) * (np.log1p(reading) - 2.0)
        p = np.exp(score) / np.exp(score).sum()
        yield ProviderLesson(odds=odds, reading=reading, outcome=int(rng.choice(k, p=p)))


def sell(provider, memory, reading, asked):
    (action,) = provider.act(ProviderView(question=asked, reading=reading, sold=False, memory=memory))
    assert isinstance(action, Signal)
    assert action.question == asked.id
    return action.forecast


@pytest.mark.parametrize("k", [2, 3, 8])
def test_provider_without_experience_sells_the_public_odds(k):
    provider = Provider(ProviderConfig(outcomes=k))
    odds = to_wad(np.arange(1, k + 1, dtype=float), P_MIN)
    assert sell(provider, provider.start(), 12.0, question(odds)) == odds


@pytest.mark.parametrize("k", [2, 3])
def test_provider_learns_that_a_higher_reading_means_more_rain(k):
    provider = Provider(ProviderConfig(outcomes=k))
    memory = replay(provider, lessons(k))
    odds = to_wad(np.full(k, 1 / k), P_MIN)
    low, high = (to_floats(sell(provider, memory, reading, question(odds))) for reading in (0.0, 60.0))
    assert high[-1] > 0.5 > low[-1]
    assert low[0] > 0.5 > high[0]


def test_learned_forecasts_beat_the_odds_on_fresh_questions():
    provider = Provider(ProviderConfig())
    memory = replay(provider, lessons(seed=1))
    gains = []
    for lesson in lessons(seed=2, count=300):
        forecast = sell(provider, memory, lesson.reading, question(lesson.odds))
        gains.append(np.log(forecast[lesson.outcome] / lesson.odds[lesson.outcome]))
    assert np.mean(gains) - 3 * np.std(gains) / np.sqrt(len(gains)) > 0


def test_learning_leaves_the_old_memory_as_it_was():
    provider = Provider(ProviderConfig(refit_every=1))
    first, second = list(lessons(count=2))
    memory = provider.learn(provider.start(), first)
    before = [np.copy(part) for part in (memory.log_odds, memory.readings, memory.outcomes, memory.coefficients)]
    provider.learn(memory, second)
    after = [memory.log_odds, memory.readings, memory.outcomes, memory.coefficients]
    assert all(np.array_equal(old, new) for old, new in zip(before, after, strict=True))


def test_equal_histories_give_equal_signals():
    runs = []
    for _ in range(2):
        provider = Provider(ProviderConfig())
        runs.append(sell(provider, replay(provider, lessons()), 3.3, question()))
    assert runs[0] == runs[1]


@pytest.mark.parametrize("change", [{"sold": True}, {"question": None}, {"reading": None}])
def test_provider_signals_once_and_only_with_a_reading(change):
    provider = Provider(ProviderConfig())
    view = ProviderView(question=question(), reading=1.0, sold=False, memory=provider.start())
    assert len(provider.act(view)) == 1
    assert provider.act(replace(view, **change)) == []


@pytest.mark.parametrize("phase", [Phase.REVEAL, Phase.CLOSED])
def test_provider_is_silent_once_commits_have_ended(phase):
    provider = Provider(ProviderConfig())
    view = ProviderView(question=question(phase=phase), reading=1.0, sold=False, memory=provider.start())
    assert provider.act(view) == []


@pytest.mark.parametrize("reading", [-0.1, float("nan"), float("inf")])
def test_impossible_reading_is_refused(reading):
    provider = Provider(ProviderConfig())
    with pytest.raises(PolicyError, match="reading"):
        sell(provider, provider.start(), reading, question())


def test_question_of_another_size_is_refused():
    provider = Provider(ProviderConfig(outcomes=3))
    with pytest.raises(PolicyError, match="outcomes"):
        sell(provider, provider.start(), 1.0, question())
    with pytest.raises(PolicyError, match="3 outcomes"):
        provider.learn(provider.start(), next(lessons(k=2)))


@pytest.mark.parametrize(
    "wrong", [{"outcomes": 1}, {"outcomes": 9}, {"spread": 0.0}, {"prior_precision": 0.0}, {"refit_every": 0}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(PolicyError):
        ProviderConfig(**wrong)
