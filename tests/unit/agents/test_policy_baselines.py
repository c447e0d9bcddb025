"""The forecasters to compare with."""

from dataclasses import replace

import numpy as np
import pytest

from headwater.units import WAD
from headwater_agents.policies import (
    Climatology,
    Commit,
    ForecasterView,
    LastOutcome,
    LastOutcomeConfig,
    OddsCopier,
    OddsCopierConfig,
    OutcomeLesson,
    Phase,
    PolicyError,
    Position,
    Question,
    Reveal,
    replay,
    to_floats,
    to_wad,
)

ODDS = to_wad(np.array([0.4, 0.6]), WAD // 100)
QUESTION = Question(id=5, phase=Phase.COMMIT, odds=ODDS, p_min=WAD // 100, capacity=10**24, rent_bps=25)


def view(memory, **change):
    base = ForecasterView(
        address="0x" + "11" * 20,
        question=QUESTION,
        suppliers=(),
        signals=(),
        standing=None,
        position=None,
        wallet=0,
        bonded=10**21,
        free=10**21,
        min_wager=10**15,
        memory=memory,
    )
    return replace(base, **change)


def test_climatology_never_acts():
    policy = Climatology()
    for question in (None, *(replace(QUESTION, phase=phase) for phase in Phase)):
        assert policy.act(view(policy.start(), question=question)) == []


def test_copier_reports_the_odds_to_the_wei_with_its_share_of_the_stake():
    policy = OddsCopier(OddsCopierConfig(seed=1, share_bps=1_000))
    (action,) = policy.act(view(policy.start()))
    assert isinstance(action, Commit)
    assert action.forecast == ODDS
    assert action.wager == 10**20


def test_baselines_reveal_what_they_committed():
    position = Position(forecast=ODDS, wager=1, salt=b"\2" * 32, revealed=False)
    asked = replace(QUESTION, phase=Phase.REVEAL)
    for policy in (OddsCopier(OddsCopierConfig(seed=1)), LastOutcome(LastOutcomeConfig(seed=1))):
        acts = policy.act(view(policy.start(), question=asked, position=position))
        assert acts == [Reveal(question=5, forecast=ODDS, salt=position.salt)]


def chain(count, stay, seed=0):
    rng = np.random.default_rng(seed)
    outcome = 0
    for _ in range(count):
        outcome = outcome if rng.random() < stay else 1 - outcome
        yield OutcomeLesson(odds=ODDS, outcome=outcome)


@pytest.mark.parametrize("stay", [0.9, 0.2])
def test_last_outcome_learns_how_outcomes_follow_each_other(stay):
    policy = LastOutcome(LastOutcomeConfig(seed=1))
    memory = replay(policy, chain(2_000, stay))
    belief = to_floats(policy.belief(memory, QUESTION))
    assert belief[memory.last] == pytest.approx(stay, abs=0.04)


def test_last_outcome_believes_the_odds_before_it_has_seen_any():
    policy = LastOutcome(LastOutcomeConfig(seed=1))
    assert policy.belief(policy.start(), QUESTION) == ODDS


def test_last_outcome_wagers_only_with_experience_and_an_edge():
    policy = LastOutcome(LastOutcomeConfig(seed=1))
    assert policy.act(view(replay(policy, chain(19, 0.95)))) == []
    (action,) = policy.act(view(replay(policy, chain(200, 0.95))))
    assert isinstance(action, Commit)
    assert 0 < 3 * action.wager <= 10**21


@pytest.mark.parametrize("wrong", [{"share_bps": 0}, {"share_bps": 2_501}])
def test_copier_with_a_reckless_share_is_refused(wrong):
    with pytest.raises(PolicyError):
        OddsCopierConfig(seed=1, **wrong)


@pytest.mark.parametrize("wrong", [{"outcomes": 1}, {"prior": 0.0}, {"min_resolved": -1}])
def test_impossible_last_outcome_settings_are_refused(wrong):
    with pytest.raises(PolicyError):
        LastOutcomeConfig(seed=1, **wrong)
    policy = LastOutcome(LastOutcomeConfig(seed=1))
    with pytest.raises(PolicyError):
        policy.learn(policy.start(), OutcomeLesson(odds=ODDS, outcome=2))
